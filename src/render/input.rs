//! What a template sees: `payload`, `event` and `headers`, the names that conditions use as well.

use handlebars::Context;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Locale, marks};
use crate::{
    event::{Event, EventType},
    name::{EventId, ProviderName},
};

/// An event as templates see it. Made once for an event, whatever the number of templates.
pub struct RenderInput {
    context: Context,
    locale: Locale,
}

impl RenderInput {
    /// `payload` is the event's, parsed already; `id` is missing where the event was never stored.
    pub fn new(payload: Value, event: &Event, id: Option<EventId>, provider: &ProviderName) -> Self {
        let headers: Map<String, Value> =
            event.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().into())).collect();
        let mut root = json!({
            "event": {
                "id": id.map(|id| id.to_string()),
                "type": event.kind.to_string(),
                "name": event.kind.name(),
                "action": event.kind.action(),
                "source": event.source.as_str(),
                "provider": provider.as_str(),
                "delivery_id": event.delivery_id,
                "received_at": event.received_at.to_string(),
            },
            "headers": headers,
        });
        if let Value::Object(map) = &mut root {
            map.insert("payload".to_owned(), payload);
        }
        marks::strip_all(&mut root);
        Self { context: Context::from(root), locale: Locale::default() }
    }

    /// A payload that no one sent, as an event of this provider.
    pub fn of_sample(payload: Value, provider: &str, name: &str) -> Self {
        let action = payload.get("action").and_then(Value::as_str);
        // A template for one action alone is named after it: `issues.opened`.
        let name = action.and_then(|action| name.strip_suffix(action)?.strip_suffix('.')).unwrap_or(name);
        let kind = EventType::new(name, action);
        let mut root = json!({
            "payload": payload,
            "event": {
                "id": null,
                "type": kind.to_string(),
                "name": kind.name(),
                "action": kind.action(),
                "source": provider,
                "provider": provider,
                "delivery_id": null,
                "received_at": Timestamp::UNIX_EPOCH.to_string(),
            },
            "headers": {},
        });
        marks::strip_all(&mut root);
        Self { context: Context::from(root), locale: Locale::default() }
    }

    /// The same, for a card in this language and time zone.
    pub fn shown_in(mut self, locale: Locale) -> Self {
        if let Value::Object(root) = self.context.data_mut() {
            // For helpers; no template may ask for it.
            root.insert("card".to_owned(), json!({"time_zone": locale.zone.as_str()}));
        }
        self.locale = locale;
        self
    }

    pub(super) fn locale(&self) -> &Locale {
        &self.locale
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// The root that templates see, without marks.
    pub(super) fn root(&self) -> &Value {
        self.context.data()
    }

    /// A text of `event`, empty where there is none.
    pub(super) fn event(&self, name: &str) -> &str {
        self.root().get("event").and_then(|event| event.get(name)).and_then(Value::as_str).unwrap_or_default()
    }
}

impl std::fmt::Debug for RenderInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RenderInput of {}", self.event("type"))
    }
}
