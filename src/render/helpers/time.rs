//! Helpers for instants and lengths of time. None of them knows what time it is: a card that is made again is the same.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;

use super::{Args, HelperDoc, number};
use crate::render::{Words, phrase};

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "date",
        usage: "{{date instant format=\"%d %b %Y %H:%M\" tz=\"Europe/Berlin\"}}",
        gives: "An instant (RFC 3339, or seconds or milliseconds since 1970) as people write it, in the card's time zone (UTC unless set) where none is named; a day such as `2026-12-01` without a time; nothing where it is neither.",
        example: ["{{date payload}}", r#""2026-11-23T08:05:00+01:00""#, "23 Nov 2026, 07:05 UTC"],
        values: (1, 1),
        run: date,
    },
    HelperDoc {
        name: "duration",
        usage: "{{duration seconds}} or {{duration from to}}",
        gives: "A length of time, in its two greatest units; less than a second in milliseconds.",
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
        gives: "How long before the event came in that was, of a day in days; nothing where it is neither, or was later or the same day.",
        example: ["{{ago payload}}", r#""2026-11-23T06:35:00Z""#, "1 h 30 min ago"],
        values: (1, 1),
        run: |args| {
            let whole = if day(args.value(0)).is_some() { DAY } else { 1 };
            let seconds = since(args.value(0), &received_at(args)).filter(|seconds| *seconds >= 0);
            let seconds = seconds.map(|seconds| seconds / whole * whole).filter(|seconds| *seconds > 0 || whole == 1);
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

/// Seconds of a day.
const DAY: i64 = 86_400;

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
            let begin = || day(value)?.to_zoned_datetime(TimeZone::UTC).ok().map(|day| day.timestamp());
            text.parse().or_else(|_| loose()).ok().or_else(begin)?
        }
    };
    // Year 1 is how some systems write "never", and 1970 how others do.
    (instant.as_second() > 0).then_some(instant)
}

/// A day that is written without a time: it is the same day in every zone.
fn day(value: &Value) -> Option<Date> {
    let text = value.as_str()?.trim();
    if text.len() != "2026-12-01".len() { None } else { Date::strptime("%Y-%m-%d", text).ok() }
}

fn date(args: &Args<'_>) -> Result<Value, &'static str> {
    const UNKNOWN: &str = "has a format that is not known";
    let Some(instant) = instant(args.value(0)) else { return Ok("".into()) };
    if let Some(day) = day(args.value(0)) {
        let written = args.words.dates.write_day(day, args.named("format").as_deref());
        return written.map(Value::from).map_err(|_| UNKNOWN);
    }
    let zone = match args.named("tz") {
        Some(name) => TimeZone::get(&name).map_err(|_| "does not know this time zone")?,
        None => args.time_zone(),
    };
    let written = args.words.dates.write(&instant.to_zoned_datetime(zone), args.named("format").as_deref());
    written.map(Value::from).map_err(|_| UNKNOWN)
}

fn duration(args: &Args<'_>) -> Result<Value, &'static str> {
    if args.values.len() == 2 {
        let seconds = since(args.value(0), args.value(1)).filter(|seconds| *seconds >= 0);
        return Ok(seconds.map(|seconds| length(seconds, args.words)).unwrap_or_default().into());
    }
    let seconds = number::read(args.value(0)).filter(|seconds| (0.0..MOST_SECONDS).contains(seconds));
    Ok(seconds.map(|seconds| fine_length(seconds, args.words)).unwrap_or_default().into())
}

/// More seconds than a length may have: thirty million years.
const MOST_SECONDS: f64 = 1e15;

/// A length with its fraction, which is worth telling where there is little else.
#[expect(clippy::cast_possible_truncation, reason = "the length is bounded, and rounded")]
fn fine_length(seconds: f64, words: &Words) -> String {
    let whole = |number: f64| number.round() as i64;
    match whole(seconds * 1_000.0) {
        milliseconds @ 1..1_000 => format!("{milliseconds} {}", words.unit("ms")),
        1_000..9_950 if seconds.fract() != 0.0 => {
            let text = format!("{seconds:.1}");
            let text = text.strip_suffix(".0").unwrap_or(&text);
            format!("{} {}", words.numbers.pointed(text), words.unit("s"))
        }
        _ => length(whole(seconds), words),
    }
}

/// A length of time in its two greatest units that are not nought.
pub(in crate::render) fn length(seconds: i64, words: &Words) -> String {
    let (days, hours, minutes) = (seconds / DAY, seconds / 3_600 % 24, seconds / 60 % 60);
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

    fn given(run: fn(&Args<'_>) -> Result<Value, &'static str>, values: &[Value]) -> Value {
        let root = serde_json::json!({"event": {"received_at": "2026-12-03T08:05:00Z"}, "card": {"time_zone": "America/New_York"}});
        let args = Args {
            values: values.iter().collect(),
            named: std::collections::BTreeMap::new(),
            root: &root,
            words: &Words::default(),
        };
        run(&args).unwrap()
    }

    #[test]
    fn a_day_without_a_time_is_that_day_in_every_zone() {
        assert_eq!(given(date, &[" 2026-12-01 ".into()]), "01 Dec 2026");
        assert_eq!(given(duration, &["2026-12-01".into(), "2026-12-03".into()]), "2 d");
        let ago = HELPERS.iter().find(|helper| helper.name == "ago").unwrap().run;
        assert_eq!(given(ago, &["2026-12-01".into()]), "2 d ago");
        for none in ["2026-12-03", "2026-12-04"] {
            assert_eq!(given(ago, &[none.into()]), "", "{none}");
        }
        for none in ["0001-01-01", "2026-13-01", "2026-02-30", "2026-12-1x", "20261201 "] {
            assert_eq!(day(&none.into()).filter(|day| day.year() > 1), None, "{none}");
        }
        assert_eq!(given(date, &["0001-01-01".into()]), "");
    }

    #[test]
    fn fractions_of_seconds_are_told_where_there_is_little_else() {
        for (seconds, expected) in [
            (serde_json::json!(0.42), "420 ms"),
            ("0.42".into(), "420 ms"),
            (serde_json::json!(90.4), "1 min 30 s"),
            (serde_json::json!(1.5), "1.5 s"),
            (serde_json::json!(2.04), "2 s"),
            (serde_json::json!(0.9996), "1 s"),
            (serde_json::json!(9.96), "10 s"),
            (serde_json::json!(59.7), "1 min"),
            (serde_json::json!(0.0001), "0 s"),
            (serde_json::json!(0), "0 s"),
            (serde_json::json!(7), "7 s"),
            (serde_json::json!(-0.5), ""),
            (serde_json::json!(1e300), ""),
            ("NaN".into(), ""),
            ("soon".into(), ""),
            (Value::Null, ""),
        ] {
            assert_eq!(given(duration, std::slice::from_ref(&seconds)), expected, "{seconds}");
        }
    }
}
