//! The set of templates: read whole, with every mistake reported, then used without a chance of running wild.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, OnceLock},
};

use handlebars::RenderErrorReason;

use super::{
    Locales, RenderError, RenderInput, TemplateFile, choose, document, embedded,
    engines::{Engines, Files, engine, folder},
    fault::Fault,
    graph, inspect, marks,
    template_file::Text,
    unseen::Unseen,
};
use crate::{
    card::Card,
    config::problem::Problem,
    name::{TemplateName, TemplateSet},
};

/// Templates that can be rendered: known helpers, no loops of partials, bounded in size and depth.
#[derive(Clone)]
pub struct Templates {
    files: Arc<Files>,
    locales: Locales,
    strict: bool,
    /// By folder: compiled when the first card of it is due.
    engines: Arc<BTreeMap<String, OnceLock<Engines>>>,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} templates", self.files.len())
    }
}

impl Templates {
    /// Reads a set. Of files of one name the last counts, so embedded ones come first and those on disk after.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn compile(files: Vec<TemplateFile>) -> Result<Self, Vec<Problem>> {
        // Marks are the engine's own; a template has no use for them.
        let unmarked = |text: Text| if marks::has_any(&text) { marks::strip(&text).into() } else { text };
        let files = files.into_iter().map(|file| TemplateFile { text: unmarked(file.text), ..file });
        let files = by_name(files);
        let mut problems = Vec::new();
        let mut uses = BTreeMap::new();
        for file in files.values() {
            // Each is let go of before the next is read: what compiled templates take is many times their text.
            match file.parse() {
                Ok(template) => {
                    inspect::inspect(file, &template, &|name| files.contains_key(name), &mut problems);
                    let used = graph::uses(&template).into_iter().filter_map(|name| Some(files.get_key_value(name)?.0));
                    uses.insert(file.name.as_str(), (file, used.map(String::as_str).collect()));
                }
                Err(problem) => problems.push(problem),
            }
        }
        graph::check(&uses, &mut problems);
        if !problems.is_empty() {
            problems.sort();
            return Err(problems);
        }
        Ok(Self::new(Arc::new(files), Locales::embedded(), false))
    }

    /// The templates of the binary alone. That nothing is wrong with them is what the tests hold, so they are not read here.
    pub fn built_in() -> Self {
        Self::new(Arc::new(by_name(embedded())), Locales::embedded(), false)
    }

    fn new(files: Arc<Files>, locales: Locales, strict: bool) -> Self {
        let engines = files.keys().map(|name| (folder(name).to_owned(), OnceLock::new())).collect();
        Self { files, locales, strict, engines: Arc::new(engines) }
    }

    /// The same templates with these languages instead of those of the binary.
    #[must_use]
    pub fn with_locales(self, locales: Locales) -> Self {
        Self::new(self.files, locales, self.strict)
    }

    /// The languages that there are.
    pub const fn locales(&self) -> &Locales {
        &self.locales
    }

    /// The same templates, but a value that is not in the payload is an error: for checking them with samples.
    pub fn strict(&self) -> Self {
        Self::new(self.files.clone(), self.locales.clone(), true)
    }

    /// The same templates, as they note which of their paths are in samples.
    pub fn unseen(&self) -> Unseen {
        let all = self.files.keys().map(String::as_str);
        Unseen::new(&engine(&self.files, all, &self.locales.usual().words), &self.files)
    }

    /// Whether there is a template of this name; partials are none.
    pub fn has(&self, name: &TemplateName) -> bool {
        self.files.get(name.as_str()).is_some_and(|file| !file.is_partial())
    }

    /// The names of all templates in order, partials left out.
    pub fn names(&self) -> Vec<TemplateName> {
        let files = self.files.values().filter(|file| !file.is_partial());
        let mut names: Vec<TemplateName> = files.filter_map(|file| file.name.parse().ok()).collect();
        names.sort();
        names
    }

    /// What a template's comment at its beginning says of it.
    pub fn says(&self, name: &TemplateName) -> Option<String> {
        let text = &self.files.get(name.as_str())?.text;
        let comment = text.trim_start().strip_prefix("{{!--")?.split("--}}").next()?;
        Some(comment.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The names of all sets that there are.
    pub fn sets(&self) -> BTreeSet<TemplateSet> {
        self.files.keys().filter_map(|name| choose::of_set(name)?.0.parse().ok()).collect()
    }

    fn engines(&self, name: &TemplateName) -> Option<&Engines> {
        let folder = folder(name.as_str());
        let engines = self.engines.get(folder)?;
        Some(engines.get_or_init(|| Engines::new(&self.files, folder, &self.locales, self.strict)))
    }

    /// What the template writes, before it is read as a document.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn text(&self, name: &TemplateName, input: &RenderInput) -> Result<String, RenderError> {
        let missing = || RenderErrorReason::TemplateNotFound(name.to_string()).into();
        let written = self.engines(name).map_or_else(|| Err(missing()), |engines| engines.text(name, input));
        written.map_err(|error| RenderError::rendering(name, &error, &self.files))
    }

    /// Makes the card.
    ///
    /// # Errors
    /// Which template failed, where and why, without a word of the payload. [`fallback`](super::fallback) serves then.
    pub fn render(&self, name: &TemplateName, input: &RenderInput) -> Result<Card, RenderError> {
        let document = self.text(name, input)?;
        document::read(&document).map_err(|fault| self.placed(name, input, &document, fault))
    }

    /// A mistake in a document, with the place in the template that wrote it.
    fn placed(&self, name: &TemplateName, input: &RenderInput, document: &str, fault: Fault) -> RenderError {
        let engines = self.engines(name);
        let origin = engines.and_then(|engines| engines.place(name, input, (document, &fault), &self.files));
        RenderError::document(name, fault, origin, &self.files)
    }
}

fn by_name(files: impl IntoIterator<Item = TemplateFile>) -> Files {
    files.into_iter().map(|file| (file.name.clone(), file)).collect()
}

#[cfg(test)]
mod tests;
