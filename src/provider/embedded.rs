//! All providers there are: those in the binary, and those on disk, which go before them.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};

use super::Provider;
use crate::{config::problem::Problem, name::ProviderName};

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/config/providers");

/// What stands behind the name of a file that is in the binary.
pub(super) const BUILT_IN: &str = " (built in)";

/// Every provider that a source can name.
#[derive(Debug, Clone, Default)]
pub struct Providers(BTreeMap<ProviderName, Provider>);

impl Providers {
    /// The providers in the binary, with these files' (name, file as shown in problems, text) in place of those of the
    /// same name.
    ///
    /// # Errors
    /// Every mistake in every file.
    pub fn read(on_disk: impl IntoIterator<Item = (ProviderName, String, String)>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut files = embedded(&mut problems);
        files.extend(on_disk.into_iter().map(|(name, file, text)| (name, (file, text))));
        let mut providers = BTreeMap::new();
        for (name, (file, text)) in files {
            match Provider::parse(name.clone(), &file, &text) {
                Ok(provider) => {
                    providers.insert(name, provider);
                }
                Err(mut found) => problems.append(&mut found),
            }
        }
        if problems.is_empty() { Ok(Self(providers)) } else { Err(problems) }
    }

    /// The provider of this name.
    pub fn get(&self, name: &ProviderName) -> Option<&Provider> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.0.values()
    }
}

fn embedded(problems: &mut Vec<Problem>) -> BTreeMap<ProviderName, (String, String)> {
    let mut files = BTreeMap::new();
    // The README that stands beside them is embedded too.
    for file in EMBEDDED.files().filter(|file| file.path().extension().is_some_and(|ending| ending == "toml")) {
        let path = file.path();
        let shown = format!("providers/{}{BUILT_IN}", path.display());
        let name = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        match (name, file.contents_utf8()) {
            (Some(name), Some(text)) => {
                files.insert(name, (shown, text.to_owned()));
            }
            _ => {
                problems.push(Problem::new(shown, "", "is no provider's file", "report this as a fault of teams-relay"))
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_on_disk_goes_before_the_built_in_one_of_its_name() {
        let name: ProviderName = "github".parse().unwrap();
        let text = "title = \"Our GitHub\"\nverify = \"none\"".to_owned();
        let built_in = Providers::read([]).unwrap();
        let merged = Providers::read([(name.clone(), "providers/github.toml".to_owned(), text)]).unwrap();
        assert_eq!(merged.get(&name).unwrap().title(), "Our GitHub");
        assert_eq!(merged.iter().count(), built_in.iter().count());
        assert_ne!(built_in.get(&name), merged.get(&name));
    }

    #[test]
    fn mistakes_on_disk_are_shown_with_their_file() {
        let name: ProviderName = "mine".parse().unwrap();
        let problems =
            Providers::read([(name, "providers/mine.toml".to_owned(), "verify = 1".to_owned())]).unwrap_err();
        assert!(problems.iter().all(|problem| problem.file == "providers/mine.toml"), "{problems:?}");
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
}
