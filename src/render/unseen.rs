//! Paths that none of a template's samples has, though one that differs by a letter or two is there: misspelt ones.
//!
//! Strict rendering sees a missing value where it is written out, but not where it is handed to a helper or a partial,
//! for which it is nothing. So each path is looked up by a helper here that notes whether anything was there. Of a value
//! that is simply in no sample nothing is said, since templates ask for many that only some events have.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use handlebars::{Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, ScopedJson};
use serde_json::Value;

use super::{
    RenderInput, TemplateFile, budget,
    output::Output,
    paths::{self, Turn},
    syntax,
};
use crate::{
    config::problem::{Problem, did_you_mean},
    name::TemplateName,
};

/// The helper that notes; no author can write its name.
const NOTE: &str = "\u{FDD0}note";

/// Letters by which a path may differ from the one that was meant. `owner` and `order` are two words.
const MOST_LETTERS: usize = 2;

/// Templates that note which of their paths are in a sample.
pub struct Unseen {
    registry: Handlebars<'static>,
    files: Arc<BTreeMap<String, TemplateFile>>,
    noted: Arc<Mutex<Notes>>,
    paths: Vec<Path>,
}

/// A path where it stands.
struct Path {
    template: String,
    place: (usize, usize),
    path: String,
    /// The paths of the same value. Who writes `default payload.a_b payload.aB` knows both.
    among: Vec<String>,
}

/// By the number of a path: what the samples so far have of it.
type Notes = BTreeMap<usize, Found>;

#[derive(Clone, PartialEq)]
enum Found {
    Something,
    /// Nothing; perhaps with a path that may have been meant, and is there.
    Nothing(Option<String>),
}

impl Unseen {
    pub(super) fn new(registry: &Handlebars<'static>, files: &Arc<BTreeMap<String, TemplateFile>>) -> Self {
        let (mut made, noted) = (registry.clone(), Arc::<Mutex<Notes>>::default());
        made.register_helper(NOTE, Box::new(Note(noted.clone())));
        let mut paths = Vec::new();
        for (name, template) in registry.get_templates() {
            let mut template = template.clone();
            let mut into = |path: &str, place, among: &[String]| {
                paths.push(Path { template: name.clone(), place, path: path.to_owned(), among: among.to_vec() });
                paths::call(NOTE, vec![path.into(), (paths.len() - 1).into()])
            };
            Turn { into: &mut into }.template(&mut template);
            made.register_template(name, template);
        }
        Self { registry: made, files: files.clone(), noted, paths }
    }

    /// Notes what a sample has of its template's paths. Whether it makes a card is for others to say.
    pub fn look(&self, name: &TemplateName, input: &RenderInput) {
        budget::begin();
        let mut output = Output::default();
        drop(self.registry.render_with_context_to_write(name.as_str(), input.context(), &mut output));
    }

    /// The misspelt paths of these templates, each once. Partials are none of them: what is not given to one is missing
    /// in it by right.
    pub fn problems(&self, of: impl Fn(&TemplateFile) -> bool) -> Vec<Problem> {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let problem = |(number, found): (&usize, &Found)| {
            let Found::Nothing(Some(meant)) = found else { return None };
            let Path { template, place, path, among } = self.paths.get(*number)?;
            let file = self.files.get(template).filter(|file| !file.is_partial() && of(file))?;
            if among.contains(meant) {
                return None;
            }
            let is_long = syntax::has_many_lines(&file.text, *place);
            let place = if is_long { syntax::within(&file.text, *place, path) } else { *place };
            let cure = format!("did you mean `{meant}`? If not, add a sample that has it");
            Some(file.problem(place, format!("`{path}` is in none of the samples"), cure))
        };
        let mut problems: Vec<Problem> = noted.iter().filter_map(problem).collect();
        problems.sort();
        problems.dedup();
        problems
    }
}

impl fmt::Debug for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} paths", self.paths.len())
    }
}

struct Note(Arc<Mutex<Notes>>);

impl HelperDef for Note {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        place: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let path = paths::text_given(helper, 0);
        let value = paths::look_up(path, context, place)?;
        if let Some(number) = helper.param(1).and_then(|value| usize::try_from(value.value().as_u64()?).ok()) {
            let at = |path: &str| {
                let value = place.evaluate(context, path).ok()?;
                (!value.is_missing()).then(|| value.as_json().clone())
            };
            let found = if value.is_missing() { Found::Nothing(meant(path, &at)) } else { Found::Something };
            let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let known = noted.entry(number).or_insert_with(|| found.clone());
            if found == Found::Something || *known == Found::Nothing(None) {
                *known = found;
            }
        }
        Ok(value)
    }
}

/// A path that differs from this one in one name, and little, and is there.
fn meant(path: &str, at: &dyn Fn(&str) -> Option<Value>) -> Option<String> {
    let names: Vec<&str> = path.split('.').collect();
    let (wrong, before) = (0..names.len()).rev().find_map(|count| {
        let before = if count == 0 { "this".to_owned() } else { names.get(..count)?.join(".") };
        Some((count, at(&before)?))
    })?;
    let name = names.get(wrong)?;
    let near = did_you_mean(name, before.as_object()?.keys().map(String::as_str))?;
    let is_near = strsim::damerau_levenshtein(name, near) <= MOST_LETTERS;
    let meant: Vec<&str> =
        names.iter().enumerate().map(|(index, known)| if index == wrong { near } else { known }).collect();
    let meant = meant.join(".");
    at(&meant).filter(|_| is_near).map(|_| meant)
}
