//! The little HTML that senders mix into their Markdown, as Markdown. Tags that say nothing in a card are left to the
//! Markdown's own reader, which leaves them out.

use std::borrow::Cow;

use crate::render::{
    markdown::github::{end_of_link, write_link},
    text::web_address,
};

/// The same text with Markdown in place of HTML.
pub(super) fn to_markdown(text: &str) -> Cow<'_, str> {
    if !text.contains(['<', '&']) {
        return Cow::Borrowed(text);
    }
    let mut writer = Writer::default();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        writer.out.push_str(before);
        rest = if from.starts_with('<') { writer.tag(from) } else { writer.entity(from) };
    }
    writer.out.push_str(rest);
    Cow::Owned(writer.out)
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Where the links lead that are open; none for those that lead nowhere.
    links: Vec<Option<String>>,
    /// Within code, where a backslash is a backslash.
    in_code: bool,
}

impl Writer {
    /// `from` begins with `<`.
    fn tag<'a>(&mut self, from: &'a str) -> &'a str {
        let after = from.get(1..).unwrap_or_default();
        let is_tag = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        let Some((inside, rest)) = after.split_once('>').filter(|(inside, _)| is_tag && !inside.contains('<')) else {
            self.out.push('<');
            return after;
        };
        let is_end = inside.starts_with('/');
        let inner = inside.trim_matches(['/', ' ']);
        let name: String = inner.chars().take_while(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect();
        match name.as_str() {
            "b" | "strong" => self.out.push_str("**"),
            "i" | "em" => self.out.push('_'),
            "br" | "tr" | "div" => self.out.push('\n'),
            "p" | "ul" | "ol" | "table" => self.out.push_str("\n\n"),
            "td" | "th" if is_end => self.out.push_str(" · "),
            "li" if !is_end => self.out.push_str("\n- "),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.out.push_str(if is_end { "\n" } else { "\n# " }),
            "blockquote" => self.out.push_str(if is_end { "\n" } else { "\n> " }),
            "pre" => self.code("\n```\n", is_end),
            "code" if !self.out.ends_with("```\n") => self.code("`", is_end),
            "a" if is_end => self.close_link(),
            "a" => self.open_link(inner),
            "img" => self.image(inner),
            "code" | "td" | "th" | "li" | "span" | "u" | "font" | "s" | "strike" | "del" | "tbody" | "thead" => {}
            // Such as `<https://…>` and `<at>`: the Markdown's reader knows what to do.
            _ => self.out.push_str(from.get(..inside.len() + 2).unwrap_or_default()),
        }
        rest
    }

    fn code(&mut self, mark: &str, is_end: bool) {
        self.in_code = !is_end;
        self.out.push_str(mark);
    }

    fn open_link(&mut self, inner: &str) {
        let address = attribute(inner, "href").and_then(web_address);
        if address.is_some() {
            self.out.push('[');
        }
        self.links.push(address);
    }

    fn close_link(&mut self) {
        if let Some(Some(address)) = self.links.pop() {
            self.out.push_str(&end_of_link(&address));
        }
    }

    fn image(&mut self, inner: &str) {
        let Some(address) = attribute(inner, "src").and_then(web_address) else { return };
        let words = attribute(inner, "alt").filter(|alt| !alt.trim().is_empty()).unwrap_or("Picture");
        let words = words.replace(['[', ']'], " ");
        self.out.push_str(&write_link(&words, &address));
    }

    /// `from` begins with `&`.
    fn entity<'a>(&mut self, from: &'a str) -> &'a str {
        let after = from.get(1..).unwrap_or_default();
        let found = after.split_once(';').filter(|(name, _)| name.len() <= 8);
        let Some((c, rest)) = found.and_then(|(name, rest)| Some((character(name)?, rest))) else {
            self.out.push('&');
            return after;
        };
        // It was written so that it means nothing.
        if c.is_ascii_punctuation() && !self.in_code {
            self.out.push('\\');
        }
        self.out.push(c);
        rest
    }
}

fn character(name: &str) -> Option<char> {
    let number = |digits: &str| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => char::from_u32(number(name.strip_prefix('#')?)?),
    }
}

/// `https://octo.example` of `a href="https://octo.example"`.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let lower = tag.to_ascii_lowercase();
    let at = lower.match_indices(name).map(|(at, _)| at).find(|at| {
        let before = lower.get(..*at).is_some_and(|before| before.ends_with(char::is_whitespace));
        before && lower.get(at + name.len()..).is_some_and(|after| after.trim_start().starts_with('='))
    })?;
    let value = tag.get(at + name.len()..)?.trim_start().strip_prefix('=')?.trim_start();
    match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split(quote).next(),
        _ => value.split_whitespace().next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::markdown::github::to_teams;

    #[test]
    fn html_says_what_markdown_would() {
        for (html, teams) in [
            ("<b>a</b> <em>b</em><br/>c", "**a** _b_\n\nc"),
            ("<a href=\"https://octo.example/(x)\">site</a>", "[site](https://octo.example/%28x%29)"),
            ("<A HREF='https://octo.example/'>it</A>.", "[it](https://octo.example/)."),
            ("<a href=\"javascript:x\">no</a>", "no"),
            ("<a data-href=x>no</a>", "no"),
            ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
            ("<h2>Head</h2>text", "**Head**\n\ntext"),
            ("<p>one</p><p>two</p>", "one\n\ntwo"),
            ("a &lt;b&gt; &amp; c&nbsp;d &#39;e&#x27;", "a \\<b\\> \\& c d \\'e\\'"),
            ("<pre>x &lt; y\n  z*</pre>", "x \\< y\n\n\u{a0}\u{a0}z\\*"),
            ("<code>a_b</code>", "a\\_b"),
            ("<img src=\"https://octo.example/a.png\" alt=\"Graph\">", "[Graph](https://octo.example/a.png)"),
            ("<at>Mona</at> a < b & c", "Mona a \\< b & c"),
            ("&lt;at&gt;x&lt;/at&gt;", "\\<at\\>x\\</at\\>"),
            ("<https://octo.example/>", "[https://octo.example/](https://octo.example/)"),
        ] {
            assert_eq!(to_teams(&to_markdown(html)), teams, "{html}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(<|>|&|;|\"|=| |href|a|/|code|pre|é|#|x41|lt){0,30}") {
            drop(to_markdown(&text));
        }
    }
}
