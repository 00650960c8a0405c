//! How a language writes instants: their order, and the names of months and days.

use jiff::{ZonedDateTime, civil::Date, fmt::strtime, tz::TimeZone};
use serde::Deserialize;

/// A language's way with dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::render) struct Dates {
    format: String,
    months: Names<12>,
    short_months: Names<12>,
    days: Names<7>,
    short_days: Names<7>,
}

type Names<const N: usize> = [String; N];

/// `[date]` of a words file: what it names differs from the language that it is laid over.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DateSpec {
    pub(super) format: Option<String>,
    months: Option<Names<12>>,
    short_months: Option<Names<12>>,
    days: Option<Names<7>>,
    short_days: Option<Names<7>>,
}

impl Default for Dates {
    /// English, as the formatter knows it without us.
    fn default() -> Self {
        let months = "January February March April May June July August September October November December";
        let days = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";
        Self {
            format: "%d %b %Y, %H:%M %Z".to_owned(),
            months: names(months, usize::MAX),
            short_months: names(months, 3),
            days: names(days, usize::MAX),
            short_days: names(days, 3),
        }
    }
}

fn names<const N: usize>(words: &str, most: usize) -> Names<N> {
    let mut words = words.split(' ');
    std::array::from_fn(|_| words.next().unwrap_or_default().chars().take(most).collect())
}

impl Dates {
    pub(super) fn overlay(&mut self, spec: DateSpec) {
        let DateSpec { format, months, short_months, days, short_days } = spec;
        set(&mut self.format, format);
        set(&mut self.months, months);
        set(&mut self.short_months, short_months);
        set(&mut self.days, days);
        set(&mut self.short_days, short_days);
    }

    /// An instant in this format, or in the language's own.
    pub(in crate::render) fn write(
        &self,
        instant: &ZonedDateTime,
        format: Option<&str>,
    ) -> Result<String, jiff::Error> {
        strtime::format(self.with_names(format.unwrap_or(&self.format), instant), instant)
    }

    /// A day that has no time, in what these formats say of the day.
    pub(in crate::render) fn write_day(&self, day: Date, format: Option<&str>) -> Result<String, jiff::Error> {
        let instant = day.to_zoned_datetime(TimeZone::UTC)?;
        let asked = format.map(of_day).filter(|format| !format.is_empty());
        self.write(&instant, Some(&asked.unwrap_or_else(|| of_day(&self.format))))
    }

    /// The format with names of months and days put in, since the formatter knows English ones alone.
    fn with_names(&self, format: &str, instant: &ZonedDateTime) -> String {
        let month = usize::from(instant.month().unsigned_abs()).saturating_sub(1);
        let day = usize::from(instant.weekday().to_sunday_zero_offset().unsigned_abs());
        let mut out = String::with_capacity(format.len());
        let mut rest = format.chars();
        while let Some(c) = rest.next() {
            let directive = if c == '%' { rest.next() } else { None };
            let name = match directive {
                Some('B') => self.months.get(month),
                Some('b' | 'h') => self.short_months.get(month),
                Some('A') => self.days.get(day),
                Some('a') => self.short_days.get(day),
                _ => None,
            };
            match (name, directive) {
                (Some(name), _) => out.push_str(&name.replace('%', "%%")),
                (None, directive) => out.extend([c].into_iter().chain(directive)),
            }
        }
        out
    }
}

/// The format without what it says of the time, and without what stood between the two.
fn of_day(format: &str) -> String {
    let (mut out, mut between) = (String::new(), String::new());
    let (mut rest, mut after_time) = (format, false);
    while let Some((text, directive)) = rest.split_once('%') {
        between.push_str(text);
        // Flags and widths stand before the letter.
        let length = directive.find(|c: char| c.is_alphabetic() || c == '%').map_or(directive.len(), |at| at + 1);
        let (letter, behind) = directive.split_at_checked(length).unwrap_or((directive, ""));
        rest = behind;
        if letter == "%" {
            between.push_str("%%");
            continue;
        }
        let is_time = letter.ends_with(TIME);
        if is_time && !after_time {
            // What ends the day, such as a point, stays; what leads to the time goes.
            out.push_str(between.split([',', ' ']).next().unwrap_or_default());
        } else if !is_time {
            out.push_str(if after_time { "" } else { &between });
            out.extend(["%", letter]);
        }
        between.clear();
        after_time = is_time;
    }
    if !after_time {
        out.push_str(&between);
        out.push_str(rest);
    }
    out.trim().to_owned()
}

/// The directives that say something of the time.
const TIME: [char; 19] =
    ['H', 'I', 'k', 'l', 'M', 'S', 'f', 'N', 'T', 'R', 'r', 'X', 'p', 'P', 'z', 'Z', 'Q', 's', 'c'];

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_months_and_days_are_put_in_and_all_else_is_left_to_the_format() {
        let instant: ZonedDateTime = "2026-03-03T08:05:00+01:00[Europe/Berlin]".parse().unwrap();
        let mut dates = Dates::default();
        assert_eq!(dates.write(&instant, None).unwrap(), "03 Mar 2026, 08:05 CET");
        let english = "%A %a %B %b %h %-d %% %%B %Y";
        assert_eq!(dates.write(&instant, Some(english)).unwrap(), strtime::format(english, &instant).unwrap());
        let march = std::array::from_fn(|month| if month == 2 { "März".to_owned() } else { String::new() });
        dates.overlay(DateSpec { format: Some("%d. %B".into()), months: Some(march), ..DateSpec::default() });
        assert_eq!(dates.write(&instant, None).unwrap(), "03. März");
        assert!(dates.write(&instant, Some("%!")).is_err() && dates.write(&instant, Some("%")).is_err());
    }

    #[test]
    fn a_day_is_written_without_the_time() {
        for (format, expected) in [
            ("%d %b %Y, %H:%M %Z", "%d %b %Y"),
            ("%d.%m.%Y, %H:%M %Z", "%d.%m.%Y"),
            ("%H:%M, %-d. %B %Y", "%-d. %B %Y"),
            ("%Y. %b %d., %H:%M", "%Y. %b %d."),
            ("%A, the %dth at %H:%M:%S%.3f", "%A, the %dth"),
            ("%d %b", "%d %b"),
            ("on %d %b.", "on %d %b."),
            ("100%% %d", "100%% %d"),
            ("%H:%M", ""),
            ("%", "%"),
        ] {
            assert_eq!(of_day(format), expected, "{format}");
        }
        let dates = Dates::default();
        let day = "2026-12-01".parse().unwrap();
        assert_eq!(dates.write_day(day, None).unwrap(), "01 Dec 2026");
        assert_eq!(dates.write_day(day, Some("%a %-d %b %H:%M")).unwrap(), "Tue 1 Dec");
        assert_eq!(dates.write_day(day, Some("%H:%M")).unwrap(), "01 Dec 2026");
        assert!(dates.write_day(day, Some("%!")).is_err());
    }
}
