//! Changes of a subscription by whoever asked for it: what it wants, and the proof that its channel is theirs.

use std::sync::Arc;

use serde::Deserialize;

use super::{SubscribeError, Subscriptions};
use crate::{
    card::Severity,
    name::SubscriptionId,
    route,
    subscription::{Asked, Chips, Restraint, Subscription, Unproved},
};

/// What is to be another.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Globs over event types; none: every event.
    #[serde(default)]
    pub events: Vec<String>,
    /// What the filter is made from.
    #[serde(default)]
    pub chips: Chips,
    /// Nothing that matters less than this.
    pub min_severity: Option<Severity>,
    /// What people call it.
    pub name: Option<String>,
}

/// What came of a code that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// It was the one on the card: the channel is proved.
    Right,
    /// It was not.
    Wrong {
        /// So many more may be typed before another card is needed.
        left: u32,
    },
    /// Too many were typed, or it is too old: another card is needed.
    Over,
    /// The channel was proved already.
    Proved,
}

impl Subscriptions {
    /// The subscription of exactly this id.
    ///
    /// # Errors
    /// [`SubscribeError::Unknown`].
    pub fn of_id(&self, id: &str) -> Result<Arc<Subscription>, SubscribeError> {
        let known = id.parse::<SubscriptionId>().ok().and_then(|id| self.store.subscription(id));
        known.ok_or_else(|| SubscribeError::Unknown(id.chars().take(40).collect()))
    }

    /// Changes what a subscription wants; it is in force when this returns.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub async fn change(&self, id: SubscriptionId, change: Change) -> Result<Arc<Subscription>, SubscribeError> {
        let Change { events, chips, min_severity, name } = change;
        self.replace(id, |old| {
            let filter = match &old.asked {
                Some(_) => self.filter(&old.source, &chips)?,
                // An admin wrote it, and it need not be such as chips make.
                None if chips == Chips::default() => old.filter.clone(),
                None => return Err(SubscribeError::OfAdmin),
            };
            let asked = old.asked.map(|asked| Asked { chips, ..asked });
            let restraint = Restraint { min_severity, ..old.restraint };
            Ok(Subscription { events, filter, asked, restraint, name: named(name), ..old })
        })
        .await
    }

    /// Keeps the code that was posted to a subscription's channel.
    ///
    /// # Errors
    /// The store's.
    pub async fn expect_code(
        &self,
        id: SubscriptionId,
        unproved: Unproved,
    ) -> Result<Arc<Subscription>, SubscribeError> {
        self.replace(id, |old| {
            let asked = old.asked.map(|asked| Asked { unproved: Some(unproved), ..asked });
            Ok(Subscription { asked, ..old })
        })
        .await
    }

    /// Takes a code that somebody typed. Each counts before it is looked at, on disk, so that none is tried for nothing.
    ///
    /// # Errors
    /// The store's.
    pub async fn typed(&self, id: SubscriptionId, typed: &str) -> Result<Typed, SubscribeError> {
        let _alone = self.changing.lock().await;
        let subscription = self.of_id(&id.to_string())?;
        let Some(unproved) = subscription.asked.as_ref().and_then(|asked| asked.unproved.clone()) else {
            return Ok(Typed::Proved);
        };
        if !unproved.holds(self.clock.now()) {
            return Ok(Typed::Over);
        }
        let tries = unproved.tries + 1;
        let is_right = unproved.code.is(typed);
        let left = (!is_right).then_some(Unproved { tries, ..unproved });
        self.put_changed(id, |old| {
            let asked = old.asked.map(|asked| Asked { unproved: left, ..asked });
            Ok(Subscription { asked, ..old })
        })
        .await?;
        Ok(if is_right { Typed::Right } else { Typed::Wrong { left: Unproved::MOST_TRIES - tries } })
    }

    /// The condition that chips make for a source's events.
    ///
    /// # Errors
    /// [`SubscribeError::Chips`].
    pub fn filter(&self, source: &crate::name::SourceName, chips: &Chips) -> Result<Option<String>, SubscribeError> {
        let rules = self.rules.load();
        let places = rules.sources.get(source).map(|source| source.provider.chips().clone()).unwrap_or_default();
        Ok(route::chips::condition(chips, &places)?)
    }

    /// Changes one after the other: a change that began before a code was typed must not take back that it counted.
    async fn replace(
        &self,
        id: SubscriptionId,
        change: impl FnOnce(Subscription) -> Result<Subscription, SubscribeError> + Send,
    ) -> Result<Arc<Subscription>, SubscribeError> {
        let _alone = self.changing.lock().await;
        self.put_changed(id, change).await
    }

    /// As [`Self::replace`], for whoever holds `changing` already.
    pub(super) async fn put_changed(
        &self,
        id: SubscriptionId,
        change: impl FnOnce(Subscription) -> Result<Subscription, SubscribeError> + Send,
    ) -> Result<Arc<Subscription>, SubscribeError> {
        let old = self.of_id(&id.to_string())?;
        let new = change((*old).clone())?;
        route::check(&new)?;
        self.store.put_subscription(new).await?;
        self.refresh();
        self.of_id(&id.to_string())
    }
}

/// A name as it is kept: none for an empty one.
pub(super) fn named(name: Option<String>) -> Option<String> {
    name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}
