//! TOML text to a table. A mistake is shown by its place alone: the line that holds it may hold a secret.

use serde_json::Value;

use super::problem::Problem;

/// Reads one file's text as TOML.
///
/// # Errors
/// Gives the line and column of the first thing that is no TOML, and never quotes it.
pub fn parse(file: &str, text: &str) -> Result<toml::Table, Problem> {
    text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        Problem::new(
            format!("{file}:{line}:{column}"),
            "",
            "is not TOML from here on",
            "look for a missing quote, bracket or `=`, or a key that is given twice",
        )
    })
}

/// Reads one file's text as the table that [`read`](super::read::read) takes.
///
/// # Errors
/// As [`parse`].
pub fn table(file: &str, text: &str) -> Result<Value, Problem> {
    let table = parse(file, text)?;
    serde_json::to_value(table)
        .map_err(|_| Problem::new(file, "", "holds a value that is none here", "use text, numbers, lists and tables"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_gives_line_and_column_and_never_the_line() {
        let problem = table("f.toml", "title = \"x\"\nsecrets = [\"hunter2\"\nb = 1\n").unwrap_err();
        assert_eq!(problem.file, "f.toml:3:1", "{problem}");
        assert!(!problem.to_string().contains("hunter2"), "{problem}");
        let problem = table("f.toml", "secrets = hunter2").unwrap_err();
        assert_eq!(problem.file, "f.toml:1:11", "{problem}");
        assert!(!problem.to_string().contains("hunter2"), "{problem}");
    }

    #[test]
    fn a_good_text_becomes_a_table() {
        assert_eq!(table("f.toml", "[a]\nb = 1").unwrap(), serde_json::json!({"a": {"b": 1}}));
    }
}
