//! The templates and samples that come with the binary.

use std::borrow::Cow;

use include_dir::{Dir, DirEntry, File, include_dir};

use super::{
    RenderInput, TemplateFile, WordsFile,
    choose::of_set,
    template_file::{BUILT_IN, Text},
};
use crate::{
    event::{BadPayload, Codings, Encoding},
    name::TemplateName,
};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// A payload to try a template with; written by us, in the provider's shape.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The template that it is for.
    pub template: TemplateName,
    /// Which case it shows, such as `merged`; none for the plain one.
    pub variant: Option<String>,
    /// The payload.
    pub json: Cow<'static, str>,
}

impl Sample {
    /// By its path below the templates folder: `github/samples/push.forced.json` is for `github/push`. None for a path
    /// that is no sample's.
    pub fn at(path: &str, json: impl Into<Cow<'static, str>>) -> Option<Self> {
        Self::of_one(path, json, |_| false)
    }

    /// As [`at`](Self::at), among templates that there are: `samples/invoice.paid.json` is for `invoice.paid` where
    /// there is one, and else for `invoice`.
    pub fn of_one(path: &str, json: impl Into<Cow<'static, str>>, has: impl Fn(&TemplateName) -> bool) -> Option<Self> {
        let (folder, file) = path.strip_suffix(".json")?.split_once("/samples/")?;
        let ends = file.match_indices('.').map(|(at, _)| at);
        let cuts: Vec<usize> = ends.chain([file.len()]).collect();
        let named = |end: usize| {
            let (event, rest) = file.split_at_checked(end)?;
            let variant = rest.strip_prefix('.').map(str::to_owned);
            Some((format!("{folder}/{event}").parse::<TemplateName>().ok()?, variant))
        };
        let longest = cuts.iter().rev().filter_map(|end| named(*end)).find(|(name, _)| has(name));
        let (template, variant) = longest.or_else(|| named(*cuts.first()?))?;
        Some(Self { template, variant, json: json.into() })
    }

    /// What its template is given. The samples of a `default` template are named after their events.
    ///
    /// # Errors
    /// The sample is not JSON.
    pub fn input(&self) -> Result<RenderInput, BadPayload> {
        let path = of_set(self.template.as_str()).map_or(self.template.as_str(), |(_, path)| path);
        let (provider, name) = path.split_once('/').unwrap_or(("generic", path));
        let name = self.variant.as_deref().filter(|_| name == "default").unwrap_or(name);
        Ok(RenderInput::of_sample(Encoding::Json.payload(&Codings::default(), self.json.as_bytes())?, provider, name))
    }
}

/// The templates of the binary. Those on disk come after them, so that they count instead.
pub fn embedded() -> Vec<TemplateFile> {
    let template = |(path, file): (&str, &'static File<'_>)| {
        let name = path.strip_suffix(".hbs")?.to_owned();
        let origin = format!("templates/{path}{BUILT_IN}");
        Some(TemplateFile { name, origin, text: Text::BuiltIn(file.contents()) })
    };
    files().into_iter().filter_map(template).collect()
}

/// The samples of the binary.
pub fn samples() -> Vec<Sample> {
    let has = |name: &TemplateName| TEMPLATES.get_file(format!("{name}.hbs")).is_some();
    let samples = files().into_iter().filter(|(path, _)| path.ends_with(".json"));
    samples.filter_map(|(path, file)| Sample::of_one(path, file.contents_utf8()?, has)).collect()
}

/// The words of the binary.
pub(super) fn words() -> Vec<WordsFile> {
    let words = |(path, file): (&str, &'static File<'_>)| {
        let name = path.strip_prefix("words/")?.strip_suffix(".toml")?.to_owned();
        Some(WordsFile { name, origin: format!("templates/{path}{BUILT_IN}"), text: file.contents_utf8()?.to_owned() })
    };
    files().into_iter().filter_map(words).collect()
}

/// Every file, by its path below `templates/`, in order.
fn files() -> Vec<(&'static str, &'static File<'static>)> {
    let mut found = Vec::new();
    let mut folders = vec![&TEMPLATES];
    while let Some(folder) = folders.pop() {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(inner) => folders.push(inner),
                DirEntry::File(file) => found.extend(file.path().to_str().map(|path| (path, file))),
            }
        }
    }
    found.sort_unstable_by_key(|(path, _)| *path);
    found
}

#[cfg(test)]
mod tests;
