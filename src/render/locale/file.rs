//! Words files: read, checked, and laid over those of the binary.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Locale, Words,
    date::{DateSpec, Dates},
    number::NumberSpec,
};
use crate::{
    config::{
        problem::{Problem, did_you_mean},
        read::read,
        syntax,
    },
    name::{LocaleName, ZoneName},
    render::embedded,
};

pub(super) type Table = BTreeMap<String, String>;

/// A words file as it stands on disk or in the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordsFile {
    /// Its language: the file's name without `.toml`.
    pub name: String,
    /// How people find it, such as `templates/words/de.toml`.
    pub origin: String,
    /// What stands in it.
    pub text: String,
}

/// Everything of a words file that is no phrase.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Tables {
    status: Table,
    unit: Table,
    date: DateSpec,
    number: NumberSpec,
}

/// All languages that there are.
#[derive(Debug, Clone)]
pub struct Locales(BTreeMap<LocaleName, Arc<Words>>);

/// Those of the binary; a test reads them all.
pub(super) static EMBEDDED: LazyLock<Locales> = LazyLock::new(|| {
    let mut locales = Locales(BTreeMap::new());
    let mut problems = Vec::new();
    locales.add(&embedded::words(), &mut problems);
    debug_assert!(problems.is_empty(), "{problems:#?}");
    locales
});

impl Locales {
    /// Those of the binary alone.
    pub fn embedded() -> Self {
        EMBEDDED.clone()
    }

    /// Those of the binary, with these files laid over them: what a file lists counts, and all else stays.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn read(files: &[WordsFile]) -> Result<Self, Vec<Problem>> {
        let (mut locales, mut problems) = (Self::embedded(), Vec::new());
        locales.add(files, &mut problems);
        if problems.is_empty() { Ok(locales) } else { Err(problems) }
    }

    /// The names of all languages.
    pub fn names(&self) -> impl Iterator<Item = &LocaleName> {
        self.0.keys()
    }

    /// A language in a time zone; none where there is no such language.
    pub fn get(&self, name: &LocaleName, zone: ZoneName) -> Option<Locale> {
        let words = self.0.get(name)?.clone();
        Some(Locale { name: name.clone(), words, zone })
    }

    /// English, and UTC.
    pub fn usual(&self) -> Locale {
        let name = LocaleName::english();
        self.get(&name, ZoneName::utc()).unwrap_or_else(|| Locale {
            name,
            words: Arc::default(),
            zone: ZoneName::utc(),
        })
    }

    fn add(&mut self, files: &[WordsFile], problems: &mut Vec<Problem>) {
        for file in files {
            match file.name.parse::<LocaleName>() {
                Ok(name) => {
                    let mut words = self.0.get(&name).map(|words| Words::clone(words)).unwrap_or_default();
                    overlay(&mut words, file, problems);
                    self.0.insert(name, Arc::new(words));
                }
                Err(bad) => problems.push(Problem::new(&file.origin, "", bad.to_string(), "rename the file")),
            }
        }
    }
}

fn overlay(words: &mut Words, file: &WordsFile, problems: &mut Vec<Problem>) {
    let table = match syntax::table(&file.origin, &file.text) {
        Ok(Value::Object(table)) => table,
        Ok(_) => return,
        Err(problem) => return problems.push(problem),
    };
    let (tables, phrases): (Map<String, Value>, Map<String, Value>) =
        table.into_iter().partition(|(_, value)| value.is_object());
    let place = |_: &str| file.origin.clone();
    let phrases: Table = read(phrases.into(), &place, problems).unwrap_or_default();
    let tables: Tables = read(tables.into(), &place, problems).unwrap_or_default();
    let listed = phrases.iter().chain(&tables.status).chain(&tables.unit);
    problems.extend(listed.filter_map(|(phrase, text)| check_gaps(file, phrase, text)));
    problems.extend(tables.date.format.as_ref().and_then(|format| check_format(file, format)));
    words.phrases.extend(phrases);
    words.status.extend(tables.status);
    words.unit.extend(tables.unit);
    words.dates.overlay(tables.date);
    words.numbers.overlay(tables.number);
}

/// A gap that the English phrase has not would be shown as it is written.
fn check_gaps(file: &WordsFile, phrase: &str, text: &str) -> Option<Problem> {
    let known = gaps(phrase);
    let unknown = gaps(text).into_iter().find(|gap| !known.contains(gap))?;
    let cure = match did_you_mean(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{{{near}}}`?"),
        None => "write only those gaps that the English phrase has".to_owned(),
    };
    Some(Problem::new(&file.origin, phrase, format!("has a gap `{{{unknown}}}` that nothing fills"), cure))
}

/// The names in the `{…}` of a phrase.
pub(super) fn gaps(text: &str) -> Vec<&str> {
    let gaps = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    gaps.map(|(name, _)| name).collect()
}

fn check_format(file: &WordsFile, format: &str) -> Option<Problem> {
    let instant = jiff::Timestamp::UNIX_EPOCH.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    Dates::default().write(&instant, Some(format)).err().map(|_| {
        Problem::new(
            &file.origin,
            "date.format",
            "has a format that is not known",
            "write it as \"%d.%m.%Y, %H:%M %Z\"",
        )
    })
}
