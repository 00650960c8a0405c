//! Teams' Markdown in TextBlock and Fact: values become text that reads as it was written, links lead to the web only.
//!
//! Teams knows bold, italic, lists and links there, and nothing else; see [`github`] for what is made of the rest.

pub(super) mod github;
mod plain;

use super::marks::{Stretch, stretches};
use super::text::{is_unfit, web_address};
use crate::card::{MOST_MENTIONS, Mention};
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
        let mention = Mention { id: id.trim().to_owned(), name: called(&name) };
        let is_told = mentions.contains(&mention);
        if mention.name.is_empty() || !is_person(&mention.id) || (!is_told && mentions.len() >= MOST_MENTIONS) {
            return self.push_value(&mention.name);
        }
        self.push_markdown(&format!("<at>{}</at>", mention.name));
        if !is_told {
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

/// The name of a person who is mentioned. It must stand in the text exactly as in the list of mentions, so it can hold
/// nothing to escape.
pub(super) fn called(name: &str) -> String {
    let name: String = name.chars().map(|c| if "\\`*_~[]<>&{}".contains(c) { ' ' } else { c }).collect();
    super::text::one_line(&name)
}

/// Whether an id is of a form that Teams can look up: an Entra object id, a user principal name, or Teams' own.
/// With any other id Teams refuses the whole card.
pub(super) fn is_person(id: &str) -> bool {
    let is_object_id = id.len() == 36
        && id
            .char_indices()
            .all(|(at, c)| if matches!(at, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() });
    let is_principal_name = id.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let is_teams_own = id.starts_with("29:") || id.starts_with("8:");
    !id.contains(char::is_whitespace) && (is_object_id || is_principal_name || is_teams_own)
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
        let mut mentions = Vec::new();
        let text = format!("{{}} said {}", mention("m@octo.example", "Mona <L>"));
        assert_eq!(safe(&text, &mut mentions), "{} said <at>Mona L</at>");
        assert_eq!(mentions, [Mention { id: "m@octo.example".into(), name: "Mona L".into() }]);
    }

    fn mention(id: &str, name: &str) -> String {
        format!("\u{FDD4}{id}\u{FDD5}{name}\u{FDD6}")
    }

    #[test]
    fn who_is_no_one_or_one_too_many_is_named_and_not_mentioned() {
        let mut mentions = Vec::new();
        for id in ["", "mona", "mona@octo", "two words@octo.example", "2c1d"] {
            assert_eq!(safe(&mention(id, "Mona_L"), &mut mentions), "Mona L", "{id}");
        }
        assert_eq!(mentions, []);
        let ids = (0..30).map(|number| format!("00000000-0000-4000-8000-0000000000{number:02}"));
        let all: String = ids.map(|id| mention(&id, "Mona")).collect();
        assert_eq!(safe(&all, &mut mentions).matches("<at>").count(), 20);
        assert_eq!(mentions.len(), 20);
        assert_eq!(safe(&mention(&mentions[3].id.clone(), "Mona"), &mut mentions), "<at>Mona</at>");
    }
}
