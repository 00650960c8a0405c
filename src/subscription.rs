//! A subscription: which events of which source a destination wants, and who asked for it.

mod asked;

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::Time, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    card::Severity,
    destination::Destination,
    name::{LocaleName, SourceName, SubscriptionId, TemplateSet, ZoneName},
    person::Owner,
};

pub use asked::{Asked, Chip, Chips, Code, Team, Unproved};

/// How a destination wants its cards, where it wants them otherwise than its source and the settings say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Look {
    /// Whose templates are asked first.
    pub templates: Option<TemplateSet>,
    /// In which language.
    pub locale: Option<LocaleName>,
    /// In which zone times are shown.
    pub time_zone: Option<ZoneName>,
}

/// What a subscription does not want to be told, or not now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restraint {
    /// Nothing that matters less than this.
    pub min_severity: Option<Severity>,
    /// Of events of one key, such as the builds of a branch, only the first failure and the first success after it.
    pub only_changes: bool,
    /// Nothing within these hours; what comes then goes out together at their end.
    pub quiet: Option<QuietHours>,
}

/// Hours of the day in which nothing is told, such as `22:00-07:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    to: Time,
}

/// Why a text names no quiet hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no quiet hours; write them as 22:00-07:00")]
pub struct BadHours(String);

impl QuietHours {
    /// When the quiet hours end that this instant is within; none if it is within none.
    pub fn end(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let local = zone.to_datetime(now);
        let time = local.time();
        let within = if self.from <= self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        };
        // Past midnight's end the hours end tomorrow.
        let date = if time < self.to { local.date() } else { local.date().tomorrow().ok()? };
        let end = zone.to_timestamp(date.to_datetime(self.to)).ok()?;
        within.then_some(end)
    }
}

impl FromStr for QuietHours {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Self, BadHours> {
        let bad = || BadHours(text.chars().take(40).collect());
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).map_err(|_| bad());
        let (from, to) = text.split_once('-').ok_or_else(bad)?;
        let (from, to) = (time(from)?, time(to)?);
        if from == to { Err(bad()) } else { Ok(Self { from, to }) }
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from.strftime("%H:%M"), self.to.strftime("%H:%M"))
    }
}

impl Serialize for QuietHours {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for QuietHours {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What the store keeps of a subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// What people call it.
    pub name: Option<String>,
    /// Whose events.
    pub source: SourceName,
    /// Globs over event types, such as `pull_request` or `pull_request.*`; none: every event.
    pub events: Vec<String>,
    /// A CEL condition that an event must meet.
    pub filter: Option<String>,
    /// Where its cards go.
    pub destination: Destination,
    /// How its cards look.
    pub look: Look,
    /// What it does not want to be told.
    pub restraint: Restraint,
    /// Who asked for it on the connector's pages; none: an admin made it.
    pub asked: Option<Asked>,
    /// Since when it is paused, if it is: its deliveries are kept, and go out on resume.
    pub paused_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Subscription {
    /// Whether it was asked for by this person or guest.
    pub fn is_asked_by(&self, owner: &Owner) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.owner == *owner)
    }

    /// Whether it is known that whoever asked for it sees the channel; until then it gets nothing but its code.
    pub fn is_proved(&self) -> bool {
        self.asked.as_ref().is_none_or(|asked| asked.unproved.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_end_at_the_next_morning_of_their_zone_also_over_midnight() {
        let hours: QuietHours = "22:00 - 07:00".parse().unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let end = |now: &str| hours.end(now.parse().unwrap(), &zone).map(|end| end.to_string());
        assert_eq!(end("2026-11-23T20:59:00Z"), None);
        assert_eq!(end("2026-11-23T21:00:00Z").as_deref(), Some("2026-11-24T06:00:00Z"));
        assert_eq!(end("2026-11-24T05:59:59Z").as_deref(), Some("2026-11-24T06:00:00Z"));
        assert_eq!(end("2026-11-24T06:00:00Z"), None);
        let noon: QuietHours = "12:00-13:30".parse().unwrap();
        let end = |now: &str| noon.end(now.parse().unwrap(), &TimeZone::UTC).map(|end| end.to_string());
        assert_eq!(end("2026-11-24T12:30:00Z").as_deref(), Some("2026-11-24T13:30:00Z"));
        assert_eq!((end("2026-11-24T11:59:00Z"), end("2026-11-24T13:30:00Z")), (None, None));
    }

    #[test]
    fn what_names_no_hours_is_refused_and_what_does_reads_back() {
        for bad in ["", "22:00", "22-7", "25:00-07:00", "07:00-07:00", "a-b"] {
            assert!(bad.parse::<QuietHours>().is_err(), "{bad}");
        }
        let hours: QuietHours = "22:30-07:00".parse().unwrap();
        assert_eq!(hours.to_string().parse(), Ok(hours));
    }
}
