//! Helpers for instants and lengths of time. None of them knows what time it is: a card that is made again is the same.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{Args, HelperDoc};
use crate::render::{Words, phrase};

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "date",
        usage: "{{date instant format=\"%d %b %Y %H:%M\" tz=\"Europe/Berlin\"}}",
        gives: "An instant (RFC 3339, or seconds or milliseconds since 1970) as people write it, in the card's time zone (UTC unless set) where none is named; nothing where it is no instant.",
        example: ["{{date payload}}", r#""2026-11-23T08:05:00+01:00""#, "23 Nov 2026, 07:05 UTC"],
        values: (1, 1),
        run: date,
    },
    HelperDoc {
        name: "duration",
        usage: "{{duration seconds}} or {{duration from to}}",
        gives: "A length of time, in its two greatest units.",
        example: [
            "{{duration payload.from payload.to}}",
            r#"{"from":"2026-11-23T08:00:00Z","to":"2026-11-23T09:05:07Z"}"#,
            "1 h 5 min",
        ],
        values: (1, 2),
        run: duration,
    },
    HelperDoc {
        name: "now",
        usage: "{{date (now)}}",
        gives: "The instant at which the event came in, for a card made later is to say the same.",
        example: ["{{date (now)}}", "null", "23 Nov 2026, 08:05 UTC"],
        values: (0, 0),
        run: |args| Ok(received_at(args)),
    },
    HelperDoc {
        name: "ago",
        usage: "{{ago instant}}",
        gives: "How long before the event came in that was; nothing where it is no instant, or was later.",
        example: ["{{ago payload}}", r#""2026-11-23T06:35:00Z""#, "1 h 30 min ago"],
        values: (1, 1),
        run: |args| {
            let seconds = since(args.value(0), &received_at(args)).filter(|seconds| *seconds >= 0);
            let ago = |seconds| args.words.fill(phrase::AGO, &[("length", &length(seconds, args.words))]);
            Ok(seconds.map(ago).unwrap_or_default().into())
        },
    },
];

fn received_at(args: &Args<'_>) -> Value {
    args.root.pointer("/event/received_at").cloned().unwrap_or_default()
}

/// Seconds from one instant to another.
fn since(from: &Value, to: &Value) -> Option<i64> {
    instant(from).zip(instant(to)).map(|(from, to)| to.as_second() - from.as_second())
}

/// Numbers past this are milliseconds: as seconds they would lie in the year 5138.
const FIRST_MILLISECOND: i64 = 100_000_000_000;

fn instant(value: &Value) -> Option<Timestamp> {
    let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
    let instant = match number {
        Some(number) if number.abs() >= FIRST_MILLISECOND => Timestamp::from_millisecond(number).ok()?,
        Some(number) => Timestamp::from_second(number).ok()?,
        None => {
            let text = value.as_str()?.trim();
            // GitHub writes RFC 3339; Git itself, and older systems, `2026-11-23 08:00:00 +0100`.
            let loose = || Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", text);
            text.parse().or_else(|_| loose()).ok()?
        }
    };
    // Year 1 is how some systems write "never", and 1970 how others do.
    (instant.as_second() > 0).then_some(instant)
}

fn date(args: &Args<'_>) -> Result<Value, &'static str> {
    let Some(instant) = instant(args.value(0)) else { return Ok("".into()) };
    let zone = match args.named("tz") {
        Some(name) => TimeZone::get(&name).map_err(|_| "does not know this time zone")?,
        None => args.time_zone(),
    };
    let written = args.words.dates.write(&instant.to_zoned_datetime(zone), args.named("format").as_deref());
    written.map(Value::from).map_err(|_| "has a format that is not known")
}

fn duration(args: &Args<'_>) -> Result<Value, &'static str> {
    let seconds = if args.values.len() == 2 {
        since(args.value(0), args.value(1))
    } else {
        let value = args.value(0);
        value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
    };
    let length = |seconds| length(seconds, args.words);
    Ok(seconds.filter(|seconds| *seconds >= 0).map(length).unwrap_or_default().into())
}

/// A length of time in its two greatest units that are not nought.
pub(in crate::render) fn length(seconds: i64, words: &Words) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds % 60, "s")];
    let shown = parts.iter().skip_while(|(number, _)| *number == 0).take(2).filter(|(number, _)| *number > 0);
    let shown: Vec<String> = shown.map(|(number, unit)| format!("{number} {}", words.unit(unit))).collect();
    if shown.is_empty() { format!("0 {}", words.unit("s")) } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_systems_write_them() {
        for text in ["2026-11-23T08:00:00Z", "2026-11-23T09:00:00.000+01:00", "2026-11-23 08:00:00 +0000", "1795420800"]
        {
            assert_eq!(instant(&text.into()), instant(&1_795_420_800.into()), "{text}");
        }
        assert_eq!(instant(&1_795_420_800_000_i64.into()), instant(&1_795_420_800.into()));
        for none in ["", "0001-01-01T00:00:00Z", "soon", "0"] {
            assert_eq!(instant(&none.into()), None, "{none}");
        }
    }

    #[test]
    fn lengths_show_their_two_greatest_units() {
        for (seconds, text) in [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_601, "1 h"), (90_061, "1 d 1 h")] {
            assert_eq!(length(seconds, &Words::default()), text);
        }
    }
}
