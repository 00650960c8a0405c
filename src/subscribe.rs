//! Adds, changes and removes subscriptions: checked whole before anything is stored, in force before it returns.

mod ask;
mod change;
mod entra;

use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::Deserialize;

use crate::{
    card::Severity,
    clock::Clock,
    config::problem::did_you_mean,
    destination::{
        BadUrl, Destination, DestinationId, WebhookUrl,
        header::{self, BadHeader, Header},
    },
    dispatch::course::Courses,
    lane::woken::Woken,
    name::{BadName, SourceName, SubscriptionId},
    route::{self, BadSubscription, Subscribers, chips::BadChips},
    rules::{BadLook, Rules},
    standing::{Actor, Standing, State},
    store::{Store, StoreError},
    subscription::{BadHours, Restraint, Subscription},
};

pub use ask::Answered;
pub use change::{Change, Typed};
pub use entra::BadEntra;

/// What is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Whose events.
    pub source: String,
    /// The webhook URL.
    pub url: Pasted,
    /// Globs over event types; none: every event.
    #[serde(default)]
    pub events: Vec<String>,
    /// A CEL condition.
    pub filter: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// The profile; none: by the URL's host.
    pub profile: Option<String>,
    /// Whose allowance it draws on.
    pub quota_group: Option<String>,
    /// Request headers for each post, as `Name: value`.
    #[serde(default)]
    pub headers: Vec<Pasted>,
    /// Whose tokens are sent with them.
    pub entra: Option<String>,
    /// Whose templates are asked first.
    pub templates: Option<String>,
    /// The language of its cards.
    pub locale: Option<String>,
    /// The zone that times on them are shown in.
    pub time_zone: Option<String>,
    /// Nothing that matters less than this.
    pub min_severity: Option<Severity>,
    /// Of events of one key only the first failure and the first success after it.
    #[serde(default)]
    pub only_changes: bool,
    /// Hours of the day in which nothing is told, such as `22:00-07:00`.
    pub quiet: Option<String>,
}

impl Request {
    /// Everything of a source, to this URL.
    pub fn new(source: &str, url: String) -> Self {
        let source = source.to_owned();
        Self {
            source,
            url: Pasted(url),
            events: Vec::new(),
            filter: None,
            name: None,
            profile: None,
            quota_group: None,
            headers: Vec::new(),
            entra: None,
            templates: None,
            locale: None,
            time_zone: None,
            min_severity: None,
            only_changes: false,
            quiet: None,
        }
    }
}

/// A URL or a header as it was pasted; a secret before it is known to be one.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Pasted(pub String);

impl std::fmt::Debug for Pasted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Why a subscription can't be made or found.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// A name is none.
    #[error("{0}")]
    Name(#[from] BadName),
    /// No such source.
    #[error("there is no source `{found}`; {cure}")]
    Source {
        /// What was asked for.
        found: String,
        /// What there is.
        cure: String,
    },
    /// No such profile.
    #[error("there is no profile `{found}`; {cure}")]
    Profile {
        /// What was asked for.
        found: String,
        /// What there is.
        cure: String,
    },
    /// The URL is none, or not allowed.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// A header is none, or not allowed.
    #[error(transparent)]
    Header(#[from] BadHeader),
    /// No tokens can be had, or none may be sent.
    #[error(transparent)]
    Entra(#[from] BadEntra),
    /// It is to look as nothing here does.
    #[error(transparent)]
    Look(#[from] BadLook),
    /// The quiet hours.
    #[error(transparent)]
    Hours(#[from] BadHours),
    /// The chips.
    #[error(transparent)]
    Chips(#[from] BadChips),
    /// Chips would take the place of a filter that an admin wrote.
    #[error("the admin made this subscription with a filter of their own; ask them to change it")]
    OfAdmin,
    /// The events or the filter.
    #[error(transparent)]
    Wish(#[from] BadSubscription),
    /// The same URL is in use with another profile, quota group, headers or tokens.
    #[error("the same URL is in use by {other} with {what}; use the same here, since both go through one lane")]
    Conflict {
        /// The other subscription.
        other: SubscriptionId,
        /// What differs.
        what: String,
    },
    /// One owner has the most that one may have.
    #[error("you have as many subscriptions as one may have; remove some first")]
    Enough,
    /// No such subscription.
    #[error("there is no subscription `{0}`; see `teams-relay subscription list`")]
    Unknown(String),
    /// More than one fits.
    #[error("`{0}` fits more than one subscription; give more of the id")]
    Ambiguous(String),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes subscriptions.
#[derive(Debug)]
pub struct Subscriptions {
    /// The settings, as they are now.
    pub rules: Arc<ArcSwap<Rules>>,
    /// The compiled ones, replaced after each change.
    pub subscribers: Arc<ArcSwap<Subscribers>>,
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// What lanes remember, for one that is resumed.
    pub courses: Arc<Courses>,
    /// Who is to be told of a lane that may go on.
    pub woken: Arc<Woken>,
    /// Held while subscriptions are added, changed or removed, from the look at those that are there to the write.
    pub changing: tokio::sync::Mutex<()>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Subscriptions {
    /// Adds a subscription.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub async fn add(&self, request: Request) -> Result<Arc<Subscription>, SubscribeError> {
        let _alone = self.changing.lock().await;
        let subscription = self.compile(request)?;
        self.put_new(subscription).await
    }

    /// Puts what was compiled; the caller holds `changing`.
    async fn put_new(&self, new: Subscription) -> Result<Arc<Subscription>, SubscribeError> {
        self.check_conflict(&new)?;
        let id = new.id;
        self.store.put_subscription(new).await?;
        self.refresh();
        self.of_id(&id.to_string())
    }

    fn compile(&self, request: Request) -> Result<Subscription, SubscribeError> {
        let rules = self.rules.load();
        let source = match request.source.parse::<SourceName>() {
            Ok(name) if rules.sources.contains_key(&name) => name,
            _ => return Err(unknown_source(&request.source, &rules)),
        };
        let url = WebhookUrl::parse(&request.url.0, &rules.host_rules)?;
        let profile = match &request.profile {
            None => rules.profiles.for_url(&url).name.clone(),
            Some(text) => match text.parse() {
                Ok(name) if rules.profiles.has(&name) => name,
                _ => return Err(unknown_profile(text, &rules)),
            },
        };
        let quota_group = request.quota_group.map(|text| text.parse()).transpose()?;
        let headers: Vec<Header> =
            request.headers.iter().map(|text| Header::parse(&text.0)).collect::<Result<_, _>>()?;
        header::check(&headers, &url)?;
        let entra = request.entra.map(|text| entra::check(&text, &url, &headers, &rules)).transpose()?;
        let (templates, locale) = (request.templates.as_deref(), request.locale.as_deref());
        let look = rules.look(templates, locale, request.time_zone.as_deref())?;
        let now = self.clock.now();
        let subscription = Subscription {
            id: SubscriptionId::new(now),
            name: change::named(request.name),
            source,
            events: request.events,
            filter: request.filter.filter(|filter| !filter.trim().is_empty()),
            destination: Destination { url, profile, quota_group, headers, entra },
            look,
            restraint: Restraint {
                min_severity: request.min_severity,
                only_changes: request.only_changes,
                quiet: request.quiet.map(|hours| hours.parse()).transpose()?,
            },
            asked: None,
            paused_at: None,
            created_at: now,
        };
        route::check(&subscription)?;
        Ok(subscription)
    }

    /// One URL is one lane, so it has one profile, one quota group, the same headers and the same tokens.
    fn check_conflict(&self, new: &Subscription) -> Result<(), SubscribeError> {
        for other in self.store.subscriptions() {
            let (one, two) = (&new.destination, &other.destination);
            if other.id == new.id || one.id() != two.id() {
                continue;
            }
            let what = if one.profile != two.profile {
                format!("the profile `{}`", two.profile)
            } else if one.quota_group != two.quota_group {
                match &two.quota_group {
                    Some(group) => format!("the quota group `{group}`"),
                    None => "no quota group".to_owned(),
                }
            } else if one.headers != two.headers {
                "other headers".to_owned()
            } else if one.entra != two.entra {
                match &two.entra {
                    Some(name) => format!("the tokens of `{name}` (`entra`)"),
                    None => "no `entra`".to_owned(),
                }
            } else {
                continue;
            };
            return Err(SubscribeError::Conflict { other: other.id, what });
        }
        Ok(())
    }

    /// The subscription of this id, of this beginning or end of an id, or of this name.
    ///
    /// # Errors
    /// [`SubscribeError::Unknown`], [`SubscribeError::Ambiguous`].
    pub fn find(&self, text: &str) -> Result<Arc<Subscription>, SubscribeError> {
        let upper = text.to_ascii_uppercase();
        let fits = |one: &Arc<Subscription>| {
            let id = one.id.to_string();
            one.name.as_deref() == Some(text)
                || id == upper
                || (text.len() >= 4 && (id.starts_with(&upper) || id.ends_with(&upper)))
        };
        let mut found = self.store.subscriptions().into_iter().filter(fits);
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => Err(SubscribeError::Unknown(text.to_owned())),
            _ => Err(SubscribeError::Ambiguous(text.to_owned())),
        }
    }

    /// Pauses a subscription, or resumes it, and returns it as it is then.
    ///
    /// # Errors
    /// As [`Self::find`], or the store's.
    pub async fn set_paused(&self, text: &str, paused: bool) -> Result<Arc<Subscription>, SubscribeError> {
        let _alone = self.changing.lock().await;
        let found = self.find(text)?;
        let paused_at = paused.then(|| found.paused_at.unwrap_or_else(|| self.clock.now()));
        self.store.put_subscription(Subscription { paused_at, ..(*found).clone() }).await?;
        if !paused {
            self.open(found.destination.id()).await?;
        }
        self.refresh();
        self.woken.wake([found.destination.id()]);
        self.find(&found.id.to_string())
    }

    /// Lets posts through to a destination again, whatever it answered before; what waited goes out together.
    async fn open(&self, lane: DestinationId) -> Result<(), StoreError> {
        if self.store.standing(lane).is_some_and(|standing| standing.state.is_shut()) {
            let since = self.clock.now();
            let standing = Standing { state: State::Pending, reason: None, since, by: Actor::Admin };
            self.store.put_standing(lane, Some(standing)).await?;
        }
        self.courses.resume(lane, self.clock.now());
        Ok(())
    }

    /// Removes a subscription; what waits for it becomes dead letters.
    ///
    /// # Errors
    /// As [`Self::find`], or the store's.
    pub async fn remove(&self, text: &str) -> Result<Arc<Subscription>, SubscribeError> {
        let _alone = self.changing.lock().await;
        let found = self.find(text)?;
        self.store.remove_subscription(found.id).await?;
        self.refresh();
        self.woken.wake([found.destination.id()]);
        Ok(found)
    }

    /// Says in the log whose template set, language or time zone is gone; their cards look as all others until it is back.
    pub fn warn_of_lost_looks(&self) {
        let rules = self.rules.load();
        for subscription in self.store.subscriptions() {
            for gone in rules.gone(&subscription.look) {
                tracing::warn!(subscription = %subscription.id, "a subscription can't be shown as it wants: {gone}");
            }
        }
    }

    /// Compiles the subscriptions anew, after a change or an import.
    pub fn refresh(&self) {
        let (subscribers, bad) = Subscribers::compile(&self.store.subscriptions());
        for (subscription, error) in bad {
            tracing::error!(subscription = %subscription.id, %error, "a stored subscription can't be used");
        }
        self.subscribers.store(Arc::new(subscribers));
    }
}

fn unknown_source(found: &str, rules: &Rules) -> SubscribeError {
    let names: Vec<&str> = rules.sources.keys().map(SourceName::as_str).collect();
    let cure = match did_you_mean(found, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "create config/sources/NAME.toml first".to_owned(),
        None => format!("use one of: {}", names.join(", ")),
    };
    SubscribeError::Source { found: found.to_owned(), cure }
}

fn unknown_profile(found: &str, rules: &Rules) -> SubscribeError {
    let names: Vec<&str> = rules.profiles.iter().map(|profile| profile.name.as_str()).collect();
    SubscribeError::Profile { found: found.to_owned(), cure: format!("use one of: {}", names.join(", ")) }
}
