//! Helpers for numbers: how people write them, and the little arithmetic that a card needs.

use serde_json::Value;

use super::{Args, HelperDoc, text_of};
use crate::render::Words;

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "number",
        usage: "{{number value 2}}",
        gives: "A number with its thousands apart; with a second value, rounded to so many places.",
        example: ["{{number payload 1}}", "1234567.89", "1,234,567.9"],
        values: (1, 2),
        run: |args| {
            let places = (args.values.len() > 1).then(|| args.count(1, 0));
            Ok(written(args.value(0), places, args.words).unwrap_or_else(|| args.text(0)).into())
        },
    },
    HelperDoc {
        name: "bytes",
        usage: "{{bytes value}}",
        gives: "A number of bytes in the unit that fits it.",
        example: ["{{bytes payload}}", "1536000", "1.5 MB"],
        values: (1, 1),
        run: |args| {
            Ok(read(args.value(0)).map(|number| bytes(number, args.words)).unwrap_or_else(|| args.text(0)).into())
        },
    },
    HelperDoc {
        name: "money",
        usage: "{{money amount currency minor=true}}",
        gives: "An amount with its currency; with `minor=true` the amount counts the currency's smallest coin, such as cents.",
        example: [
            "{{money payload.amount payload.currency minor=true}}",
            r#"{"amount":123450,"currency":"eur"}"#,
            "1,234.50 EUR",
        ],
        values: (1, 2),
        run: money,
    },
    HelperDoc {
        name: "add",
        usage: "{{add value value}}",
        gives: "The sum of two numbers; what is no number counts as nought.",
        example: ["{{add payload.a payload.b}}", r#"{"a":2,"b":"3"}"#, "5"],
        values: (2, 2),
        run: |args| Ok(calculated(args, i64::checked_add, |a, b| a + b)),
    },
    HelperDoc {
        name: "sub",
        usage: "{{sub value value}}",
        gives: "The first number less the second; what is no number counts as nought.",
        example: ["{{sub payload.all payload.bad}}", r#"{"all":9,"bad":2}"#, "7"],
        values: (2, 2),
        run: |args| Ok(calculated(args, i64::checked_sub, |a, b| a - b)),
    },
];

/// Places after the point that are worth showing; a float has about so many.
const MOST_PLACES: usize = 15;

/// A number, also as a text.
pub(super) fn read(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    number.is_finite().then_some(number)
}

/// A number as people write it; none where it is no number.
fn written(value: &Value, places: Option<usize>, words: &Words) -> Option<String> {
    let number = read(value)?;
    let text = match places {
        Some(places) => format!("{number:.*}", places.min(MOST_PLACES)),
        // As it came: a float would change the digits of a great integer.
        None => text_of(value).trim().to_owned(),
    };
    let is_plain = text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    Some(if is_plain { words.numbers.grouped(&text) } else { text })
}

fn bytes(number: f64, words: &Words) -> String {
    let mut rest = number;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        // What would be rounded to a thousand is said in the next unit.
        if rest.abs() < 999.5 || unit == "TB" {
            let places = usize::from(unit != "B" && rest.abs() < 99.95);
            let text = format!("{rest:.places$}");
            return format!("{} {unit}", words.numbers.pointed(text.strip_suffix(".0").unwrap_or(&text)));
        }
        rest /= 1000.0;
    }
    text_of(&number.into())
}

/// Currencies whose smallest coin is not a hundredth (ISO 4217, and Stripe's list of currencies without decimals).
fn coins(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

fn money(args: &Args<'_>) -> Result<Value, &'static str> {
    let currency = args.text(1).trim().to_uppercase();
    let Some(amount) = read(args.value(0)) else { return Ok(args.text(0).into()) };
    let places = coins(&currency);
    let is_minor = args.named.get("minor").is_some_and(|minor| **minor == Value::Bool(true));
    let amount = if is_minor { amount / 10_f64.powi(i32::try_from(places).unwrap_or_default()) } else { amount };
    Ok(format!("{} {currency}", args.words.numbers.grouped(&format!("{amount:.places$}"))).trim_end().into())
}

/// Whole numbers stay whole, as long as they fit.
fn calculated(args: &Args<'_>, whole: fn(i64, i64) -> Option<i64>, float: fn(f64, f64) -> f64) -> Value {
    let integer = |value: &Value| value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
    let (left, right) = (args.value(0), args.value(1));
    let exact = integer(left).zip(integer(right)).and_then(|(left, right)| whole(left, right));
    exact.map_or_else(|| float(read(left).unwrap_or(0.0), read(right).unwrap_or(0.0)).into(), Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        for (value, places, expected) in [
            (json!(0), None, Some("0")),
            (json!(-1234), None, Some("-1,234")),
            (json!(9_007_199_254_740_993_u64), None, Some("9,007,199,254,740,993")),
            (json!("1000.5"), None, Some("1,000.5")),
            (json!(2.0), Some(0), Some("2")),
            (json!(1e300), None, Some("1e+300")),
            (json!("many"), None, None),
            (json!("NaN"), None, None),
        ] {
            assert_eq!(written(&value, places, &Words::default()).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn bytes_have_the_unit_that_fits() {
        for (number, expected) in [
            (0.0, "0 B"),
            (999.0, "999 B"),
            (999_960.0, "1 MB"),
            (1500.0, "1.5 kB"),
            (123_456.0, "123 kB"),
            (4e15, "4000 TB"),
        ] {
            assert_eq!(bytes(number, &Words::default()), expected);
        }
    }
}
