//! The samples that templates are checked with: those of the binary, and those beside the templates on disk.

use crate::{config::Config, name::TemplateName, render};

/// A payload for a template.
#[derive(Debug, Clone)]
pub struct SampleFile {
    /// The template that it is for.
    pub template: TemplateName,
    /// Where it stands, for messages.
    pub place: String,
    /// The payload.
    pub json: String,
}

/// Every sample there is; `github/samples/push.forced.json` is for `github/push`.
pub fn samples(config: &Config) -> Vec<SampleFile> {
    let embedded = render::samples().into_iter().map(|sample| {
        let variant = sample.variant.map(|variant| format!(".{variant}")).unwrap_or_default();
        let place = format!("the built-in sample {}{variant}", sample.template);
        SampleFile { template: sample.template, place, json: sample.json.into_owned() }
    });
    let on_disk = config.templates.iter().filter_map(|file| {
        let (folder, name) = file.name.strip_suffix(".json")?.split_once("/samples/")?;
        let event = name.split('.').next()?;
        let template = format!("{folder}/{event}").parse().ok()?;
        Some(SampleFile { template, place: file.place.clone(), json: file.text.clone() })
    });
    embedded.chain(on_disk).collect()
}
