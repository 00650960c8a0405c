//! The card of an event: mapping, template, fallback; rendered once for all destinations that want it at about the same time.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use crate::{
    card::{Card, Severity},
    config::excerpt::Excerpt,
    event::Event,
    name::{EventId, ProviderName, TemplateName},
    observe::metrics::Metrics,
    render::{self, RenderInput},
    route::{
        condition::Facts,
        mapping::{Choice, Mapping},
    },
    rules::Rules,
    subscription::Subscription,
};

/// Cards kept: an event's destinations render within seconds of each other.
const KEPT: usize = 64;

/// Renders events, and remembers the last few.
#[derive(Debug)]
pub struct Cards {
    kept: Mutex<VecDeque<Kept>>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct Kept {
    event: EventId,
    /// The rules it was rendered by; other ones may have another template.
    rules: std::sync::Weak<Rules>,
    card: Arc<Card>,
}

/// A card, and why it is the fallback, if it is.
#[derive(Debug)]
pub struct Rendered {
    /// The card.
    pub card: Card,
    /// The template that failed, and what with.
    pub fault: Option<Fault>,
}

/// Why a card is the fallback.
#[derive(Debug)]
pub struct Fault {
    /// The template that the event gets.
    pub template: TemplateName,
    /// What is wrong with it, in words that hold nothing of the payload.
    pub words: String,
    /// The line that it failed at.
    pub excerpt: Option<Excerpt>,
}

impl Cards {
    /// Remembers nothing yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { kept: Mutex::default(), metrics }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The card of an event, by the rules of now.
    pub fn card(&self, rules: &Arc<Rules>, id: EventId, event: &Event) -> Arc<Card> {
        let same = |kept: &Kept| kept.event == id && std::ptr::eq(kept.rules.as_ptr(), Arc::as_ptr(rules));
        let kept = self.kept().iter().find(|kept| same(kept)).map(|kept| kept.card.clone());
        if let Some(card) = kept {
            return card;
        }
        let rendered = render(rules, Some(id), event);
        if let Some(Fault { template, words: fault, .. }) = &rendered.fault {
            tracing::error!(event = %id, source = %event.source, %template, %fault, "a template failed; the fallback card goes out");
            self.metrics.template_error(&event.source, template);
        }
        let card = Arc::new(rendered.card);
        let mut kept = self.kept();
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(Kept { event: id, rules: Arc::downgrade(rules), card: card.clone() });
        card
    }
}

/// Renders an event: its source's mapping chooses the template, and where that fails, the fallback card serves.
pub fn render(rules: &Rules, id: Option<EventId>, event: &Event) -> Rendered {
    let source = rules.sources.get(&event.source);
    // A source that was taken away while its events wait leaves them a plain card.
    let no_mapping = Mapping::default();
    let (mapping, provider) = match source {
        Some(source) => (&source.mapping, source.provider.name().clone()),
        None => (&no_mapping, generic()),
    };
    let payload = event.payload().unwrap_or(Value::Null);
    let mapped = match mapping.choose(&Facts::new(event, &payload)) {
        Choice::Template(name) => Some(name),
        Choice::ByType | Choice::Ignore => None,
    };
    let input = RenderInput::new(payload, event, id, &provider);
    let Some(template) = render::choose(mapped.as_ref(), &provider, &event.kind, |name| rules.templates.has(name))
    else {
        return Rendered { card: render::fallback(&input, &"there is no template for it"), fault: None };
    };
    // A helper that panics is a fault of ours, but one event's, not the daemon's end.
    let made = catch_unwind(AssertUnwindSafe(|| rules.templates.render(&template, &input)));
    let fault = match made {
        Ok(Ok(card)) => return Rendered { card, fault: None },
        Ok(Err(error)) => Fault { template, words: error.to_string(), excerpt: error.excerpt().cloned() },
        Err(_) => Fault { template, words: "it panicked".to_owned(), excerpt: None },
    };
    Rendered { card: render::fallback(&input, &fault.words), fault: Some(fault) }
}

#[expect(clippy::expect_used, reason = "the literal is a name")]
fn generic() -> ProviderName {
    "generic".parse().expect("`generic` is a name")
}

/// The card that `subscription test` posts.
pub fn test_card(subscription: &Subscription) -> Card {
    let name = subscription.name.as_deref().unwrap_or("this subscription");
    let head = "teams-relay can post here";
    let text = format!("Events of {} will arrive in this channel for {name}.", subscription.source);
    Card {
        summary: head.to_owned(),
        severity: Severity::Good,
        body: vec![
            json!({"type": "TextBlock", "text": head, "weight": "bolder", "size": "medium", "wrap": true}),
            json!({"type": "TextBlock", "text": render::neutral(&text), "wrap": true}),
        ],
        ..Card::default()
    }
}

#[cfg(test)]
mod captured;
