//! Finds things in a rendered document by where they stand in the text, which parsing forgets.
//!
//! The text may have stray commas, as templates' documents do: commas and colons are passed over like blanks.

/// The byte at which the value at a place such as `body[0].items[1]` begins; with a key, that key's first quote. What is
/// nearest on the way to it where it is not there.
pub(super) fn find(text: &str, place: &str, key: Option<&str>) -> Option<usize> {
    let mut scan = Scan { text, at: 0 };
    scan.pass_blanks();
    let steps = place.split(['.', '[', ']']).filter(|step| !step.is_empty());
    for step in steps {
        let found = match step.parse::<usize>() {
            Ok(index) => scan.item(index),
            Err(_) => scan.member(step).map(|(_, value)| value),
        };
        let Some(found) = found else { return Some(scan.at) };
        scan.at = found;
    }
    let key = key.and_then(|key| scan.member(key)).map(|(key, _)| key);
    let at = key.unwrap_or(scan.at);
    (at < text.len()).then_some(at)
}

/// The byte of the innermost bracket, or of the quote, that is still open where the text ends.
pub(super) fn unclosed(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    let mut scan = Scan { text, at: 0 };
    while let Some(byte) = scan.next() {
        match byte {
            b'"' => {
                let start = scan.at;
                if !scan.pass_string() {
                    return Some(start);
                }
                continue;
            }
            b'{' | b'[' => open.push(scan.at),
            b'}' | b']' => drop(open.pop()),
            _ => {}
        }
        scan.at += 1;
    }
    open.pop()
}

/// The quote that opens the string in which this byte stands; none outside of strings.
pub(super) fn string_around(text: &str, byte: usize) -> Option<usize> {
    let mut scan = Scan { text, at: 0 };
    while scan.at < byte {
        if scan.next()? != b'"' {
            scan.at += 1;
            continue;
        }
        let start = scan.at;
        let closed = scan.pass_string();
        if !closed || scan.at > byte {
            return Some(start);
        }
    }
    None
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn pass_blanks(&mut self) {
        while self.next().is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b':')) {
            self.at += 1;
        }
    }

    /// From a quote to behind the one that closes it; false where there is none.
    fn pass_string(&mut self) -> bool {
        self.at += 1;
        while let Some(byte) = self.next() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return true;
            }
        }
        false
    }

    fn pass_value(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.next() {
            match byte {
                b'"' => {
                    self.pass_string();
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                _ => {
                    while self.next().is_some_and(|b| !matches!(b, b'"' | b'{' | b'[' | b'}' | b']' | b',' | b':'))
                        && !self.next().is_some_and(|b| b.is_ascii_whitespace())
                    {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return;
            }
            self.pass_blanks();
        }
    }

    /// Where the key and the value of a member begin; the last of several counts, as it does when JSON is parsed.
    fn member(&self, wanted: &str) -> Option<(usize, usize)> {
        let mut inner = self.inside(b'{')?;
        let mut found = None;
        while inner.next() == Some(b'"') {
            let key = inner.at;
            inner.pass_string();
            let written = inner.text.get(key..inner.at)?;
            inner.pass_blanks();
            if serde_json::from_str::<String>(written).is_ok_and(|name| name == wanted) {
                found = Some((key, inner.at));
            }
            inner.pass_value();
            inner.pass_blanks();
        }
        found
    }

    /// Where a member of a list begins.
    fn item(&self, index: usize) -> Option<usize> {
        let mut inner = self.inside(b'[')?;
        for _ in 0..index {
            inner.pass_value();
            inner.pass_blanks();
        }
        (inner.next()? != b']').then_some(inner.at)
    }

    fn inside(&self, bracket: u8) -> Option<Self> {
        if self.next() != Some(bracket) {
            return None;
        }
        let mut inner = Self { text: self.text, at: self.at + 1 };
        inner.pass_blanks();
        Some(inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest<'a>(text: &'a str, place: &str, key: Option<&str>) -> &'a str {
        text.get(find(text, place, key).unwrap()..).unwrap()
    }

    #[test]
    fn values_and_keys_are_found_behind_stray_commas() {
        let text =
            r#" {,"summary": "a \"b\": [,]", "body": [, {"type":"x", "c" : {"d":[1 ,, -2e3,null,]}},,{"e":"f"},]}"#;
        assert!(rest(text, "", None).starts_with("{,"));
        assert!(rest(text, "summary", None).starts_with(r#""a \"b"#));
        assert!(rest(text, "body[1].e", None).starts_with(r#""f""#));
        assert!(rest(text, "body[0].c.d[1]", None).starts_with("-2e3"));
        assert!(rest(text, "body[0].c.d[2]", None).starts_with("null"));
        assert!(rest(text, "body[0]", Some("c")).starts_with(r#""c" :"#));
    }

    #[test]
    fn what_is_not_there_is_found_where_the_way_to_it_ends() {
        let text = r#"{"body": [{"type":"x"}]}"#;
        assert!(rest(text, "body[0].text", None).starts_with(r#"{"type""#));
        assert!(rest(text, "body[7]", None).starts_with("[{"));
        assert!(rest(text, "", Some("summary")).starts_with(r#"{"body""#));
        assert_eq!(find("", "", None), None);
    }

    #[test]
    fn what_is_left_open_is_found() {
        assert_eq!(unclosed(r#"{"a": [1, {"b": "]"}"#), Some(6));
        assert_eq!(unclosed(r#"{"a": "b}"#), Some(6));
        assert_eq!(unclosed("{}"), None);
        assert_eq!(string_around(r#"{"a": "b, c"}"#, 8), Some(6));
        assert_eq!(string_around(r#"{"a": "b, c"}"#, 5), None);
    }
}
