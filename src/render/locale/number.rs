//! How a language writes numbers.

use serde::Deserialize;

/// What stands between thousands, and before the fraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::render) struct Numbers {
    group: String,
    decimal: String,
}

/// `[number]` of a words file: what it names differs from the language that it is laid over.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NumberSpec {
    group: Option<String>,
    decimal: Option<String>,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { group: ",".to_owned(), decimal: ".".to_owned() }
    }
}

impl Numbers {
    pub(super) fn overlay(&mut self, spec: NumberSpec) {
        self.group = spec.group.unwrap_or_else(|| std::mem::take(&mut self.group));
        self.decimal = spec.decimal.unwrap_or_else(|| std::mem::take(&mut self.decimal));
    }

    /// A number of digits, with at most a sign before and a point in it.
    pub(in crate::render) fn grouped(&self, number: &str) -> String {
        let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
        let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
        let mut out = sign.to_owned();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                out.push_str(&self.group);
            }
            out.push(digit);
        }
        out + &self.pointed(number.get(whole.len()..).unwrap_or_default())
    }

    /// The same number with this language's sign before its fraction.
    pub(in crate::render) fn pointed(&self, number: &str) -> String {
        number.replacen('.', &self.decimal, 1)
    }
}
