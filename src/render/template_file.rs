//! One template as it was written, and how it is read.

use std::ops::Deref;

use handlebars::Template;

use super::{inspect, syntax};
use crate::{
    config::{excerpt::Excerpt, problem::Problem},
    name::TemplateName,
};

/// Bytes of one template; the largest that is shipped has 11 KiB.
const MOST_BYTES: usize = 64 * 1024;

/// Ends the places of what comes with the binary.
pub(super) const BUILT_IN: &str = " (built in)";

/// A template as it stands on disk or in the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// Its path below the templates folder without `.hbs`, such as `github/push`; `partials/…` are partials.
    pub name: String,
    /// How people find it, such as `templates/github/push.hbs`.
    pub origin: String,
    /// What stands in it.
    pub text: Text,
}

/// What stands in a template. What comes with the binary is not looked into before it is asked for, so that what no
/// source needs is never read from the disk.
#[derive(Debug, Clone)]
pub enum Text {
    /// Somebody's own.
    Own(String),
    /// A file of the binary.
    BuiltIn(&'static [u8]),
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Own(text) => text,
            Self::BuiltIn(bytes) => str::from_utf8(bytes).unwrap_or_default(),
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Own(text)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl TemplateFile {
    /// Whether it is a part of other templates and no template itself.
    pub fn is_partial(&self) -> bool {
        self.name.starts_with("partials/")
    }

    /// Whether it comes with the binary.
    pub fn is_built_in(&self) -> bool {
        self.origin.ends_with(BUILT_IN)
    }

    pub(super) fn problem(&self, place: (usize, usize), found: impl Into<String>, cure: impl Into<String>) -> Problem {
        let (line, column) = place;
        let excerpt = Excerpt::of(&self.text, place).map(Box::new);
        Problem::new(format!("{}:{line}:{column}", self.origin), "", found, cure).with_excerpt(excerpt)
    }

    /// Reads it, as far as a template can be read without the others.
    pub(super) fn parse(&self) -> Result<Template, Problem> {
        if let Err(bad) = self.name.parse::<TemplateName>() {
            return Err(Problem::new(&self.origin, "", bad.to_string(), "rename the file"));
        }
        if self.text.len() > MOST_BYTES {
            let found = format!("{} bytes are more than a template may have ({MOST_BYTES})", self.text.len());
            return Err(Problem::new(&self.origin, "", found, "move parts of it into templates/partials/"));
        }
        if let Some(place) = inspect::too_deep(&self.text) {
            return Err(self.problem(
                place,
                "blocks or brackets are nested too deeply",
                "move the inner ones into a partial",
            ));
        }
        let mut template = Template::compile(&self.text).map_err(|error| {
            let (place, found, cure) = syntax::explain(&self.text, &error);
            self.problem(place, found, cure)
        })?;
        syntax::place_chains(&mut template, &self.text);
        template.name = Some(self.name.clone());
        Ok(template)
    }
}
