//! Slack's own Markdown, `*bold*` and `<https://octo.example|text>`, in what Teams shows.
//!
//! People, groups and channels are names here and call nobody.

use super::emoji;
use crate::render::{
    markdown::{github::write_link, neutral},
    marks,
    text::{one_line, web_address},
};

/// Characters of one text that are kept.
const MOST_CHARS: usize = 3_000;

/// The text in Teams' Markdown, in marks.
pub(in crate::render::inbound) fn mrkdwn(text: &str) -> String {
    let short: String = text.chars().take(MOST_CHARS).collect();
    let cut = if short.len() < text.len() { "…" } else { "" };
    let mut out = String::new();
    let (mut in_code, mut was_item) = (false, false);
    for line in format!("{short}{cut}").lines() {
        // A fence may stand on the same line as what it holds.
        let mut made = String::new();
        for (index, part) in line.split("```").enumerate() {
            in_code = if index > 0 { !in_code } else { in_code };
            made.push_str(&if in_code { neutral(&decoded(part)) } else { whole_line(part, index == 0) });
        }
        if made.trim().is_empty() {
            continue;
        }
        let is_item = made.starts_with("- ");
        if !out.is_empty() {
            out.push_str(if is_item && was_item { "\n" } else { "\n\n" });
        }
        out.push_str(&made);
        was_item = is_item;
    }
    marks::markdown(&out)
}

/// Whether a text can only have been meant for Slack: it has a link or a name as Slack writes them.
pub(in crate::render::inbound) fn looks_like(text: &str) -> bool {
    let in_brackets = text.split('<').skip(1).filter_map(|part| part.split_once('>').map(|(inside, _)| inside));
    let mut meant = in_brackets.filter(|inside| !inside.contains(char::is_whitespace) || inside.contains('|'));
    meant.any(|inside| {
        let is_address = inside.starts_with("http://") || inside.starts_with("https://");
        (is_address && inside.contains('|'))
            || inside.starts_with(['@', '!']) && inside.len() > 2 && !inside.starts_with("!--")
    })
}

/// Words that lead to an address, if it is one, in marks.
pub(super) fn link(words: &str, address: &str) -> String {
    if words.trim().is_empty() {
        return String::new();
    }
    match web_address(address) {
        Some(_) => marks::markdown(&written_link(&decoded(words), address)),
        None => mrkdwn(words),
    }
}

/// The same, in Markdown.
pub(super) fn written_link(words: &str, address: &str) -> String {
    let words = neutral(&one_line(&emoji::shown(words)));
    match web_address(address) {
        Some(address) if !words.is_empty() => write_link(&words, &address),
        _ => words,
    }
}

/// Text with the blanks at its ends, which `neutral` makes into ones that do not break.
pub(super) fn spaced(text: &str) -> String {
    let words = text.trim_matches(' ');
    let before = if text.starts_with(' ') { " " } else { "" };
    let after = if text.ends_with(' ') && !words.is_empty() { " " } else { "" };
    format!("{before}{}{after}", neutral(words))
}

fn whole_line(line: &str, is_start: bool) -> String {
    let trimmed = line.trim();
    let quoted = trimmed.strip_prefix("&gt;").or_else(|| trimmed.strip_prefix('>')).filter(|_| is_start);
    if let Some(quoted) = quoted {
        return format!("» {}", inline(quoted.trim_start()));
    }
    let item = ["• ", "- ", "* ", "◦ "].iter().find_map(|mark| trimmed.strip_prefix(mark)).filter(|_| is_start);
    match item {
        Some(words) => format!("- {}", inline(words)),
        None => inline(if is_start { trimmed } else { line }),
    }
}

/// Emphasis, links, names and pictures by name within a line.
fn inline(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut plain = String::new();
    let mut rest = line;
    let mut last = ' ';
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let found = match c {
            '<' => angled(after),
            '`' => enclosed(after, c).map(|(code, rest)| (neutral(decoded(code).trim()), rest)),
            '*' | '_' | '~' if !last.is_alphanumeric() => emphasis(after, c),
            ':' => emoji::at(after).map(|(picture, rest)| (picture.to_owned(), rest)),
            _ => None,
        };
        match found {
            Some((made, after)) => {
                push_plain(&mut out, &mut plain);
                out.push_str(&made);
                (rest, last) = (after, ' ');
            }
            None => {
                plain.push(c);
                (rest, last) = (after, c);
            }
        }
    }
    push_plain(&mut out, &mut plain);
    out
}

/// Text up to here, as text.
fn push_plain(out: &mut String, plain: &mut String) {
    let text = std::mem::take(plain);
    let words = decoded(&text);
    if out.is_empty() {
        out.push_str(&neutral(&words));
        return;
    }
    // `neutral` thinks that a line begins here; what is written before says otherwise.
    let blank = if words.starts_with(' ') { " " } else { "" };
    out.push_str(blank);
    out.push_str(&neutral(words.trim_start_matches(' ')));
}

/// What stands up to the next such sign on the line, if it can be what a sign encloses.
fn enclosed(after: &str, sign: char) -> Option<(&str, &str)> {
    let (inside, rest) = after.split_once(sign)?;
    (!inside.trim().is_empty()).then_some((inside, rest))
}

fn emphasis(after: &str, sign: char) -> Option<(String, &str)> {
    let (inside, rest) = enclosed(after, sign)?;
    let is_tight = !inside.starts_with(char::is_whitespace) && !inside.ends_with(char::is_whitespace);
    if !is_tight || rest.starts_with(char::is_alphanumeric) {
        return None;
    }
    let mark = match sign {
        '*' => "**",
        '_' => "_",
        _ => "",
    };
    Some((format!("{mark}{}{mark}", inline(inside)), rest))
}

/// `after` begins behind a `<`.
fn angled(after: &str) -> Option<(String, &str)> {
    let (inside, rest) = after.split_once('>').filter(|(inside, _)| !inside.contains('<') && !inside.is_empty())?;
    let (target, words) = inside.split_once('|').unwrap_or((inside, ""));
    let named = |sign: &str, id: &str| {
        let name = if words.is_empty() { id } else { words };
        neutral(&format!("{sign}{}", decoded(name.trim_start_matches(['@', '#']))))
    };
    let made = match target.chars().next()? {
        '@' => named("@", target.get(1..).unwrap_or_default()),
        '#' => named("#", target.get(1..).unwrap_or_default()),
        // `here`, `channel`, `subteam^ID` and `date^1767225600^{date}`.
        '!' if target.starts_with("!date") => neutral(&decoded(words)),
        '!' => named("@", target.get(1..).unwrap_or_default().split('^').next_back().unwrap_or_default()),
        _ => {
            let address = decoded(target);
            let words =
                if words.is_empty() { address.trim_start_matches("mailto:").to_owned() } else { decoded(words) };
            written_link(&words, &address)
        }
    };
    Some((made, rest))
}

/// The three signs that Slack wants escaped.
pub(super) fn decoded(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_slack_shows_teams_shows() {
        for (slack, teams) in [
            ("*bold* _italic_ ~gone~ `a_b`", "**bold** _italic_ gone a\\_b"),
            ("snake_case_name 2*3*4 a * b * c", "snake\\_case\\_name 2\\*3\\*4 a \\* b \\* c"),
            ("see <https://octo.example/a_b|the _site_>.", "see [the \\_site\\_](https://octo.example/a_b)."),
            ("<https://octo.example/?a=1&amp;b=2>", "[https://octo.example/?a=1&b=2](https://octo.example/?a=1&b=2)"),
            ("<mailto:mona@octo.example|Mona> <javascript:x|y>", "Mona y"),
            ("<@U012AB> <@U1|mona> <!here> <!subteam^S1|@ops> <#C1|general>", "@U012AB @mona @here @ops \\#general"),
            ("<!date^1767225600^{date}|1 January> :rocket: :no_such: 10:30:45", "1 January 🚀 :no\\_such: 10:30:45"),
            ("a &lt;b&gt; &amp;c", "a \\<b\\> &c"),
            ("&gt; said\nline two", "» said\n\nline two"),
            ("• one\n• two\n- three", "- one\n- two\n- three"),
            ("```let *a* = 1;\n  b```\nafter", "let \\*a\\* = 1;\n\n\u{a0}\u{a0}b\n\nafter"),
            ("*<https://octo.example/|Build>* failed", "**[Build](https://octo.example/)** failed"),
            ("</at><at>x</at>", "/atatx/at"),
        ] {
            assert_eq!(marks::strip(&mrkdwn(slack)), teams, "{slack}");
        }
    }

    #[test]
    fn a_text_for_slack_is_known_by_its_brackets() {
        for text in ["<https://octo.example/|x y>", "hi <@U012AB>", "<!here> down", "<!channel>"] {
            assert!(looks_like(text), "{text}");
        }
        for text in
            ["<https://octo.example/>", "<b>x</b>", "a < b > c", "<!-- x -->", "*bold*", "<a href=\"https://x|y\">"]
        {
            assert!(!looks_like(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(<|>|\\||@|!|#|\\*|_|~|`|```|:|rocket|&amp;|\n| |é|a|https://octo.example/){0,40}") {
            let made = mrkdwn(&text);
            proptest::prop_assert!(!made.contains("<at>"));
        }
    }
}
