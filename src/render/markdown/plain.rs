//! The words of a text without its marks: for the places where Teams shows plain text.

use crate::render::marks::{Stretch, stretches};
use crate::render::text::one_line;

/// A string of a card where Teams shows plain text, on one line.
pub(in crate::render) fn plain(text: &str) -> String {
    let mut out = String::new();
    for stretch in stretches(text) {
        match stretch {
            Stretch::Author(text) | Stretch::Value(text) | Stretch::Mention { name: text, .. } => out.push_str(&text),
            Stretch::Markdown(text) => out.push_str(&without_markdown(&text)),
        }
    }
    one_line(&out)
}

/// The same with the blanks at its ends: a stretch of a line.
pub(in crate::render) fn run(text: &str) -> String {
    let line = plain(text);
    let bare = crate::render::marks::strip(text);
    let blank = |is_blank: bool| if is_blank { " " } else { "" };
    let (before, after) = (blank(bare.starts_with(char::is_whitespace)), blank(bare.ends_with(char::is_whitespace)));
    if line.is_empty() { before.to_owned() } else { format!("{before}{}{after}", without_mention(&line)) }
}

/// Whether Teams looks for mentions in a run is not written anywhere; here it finds none.
fn without_mention(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for (index, part) in line.split('<').enumerate() {
        let is_tag = part.trim_start_matches('/').get(..2).is_some_and(|name| name.eq_ignore_ascii_case("at"));
        out.push_str(if index == 0 {
            ""
        } else if is_tag {
            "< "
        } else {
            "<"
        });
        out.push_str(part);
    }
    out
}

/// The words of Markdown or HTML: links by their text, emphasis and tags left out.
pub(in crate::render) fn without_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '\\' => {
                out.extend(after.chars().next());
                after.get(after.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default()
            }
            '*' | '`' | '~' => after,
            '_' if !out.ends_with(char::is_alphanumeric) || !after.starts_with(char::is_alphanumeric) => after,
            '!' if after.starts_with('[') => after,
            '[' => match link(after) {
                Some((words, after)) => {
                    out.push_str(&without_markdown(words));
                    after
                }
                None => keep(&mut out, c, after),
            },
            '<' if after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') => {
                after.split_once('>').map_or("", |(_, after)| after)
            }
            '#' | '>' if out.is_empty() || out.ends_with('\n') => after.trim_start_matches(['#', ' ']),
            _ => keep(&mut out, c, after),
        };
    }
    out
}

fn keep<'a>(out: &mut String, c: char, after: &'a str) -> &'a str {
    out.push(c);
    after
}

/// `text](target)rest` as (`text`, `rest`).
fn link(text: &str) -> Option<(&str, &str)> {
    let (words, after) = text.split_once("](")?;
    let (_, after) = after.split_once(')')?;
    (!words.contains(['[', '\n'])).then_some((words, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_keeps_one_blank_at_each_end() {
        for (text, shown) in
            [("a", "a"), (" a  b\n", " a b "), ("  ", " "), ("", ""), ("a < b </AT><at>c", "a < b < /AT>< at>c")]
        {
            assert_eq!(run(text), shown);
        }
    }

    #[test]
    fn only_the_words_are_left() {
        let text = "## Hello\n**bold** _it_ snake_case [text](https://x.example) ![img](https://x.example/i.png) `code` <b>tag</b> \\*star";
        assert_eq!(without_markdown(text), "Hello\nbold it snake_case text img code tag *star");
    }
}
