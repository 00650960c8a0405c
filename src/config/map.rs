//! `[[map]]`: which events of a source get which template. The same rules stand in a provider's file and a source's.

use serde::{Deserialize, Serialize};

/// One rule; the first that fits an event decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapRule {
    /// Globs over the event type, such as `pull_request` or `pull_request.*`; any one of them fits. None: every event.
    #[serde(default, deserialize_with = "one_or_many")]
    pub event: Vec<String>,
    /// A CEL condition over `payload`, `event` and `headers`.
    pub when: Option<String>,
    /// The template, such as `github/push`; without one, the provider's own for that event.
    pub template: Option<String>,
    /// Keep these events, but send them to nobody.
    #[serde(default)]
    pub ignore: bool,
}

/// `event = "push"` and `event = ["push", "create"]` both.
fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct OneOrMany;
    impl<'de> serde::de::Visitor<'de> for OneOrMany {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an event type or a list of them")
        }
        fn visit_str<E>(self, one: &str) -> Result<Vec<String>, E> {
            Ok(vec![one.to_owned()])
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, many: A) -> Result<Vec<String>, A::Error> {
            Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(many))
        }
    }
    from.deserialize_any(OneOrMany)
}
