//! The set of templates: compiled whole, with every mistake reported, then used without a chance of running wild.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, OnceLock},
};

use handlebars::{Handlebars, Template};

use super::{
    Locale, Locales, RenderError, RenderInput, budget, choose, document, fault::Fault, graph, helpers, inspect, marks,
    output::Output, paths, syntax, trace::Tracer, unseen::Unseen,
};
use crate::{
    card::Card,
    config::{excerpt::Excerpt, problem::Problem},
    name::{LocaleName, TemplateName, TemplateSet},
};

/// A template as it stands on disk or in the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// Its path below the templates folder without `.hbs`, such as `github/push`; `partials/…` are partials.
    pub name: String,
    /// How people find it, such as `templates/github/push.hbs`.
    pub origin: String,
    /// What stands in it.
    pub text: String,
}

impl TemplateFile {
    /// Whether it is a part of other templates and no template itself.
    pub fn is_partial(&self) -> bool {
        self.name.starts_with("partials/")
    }

    /// Whether it comes with the binary.
    pub fn is_built_in(&self) -> bool {
        self.origin.ends_with(super::embedded::BUILT_IN)
    }

    pub(super) fn problem(&self, place: (usize, usize), found: impl Into<String>, cure: impl Into<String>) -> Problem {
        let (line, column) = place;
        let excerpt = Excerpt::of(&self.text, place).map(Box::new);
        Problem::new(format!("{}:{line}:{column}", self.origin), "", found, cure).with_excerpt(excerpt)
    }
}

/// Bytes of one template; the largest that is shipped has 11 KiB.
const MOST_BYTES: usize = 64 * 1024;

/// Templates that can be rendered: known helpers, no loops of partials, bounded in size and depth.
#[derive(Clone)]
pub struct Templates {
    /// English.
    registry: Handlebars<'static>,
    /// What stands in each, for messages.
    files: Arc<BTreeMap<String, TemplateFile>>,
    /// Made when the first card fails.
    tracer: Arc<OnceLock<Tracer>>,
    locales: Locales,
    /// The same with helpers that speak another language, made when the first card in it is.
    others: BTreeMap<LocaleName, OnceLock<Handlebars<'static>>>,
    /// The same again, made when the first payload has a list where its template expects something else.
    forgiving: BTreeMap<LocaleName, OnceLock<Handlebars<'static>>>,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} templates", self.registry.get_templates().len())
    }
}

impl Templates {
    /// Compiles a set. Of files of one name the last counts, so embedded ones come first and those on disk after.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn compile(files: Vec<TemplateFile>) -> Result<Self, Vec<Problem>> {
        // Marks are the engine's own; a template has no use for them.
        let files = files.into_iter().map(|file| TemplateFile { text: marks::strip(&file.text), ..file });
        let files: BTreeMap<String, TemplateFile> = files.map(|file| (file.name.clone(), file)).collect();
        let mut registry = helpers::registry(&Locale::default().words);
        let mut problems = Vec::new();
        let mut parsed = BTreeMap::new();
        for file in files.values() {
            match parse(file) {
                Ok(template) => {
                    parsed.insert(file.name.as_str(), (file, template));
                }
                Err(problem) => problems.push(problem),
            }
        }
        for (file, template) in parsed.values() {
            inspect::inspect(file, template, &|name| files.contains_key(name), &mut problems);
        }
        graph::check(&parsed, &mut problems);
        if !problems.is_empty() {
            problems.sort();
            return Err(problems);
        }
        budget::register(&mut registry);
        for (name, (_, mut template)) in parsed {
            budget::meter(&mut template);
            registry.register_template(name, template);
        }
        Ok(Self::speaking(registry, Arc::new(files), Locales::embedded()))
    }

    fn speaking(registry: Handlebars<'static>, files: Arc<BTreeMap<String, TemplateFile>>, locales: Locales) -> Self {
        let others = locales.names().filter(|name| **name != LocaleName::english());
        let others = others.map(|name| (name.clone(), OnceLock::new())).collect();
        let forgiving = locales.names().map(|name| (name.clone(), OnceLock::new())).collect();
        Self { registry, files, tracer: Arc::default(), locales, others, forgiving }
    }

    /// The same templates with these languages instead of those of the binary.
    #[must_use]
    pub fn with_locales(mut self, locales: Locales) -> Self {
        helpers::speak(&mut self.registry, &locales.usual().words);
        Self::speaking(self.registry, self.files, locales)
    }

    /// The languages that there are.
    pub const fn locales(&self) -> &Locales {
        &self.locales
    }

    fn registry_for(&self, locale: &Locale) -> &Handlebars<'static> {
        let Some(other) = self.others.get(&locale.name) else { return &self.registry };
        other.get_or_init(|| {
            let mut registry = self.registry.clone();
            helpers::speak(&mut registry, &locale.words);
            registry
        })
    }

    /// The same templates, but a value that is not in the payload is an error: for checking them with samples.
    pub fn strict(&self) -> Self {
        let mut registry = self.registry.clone();
        registry.set_strict_mode(true);
        Self::speaking(registry, self.files.clone(), self.locales.clone())
    }

    /// The same templates, as they note which of their paths are in samples.
    pub fn unseen(&self) -> Unseen {
        Unseen::new(&self.registry, &self.files)
    }

    /// Whether there is a template of this name; partials are none.
    pub fn has(&self, name: &TemplateName) -> bool {
        !name.as_str().starts_with("partials/") && self.registry.has_template(name.as_str())
    }

    /// The names of all templates, partials left out.
    pub fn names(&self) -> Vec<TemplateName> {
        let mut names: Vec<TemplateName> =
            self.registry.get_templates().keys().filter_map(|name| name.parse().ok()).collect();
        names.retain(|name| self.has(name));
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
        let names = self.registry.get_templates().keys();
        names.filter_map(|name| choose::of_set(name)?.0.parse().ok()).collect()
    }

    /// What the template writes, before it is read as a document.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn text(&self, name: &TemplateName, input: &RenderInput) -> Result<String, RenderError> {
        let registry = self.registry_for(input.locale());
        let written = written(registry, name, input).or_else(|error| {
            let forgiving = self.forgiving.get(&input.locale().name).filter(|_| !registry.strict_mode());
            let forgiving = forgiving.filter(|_| paths::is_of_list(&error)).ok_or(error)?;
            written(forgiving.get_or_init(|| paths::forgiving(registry)), name, input)
        });
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
        let origin = fault.locate(document).and_then(|(at, near)| {
            let tracer = self.tracer.get_or_init(|| Tracer::new(self.registry.get_templates()));
            Some((tracer.origin(name, input, at, &self.files)?, near))
        });
        RenderError::document(name, fault, origin, &self.files)
    }
}

fn written(
    registry: &Handlebars<'static>,
    name: &TemplateName,
    input: &RenderInput,
) -> Result<String, handlebars::RenderError> {
    let mut output = Output::default();
    budget::begin();
    registry.render_with_context_to_write(name.as_str(), input.context(), &mut output)?;
    Ok(output.into_text())
}

fn parse(file: &TemplateFile) -> Result<Template, Problem> {
    if let Err(bad) = file.name.parse::<TemplateName>() {
        return Err(Problem::new(&file.origin, "", bad.to_string(), "rename the file"));
    }
    if file.text.len() > MOST_BYTES {
        let found = format!("{} bytes are more than a template may have ({MOST_BYTES})", file.text.len());
        return Err(Problem::new(&file.origin, "", found, "move parts of it into templates/partials/"));
    }
    if let Some(place) = inspect::too_deep(&file.text) {
        return Err(file.problem(
            place,
            "blocks or brackets are nested too deeply",
            "move the inner ones into a partial",
        ));
    }
    let mut template = Template::compile(&file.text).map_err(|error| {
        let (place, found, cure) = syntax::explain(&file.text, &error);
        file.problem(place, found, cure)
    })?;
    syntax::place_chains(&mut template, &file.text);
    template.name = Some(file.name.clone());
    Ok(template)
}

#[cfg(test)]
mod tests;
