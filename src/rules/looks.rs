//! How a card is to look for one subscription: what it wants and there is, else what its source and the settings say.

use super::Rules;
use crate::{config::problem::did_you_mean, name::TemplateSet, subscription::Look};

/// What a subscription wants and there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found}; {cure}")]
pub struct BadLook {
    found: String,
    cure: String,
}

impl Rules {
    /// The set by this name.
    ///
    /// # Errors
    /// There is none, and what there is.
    pub fn template_set(&self, text: &str) -> Result<TemplateSet, BadLook> {
        let sets = self.templates.sets();
        sets.iter().find(|set| set.as_str() == text).cloned().ok_or_else(|| {
            let names: Vec<&str> = sets.iter().map(TemplateSet::as_str).collect();
            let create = || format!("create templates/sets/{text} in the config folder first");
            BadLook { found: format!("there is no template set `{text}`"), cure: nearest(text, &names, create) }
        })
    }

    /// Everything that a stored look names and that is gone since.
    pub fn gone(&self, look: &Look) -> Vec<BadLook> {
        look.templates.iter().filter_map(|set| self.template_set(set.as_str()).err()).collect()
    }
}

fn nearest(text: &str, names: &[&str], otherwise: impl FnOnce() -> String) -> String {
    match did_you_mean(text, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => otherwise(),
        None => format!("use one of: {}", names.join(", ")),
    }
}
