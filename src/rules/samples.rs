//! The samples that templates are checked with: those of the binary, and those beside the templates on disk.

use crate::{
    config::Config,
    render::{self, Sample},
};

/// Every sample there is, and where each stands, for messages.
pub fn samples(config: &Config) -> Vec<(String, Sample)> {
    let names = super::template_names(config);
    let embedded = render::samples().into_iter().map(|sample| {
        let variant = sample.variant.as_deref().map(|variant| format!(".{variant}")).unwrap_or_default();
        (format!("the built-in sample {}{variant}", sample.template), sample)
    });
    let on_disk = config.templates.iter().filter_map(|file| {
        Some((file.place.clone(), Sample::of_one(&file.name, file.text.clone(), |name| names.contains(name.as_str()))?))
    });
    embedded.chain(on_disk).collect()
}
