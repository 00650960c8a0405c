//! Decides who gets an event: the source's mapping, then the subscriptions that want it.
//!
//! Pure: it is given the event and the subscriptions, and returns lanes. Template names are chosen here, rendering is not.

pub mod condition;
pub mod mapping;
pub mod pattern;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    delivery::Target,
    name::SourceName,
    route::{
        condition::{BadCondition, Condition, Facts},
        pattern::{Pattern, any_fits},
    },
    subscription::Subscription,
};

/// Subscriptions, compiled and by source, so that an event meets only those of its own source.
#[derive(Debug, Default)]
pub struct Subscribers(HashMap<SourceName, Vec<Wanting>>);

#[derive(Debug)]
struct Wanting {
    target: Target,
    paused: bool,
    patterns: Vec<Pattern>,
    filter: Option<Condition>,
}

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

    fn wants(&self, facts: &Facts<'_>) -> bool {
        any_fits(&self.patterns, &facts.event().kind) && self.filter.as_ref().is_none_or(|filter| filter.holds(facts))
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
        let mut by_source: HashMap<SourceName, Vec<Wanting>> = HashMap::new();
        let mut bad = Vec::new();
        for subscription in subscriptions {
            match Wanting::compile(subscription) {
                Ok(wanting) => by_source.entry(subscription.source.clone()).or_default().push(wanting),
                Err(error) => bad.push((subscription.clone(), error)),
            }
        }
        (Self(by_source), bad)
    }

    /// Where the event is to go: each destination once, on behalf of its first subscription that wants it,
    /// of one that is not paused before one that is.
    pub fn targets(&self, facts: &Facts<'_>) -> Vec<Target> {
        let Some(candidates) = self.0.get(&facts.event().source) else { return Vec::new() };
        let mut wanting: Vec<&Wanting> = candidates.iter().filter(|one| one.wants(facts)).collect();
        wanting.sort_by_key(|one| one.paused);
        let mut seen = HashSet::new();
        wanting.into_iter().map(|one| one.target).filter(|target| seen.insert(target.destination)).collect()
    }
}
