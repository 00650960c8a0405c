//! The engines of one folder's templates: one for each language, and those that look closer where a card fails.
//!
//! A folder is what a provider has, so a relay with two sources compiles the templates of two providers.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use handlebars::Handlebars;

use super::{
    Locale, Locales, RenderInput, TemplateFile, Words, budget,
    fault::Fault,
    graph, helpers,
    output::Output,
    paths,
    trace::{Origin, Tracer},
};
use crate::name::{LocaleName, TemplateName};

/// The templates of all folders, by name, as they were written.
pub(super) type Files = BTreeMap<String, TemplateFile>;

/// An engine with these templates and all partials that they draw in. What can't be read is left out: who asks for it
/// is told that it is not there.
pub(super) fn engine<'a>(
    files: &Files,
    names: impl Iterator<Item = &'a str>,
    words: &Arc<Words>,
) -> Handlebars<'static> {
    let mut engine = helpers::registry(words);
    budget::register(&mut engine);
    let mut due: Vec<String> = names.map(str::to_owned).collect();
    while let Some(name) = due.pop() {
        if engine.has_template(&name) {
            continue;
        }
        let Some(mut template) = files.get(&name).and_then(|file| file.parse().ok()) else { continue };
        due.extend(graph::uses(&template).into_iter().map(str::to_owned));
        budget::meter(&mut template);
        engine.register_template(&name, template);
    }
    engine
}

/// The folder that a template is in, as `github` or `sets/short/github`.
pub(super) fn folder(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The engines of a folder.
pub(super) struct Engines {
    usual: Handlebars<'static>,
    /// The same with helpers that speak another language, made when the first card in it is.
    others: BTreeMap<LocaleName, OnceLock<Handlebars<'static>>>,
    /// The same again, made when the first payload has a list where its template expects something else.
    forgiving: BTreeMap<LocaleName, OnceLock<Handlebars<'static>>>,
    /// Made when the first card fails.
    tracer: OnceLock<Tracer>,
}

impl Engines {
    pub(super) fn new(files: &Files, of: &str, locales: &Locales, strict: bool) -> Self {
        let names = files.keys().map(String::as_str).filter(|name| folder(name) == of);
        let mut usual = engine(files, names, &locales.usual().words);
        usual.set_strict_mode(strict);
        let others = locales.names().filter(|name| **name != LocaleName::english());
        let others = others.map(|name| (name.clone(), OnceLock::new())).collect();
        let forgiving = locales.names().map(|name| (name.clone(), OnceLock::new())).collect();
        Self { usual, others, forgiving, tracer: OnceLock::new() }
    }

    fn speaking(&self, locale: &Locale) -> &Handlebars<'static> {
        let Some(other) = self.others.get(&locale.name) else { return &self.usual };
        other.get_or_init(|| {
            let mut engine = self.usual.clone();
            helpers::speak(&mut engine, &locale.words);
            engine
        })
    }

    /// What a template of the folder writes.
    pub(super) fn text(&self, name: &TemplateName, input: &RenderInput) -> Result<String, handlebars::RenderError> {
        let engine = self.speaking(input.locale());
        written(engine, name, input).or_else(|error| {
            let forgiving = self.forgiving.get(&input.locale().name).filter(|_| !engine.strict_mode());
            let forgiving = forgiving.filter(|_| paths::is_of_list(&error)).ok_or(error)?;
            written(forgiving.get_or_init(|| paths::forgiving(engine)), name, input)
        })
    }

    /// The place in a template that wrote a mistake of this document, and whether the mistake is only near it.
    pub(super) fn place(
        &self,
        name: &TemplateName,
        input: &RenderInput,
        (document, fault): (&str, &Fault),
        files: &Files,
    ) -> Option<(Origin, bool)> {
        let (at, near) = fault.locate(document)?;
        let tracer = self.tracer.get_or_init(|| Tracer::new(self.usual.get_templates()));
        Some((tracer.origin(name, input, at, files)?, near))
    }
}

fn written(
    engine: &Handlebars<'static>,
    name: &TemplateName,
    input: &RenderInput,
) -> Result<String, handlebars::RenderError> {
    let mut output = Output::default();
    budget::begin();
    engine.render_with_context_to_write(name.as_str(), input.context(), &mut output)?;
    Ok(output.into_text())
}
