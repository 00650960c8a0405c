//! The time of signing: how it is read and written, and how far off it may be.

use std::time::Duration;

use jiff::Timestamp;

use super::why::Why;
use crate::config::scheme::TimeFormat;

/// The time that stands there. Nothing but digits is a number: a sign or an exponent is no provider's.
pub(super) fn read(text: &[u8], format: TimeFormat) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let number = || if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse::<i64>().ok() } else { None };
    match format {
        TimeFormat::Seconds => Timestamp::from_second(number()?).ok(),
        TimeFormat::Milliseconds => Timestamp::from_millisecond(number()?).ok(),
        TimeFormat::Rfc3339 => text.parse().ok(),
    }
}

/// The time as a provider would write it.
pub(super) fn write(now: Timestamp, format: TimeFormat) -> String {
    match format {
        TimeFormat::Seconds => now.as_second().to_string(),
        TimeFormat::Milliseconds => now.as_millisecond().to_string(),
        TimeFormat::Rfc3339 => now.to_string(),
    }
}

/// What is no time, in words.
pub(super) fn malformed(at: &str, format: TimeFormat) -> Why {
    let found = match format {
        TimeFormat::Seconds => "holds no time in Unix seconds",
        TimeFormat::Milliseconds => "holds no time in Unix milliseconds",
        TimeFormat::Rfc3339 => "holds no time as in 2026-11-24T08:00:00Z",
    };
    Why::Malformed { at: at.to_owned(), found: found.to_owned() }
}

/// The last moment at which something signed then is believed.
pub(super) fn last(signed_at: Timestamp, tolerance: Duration) -> Timestamp {
    signed_at.saturating_add(tolerance).unwrap_or(Timestamp::MAX)
}

/// Whether the time lies near enough, either way.
pub(super) fn judge(signed_at: Timestamp, now: Timestamp, tolerance: Duration) -> Result<(), Why> {
    let age = now.duration_since(signed_at);
    match age.unsigned_abs() {
        by if by <= tolerance => Ok(()),
        by if age.is_negative() => Err(Why::Future { by, tolerance }),
        by => Err(Why::Stale { by, tolerance }),
    }
}
