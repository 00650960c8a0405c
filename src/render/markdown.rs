//! Teams' Markdown in TextBlock and Fact: values become text that reads as it was written, links lead to the web only.
//!
//! Teams knows bold, italic, lists and links there, and nothing else; see [`github`] for what is made of the rest.

pub(super) mod github;
mod plain;

use super::marks::{Stretch, stretches};
use super::text::{is_unfit, web_address};
use crate::card::Mention;
pub(super) use plain::{plain, run, without_markdown};

/// A string of a card where Teams reads Markdown: the author's Markdown stands, values are shown as text.
pub(super) fn safe(text: &str, mentions: &mut Vec<Mention>) -> String {
    let mut writer = Writer::default();
    for stretch in stretches(text) {
        match stretch {
            Stretch::Author(text) | Stretch::Markdown(text) => writer.push_markdown(&text),
            Stretch::Value(text) => writer.push_value(&text),
            Stretch::Mention { id, name } => writer.push_mention(id, name, mentions),
        }
    }
    guard_links(writer.out.trim())
}

/// Text with everything taken out of it that Teams would read as Markdown.
pub(crate) fn neutral(text: &str) -> String {
    let mut writer = Writer::default();
    writer.push_value(text);
    writer.out
}

/// Writes Markdown and knows what stands on the present line, since `#`, `-` and `1.` mean something at its start only.
#[derive(Default)]
struct Writer {
    out: String,
    /// A letter or a digit stands on this line.
    worded: bool,
    /// Only digits stand on this line.
    digits: bool,
    last: Option<char>,
}

impl Writer {
    fn push_markdown(&mut self, text: &str) {
        for c in text.chars().filter(|c| !is_unfit(*c) && *c != '\r') {
            self.put(c);
        }
    }

    fn push_value(&mut self, text: &str) {
        let mut rest = text.chars().filter(|c| !is_unfit(*c)).peekable();
        while let Some(c) = rest.next() {
            match c {
                '\r' if rest.peek() == Some(&'\n') => {}
                '\n' | '\r' => self.new_paragraph(),
                // Four blanks would begin a block of code; no-break spaces are blanks that mean nothing.
                ' ' | '\t' if self.out.is_empty() || self.out.ends_with(['\n', '\u{a0}']) => self.put('\u{a0}'),
                '\t' => self.put(' '),
                _ => {
                    if self.means_something(c, rest.peek().copied()) || (c == '&' && begins_entity(rest.clone())) {
                        self.out.push('\\');
                    }
                    self.put(c);
                }
            }
        }
    }

    fn push_mention(&mut self, id: String, name: String, mentions: &mut Vec<Mention>) {
        // The name must stand in the text exactly as in the list of mentions, so it can hold nothing to escape.
        let name: String = name.chars().map(|c| if "\\`*_~[]<>&{}".contains(c) { ' ' } else { c }).collect();
        let name = super::text::one_line(&name);
        if id.trim().is_empty() || name.is_empty() {
            return self.push_value(&name);
        }
        self.push_markdown(&format!("<at>{name}</at>"));
        let mention = Mention { id: id.trim().to_owned(), name };
        if !mentions.contains(&mention) {
            mentions.push(mention);
        }
    }

    fn means_something(&self, c: char, next: Option<char>) -> bool {
        match c {
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '<' | '>' => true,
            // `{{DATE(…)}}` and `{{TIME(…)}}` are formatted by the client.
            '{' => self.last == Some('{'),
            '#' | '+' | '-' | '=' | '|' => !self.worded,
            '.' | ')' => self.digits && next.is_none_or(char::is_whitespace),
            _ => false,
        }
    }

    /// Teams shows a line end only where an empty line follows.
    fn new_paragraph(&mut self) {
        let kept = self.out.trim_end().len();
        self.out.truncate(kept);
        if !self.out.is_empty() {
            self.out.push_str("\n\n");
        }
        (self.worded, self.digits, self.last) = (false, false, None);
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.last = Some(c);
        if c == '\n' {
            (self.worded, self.digits) = (false, false);
        } else if c.is_ascii_digit() {
            self.digits = self.digits || !self.worded;
            self.worded = true;
        } else if !c.is_whitespace() {
            self.digits = false;
            self.worded = self.worded || c.is_alphanumeric();
        }
    }
}

/// Whether `&` is followed by what makes it an entity, such as `lt;` or `#60;`.
fn begins_entity(rest: impl Iterator<Item = char>) -> bool {
    let mut length = 0;
    for c in rest.take(33) {
        match c {
            ';' => return length > 0,
            '#' if length == 0 => {}
            c if c.is_ascii_alphanumeric() => length += 1,
            _ => return false,
        }
    }
    false
}

/// Makes plain text of every Markdown link that does not lead to an absolute http or https address.
fn guard_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("](") {
        let (before, after) = rest.split_at(at);
        let escaped = before.len() - before.trim_end_matches('\\').len();
        let target = after.get(2..).unwrap_or_default();
        out.push_str(before);
        if escaped % 2 == 0 && !leads_to_the_web(target) {
            out.push('\\');
        }
        out.push_str("](");
        rest = target;
    }
    out.push_str(rest);
    // A definition such as `[x]: javascript:…` is a link as well; nobody needs one in a card.
    out.replace("]:", "]\\:")
}

/// Whether a link's target, as it stands after `](`, is an http or https address.
fn leads_to_the_web(target: &str) -> bool {
    let target = target.trim_start().trim_start_matches('<');
    let end = target.find([')', ' ', '\n', '>']).unwrap_or(target.len());
    let address: String = target.get(..end).unwrap_or_default().chars().filter(|c| *c != '\\').collect();
    web_address(&address).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::marks::escape;

    fn shown(author: &str, value: &str) -> String {
        let json = format!("\"{}\"", author.replace("{}", &escape(value)));
        safe(&serde_json::from_str::<String>(&json).unwrap(), &mut Vec::new())
    }

    #[test]
    fn a_value_reads_as_it_was_written_and_the_authors_markdown_stands() {
        assert_eq!(shown("**{}**", "a*b_c"), "**a\\*b\\_c**");
        assert_eq!(shown("{}", "# no heading"), "\\# no heading");
        assert_eq!(shown("{}", "C# and a-b"), "C# and a-b");
        assert_eq!(shown("{}", "1. not a list"), "1\\. not a list");
        assert_eq!(shown("{}", "version 1.2"), "version 1.2");
        assert_eq!(shown("{}", "1.2"), "1.2");
        assert_eq!(shown("- {}", "- twice"), "- \\- twice");
        assert_eq!(shown("{}", "a\nb\r\n\r\nc"), "a\n\nb\n\nc");
        assert_eq!(shown("{}", "x\n    code"), "x\n\n\u{a0}\u{a0}\u{a0}\u{a0}code");
        assert_eq!(shown("{}", "a & b &lt; &#60;"), "a & b \\&lt; \\&#60;");
        assert_eq!(shown("{}", "{{DATE(2020-01-01T00:00:00Z)}}"), "{\\{DATE(2020-01-01T00:00:00Z)}}");
    }

    #[test]
    fn a_value_cannot_make_a_mention() {
        let text = shown("{}", "<at>Mona</at>");
        assert!(!text.contains("<at>") && !text.contains("</at>"), "{text}");
    }

    #[test]
    fn a_link_leads_to_the_web_or_is_no_link() {
        assert_eq!(shown("[x]({})", "https://octo.example/a_b"), "[x](https://octo.example/a\\_b)");
        for bad in ["javascript:alert(1)", "/x", "data:text/html,x", " java\nscript:x"] {
            let text = shown("[x]({})", bad);
            assert!(text.starts_with("[x\\]("), "{text}");
        }
        assert!(shown("[x]\\n\\n[x]: {}", "javascript:x").contains("]\\:"));
    }

    #[test]
    fn a_mention_of_the_template_is_one() {
        let text = format!("{{}} said {}id-1{}Mona <L>{}", '\u{FDD4}', '\u{FDD5}', '\u{FDD6}');
        let mut mentions = Vec::new();
        assert_eq!(safe(&text, &mut mentions), "{} said <at>Mona L</at>");
        assert_eq!(mentions, [Mention { id: "id-1".into(), name: "Mona L".into() }]);
    }
}
