//! The subscriptions, compiled and indexed, so that an event costs as much as those that want it, and not those that don't.
//!
//! An event meets the subscriptions of its source; of these, those whose patterns fit its type, each pattern asked once
//! however many have it; of these, those whose filter may hold by the one text that it requires somewhere, if it does.

use std::{collections::HashMap, sync::Arc};

use rustc_hash::{FxBuildHasher, FxHashSet};

use crate::{
    delivery::Target,
    event::{EventType, Parts},
    name::SourceName,
    route::{
        condition::{BadCondition, Condition, Facts},
        pattern::Pattern,
    },
    subscription::Subscription,
};

/// The subscriptions by source.
#[derive(Debug, Default)]
pub struct Subscribers(HashMap<SourceName, OfSource>);

/// Why a subscription can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum BadSubscription {
    /// An event pattern is none.
    #[error("the event pattern {0}; write it as `push` or `pull_request.*`")]
    Event(String),
    /// The filter is no condition.
    #[error(transparent)]
    Filter(#[from] BadCondition),
}

#[derive(Debug)]
struct Wanting {
    target: Target,
    paused: bool,
    patterns: Vec<Pattern>,
    filter: Option<Condition>,
}

impl Wanting {
    fn compile(subscription: &Subscription) -> Result<Self, BadSubscription> {
        let patterns = subscription.events.iter().map(|text| Pattern::compile(text)).collect::<Result<_, _>>();
        Ok(Self {
            target: Target { destination: subscription.destination.id(), subscription: subscription.id },
            paused: subscription.paused_at.is_some(),
            patterns: patterns.map_err(BadSubscription::Event)?,
            filter: subscription.filter.as_deref().map(Condition::compile).transpose()?,
        })
    }
}

/// Whether a subscription's patterns and filter can be compiled.
///
/// # Errors
/// The first mistake.
pub fn check(subscription: &Subscription) -> Result<(), BadSubscription> {
    Wanting::compile(subscription).map(|_| ())
}

impl Subscribers {
    /// Compiles subscriptions. One that can't be compiled any more is left out and returned, for the log.
    pub fn compile(subscriptions: &[Arc<Subscription>]) -> (Self, Vec<(Arc<Subscription>, BadSubscription)>) {
        let mut by_source: HashMap<SourceName, OfSource> = HashMap::new();
        let mut bad = Vec::new();
        // Nothing is meant for a channel that may be somebody else's.
        for subscription in subscriptions.iter().filter(|one| one.is_proved()) {
            match Wanting::compile(subscription) {
                Ok(wanting) => by_source.entry(subscription.source.clone()).or_default().add(wanting),
                Err(error) => bad.push((subscription.clone(), error)),
            }
        }
        (Self(by_source), bad)
    }

    /// Where the event is to go: each destination once, on behalf of its first subscription that wants it,
    /// of one that is not paused before one that is.
    pub fn targets(&self, facts: &Facts<'_>) -> Vec<Target> {
        let Some(of_source) = self.0.get(&facts.event().source) else { return Vec::new() };
        let mut wanting = of_source.wanting(facts);
        wanting.sort_by_key(|one| one.paused);
        let mut seen = FxHashSet::with_capacity_and_hasher(wanting.len(), FxBuildHasher);
        wanting.into_iter().map(|one| one.target).filter(|target| seen.insert(target.destination)).collect()
    }

    /// The parts of a source's payloads that filters look at.
    pub fn looked_at(&self, source: &SourceName) -> &Parts {
        self.0.get(source).map_or_else(|| Parts::none(), |of_source| &of_source.looked_at)
    }
}

/// The number of a subscription among those of its source.
type Number = usize;

/// The subscriptions of one source.
#[derive(Debug, Default)]
struct OfSource {
    all: Vec<Wanting>,
    /// Those that want every type.
    any_type: Group,
    /// The others, by pattern.
    patterns: Vec<(Pattern, Group)>,
    /// Patterns by their text.
    known: HashMap<String, usize>,
    /// Patterns by the first word of the types that they fit.
    by_word: HashMap<String, Vec<usize>>,
    /// Patterns that fit types of any first word.
    open: Vec<usize>,
    looked_at: Parts,
}

/// Subscriptions that want the same types.
#[derive(Debug, Default)]
struct Group {
    /// Those whose filter must be asked, or that have none.
    plain: Vec<Number>,
    /// Those whose filter requires a text somewhere: by the pointer to it, then by the text.
    by_text: HashMap<String, HashMap<String, Vec<Number>>>,
}

impl OfSource {
    fn add(&mut self, wanting: Wanting) {
        let number = self.all.len();
        if let Some(filter) = &wanting.filter {
            self.looked_at.extend(filter.looked_at());
        }
        if wanting.patterns.is_empty() {
            self.any_type.add(number, &wanting);
        }
        for pattern in &wanting.patterns {
            self.group(pattern).add(number, &wanting);
        }
        self.all.push(wanting);
    }

    /// The group of a pattern, made if need be.
    fn group(&mut self, pattern: &Pattern) -> &mut Group {
        let next = self.patterns.len();
        let index = *self.known.entry(pattern.text().to_owned()).or_insert(next);
        if index == next {
            self.patterns.push((pattern.clone(), Group::default()));
            match pattern.first_word() {
                Some(word) => self.by_word.entry(word.to_owned()).or_default().push(index),
                None => self.open.push(index),
            }
        }
        #[expect(clippy::indexing_slicing, reason = "the index is of one that was found or pushed just now")]
        &mut self.patterns[index].1
    }

    /// The groups whose patterns fit this type.
    fn fitting<'s>(&'s self, kind: &'s EventType) -> impl Iterator<Item = &'s Group> {
        let first_word = kind.name().split('.').next().unwrap_or_default();
        let by_word = self.by_word.get(first_word).into_iter().flatten();
        let candidates = by_word.chain(&self.open).filter_map(|index| self.patterns.get(*index));
        candidates.filter(|(pattern, _)| pattern.fits(kind)).map(|(_, group)| group)
    }

    /// Those that want the event, in the order in which they were added.
    fn wanting(&self, facts: &Facts<'_>) -> Vec<&Wanting> {
        let mut numbers = Vec::new();
        let kind = &facts.event().kind;
        // Whoever chose among the names of templates wrote it as those are named.
        let as_file = kind.as_file();
        let named = as_file.iter().flat_map(|kind| self.fitting(kind));
        for group in std::iter::once(&self.any_type).chain(self.fitting(kind)).chain(named) {
            group.may_want(facts, &mut numbers);
        }
        // One may want the event by several of its patterns.
        numbers.sort_unstable();
        numbers.dedup();
        let candidates = numbers.into_iter().filter_map(|number| self.all.get(number));
        candidates.filter(|one| one.filter.as_ref().is_none_or(|filter| filter.holds(facts))).collect()
    }
}

impl Group {
    fn add(&mut self, number: Number, wanting: &Wanting) {
        let Some(required) = wanting.filter.as_ref().and_then(Condition::required) else {
            self.plain.push(number);
            return;
        };
        let by_text = self.by_text.entry(required.pointer.clone()).or_default();
        for text in &required.texts {
            by_text.entry(text.clone()).or_default().push(number);
        }
    }

    /// Those whose filter is worth asking.
    fn may_want(&self, facts: &Facts<'_>, into: &mut Vec<Number>) {
        into.extend(&self.plain);
        for (pointer, by_text) in &self.by_text {
            let text = facts.payload().pointer(pointer).and_then(serde_json::Value::as_str);
            into.extend(text.and_then(|text| by_text.get(text)).into_iter().flatten());
        }
    }
}
