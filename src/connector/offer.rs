//! What people can subscribe to: the sources, their events as the templates name them, and a card of each.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use serde_json::Value;

use crate::{
    config::provider::ChipPlaces,
    identity::Who,
    name::{SourceName, TemplateName},
    render::{Locale, Sample, capitalized, samples},
    rules::{Rules, SourceRules},
};

/// A source that is on offer.
#[derive(Debug, Serialize)]
pub(super) struct Source {
    name: SourceName,
    title: String,
    provider: String,
    events: Vec<Event>,
    chips: Vec<&'static str>,
    quota: Option<Quota>,
}

/// Events of a type.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    /// As a subscription's `events` has it.
    r#type: String,
    title: String,
    says: String,
}

/// What a channel of a workflow takes.
#[derive(Debug, Serialize)]
struct Quota {
    posts: u32,
    per: String,
}

/// The sources that somebody may choose among.
pub(super) fn sources(rules: &Rules, who: &Who) -> Vec<Source> {
    rules
        .sources
        .values()
        .filter(|source| is_on_offer(rules, who, &source.name))
        .map(|source| shown(rules, source))
        .collect()
}

/// Whether somebody may have a source's events.
pub(super) fn is_on_offer(rules: &Rules, who: &Who, source: &SourceName) -> bool {
    let offered = rules.connector.as_ref().is_some_and(|connector| connector.offers(source));
    offered && rules.sources.contains_key(source) && who.source().is_none_or(|only| only == source)
}

fn shown(rules: &Rules, source: &SourceRules) -> Source {
    let provider = source.provider.name().as_str();
    // A name like the provider's says no more than its title.
    let title = match source.provider.title() {
        title if source.name.as_str() == provider => title.to_owned(),
        title => format!("{title} ({})", source.name),
    };
    let widest = rules.profile_windows(rules.profiles.usual()).iter().max_by_key(|window| window.per);
    Source {
        name: source.name.clone(),
        title,
        provider: provider.to_owned(),
        events: events(rules, provider),
        chips: kinds(source.provider.chips()),
        quota: widest.map(|window| Quota { posts: window.posts.get(), per: window.per.to_string() }),
    }
}

fn kinds(places: &ChipPlaces) -> Vec<&'static str> {
    let kinds = [("repository", &places.repository), ("branch", &places.branch), ("label", &places.label)];
    kinds.into_iter().filter(|(_, places)| !places.is_empty()).map(|(kind, _)| kind).collect()
}

/// A provider's types of events: those that have a template of their own, and those that the samples of its `default`
/// template are of. What is shown in many ways is what people look for, so that stands first.
fn events(rules: &Rules, provider: &str) -> Vec<Event> {
    let of_provider =
        |name: &TemplateName| type_of(name, provider).filter(|kind| *kind != "default").map(str::to_owned);
    let mut found: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for name in rules.templates.names() {
        if let Some(kind) = of_provider(&name) {
            found.insert(kind, (0, rules.templates.says(&name).unwrap_or_default()));
        }
    }
    for sample in samples() {
        let of_default = type_of(&sample.template, provider) == Some("default");
        let kind = if of_default { sample.variant } else { of_provider(&sample.template) };
        if let Some(kind) = kind {
            found.entry(kind).or_default().0 += 1;
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(_, (samples, _))| std::cmp::Reverse(*samples));
    found.into_iter().map(|(kind, (_, says))| Event { title: title(&kind), r#type: kind, says }).collect()
}

/// The type that a provider's template is for.
fn type_of<'n>(name: &'n TemplateName, provider: &str) -> Option<&'n str> {
    name.as_str().strip_prefix(provider)?.strip_prefix('/')
}

/// `Pull request: closed` for `pull_request.closed`.
fn title(kind: &str) -> String {
    capitalized(&kind.replace(['_', '-'], " ").replace('.', ": "))
}

/// The body that would be posted to a workflow for a sample of this type; none where there is no sample.
pub(super) fn sample(rules: &Arc<Rules>, source: &SourceRules, kind: &str) -> Option<Value> {
    let provider = source.provider.name().as_str();
    let sample = sample_of(provider, kind)?;
    let locale = rules.locale(&source.name, &crate::subscription::Look::default());
    let card = card(rules, &sample, locale.clone())?;
    serde_json::from_slice(&rules.profiles.usual().encode_in(&card, locale.words()).bytes).ok()
}

fn card(rules: &Rules, sample: &Sample, locale: Locale) -> Option<crate::card::Card> {
    let input = sample.input().ok()?.shown_in(locale);
    rules.templates.render(&sample.template, &input).ok()
}

/// The plain sample of a type before its variants.
fn sample_of(provider: &str, kind: &str) -> Option<Sample> {
    let own = |sample: &Sample| type_of(&sample.template, provider) == Some(kind);
    let of_default = |sample: &Sample| {
        type_of(&sample.template, provider) == Some("default") && sample.variant.as_deref() == Some(kind)
    };
    let mut fitting: Vec<Sample> = samples().into_iter().filter(|sample| own(sample) || of_default(sample)).collect();
    fitting.sort_by_key(|sample| (!own(sample), sample.variant.is_some()));
    fitting.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_in_words() {
        assert_eq!(title("pull_request.closed"), "Pull request: closed");
        assert_eq!(title("push"), "Push");
    }

    #[test]
    fn the_plain_sample_of_a_type_goes_before_its_variants() {
        let push = sample_of("github", "push").unwrap();
        assert_eq!((push.template.as_str(), push.variant), ("github/push", None));
        assert!(sample_of("github", "nothing_such").is_none());
    }
}
