//! Helpers that look into a text by a regular expression, which here takes linear time whatever the text.

use std::{cell::RefCell, collections::HashMap};

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::{Args, HelperDoc};
use crate::render::output;

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "regex_match",
        usage: "{{regex_match text \"expression\"}}",
        gives: "What the expression finds first, or its first group where it has one; nothing where it finds nothing.",
        example: ["{{regex_match payload \"([A-Z]+-[0-9]+)\"}}", r#""Mend OPS-12 at last""#, "OPS-12"],
        values: (2, 2),
        run: |args| {
            let (text, regex) = (args.text(0), compiled(args)?);
            let found = regex.captures(&text).and_then(|found| found.get(1).or_else(|| found.get(0)));
            Ok(found.map(|found| found.as_str()).unwrap_or_default().into())
        },
    },
    HelperDoc {
        name: "regex_replace",
        usage: "{{regex_replace text \"expression\" \"to\"}}",
        gives: "The text with all that the expression finds replaced; `$1` in `to` is its first group.",
        example: ["{{regex_replace payload \"^Re: *\" \"\"}}", r#""Re: the disk""#, "the disk"],
        values: (3, 3),
        run: replace,
    },
];

/// Bytes that an expression may take once compiled; the crate's own bound of 10 MB is for more than cards.
const MOST_COMPILED: usize = 256 * 1024;

/// Expressions that a thread keeps. They stand in templates, so there are few; one made of a payload pushes them out.
const MOST_KEPT: usize = 64;

thread_local! {
    /// To compile an expression takes longer than to make a card.
    static KEPT: RefCell<HashMap<String, Regex>> = RefCell::default();
}

fn compiled(args: &Args<'_>) -> Result<Regex, &'static str> {
    let expression = args.text(1);
    KEPT.with_borrow_mut(|kept| {
        if let Some(regex) = kept.get(&expression) {
            return Ok(regex.clone());
        }
        let built = RegexBuilder::new(&expression).size_limit(MOST_COMPILED).build();
        let regex = built.map_err(|_| "has an expression that can't be read, or is too large")?;
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(expression, regex.clone());
        Ok(regex)
    })
}

/// By hand, so that the text is given up as soon as it is too long.
fn replace(args: &Args<'_>) -> Result<Value, &'static str> {
    let (text, regex, to) = (args.text(0), compiled(args)?, args.text(2));
    let (mut out, mut last) = (String::new(), 0);
    for found in regex.captures_iter(&text) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(text.get(last..whole.start()).unwrap_or_default());
        found.expand(&to, &mut out);
        last = whole.end();
        if out.len() > output::MOST_BYTES {
            return Err("would make too long a text");
        }
    }
    out.push_str(text.get(last..).unwrap_or_default());
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use crate::render::Words;
    use std::collections::BTreeMap;

    use super::*;

    fn replaced(text: &str, expression: &str, to: &str) -> Result<Value, &'static str> {
        let values = [text, expression, to].map(Value::from);
        let root = Value::Null;
        replace(&Args {
            values: values.iter().collect(),
            named: BTreeMap::new(),
            root: &root,
            words: &Words::default(),
        })
    }

    #[test]
    fn groups_are_put_in_and_no_text_grows_without_end() {
        assert_eq!(replaced("a-b", "(.)-(.)", "$2 $1"), Ok("b a".into()));
        assert_eq!(replaced("é", "", "x"), Ok("xéx".into()));
        assert!(replaced(&"a".repeat(10_000), ".", &"b".repeat(1_000)).is_err());
        assert!(replaced("a", "(", "").is_err());
        assert!(replaced("a", r"(\w{1000}){1000}", "").is_err());
    }
}
