//! `sources/NAME.toml`: one system that posts webhooks. Two lines, `provider` and `secrets`, are complete.

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    delivery::Expired, duration::Span, map::MapRule, network::Network, profile::Window, scheme::VerifySpec,
    secret::SecretSpecs,
};
use crate::name::{LocaleName, ProviderName, ZoneName};

/// What a source's file says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// What kind of system it is.
    pub provider: ProviderName,
    /// What it proves itself with; all are valid at once.
    #[serde(default)]
    pub secrets: SecretSpecs,
    /// What a handshake's `secret` must be, such as Meta's verify token. It signs nothing.
    #[serde(default)]
    pub handshake_secrets: SecretSpecs,
    /// Another scheme than the provider's; `"none"` to take anything from anyone.
    pub verify: Option<VerifySpec>,
    /// Whether it is served.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// From then on its webhooks are answered 410.
    #[serde(default, deserialize_with = "instant")]
    pub expires: Option<Timestamp>,
    /// From where webhooks are taken; none: from anywhere.
    #[serde(default)]
    pub allow_from: Vec<Network>,
    /// Webhooks taken, at most; above that the sender is told to wait.
    pub rate: Option<Window>,
    /// How old its events may grow before they are given up; none: `delivery.ttl`.
    pub ttl: Option<Span>,
    /// What becomes of those that grew older; none: `delivery.expired`.
    pub expired: Option<Expired>,
    /// The language of its events' cards; none: `cards.locale`.
    pub locale: Option<LocaleName>,
    /// The zone that times on them are shown in; none: `cards.time_zone`.
    pub time_zone: Option<ZoneName>,
    /// Secrets that its provider's handshakes may bring; further ones are refused.
    #[serde(default = "one")]
    pub captures: usize,
    /// Which events get which template; the provider's own rules follow.
    #[serde(default)]
    pub map: Vec<MapRule>,
}

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

/// A day (its end, UTC) or an instant.
fn instant<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text = String::deserialize(from)?;
    let day = || {
        let next = text.parse::<jiff::civil::Date>().ok()?.tomorrow().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(next.to_datetime(jiff::civil::Time::midnight())).ok()
    };
    text.parse::<Timestamp>().ok().or_else(day).map(Some).ok_or_else(|| {
        let found = text.escape_debug();
        serde::de::Error::custom(format!("`{found}` is no time; write 2027-01-31 or 2027-01-31T12:00:00Z"))
    })
}
