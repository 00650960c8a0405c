//! How a card is to look for one subscription: what it wants and there is, else what its source and the settings say.

use super::Rules;
use crate::{
    config::{
        Config, load,
        problem::{Problem, did_you_mean},
    },
    name::{LocaleName, SourceName, TemplateSet, ZoneName},
    render::{Locale, Locales, time_zone, time_zones},
    subscription::Look,
};

/// What is wanted and there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found}; {cure}")]
pub struct BadLook {
    found: String,
    cure: String,
}

impl Rules {
    /// The look that these words ask for.
    ///
    /// # Errors
    /// The first of them that names what there is not, and what there is.
    pub fn look(
        &self,
        templates: Option<&str>,
        locale: Option<&str>,
        time_zone: Option<&str>,
    ) -> Result<Look, BadLook> {
        Ok(Look {
            templates: templates.map(|text| self.template_set(text)).transpose()?,
            locale: locale.map(|text| known_locale(self.templates.locales(), text)).transpose()?,
            time_zone: time_zone.map(known_zone).transpose()?,
        })
    }

    /// Everything that a stored look names and that is gone since.
    pub fn gone(&self, look: &Look) -> Vec<BadLook> {
        let set = look.templates.iter().filter_map(|set| self.template_set(set.as_str()).err());
        let locale = look.locale.iter().filter_map(|name| known_locale(self.templates.locales(), name.as_str()).err());
        let zone = look.time_zone.iter().filter_map(|name| known_zone(name.as_str()).err());
        set.chain(locale).chain(zone).collect()
    }

    /// The language and the time zone of a card: the look's, else the source's, else the settings'. What is gone is
    /// passed over.
    pub fn locale(&self, source: &SourceName, look: &Look) -> Locale {
        let source = self.sources.get(source);
        let zones = [look.time_zone.as_ref(), source.and_then(|source| source.time_zone.as_ref())];
        let zone = zones.into_iter().flatten().find(|zone| time_zone(zone.as_str()).is_some());
        let zone = zone.unwrap_or(&self.cards.time_zone);
        let names = [look.locale.as_ref(), source.and_then(|source| source.locale.as_ref()), Some(&self.cards.locale)];
        let locale = names.into_iter().flatten().find_map(|name| self.templates.locales().get(name, zone.clone()));
        locale.unwrap_or_default()
    }

    fn template_set(&self, text: &str) -> Result<TemplateSet, BadLook> {
        let sets = self.templates.sets();
        sets.iter().find(|set| set.as_str() == text).cloned().ok_or_else(|| {
            let names: Vec<&str> = sets.iter().map(TemplateSet::as_str).collect();
            let cure = match nearest(text, &names) {
                Some(near) => near,
                None if names.is_empty() => format!("create templates/sets/{text} in the config folder first"),
                None => format!("use one of: {}", names.join(", ")),
            };
            BadLook { found: format!("there is no template set `{text}`"), cure }
        })
    }
}

/// Notes where the settings, or a source, name what there is not.
pub(super) fn check_settings(config: &Config, locales: &Locales, problems: &mut Vec<Problem>) {
    let mut check = |file: &str, key: &str, locale: Option<&LocaleName>, zone: Option<&ZoneName>| {
        let locale = locale.and_then(|name| known_locale(locales, name.as_str()).err()).map(|bad| ("locale", bad));
        let zone = zone.and_then(|name| known_zone(name.as_str()).err()).map(|bad| ("time_zone", bad));
        let found = locale.into_iter().chain(zone);
        problems.extend(found.map(|(name, bad)| Problem::new(file, format!("{key}{name}"), bad.found, bad.cure)));
    };
    check(load::MAIN, "cards.", Some(&config.cards.locale), Some(&config.cards.time_zone));
    for source in config.sources.values() {
        check(&source.file, "", source.spec.locale.as_ref(), source.spec.time_zone.as_ref());
    }
}

fn known_locale(locales: &Locales, text: &str) -> Result<LocaleName, BadLook> {
    locales.names().find(|name| name.as_str() == text).cloned().ok_or_else(|| {
        let names: Vec<&str> = locales.names().map(LocaleName::as_str).collect();
        let cure = format!("use one of: {}; or create templates/words/{text}.toml", names.join(", "));
        BadLook { found: format!("there are no words for the language `{text}`"), cure }
    })
}

fn known_zone(text: &str) -> Result<ZoneName, BadLook> {
    text.parse().ok().filter(|name: &ZoneName| time_zone(name.as_str()).is_some()).ok_or_else(|| {
        let names = time_zones();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let usual =
            || "use a name such as Europe/Berlin or UTC; this machine's are below /usr/share/zoneinfo".to_owned();
        BadLook { found: format!("there is no time zone `{text}`"), cure: nearest(text, &names).unwrap_or_else(usual) }
    })
}

fn nearest(text: &str, names: &[&str]) -> Option<String> {
    did_you_mean(text, names.iter().copied()).map(|near| format!("did you mean `{near}`?"))
}
