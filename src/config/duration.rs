//! Lengths of time as admins write them: `"300s"`, `"2h 30m"`, `"7d"`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time, read from and shown as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

impl Span {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl std::str::FromStr for Span {
    type Err = String;

    /// Jiff's friendly format, and days (of 24 hours) and weeks, which it leaves to calendars.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || {
            format!("`{}` is no length of time; write it as \"30s\", \"5m\", \"2h 30m\" or \"7d\"", text.escape_debug())
        };
        let span: jiff::Span = text.trim().parse().map_err(|_| bad())?;
        let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| bad())?;
        Duration::try_from(length).map(Self).map_err(|_| bad())
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        match self.0.subsec_millis() {
            0 if seconds > 0 && seconds.is_multiple_of(86_400) => write!(f, "{}d", seconds / 86_400),
            0 if seconds > 0 && seconds.is_multiple_of(3_600) => write!(f, "{}h", seconds / 3_600),
            0 if seconds > 0 && seconds.is_multiple_of(60) => write!(f, "{}m", seconds / 60),
            0 => write!(f, "{seconds}s"),
            _ => write!(f, "{}ms", self.0.as_millis()),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// For settings where no time at all would stop the daemon's work.
pub(super) fn above_zero<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
    match Span::deserialize(from)? {
        Span(length) if length.as_millis() == 0 => {
            Err(de::Error::custom("no time at all is too short; write it as \"15s\""))
        }
        span => Ok(span),
    }
}

/// For settings where none at all would stop the daemon's work.
pub(super) fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    std::num::NonZeroUsize::deserialize(from).map(std::num::NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_as_they_are_shown() {
        for text in ["300ms", "45s", "5m", "2h", "7d"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("2h 30m".parse::<Span>().unwrap(), Span::seconds(9000));
        for bad in ["", "5", "-5s", "soon", "1 month"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}
