//! `{{DATE(…)}}` and `{{TIME(…)}}` in an Adaptive Card's text, which a client would write in its reader's own way.

use std::borrow::Cow;

use jiff::Timestamp;

/// The same text with instants as people write them, in UTC, since nobody knows here who will read it.
pub(super) fn written_out(text: &str) -> Cow<'_, str> {
    if !text.contains("{{") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        match after.split_once("}}").and_then(|(call, after)| Some((instant(call)?, after))) {
            Some((date, after)) => {
                out.push_str(&date);
                rest = after;
            }
            None => {
                out.push_str("{{");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn instant(call: &str) -> Option<String> {
    let inside = |name: &str| call.trim().strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')');
    let (inside, format) = match (inside("DATE"), inside("TIME")) {
        (Some(inside), _) => (inside, "%d %b %Y"),
        (None, Some(inside)) => (inside, "%H:%M UTC"),
        (None, None) => return None,
    };
    let instant: Timestamp = inside.split(',').next()?.trim().parse().ok()?;
    Some(instant.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_out_and_all_else_stands() {
        for (text, shown) in [
            (
                "on {{DATE(2026-11-23T08:05:00Z, SHORT)}} at {{TIME(2026-11-23T08:05:00+01:00)}}",
                "on 23 Nov 2026 at 07:05 UTC",
            ),
            ("{{DATE(soon)}} {{x}} {{", "{{DATE(soon)}} {{x}} {{"),
            ("{{DATE()}}{{TIME(}}", "{{DATE()}}{{TIME(}}"),
        ] {
            assert_eq!(written_out(text), shown);
        }
    }
}
