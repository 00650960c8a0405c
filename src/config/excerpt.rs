//! The line of a file that a mistake stands in, with a mark under the place. Of templates alone: a line of settings may
//! hold a secret.

use std::fmt;

/// Characters of a line that are shown; of a longer one, those around the place.
const MOST_CHARS: usize = 100;
/// Of them, those before the place.
const BEFORE: usize = 60;

/// A line with a caret under one of its characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Excerpt {
    line: usize,
    shown: String,
    /// Characters of `shown` before the caret.
    indent: usize,
    /// Whether the mistake may stand before the place as well.
    near: bool,
}

impl Excerpt {
    /// The place in a text, both numbers counted from 1, columns in characters. None where the text has no such line.
    pub fn of(text: &str, (line, column): (usize, usize)) -> Option<Self> {
        let shown: Vec<char> = text.lines().nth(line.checked_sub(1)?)?.chars().map(fit).collect();
        let at = column.saturating_sub(1).min(shown.len());
        let start = if shown.len() > MOST_CHARS { at.saturating_sub(BEFORE) } else { 0 };
        let end = shown.len().min(start + MOST_CHARS);
        let inner: String = shown.get(start..end)?.iter().collect();
        let (head, tail) = (if start > 0 { "…" } else { "" }, if end < shown.len() { "…" } else { "" });
        let indent = at - start + head.chars().count();
        Some(Self { line, shown: format!("{head}{}{tail}", inner.trim_end()), indent, near: false })
    }

    /// The same place, said to be no more than near the mistake.
    pub fn near(self) -> Self {
        Self { near: true, ..self }
    }
}

/// A character that takes one column and turns nothing around.
const fn fit(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{0}'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fdd0}'..='\u{fdef}' => '\u{fffd}',
        _ => c,
    }
}

/// Two lines: the one that is meant, with its number, and the caret.
impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let near = if self.near { " near here" } else { "" };
        writeln!(f, "{:>5} | {}", self.line, self.shown)?;
        write!(f, "      | {:indent$}^{near}", "", indent = self.indent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, place: (usize, usize)) -> String {
        Excerpt::of(text, place).unwrap().to_string()
    }

    #[test]
    fn the_caret_stands_under_the_character_that_is_meant() {
        assert_eq!(shown("a\n\té{{x}}\n", (2, 3)), "    2 |  é{{x}}\n      |   ^");
        assert_eq!(shown("ab", (1, 99)), "    1 | ab\n      |   ^", "behind the line's end is its end");
        assert_eq!(Excerpt::of("ab", (3, 1)), None);
        assert_eq!(Excerpt::of("ab", (0, 1)), None);
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let both = shown(&text, (1, 501));
        let (line, caret) = both.split_once('\n').unwrap();
        assert_eq!(line.chars().nth(caret.chars().count() - 1), Some('X'), "{both}");
        assert!(line.chars().count() < 115 && line.ends_with('…'), "{both}");
        let start = shown(&text, (1, 1));
        assert!(start.starts_with("    1 | aaa"), "{start}");
    }

    #[test]
    fn what_would_disturb_a_terminal_is_not_shown() {
        assert_eq!(shown("\u{1b}[31m\u{202e}x", (1, 1)), "    1 | \u{fffd}[31m\u{fffd}x\n      | ^");
    }
}
