//! What the API shows: everything an admin may see, and no webhook URL, secret or payload.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    delivery::{Attempt, DeliveryState, Target, Verdict},
    destination::DestinationId,
    name::{EventId, LocaleName, ProfileName, QuotaGroup, SourceName, SubscriptionId, TemplateSet, ZoneName},
    outcome::Reason,
    store::EventRecord,
    subscription::Subscription,
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
    /// Whose templates are asked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templates: Option<TemplateSet>,
    /// The language of its cards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<LocaleName>,
    /// The zone that times on them are shown in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<ZoneName>,
    /// `active` or `paused`.
    pub state: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl From<&Subscription> for SubscriptionView {
    fn from(one: &Subscription) -> Self {
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
            templates: one.look.templates.clone(),
            locale: one.look.locale.clone(),
            time_zone: one.look.time_zone.clone(),
            state: if one.paused { "paused" } else { "active" }.to_owned(),
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
                .map(|(target, state)| DeliveryView { target, state, attempts: of(target).collect() })
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

/// What a replay or a purge did.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Count {
    /// How many deliveries or dead letters.
    pub count: usize,
}
