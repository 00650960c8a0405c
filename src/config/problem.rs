//! What is wrong with a setting or a template: where it stands, what was found, what would be right.

use std::fmt;

use super::excerpt::Excerpt;

/// One mistake of an admin or a template author. Never holds a secret's value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, with line and column where they are known; or `the environment`.
    pub file: String,
    /// The key, as `server.listen`; empty where the whole file is meant.
    pub key: String,
    /// What was found.
    pub found: String,
    /// What would be right.
    pub cure: String,
    /// The line that it stands in, where that may be shown.
    pub excerpt: Option<Box<Excerpt>>,
}

impl Problem {
    /// A problem with the key `key` of `file`.
    pub fn new(
        file: impl Into<String>,
        key: impl Into<String>,
        found: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { file: file.into(), key: key.into(), found: found.into(), cure: cure.into(), excerpt: None }
    }

    /// The same with the line that it stands in.
    pub fn with_excerpt(self, excerpt: Option<Box<Excerpt>>) -> Self {
        Self { excerpt, ..self }
    }

    /// The line that [`Display`](fmt::Display) gives, and below it the excerpt, where there is one.
    pub fn in_full(&self) -> String {
        match &self.excerpt {
            Some(excerpt) => format!("{self}\n{excerpt}"),
            None => self.to_string(),
        }
    }
}

/// `config/sources/ci.toml: secrets: the file … can't be read; create it, or …`, on one line.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}; {}", self.found, self.cure)
    }
}

/// The nearest of `known` to a misspelt `word`, if one is near enough to be meant.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= (name.len() / 4).max(1))
        .min()
        .map(|(_, name)| name)
}
