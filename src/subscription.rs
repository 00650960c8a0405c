//! A subscription: which events of which source a destination wants, and who asked for it.

use jiff::Timestamp;

use crate::{
    destination::Destination,
    name::{LocaleName, SourceName, SubscriptionId, TemplateSet, ZoneName},
};

/// How a destination wants its cards, where it wants them otherwise than its source and the settings say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Look {
    /// Whose templates are asked first.
    pub templates: Option<TemplateSet>,
    /// In which language.
    pub locale: Option<LocaleName>,
    /// In which zone times are shown.
    pub time_zone: Option<ZoneName>,
}

/// What the store keeps of a subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// What people call it.
    pub name: Option<String>,
    /// Whose events.
    pub source: SourceName,
    /// Globs over event types, such as `pull_request` or `pull_request.*`; none: every event.
    pub events: Vec<String>,
    /// A CEL condition that an event must meet.
    pub filter: Option<String>,
    /// Where its cards go.
    pub destination: Destination,
    /// How its cards look.
    pub look: Look,
    /// Since when it is paused, if it is: its deliveries are kept, and go out on resume.
    pub paused_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}
