//! Numbers of bytes as admins write them: `"10GB"`, `"64MiB"`, or a plain number.

use serde::{Deserialize, Deserializer, de};

/// A number of bytes, read from text or from a number, and shown as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Units, the greatest first of each kind: those of a thousand, then those of 1024.
const UNITS: [(&str, u64); 9] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

impl Size {
    /// So many millions of bytes.
    pub const fn megabytes(count: u64) -> Self {
        Self(count * 1_000_000)
    }

    /// Near enough for people: at most four digits and a unit of a thousand.
    pub fn about(self) -> String {
        let fits = |(_, unit): &&(&str, u64)| self.0 / 10 >= *unit;
        match UNITS.iter().take(3).find(fits) {
            Some((name, unit)) => {
                let tenths = self.0 / (unit / 10);
                format!("{}.{} {name}", tenths / 10, tenths % 10).replace(".0 ", " ")
            }
            None => format!("{} kB", self.0.div_ceil(1_000)),
        }
    }
}

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || {
            let shown = text.escape_debug();
            format!("`{shown}` is no number of bytes; write it as \"500MB\", \"10GB\", \"64MiB\" or a number")
        };
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(end).ok_or_else(bad)?;
        let unit = unit.trim_start();
        let bytes = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, bytes)| *bytes);
        let bytes = if unit.is_empty() { Some(1) } else { bytes }.ok_or_else(bad)?;
        times(number, bytes).map(Self).ok_or_else(bad)
    }
}

/// The product of a decimal number, such as `1.5`, and a unit; none where that is no number of whole bytes.
fn times(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let parts = fraction.parse::<u64>().ok()?.checked_mul(unit)?;
    let rest = parts.is_multiple_of(scale).then(|| parts / scale)?;
    whole.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(rest)
}

impl std::fmt::Display for Size {
    /// The greatest unit of which it is a whole number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whole = |(_, unit): &&(&str, u64)| self.0 >= *unit && self.0.is_multiple_of(*unit);
        match UNITS.iter().find(whole) {
            Some((name, unit)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{}", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Bytes(u64),
            Text(String),
        }
        match Written::deserialize(from) {
            Ok(Written::Bytes(bytes)) => Ok(Self(bytes)),
            Ok(Written::Text(text)) => text.parse().map_err(de::Error::custom),
            Err(_) => Err(de::Error::custom("it is no number of bytes; write it as \"500MB\", \"10GB\" or a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_units_of_a_thousand_and_of_1024() {
        let read = |text: &str| text.parse::<Size>().map(|size| size.0);
        for (text, bytes) in [
            ("10GB", 10_000_000_000),
            ("500 MB", 500_000_000),
            ("1.5gb", 1_500_000_000),
            ("64KiB", 65_536),
            ("2gib", 2 << 30),
            ("12345", 12_345),
            ("7B", 7),
            ("0", 0),
        ] {
            assert_eq!(read(text), Ok(bytes), "{text}");
        }
        for text in ["", "GB", "-1GB", "1,5GB", "ten", "10 G B", "99999999TB", "0.5B", "1.2.3MB", ".5MB", "1e9"] {
            let error = read(text).unwrap_err();
            assert!(error.contains("write it as"), "{error}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_greatest_unit_that_fits() {
        for text in ["10GB", "500MB", "64KiB", "3MiB", "12345B"] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        }
        for (bytes, shown) in
            [(999, "1 kB"), (9_400_000, "9400 kB"), (943_210_000, "943.2 MB"), (12_000_000_000, "12 GB")]
        {
            assert_eq!(Size(bytes).about(), shown);
        }
    }
}
