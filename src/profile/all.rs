//! All profiles there are: those in the binary, and those on disk, which go before them.

use std::collections::BTreeMap;

use super::{Profile, embedded};
use crate::{
    config::problem::Problem,
    destination::{WebhookUrl, is_below},
    name::ProfileName,
};

/// The profile of every Teams URL that still works.
const USUAL: &str = "workflow";

/// Every profile that a destination can have.
#[derive(Debug, Clone)]
pub struct Profiles {
    by_name: BTreeMap<ProfileName, Profile>,
    usual: Profile,
}

impl Profiles {
    /// The profiles in the binary, with these files' (name, file as shown in problems, text) in place of those of the
    /// same name.
    ///
    /// # Errors
    /// Every mistake in every file.
    pub fn read(on_disk: impl IntoIterator<Item = (ProfileName, String, String)>) -> Result<Self, Vec<Problem>> {
        let built_in = embedded().into_iter().map(|(name, text)| {
            let shown = format!("profiles/{name}.toml (built in)");
            (name, shown, text.to_owned())
        });
        let files: BTreeMap<ProfileName, (String, String)> =
            built_in.chain(on_disk).map(|(name, file, text)| (name, (file, text))).collect();
        let mut problems = Vec::new();
        let mut by_name = BTreeMap::new();
        for (name, (file, text)) in files {
            if let Some(profile) = Profile::parse(name.clone(), &text, &file, &mut problems) {
                by_name.insert(name, profile);
            }
        }
        let usual = by_name.values().find(|profile| profile.name.as_str() == USUAL).cloned();
        match usual {
            Some(usual) if problems.is_empty() => Ok(Self { by_name, usual }),
            _ => Err(problems),
        }
    }

    /// Whether there is a profile of this name.
    pub fn has(&self, name: &ProfileName) -> bool {
        self.by_name.contains_key(name)
    }

    /// The profile of this name; where its file is gone, that of workflows, as every destination that lives is one.
    pub fn get(&self, name: &ProfileName) -> &Profile {
        self.by_name.get(name).unwrap_or(&self.usual)
    }

    /// The profile of workflows.
    pub const fn usual(&self) -> &Profile {
        &self.usual
    }

    /// The profile that fits a URL by its host.
    pub fn for_url(&self, url: &WebhookUrl) -> &Profile {
        let host = url.host();
        let fits = |profile: &&Profile| profile.hosts.iter().any(|suffix| is_below(&host, suffix));
        self.by_name.values().find(fits).unwrap_or(&self.usual)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.by_name.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_the_profile_of_its_host() {
        let profiles = Profiles::read([]).unwrap();
        let name = |url: &str| profiles.for_url(&WebhookUrl::stored(url.into())).name.to_string();
        assert_eq!(name("https://contoso.webhook.office.com/webhookb2/x"), "connector");
        assert_eq!(name("https://prod-1.westeurope.logic.azure.com:443/workflows/x"), "workflow");
        assert_eq!(name("https://notwebhook.office.com.example/x"), "workflow");
    }
}
