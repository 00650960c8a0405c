//! What the API shows: everything an admin may see, and no webhook URL, secret or payload.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    card::Severity,
    config::{duration::Span, profile::Window},
    delivery::{Attempt, DeliveryState, Target, Verdict},
    destination::DestinationId,
    name::{
        EntraName, EventId, LocaleName, ProfileName, QuotaGroup, SourceName, SubscriptionId, TemplateSet, ZoneName,
    },
    outcome::Reason,
    person::Owner,
    standing::{Actor, Standing, State},
    store::EventRecord,
    subscription::{Chips, QuietHours, Subscription, Team},
};

/// A subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubscriptionView {
    /// Its id.
    pub id: SubscriptionId,
    /// What people call it.
    pub name: Option<String>,
    /// Whose events.
    pub source: SourceName,
    /// Which of them; none: all.
    pub events: Vec<String>,
    /// On which condition.
    pub filter: Option<String>,
    /// The fingerprint of its URL.
    pub destination: DestinationId,
    /// How the destination takes cards.
    pub profile: ProfileName,
    /// Whose allowance it draws on.
    pub quota_group: Option<QuotaGroup>,
    /// The names of the request headers that are sent with each post.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// Whose tokens are sent with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entra: Option<EntraName>,
    /// Whose templates are asked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templates: Option<TemplateSet>,
    /// The language of its cards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<LocaleName>,
    /// The zone that times on them are shown in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<ZoneName>,
    /// Nothing that matters less than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    /// Whether it is told of changes only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_changes: bool,
    /// Hours of the day in which it is told nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<QuietHours>,
    /// `pending`, `active`, `degraded`, `paused` or `dead`.
    pub state: State,
    /// Why, where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Since when.
    pub since: Timestamp,
    /// Who did it.
    pub by: Actor,
    /// Deliveries that wait for its destination, those of paused subscriptions left out.
    pub waiting: usize,
    /// What is left of its destination's quota.
    pub quota: Vec<QuotaView>,
    /// What whoever added it should know of its URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Who asked for it on the connector's pages, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<AskedView>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who asked for a subscription, and from where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AskedView {
    /// Who may change it.
    pub owner: Owner,
    /// Whether it still waits for the code that was posted to its channel.
    pub unproved: bool,
    /// What its filter was made from.
    pub chips: Chips,
    /// Where, as Teams said; hints that nobody vouches for.
    pub team: Team,
}

/// One window of a quota.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QuotaView {
    /// Posts in all.
    pub posts: u32,
    /// In how long.
    pub per: Span,
    /// Posts that could be made now one right after the other.
    pub left: u32,
}

impl SubscriptionView {
    /// A subscription, how its destination stands, what waits for that and what is left of its quota.
    pub fn new(one: &Subscription, standing: Option<Standing>, waiting: usize, quota: Vec<(Window, u32)>) -> Self {
        let new = Standing { state: State::Pending, reason: None, since: one.created_at, by: Actor::Admin };
        let standing = match one.paused_at {
            Some(since) => Standing { state: State::Paused, reason: None, since, by: Actor::Admin },
            None => standing.unwrap_or(new),
        };
        let window = |(window, left): (Window, u32)| QuotaView { posts: window.posts.get(), per: window.per, left };
        Self {
            id: one.id,
            name: one.name.clone(),
            source: one.source.clone(),
            events: one.events.clone(),
            filter: one.filter.clone(),
            destination: one.destination.id(),
            profile: one.destination.profile.clone(),
            quota_group: one.destination.quota_group.clone(),
            headers: one.destination.headers.iter().map(|one| one.name().to_string()).collect(),
            entra: one.destination.entra.clone(),
            templates: one.look.templates.clone(),
            locale: one.look.locale.clone(),
            time_zone: one.look.time_zone.clone(),
            min_severity: one.restraint.min_severity,
            only_changes: one.restraint.only_changes,
            quiet: one.restraint.quiet,
            state: standing.state,
            reason: standing.reason,
            since: standing.since,
            by: standing.by,
            waiting,
            warning: None,
            quota: quota.into_iter().map(window).collect(),
            asked: one.asked.as_ref().map(|asked| AskedView {
                owner: asked.owner.clone(),
                unproved: asked.unproved.is_some(),
                chips: asked.chips.clone(),
                team: asked.team.clone(),
            }),
            created_at: one.created_at,
        }
    }
}

/// One delivery of an event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliveryView {
    /// To whom.
    #[serde(flatten)]
    pub target: Target,
    /// Where it stands.
    #[serde(flatten)]
    pub state: DeliveryState,
    /// Its attempts, oldest first; not in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// How its destination stands now, where it waits for one that is not active; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_now: Option<Standing>,
}

/// An event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventView {
    /// Its id.
    pub id: EventId,
    /// Who sent it.
    pub source: SourceName,
    /// Type and action.
    #[serde(rename = "type")]
    pub kind: String,
    /// The provider's delivery id.
    pub delivery_id: Option<String>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Bytes of its body.
    pub size: usize,
    /// Why nobody gets it, if so.
    pub ignored: Option<Reason>,
    /// Its deliveries.
    pub deliveries: Vec<DeliveryView>,
}

impl EventView {
    /// An event of a list, or with its attempts.
    pub fn new(record: EventRecord, attempts: &[(DestinationId, Attempt)]) -> Self {
        let of = |target: Target| {
            attempts.iter().filter(move |(to, _)| *to == target.destination).map(|(_, attempt)| attempt.clone())
        };
        Self {
            id: record.id,
            source: record.source,
            kind: record.kind,
            delivery_id: record.delivery_id,
            received_at: record.received_at,
            size: record.size,
            ignored: record.ignored,
            deliveries: record
                .deliveries
                .into_iter()
                .map(|(target, state)| DeliveryView {
                    target,
                    state,
                    attempts: of(target).collect(),
                    destination_now: None,
                })
                .collect(),
        }
    }
}

/// What a test card came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TestView {
    /// Whether the destination said yes.
    pub accepted: bool,
    /// The attempt.
    pub attempt: Attempt,
}

impl TestView {
    /// From the verdict and its attempt.
    pub fn new((verdict, attempt): (Verdict, Attempt)) -> Self {
        Self { accepted: verdict == Verdict::Accepted, attempt }
    }
}

/// What a replay of many did.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Replayed {
    /// How many deliveries wait again, or would.
    pub count: usize,
    /// Whether there are more than the limit.
    pub more: bool,
    /// Whether they were only counted.
    pub dry_run: bool,
}

/// What a replay or a purge did.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Count {
    /// How many deliveries or dead letters.
    pub count: usize,
}
