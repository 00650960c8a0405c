//! Names of HTTP headers in the settings.

use http::HeaderName;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A header's name; upper and lower case are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Header(pub HeaderName);

impl std::str::FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        HeaderName::try_from(text).map(Self).map_err(|_| {
            let found: String = text.chars().take(80).collect();
            format!(
                "`{}` is no header name; use letters, digits and `-`, as in X-Hub-Signature-256",
                found.escape_debug()
            )
        })
    }
}

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}
