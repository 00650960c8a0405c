//! Text as people see it: what no screen should be given is taken out, and long text is cut between characters.

use unicode_segmentation::UnicodeSegmentation;

/// Whether a character must not be shown: controls, and the marks that turn the direction of the text around them.
pub(super) const fn is_unfit(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}')
}

/// One line of plain text: line ends become spaces, runs of blanks become one.
pub(super) fn one_line(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !is_unfit(*c)).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `most` characters as people count them, the last of them `…` where something was cut.
pub(crate) fn truncate(text: &str, most: usize) -> String {
    if most == 0 {
        return String::new();
    }
    // As people count, a text has no more characters than bytes.
    if text.len() <= most {
        return text.to_owned();
    }
    let mut starts = text.grapheme_indices(true).map(|(at, _)| at);
    let Some(cut) = starts.nth(most - 1) else { return text.to_owned() };
    if starts.next().is_none() {
        return text.to_owned();
    }
    format!("{}…", text.get(..cut).unwrap_or_default().trim_end())
}

/// Whether anything of it can be seen.
pub(super) fn shows(text: &str) -> bool {
    text.chars().any(|c| !is_unfit(c) && !c.is_whitespace())
}

/// The text with its first letter made another.
pub(super) fn with_first<I: Iterator<Item = char>>(text: &str, turn: fn(char) -> I) -> String {
    let mut rest = text.chars();
    let first: String = rest.next().into_iter().flat_map(turn).collect();
    first + rest.as_str()
}

/// The text with its first letter a capital.
pub(crate) fn capitalized(text: &str) -> String {
    with_first(text, char::to_uppercase)
}

/// The first line that says something.
pub(super) fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// An absolute http or https address, as it may stand in a card.
pub(crate) fn web_address(text: &str) -> Option<String> {
    let text = text.trim();
    let url = url::Url::parse(text).ok()?;
    let fits = matches!(url.scheme(), "http" | "https") && url.has_host() && url.as_str().len() <= MAX_ADDRESS;
    // The parser forgives backslashes, line ends and missing slashes; Teams gets the form that it made of them.
    fits.then(|| url.to_string())
}

/// Addresses are cut by clients at about this length, and a cut address leads somewhere else.
const MAX_ADDRESS: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_as_people_count_them() {
        assert_eq!(truncate("👩‍👩‍👧e\u{301}xyz", 3), "👩‍👩‍👧e\u{301}…");
        assert_eq!(truncate("abc", 3), "abc");
        assert_eq!(truncate("abc", 0), "");
    }

    #[test]
    fn only_absolute_http_addresses_pass() {
        assert_eq!(web_address(" https://octo.example/a b "), Some("https://octo.example/a%20b".into()));
        for bad in
            ["javascript:alert(1)", "/relative", "//octo.example", "mailto:a@b", "file:///etc/passwd", "", "https://"]
        {
            assert_eq!(web_address(bad), None, "{bad}");
        }
    }

    #[test]
    fn one_line_holds_no_controls_and_no_direction_marks() {
        assert_eq!(one_line(" a\u{202e}b\r\n\tc\u{7} "), "ab c");
    }
}
