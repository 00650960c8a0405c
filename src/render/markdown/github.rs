//! GitHub's Markdown, roughly, in the few things that Teams shows: bold, italic, lists, links.
//!
//! Headings become bold lines, code becomes text, tables lines of cells, images links. Whatever is not understood is
//! shown as text. It is no Markdown parser and does not try to be one: it works line by line and never fails.

use super::{neutral, plain::without_markdown};
use crate::render::text::web_address;

/// The same text in Teams' subset. It holds no HTML, no mention and no link but to http and https.
pub(in crate::render) fn to_teams(text: &str) -> String {
    let mut out = String::new();
    let (mut in_code, mut in_comment, mut was_item) = (false, false, false);
    for line in text.lines() {
        let line = without_comment(line, &mut in_comment);
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            in_code = !in_code;
            continue;
        }
        let converted = if in_code { neutral(&line) } else { block(&line) };
        if converted.trim().is_empty() {
            continue;
        }
        let is_item = !in_code && item(trimmed).is_some();
        if !out.is_empty() {
            // Items of one list stand on lines of their own; everything else needs an empty line between.
            out.push_str(if is_item && was_item { "\n" } else { "\n\n" });
        }
        out.push_str(&converted);
        was_item = is_item;
    }
    out
}

/// The parts of a line outside of `<!-- … -->`.
fn without_comment(line: &str, in_comment: &mut bool) -> String {
    let mut out = String::new();
    let mut rest = line;
    loop {
        let mark = if *in_comment { "-->" } else { "<!--" };
        let (before, after) = match rest.split_once(mark) {
            Some((before, after)) => (before, Some(after)),
            None => (rest, None),
        };
        if !*in_comment {
            out.push_str(before);
        }
        let Some(after) = after else { return out };
        *in_comment = !*in_comment;
        rest = after;
    }
}

fn block(line: &str) -> String {
    let trimmed = line.trim();
    if is_rule(trimmed) || is_definition(trimmed) {
        return String::new();
    }
    if trimmed.starts_with('#') {
        let heading = trimmed.trim_start_matches('#');
        if heading.starts_with(' ') {
            return format!("**{}**", neutral(without_markdown(heading.trim().trim_end_matches('#')).trim()));
        }
    }
    if let Some(quoted) = trimmed.strip_prefix('>') {
        return format!("» {}", inline(quoted.trim_start_matches(['>', ' '])));
    }
    if let Some((mark, words)) = item(trimmed) {
        return format!("{mark} {}", inline(words));
    }
    if trimmed.starts_with('|') && trimmed.len() > 1 {
        let cells: Vec<String> = trimmed.trim_matches('|').split('|').map(|cell| inline(cell.trim())).collect();
        return cells.join(" · ");
    }
    inline(trimmed)
}

/// A line of `---`, `***`, `===` or between a table's head and body.
fn is_rule(line: &str) -> bool {
    line.len() >= 3 && line.chars().all(|c| matches!(c, '-' | '*' | '_' | '=' | '|' | ':' | ' '))
}

/// `[name]: address`.
fn is_definition(line: &str) -> bool {
    line.starts_with('[') && line.split_once("]:").is_some_and(|(name, _)| !name.contains(' '))
}

/// An item of a list as its mark in Teams and its words.
fn item(line: &str) -> Option<(String, &str)> {
    let unordered = ["- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark));
    if let Some(words) = unordered {
        let done = words.strip_prefix("[x] ").or_else(|| words.strip_prefix("[X] "));
        return Some(match (done, words.strip_prefix("[ ] ")) {
            (Some(words), _) => ("- ☑".into(), words),
            (_, Some(words)) => ("- ☐".into(), words),
            _ => ("-".into(), words),
        });
    }
    let (number, words) = line.split_once(". ")?;
    let is_number = (1..=9).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| (format!("{number}."), words))
}

/// Emphasis and links stand; code, images, tags and everything else become text.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '*' | '_' => push(&mut out, c, after),
            '~' => after,
            '\\' => escaped(&mut out, after),
            '`' => code(&mut out, after),
            '!' if after.starts_with('[') => after,
            '[' => link(&mut out, after),
            '<' => tag(&mut out, after),
            '&' if after.starts_with("nbsp;") => push(&mut out, ' ', after.get(5..).unwrap_or_default()),
            ']' | '>' | '{' => {
                out.push('\\');
                push(&mut out, c, after)
            }
            _ => push(&mut out, c, after),
        };
    }
    out
}

fn push<'a>(out: &mut String, c: char, after: &'a str) -> &'a str {
    out.push(c);
    after
}

fn escaped<'a>(out: &mut String, after: &'a str) -> &'a str {
    let next = after.chars().next().filter(char::is_ascii_punctuation);
    out.push('\\');
    out.push(next.unwrap_or('\\'));
    after.get(next.map_or(0, char::len_utf8)..).unwrap_or_default()
}

fn code<'a>(out: &mut String, after: &'a str) -> &'a str {
    let ticks = after.len() - after.trim_start_matches('`').len();
    let body = after.get(ticks..).unwrap_or_default();
    match body.split_once(&"`".repeat(ticks + 1)) {
        Some((code, after)) => {
            out.push_str(&neutral(code.trim()));
            after
        }
        None => {
            out.push_str("\\`");
            after
        }
    }
}

fn link<'a>(out: &mut String, after: &'a str) -> &'a str {
    let found = matching(after, '[', ']').and_then(|(words, rest)| {
        let (target, rest) = matching(rest.strip_prefix('(')?, '(', ')')?;
        Some((words, target.split_whitespace().next().unwrap_or_default(), rest))
    });
    let Some((words, target, rest)) = found else {
        out.push_str("\\[");
        return after;
    };
    // The picture of a linked picture: `[![alt](image)](address)`.
    let words = neutral(without_markdown(words).trim());
    match web_address(target) {
        Some(address) if !words.is_empty() => out.push_str(&write_link(&words, &address)),
        _ => out.push_str(&words),
    }
    rest
}

/// A Markdown link of words that are Markdown already to an address that is known to be good.
pub(in crate::render) fn write_link(words: &str, address: &str) -> String {
    format!("[{words}{}", end_of_link(address))
}

/// What stands behind a link's words. Nothing in the address ends it.
pub(in crate::render) fn end_of_link(address: &str) -> String {
    let address = address.replace('(', "%28").replace(')', "%29").replace('<', "%3C").replace('>', "%3E");
    format!("]({address})")
}

/// What stands before the bracket that closes the one before `text`, and what after it.
fn matching(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    let mut depth = 1;
    // A bracket that has no partner nearby has none; looking on to the end for each would take for ever.
    for (at, c) in text.char_indices().take(2000) {
        depth += i32::from(c == open) - i32::from(c == close);
        if depth == 0 {
            return Some((text.get(..at)?, text.get(at + close.len_utf8()..)?));
        }
    }
    None
}

/// `<https://…>` becomes a link; other tags are left out; a lone `<` is text.
fn tag<'a>(out: &mut String, after: &'a str) -> &'a str {
    let is_tag = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let Some((inside, rest)) = after.split_once('>').filter(|(inside, _)| is_tag && !inside.contains('<')) else {
        out.push_str("\\<");
        return after;
    };
    if let Some(address) = web_address(inside) {
        out.push_str(&write_link(&neutral(inside), &address));
    } else if inside.starts_with("br") {
        out.push_str("\n\n");
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_teams_knows_stands_and_the_rest_is_made_of_it() {
        for (github, teams) in [
            ("## What *changed*", "**What changed**"),
            ("a **b** _c_", "a **b** _c_"),
            ("line one\nline two", "line one\n\nline two"),
            ("* one\n+ two\n- [x] three\n- [ ] four", "- one\n- two\n- ☑ three\n- ☐ four"),
            ("1. one\n2. two", "1. one\n2. two"),
            ("see `a_b*c`", "see a\\_b\\*c"),
            ("```rust\nlet a = 1;\n  x*y\n```", "let a = 1;\n\n\u{a0}\u{a0}x\\*y"),
            ("> said", "» said"),
            ("| a | b |\n|---|---|\n| 1 | 2 |", "a · b\n\n1 · 2"),
            ("[site](https://octo.example/a_(b) \"title\")", "[site](https://octo.example/a_%28b%29)"),
            ("![logo](https://octo.example/l.png)", "[logo](https://octo.example/l.png)"),
            ("<!-- hidden\nstill --> shown", "shown"),
            ("<details><b>x</b></details>", "x"),
            ("~~gone~~ a < b", "gone a \\< b"),
            ("<https://octo.example/>", "[https://octo.example/](https://octo.example/)"),
        ] {
            assert_eq!(to_teams(github), teams, "{github}");
        }
    }

    #[test]
    fn nothing_in_it_can_mention_or_lead_off_the_web() {
        let text = to_teams(
            "<at>x</at> <at\n>y</at> \\<at> [x](javascript:alert(1)) [y]\n\n[y]: javascript:1\n<javascript:1>",
        );
        assert!(!text.contains("<at>") && !text.contains("javascript:1\n") && !text.contains("](j"), "{text}");
    }

    #[test]
    fn ten_thousand_open_brackets_take_no_time() {
        let text = "[".repeat(10_000);
        assert_eq!(to_teams(&text), "\\[".repeat(10_000));
    }
}
