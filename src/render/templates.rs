//! The set of templates: compiled whole, with every mistake reported, then used without a chance of running wild.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::OnceLock,
};

use handlebars::{Handlebars, RenderErrorReason, Template, TemplateErrorReason};

use super::{Locale, Locales, RenderInput, budget, choose, document, graph, helpers, inspect, marks, output::Output};
use crate::{
    card::Card,
    config::problem::Problem,
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

    pub(super) fn problem(
        &self,
        (line, column): (usize, usize),
        found: impl Into<String>,
        cure: impl Into<String>,
    ) -> Problem {
        Problem::new(format!("{}:{line}:{column}", self.origin), "", found, cure)
    }
}

/// Bytes of one template; shipped ones have under 4 KiB.
const MOST_BYTES: usize = 64 * 1024;

/// Templates that can be rendered: known helpers, no loops of partials, bounded in size and depth.
#[derive(Clone)]
pub struct Templates {
    /// English.
    registry: Handlebars<'static>,
    locales: Locales,
    /// The same with helpers that speak another language, made when the first card in it is.
    others: BTreeMap<LocaleName, OnceLock<Handlebars<'static>>>,
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
        let files: BTreeMap<String, TemplateFile> = files.into_iter().map(|file| (file.name.clone(), file)).collect();
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
        Ok(Self::speaking(registry, Locales::embedded()))
    }

    fn speaking(registry: Handlebars<'static>, locales: Locales) -> Self {
        let others = locales.names().filter(|name| **name != LocaleName::english());
        let others = others.map(|name| (name.clone(), OnceLock::new())).collect();
        Self { registry, locales, others }
    }

    /// The same templates with these languages instead of those of the binary.
    #[must_use]
    pub fn with_locales(mut self, locales: Locales) -> Self {
        helpers::speak(&mut self.registry, &locales.usual().words);
        Self::speaking(self.registry, locales)
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
        Self::speaking(registry, self.locales.clone())
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
        let mut output = Output::default();
        budget::begin();
        self.registry_for(input.locale())
            .render_with_context_to_write(name.as_str(), input.context(), &mut output)
            .map_err(|error| RenderError::rendering(name, &error))?;
        Ok(output.into_text())
    }

    /// Makes the card.
    ///
    /// # Errors
    /// Which template failed, where and why, without a word of the payload. [`fallback`](super::fallback) serves then.
    pub fn render(&self, name: &TemplateName, input: &RenderInput) -> Result<Card, RenderError> {
        let document = self.text(name, input)?;
        document::read(&document).map_err(|fault| RenderError { template: name.to_string(), place: None, fault })
    }
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
    // Marks are the engine's own; a template has no use for them.
    let mut template = Template::compile(&marks::strip(&file.text)).map_err(|error| {
        let place = error.pos().unwrap_or((1, 1));
        let (found, cure) = match error.reason() {
            TemplateErrorReason::MismatchingClosedHelper(opened, closing) => (
                format!("`{{{{#{opened}}}}}` is closed by `{{{{/{closing}}}}}`"),
                format!("close it with `{{{{/{opened}}}}}`"),
            ),
            _ => (
                "this is not Handlebars".to_owned(),
                "look for a `{{#…}}` without its `{{/…}}`, a missing `}}` or a missing quote".to_owned(),
            ),
        };
        file.problem(place, found, cure)
    })?;
    template.name = Some(file.name.clone());
    Ok(template)
}

/// Why a template made no card. Holds nothing of the payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RenderError {
    template: String,
    place: Option<(usize, usize)>,
    fault: String,
}

impl RenderError {
    fn rendering(asked: &TemplateName, error: &handlebars::RenderError) -> Self {
        let fault = match error.reason() {
            RenderErrorReason::TemplateNotFound(_) => "there is no such template".to_owned(),
            RenderErrorReason::MissingVariable(Some(path)) => format!("`{path}` is not there"),
            RenderErrorReason::MissingVariable(None) => "a value that it asks for is not there".to_owned(),
            RenderErrorReason::IOError(_) => "it wrote more than 512 KiB; use `take` or `truncate`".to_owned(),
            RenderErrorReason::ParamNotFoundForIndex(helper, index) => {
                format!("`{helper}` lacks its value number {}, or that value is not there", index + 1)
            }
            RenderErrorReason::ParamNotFoundForName(helper, name) => format!("`{helper}` lacks its value `{name}`"),
            RenderErrorReason::InvalidJsonIndex(index) => {
                format!("a list has no member `{index}`; use `[0]` or `first`")
            }
            RenderErrorReason::InvalidParamType(expected) => format!("a value is not {expected}"),
            // Our own helpers' words, which name the helper and never a value.
            RenderErrorReason::Other(words) => words.clone(),
            _ => "it can't be rendered with this payload".to_owned(),
        };
        let place = error.line_no.zip(error.column_no);
        Self { template: error.template_name.clone().unwrap_or_else(|| asked.to_string()), place, fault }
    }

    /// The template, or the partial, that failed.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Line and column in it, where they are known.
    pub const fn place(&self) -> Option<(usize, usize)> {
        self.place
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template `{}`", self.template)?;
        if let Some((line, column)) = self.place {
            write!(f, " at line {line}, column {column}")?;
        }
        write!(f, ": {}", self.fault)
    }
}

#[cfg(test)]
mod tests;
