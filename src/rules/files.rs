//! Templates and words: what is on disk, laid over what comes with the binary.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    config::{Config, TextFile, problem::Problem},
    render::{self, TemplateFile, Templates, WordsFile},
};

/// Every template and partial: those on disk, and of those built in the ones that none on disk replaces; by name.
pub fn templates(config: &Config) -> BTreeMap<String, TemplateFile> {
    template_files(&config.templates).into_iter().map(|file| (file.name.clone(), file)).collect()
}

/// The names of all templates, built in and on disk, without those that are parts of others.
pub fn template_names(config: &Config) -> BTreeSet<String> {
    let files = template_files(&config.templates);
    files.into_iter().filter(|file| !file.is_partial()).map(|file| file.name).collect()
}

/// Those of the binary first, so that those on disk count instead.
fn template_files(on_disk: &[TextFile]) -> Vec<TemplateFile> {
    let mut files = render::embedded();
    files.extend(on_disk.iter().filter_map(|file| {
        let name = file.name.strip_suffix(".hbs")?.to_owned();
        Some(TemplateFile { name, origin: file.place.clone(), text: file.text.clone().into() })
    }));
    files
}

pub(super) fn compile_templates(on_disk: &[TextFile]) -> Result<Templates, Vec<Problem>> {
    if on_disk.iter().any(|file| file.name.ends_with(".hbs")) {
        Templates::compile(template_files(on_disk))
    } else {
        Ok(Templates::built_in())
    }
}

/// The words that are laid over those of the binary.
pub(super) fn words_files(on_disk: &[TextFile]) -> Vec<WordsFile> {
    let words = |file: &TextFile| {
        let name = file.name.strip_prefix("words/")?.strip_suffix(".toml")?.to_owned();
        Some(WordsFile { name, origin: file.place.clone(), text: file.text.clone() })
    };
    on_disk.iter().filter_map(words).collect()
}
