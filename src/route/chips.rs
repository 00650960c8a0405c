//! Makes a condition of what people put together on the connector's pages: globs over repositories, branches and labels.

use crate::{
    config::provider::{ChipPlace, ChipPlaces},
    subscription::{Chip, Chips},
};

/// Longest glob, in bytes.
const MOST_BYTES: usize = 100;

/// Chips of one kind.
const MOST_CHIPS: usize = 20;

/// Why chips make no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadChips {
    /// The provider's payloads have no such thing in a known place.
    #[error("this source's events can't be chosen by {kind}; leave it empty")]
    NoPlace {
        /// What cannot be told.
        kind: &'static str,
    },
    /// A glob is empty, too long, or no text.
    #[error("a {kind} is {found}; write it as {example}, where * stands for any text")]
    Glob {
        /// Of what.
        kind: &'static str,
        /// What is wrong.
        found: &'static str,
        /// How one looks.
        example: &'static str,
    },
    /// There are too many.
    #[error("there are more than {MOST_CHIPS} of one kind; use * to say more with fewer")]
    TooMany,
}

/// A kind of chip.
struct Kind<'a> {
    chips: &'a [Chip],
    places: &'a [ChipPlace],
    name: &'static str,
    example: &'static str,
    /// What may stand before the name.
    before: &'static str,
}

/// The condition in CEL; none where nothing was chosen.
///
/// # Errors
/// The first chip that is none.
pub fn condition(chips: &Chips, places: &ChipPlaces) -> Result<Option<String>, BadChips> {
    let kinds = [
        Kind {
            chips: &chips.repository,
            places: &places.repository,
            name: "repository",
            example: "octo/*",
            before: "",
        },
        Kind {
            chips: &chips.branch,
            places: &places.branch,
            name: "branch",
            example: "release/*",
            before: "(refs/heads/)?",
        },
        Kind { chips: &chips.label, places: &places.label, name: "label", example: "bug", before: "" },
    ];
    let (mut wanted, mut excluded) = (Vec::new(), Vec::new());
    for kind in &kinds {
        let (not, of_kind): (Vec<_>, Vec<_>) = kind.conditions()?.into_iter().partition(|(not, _)| *not);
        wanted.extend(any(of_kind.into_iter().map(|(_, condition)| condition).collect()));
        excluded.extend(not.into_iter().map(|(_, condition)| format!("!{condition}")));
    }
    let wanted = if chips.all { all(wanted) } else { any(wanted) };
    Ok(all(wanted.into_iter().chain(excluded).collect()))
}

/// Any of these; none for none.
fn any(conditions: Vec<String>) -> Option<String> {
    joined(conditions, " || ")
}

fn all(conditions: Vec<String>) -> Option<String> {
    joined(conditions, " && ")
}

fn joined(mut conditions: Vec<String>, with: &str) -> Option<String> {
    match conditions.len() {
        0 => None,
        1 => conditions.pop(),
        _ => Some(format!("({})", conditions.join(with))),
    }
}

impl Kind<'_> {
    /// One condition for each chip, and whether it excludes.
    fn conditions(&self) -> Result<Vec<(bool, String)>, BadChips> {
        if self.chips.len() > MOST_CHIPS {
            return Err(BadChips::TooMany);
        }
        self.chips.iter().map(|chip| Ok((chip.not, self.condition(chip.glob.trim())?))).collect()
    }

    fn condition(&self, glob: &str) -> Result<String, BadChips> {
        let bad = |found| BadChips::Glob { kind: self.name, found, example: self.example };
        if glob.is_empty() {
            return Err(bad("empty"));
        }
        if glob.len() > MOST_BYTES || glob.chars().any(char::is_control) {
            return Err(bad("too long, or holds what no name has"));
        }
        let fits = |value: &str| match glob.contains(['*', '?']) || !self.before.is_empty() {
            true => format!("{value}.matches({})", literal(&format!("^{}{}$", self.before, regex(glob)))),
            false => format!("{value} == {}", literal(glob)),
        };
        let at = self.places.iter().map(|place| {
            let there = place.guards().join(" && ");
            match place.member() {
                None => format!("({there} && {})", fits(&place.value())),
                Some("") => format!("({there} && {}.exists(one, {}))", place.value(), fits("one")),
                Some(member) => {
                    let member = format!("one.{member}");
                    format!("({there} && {}.exists(one, has({member}) && {}))", place.value(), fits(&member))
                }
            }
        });
        any(at.collect()).ok_or(BadChips::NoPlace { kind: self.name })
    }
}

/// A regular expression that fits what the glob fits.
fn regex(glob: &str) -> String {
    let mut out = String::new();
    for c in glob.chars() {
        match c {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            c if c.is_ascii_punctuation() && !matches!(c, '/' | '_' | '-') => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A text as CEL writes it.
fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        event::{Codings, Encoding, Event, EventType, RawBody},
        route::condition::{Condition, Facts},
    };

    fn places() -> ChipPlaces {
        serde_json::from_value(json!({
            "repository": ["payload.repository.full_name"],
            "branch": ["payload.ref", "payload.pull_request.base.ref"],
            "label": ["payload.issue.labels[].name", "payload.tags[]"],
        }))
        .unwrap()
    }

    fn chips(all: bool, repository: &[&str], branch: &[&str], label: &[&str]) -> Chips {
        let of = |globs: &[&str]| {
            let chip = |glob: &&str| Chip { glob: glob.trim_start_matches('!').into(), not: glob.starts_with('!') };
            globs.iter().map(chip).collect()
        };
        Chips { all, repository: of(repository), branch: of(branch), label: of(label) }
    }

    fn holds(chips: &Chips, payload: &Value) -> bool {
        let text = condition(chips, &places()).unwrap().unwrap();
        let event = Event {
            source: "ci".parse().unwrap(),
            kind: EventType::new("push", None),
            delivery_id: None,
            received_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            headers: Vec::new(),
            encoding: Encoding::Json,
            codings: Codings::default(),
            body: RawBody(bytes::Bytes::new()),
        };
        Condition::compile(&text).unwrap_or_else(|bad| panic!("{text}: {bad}")).holds(&Facts::new(&event, payload))
    }

    #[test]
    fn no_chips_are_no_condition() {
        assert_eq!(condition(&Chips::default(), &places()), Ok(None));
    }

    #[test]
    fn chips_of_one_kind_are_alternatives_and_kinds_are_joined_as_wanted() {
        let push = json!({"repository": {"full_name": "octo/hello"}, "ref": "refs/heads/release/2"});
        assert!(holds(&chips(true, &["octo/*"], &[], &[]), &push));
        assert!(holds(&chips(true, &["acme/x", "octo/hello"], &["release/*"], &[]), &push));
        assert!(!holds(&chips(true, &["octo/*"], &["main"], &[]), &push));
        assert!(holds(&chips(false, &["octo/*"], &["main"], &[]), &push));
        assert!(!holds(&chips(false, &["acme/*"], &["main"], &[]), &push));
        assert!(!holds(&chips(true, &["octo/h?"], &[], &[]), &push));
    }

    #[test]
    fn what_is_excluded_stays_out_whatever_else_fits_and_what_has_no_such_thing_is_not_excluded() {
        let push = json!({"repository": {"full_name": "octo/hello"}, "ref": "refs/heads/wip/x"});
        assert!(!holds(&chips(false, &["octo/*"], &["!wip/*"], &[]), &push));
        assert!(holds(&chips(false, &["octo/*"], &["!main"], &[]), &push));
        assert!(holds(&chips(true, &[], &["!main"], &["!wontfix"]), &json!({"x": 1})));
    }

    #[test]
    fn branches_are_known_with_and_without_their_prefix_and_labels_in_lists_of_both_kinds() {
        assert!(holds(&chips(true, &[], &["main"], &[]), &json!({"pull_request": {"base": {"ref": "main"}}})));
        assert!(!holds(&chips(true, &[], &["main"], &[]), &json!({"ref": "refs/heads/mainly"})));
        let issue = json!({"issue": {"labels": [{"name": "ui"}, {"name": "bug"}, {"id": 1}]}});
        assert!(holds(&chips(true, &[], &[], &["bug"]), &issue));
        assert!(holds(&chips(true, &[], &[], &["b*"]), &json!({"tags": ["a", "bc"]})));
        assert!(!holds(&chips(true, &[], &[], &["!bug"]), &issue));
    }

    #[test]
    fn a_glob_is_text_whatever_it_holds() {
        for odd in ["a\"b", "a\\b", "a.b", "(a|b)", "[a]", "a' || true || 'b", "ä{1}", "$^"] {
            let of = |name: &str| json!({"repository": {"full_name": name}});
            assert!(holds(&chips(true, &[odd], &[], &[]), &of(odd)), "{odd}");
            assert!(!holds(&chips(true, &[odd], &[], &[]), &of("axb")), "{odd}");
            let with_star = format!("{odd}*");
            assert!(holds(&chips(true, &[&with_star], &[], &[]), &of(&format!("{odd}!"))), "{odd}*");
            assert!(!holds(&chips(true, &[&with_star], &[], &[]), &of("axb")), "{odd}*");
        }
    }

    #[test]
    fn what_is_no_glob_or_has_no_place_is_told() {
        let bad = |chips: Chips| condition(&chips, &places()).unwrap_err().to_string();
        assert!(bad(chips(true, &[""], &[], &[])).contains("a repository is empty"));
        assert!(bad(chips(true, &[&"x".repeat(101)], &[], &[])).contains("too long"));
        assert!(bad(chips(true, &["x"; 21], &[], &[])).contains("more than 20"));
        let none = condition(&chips(true, &["x"], &[], &[]), &ChipPlaces::default()).unwrap_err();
        assert_eq!(none, BadChips::NoPlace { kind: "repository" });
    }
}
