//! `providers/NAME.toml`: how a kind of system signs its webhooks and where it says what happened.

mod chips;
mod told;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use std::time::Duration;

use super::{
    duration::{Span, above_zero},
    handshake::RawHandshake,
    header::Header,
    map::MapRule,
    scheme::VerifySpec,
};
pub use chips::{ChipPlace, ChipPlaces};
pub use told::Told;

/// What a provider's file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSpec {
    /// Its name for people, such as `GitHub`.
    pub title: String,
    /// Where in the provider's own pages the secret is given, in a sentence or two.
    pub setup: Option<String>,
    /// How its webhooks are proved genuine.
    pub verify: VerifySpec,
    /// Where it says what happened.
    #[serde(default)]
    pub event: EventSpec,
    /// What it asks before it sends events, and what it is answered.
    #[serde(default)]
    pub handshake: Vec<RawHandshake>,
    /// What people choose its events by.
    #[serde(default)]
    pub chips: ChipPlaces,
    /// Which of its events get which template.
    #[serde(default)]
    pub map: Vec<MapRule>,
}

/// Where a provider says what happened. Places are tried in their order, and the first that holds anything decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSpec {
    /// Where the type stands.
    #[serde(default, rename = "type")]
    pub kind: Vec<Place>,
    /// Where the action stands, for providers that divide a type further.
    #[serde(default)]
    pub action: Vec<Place>,
    /// Where the delivery id stands. A repeat of it is not delivered again, so it must differ between any two events.
    #[serde(default)]
    pub id: Vec<IdPlace>,
    /// For how long a webhook without a delivery id is a repeat of another with the same type and body.
    #[serde(default, deserialize_with = "at_most_a_day")]
    pub same_body: Option<Span>,
    /// The type of a webhook that names none.
    #[serde(default = "event")]
    pub default: String,
    /// The headers that are stored with an event, for conditions and templates. All others are dropped.
    #[serde(default)]
    pub keep: Vec<Header>,
    /// What a sender is told of a webhook that was accepted.
    #[serde(default)]
    pub status: Yes,
    /// The text that the answer holds, in place of the event's id.
    pub answer: Option<Told>,
    /// Whether a body that is a JSON object is read as such, whatever `Content-Type` says.
    #[serde(default)]
    pub any_content_type: bool,
}

/// The status of a webhook that was accepted. Some providers take but one for a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum Yes {
    /// 202; a repeat is told 200.
    #[default]
    Accepted,
    /// 200.
    Ok,
    /// 204, without a body.
    NoContent,
}

impl TryFrom<u16> for Yes {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        match status {
            200 => Ok(Self::Ok),
            202 => Ok(Self::Accepted),
            204 => Ok(Self::NoContent),
            _ => Err(format!("{status} is no status of an accepted webhook; use one of: 200, 202, 204")),
        }
    }
}

impl From<Yes> for u16 {
    fn from(yes: Yes) -> Self {
        match yes {
            Yes::Ok => 200,
            Yes::Accepted => 202,
            Yes::NoContent => 204,
        }
    }
}

fn event() -> String {
    "event".to_owned()
}

impl Default for EventSpec {
    fn default() -> Self {
        Self {
            kind: Vec::new(),
            action: Vec::new(),
            id: Vec::new(),
            same_body: None,
            default: event(),
            keep: Vec::new(),
            status: Yes::default(),
            answer: None,
            any_content_type: false,
        }
    }
}

/// What is told again in the same words on another day has happened again; and each body is remembered for so long.
const LONGEST_SAME_BODY: Duration = Duration::from_hours(24);

fn at_most_a_day<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Span>, D::Error> {
    match above_zero(from)? {
        span if span.0 > LONGEST_SAME_BODY => Err(de::Error::custom(format!(
            "`{span}` is too long, since the same may happen again; write at most \"1d\""
        ))),
        span => Ok(Some(span)),
    }
}

/// A place in a webhook: `{ header = "X-GitHub-Event" }`, `{ body = "/object_kind" }` or `{ query = "topic" }`; for
/// short, the text alone, with `?` before a name in the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A header.
    Header(Header),
    /// A value of the payload.
    Body(Pointer),
    /// A value of the query, decoded.
    Query(String),
}

impl std::fmt::Display for Place {
    /// In the short form.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header(name) => f.write_str(name.0.as_str()),
            Self::Body(pointer) => f.write_str(pointer.as_str()),
            Self::Query(name) => write!(f, "?{name}"),
        }
    }
}

/// A JSON pointer (RFC 6901) to something inside a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// The pointer, beginning with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Pointer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let escapes_are_good = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if text.starts_with('/') && escapes_are_good {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(80).collect();
        Err(format!(
            "`{}` is no JSON pointer; begin it with `/`, as in /object_kind, and write `~` as `~0`, `/` in a key as `~1`",
            shown.escape_debug()
        ))
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

impl std::str::FromStr for Place {
    type Err = String;

    /// Only a pointer begins with `/` and no header with `?`, so the text alone tells which is meant.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix('?') {
            Some(name) => Self::query(name),
            None if text.starts_with('/') => text.parse().map(Self::Body),
            None => text.parse().map(Self::Header),
        }
    }
}

impl Place {
    /// The header, if it is one.
    pub fn header(&self) -> Option<&Header> {
        match self {
            Self::Header(name) => Some(name),
            Self::Body(_) | Self::Query(_) => None,
        }
    }

    fn query(name: &str) -> Result<Self, String> {
        if name.is_empty() {
            return Err("the query's value has no name; write it as ?topic".to_owned());
        }
        Ok(Self::Query(name.to_owned()))
    }
}

const FORMS: &str = "a place is neither text nor a table; \
    write { header = \"X-Event\" }, { body = \"/event/type\" } or { query = \"topic\" }, just one of them";

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let place = match Value::deserialize(from)? {
            Value::String(text) => text.parse(),
            Value::Object(table) => {
                let mut entries = table.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                match (entries.next(), entries.next()) {
                    (Some(("header", Some(name))), None) => name.parse().map(Self::Header),
                    (Some(("body", Some(pointer))), None) => pointer.parse().map(Self::Body),
                    (Some(("query", Some(name))), None) => Self::query(name),
                    _ => Err(FORMS.replace("is neither text nor a table", "names nowhere, or more than one place")),
                }
            }
            _ => Err(FORMS.to_owned()),
        };
        place.map_err(de::Error::custom)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Where a delivery id stands: at one place, or at several that are all needed and make it together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPlace(Vec<Place>);

impl IdPlace {
    /// The places; never none.
    pub fn places(&self) -> &[Place] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for IdPlace {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = |place| serde_json::from_value::<Place>(place).map_err(de::Error::custom);
        match Value::deserialize(from)? {
            Value::Array(places) if places.len() < 2 => Err(de::Error::custom(
                "a list within the list joins places to one id; give it two or more, as [\"/source\", \"/id\"]",
            )),
            Value::Array(places) => places.into_iter().map(read).collect::<Result<_, _>>().map(Self),
            place => read(place).map(|place| Self(vec![place])),
        }
    }
}

impl Serialize for IdPlace {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.places() {
            [place] => place.serialize(to),
            places => to.collect_seq(places),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accepted_webhook_is_told_one_of_three_statuses() {
        let status = |number: u16| serde_json::from_value::<Yes>(number.into());
        for number in [200, 202, 204] {
            assert_eq!(u16::from(status(number).unwrap()), number);
        }
        for number in [0, 199, 201, 302, 500] {
            assert!(status(number).unwrap_err().to_string().ends_with("use one of: 200, 202, 204"));
        }
    }

    #[test]
    fn a_place_reads_as_text_or_as_a_table() {
        let place = |json: Value| serde_json::from_value::<Place>(json);
        for (short, long) in [
            (serde_json::json!("X-Event"), serde_json::json!({"header": "x-event"})),
            (serde_json::json!("/a/b"), serde_json::json!({"body": "/a/b"})),
            (serde_json::json!("?hub.mode"), serde_json::json!({"query": "hub.mode"})),
        ] {
            assert_eq!(place(short).unwrap(), place(long).unwrap());
        }
        for bad in [
            serde_json::json!({"body": "object_kind"}),
            serde_json::json!("/a~2b"),
            serde_json::json!({"body": ""}),
            serde_json::json!("X Event"),
            serde_json::json!({"header": "A", "body": "/b"}),
            serde_json::json!("?"),
            serde_json::json!({}),
            serde_json::json!(7),
        ] {
            let error = place(bad.clone()).unwrap_err().to_string();
            assert!(error.contains("; "), "{bad}: no cure in {error}");
        }
    }

    #[test]
    fn an_id_is_one_place_or_several_joined() {
        let id = |json: Value| serde_json::from_value::<IdPlace>(json);
        for json in [serde_json::json!("/a"), serde_json::json!(["/source", "X-Id", "?id"])] {
            let one_or_many = json.as_array().map_or(1, Vec::len);
            let read = id(json.clone()).unwrap();
            assert_eq!(read.places().len(), one_or_many);
            assert_eq!(serde_json::to_value(read).unwrap().to_string().to_lowercase(), json.to_string().to_lowercase());
        }
        for bad in [serde_json::json!([]), serde_json::json!(["/a"]), serde_json::json!(["/a", ["/b", "/c"]])] {
            let error = id(bad.clone()).unwrap_err().to_string();
            assert!(error.contains("; "), "{bad}: no cure in {error}");
        }
    }

    #[test]
    fn bodies_are_the_same_for_some_time_and_at_most_a_day() {
        let same_body = |text: &str| {
            serde_json::from_value::<EventSpec>(serde_json::json!({ "same_body": text })).map(|spec| spec.same_body)
        };
        assert_eq!(same_body("5m").unwrap(), Some(Span::seconds(300)));
        assert_eq!(same_body("24h").unwrap(), Some(Span::seconds(86_400)));
        for (bad, cure) in [("0s", "too short"), ("25h", "at most \"1d\""), ("soon", "\"5m\"")] {
            let error = same_body(bad).unwrap_err().to_string();
            assert!(error.contains(cure), "{bad}: {error}");
        }
        assert_eq!(EventSpec::default().same_body, None);
    }
}
