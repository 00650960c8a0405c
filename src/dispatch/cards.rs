//! The card of an event: mapping, template, fallback; rendered once for all destinations that want it at about the same time.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use serde_json::{Value, json};

use crate::{
    card::{Card, Severity},
    config::excerpt::Excerpt,
    event::Event,
    name::{EventId, ProviderName, SourceName, TemplateName},
    observe::metrics::Metrics,
    render::{self, Locale, RenderInput, Words, phrase},
    route::{condition::Facts, mapping::Choice},
    rules::Rules,
    subscription::{Code, Look, Subscription},
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
    rules: Weak<Rules>,
    /// What the mapping said, which is the same for all who get the event.
    mapped: Option<TemplateName>,
    how: How,
    card: Arc<Card>,
}

impl Kept {
    fn is_of(&self, id: EventId, rules: &Arc<Rules>) -> bool {
        self.event == id && std::ptr::eq(self.rules.as_ptr(), Arc::as_ptr(rules))
    }
}

/// All that cards of one event may differ by.
#[derive(Debug, PartialEq, Eq)]
struct How {
    template: Option<TemplateName>,
    locale: Locale,
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

    /// The card of an event, by the rules of now. Subscriptions that want the same card share it.
    pub fn card(&self, rules: &Arc<Rules>, id: EventId, event: &Event, look: &Look) -> Arc<Card> {
        let known = self.kept().iter().find(|kept| kept.is_of(id, rules)).map(|kept| kept.mapped.clone());
        let (mapped, payload) = match known {
            Some(mapped) => (mapped, None),
            None => {
                let payload = event.payload().unwrap_or(Value::Null);
                (mapped(rules, event, &payload), Some(payload))
            }
        };
        let how = how(rules, event, mapped.as_ref(), look);
        let kept =
            self.kept().iter().find(|kept| kept.is_of(id, rules) && kept.how == how).map(|kept| kept.card.clone());
        if let Some(card) = kept {
            return card;
        }
        let payload = payload.unwrap_or_else(|| event.payload().unwrap_or(Value::Null));
        let rendered = make(rules, Some(id), event, payload, &how);
        if let Some(Fault { template, words: fault, .. }) = &rendered.fault {
            tracing::error!(event = %id, source = %event.source, %template, %fault, "a template failed; the fallback card goes out");
            self.metrics.template_error(&event.source, template);
        }
        let card = Arc::new(rendered.card);
        let mut kept = self.kept();
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(Kept { event: id, rules: Arc::downgrade(rules), mapped, how, card: card.clone() });
        card
    }
}

/// Renders an event: its source's mapping, its type and the wanted look choose the template, and where that fails, the
/// fallback card serves.
pub fn render(rules: &Rules, id: Option<EventId>, event: &Event, look: &Look) -> Rendered {
    let payload = event.payload().unwrap_or(Value::Null);
    let mapped = mapped(rules, event, &payload);
    make(rules, id, event, payload, &how(rules, event, mapped.as_ref(), look))
}

/// The card of a digest, by the template `digest/default` or that of the wanted set; where it fails, a plain one with the
/// same lines.
pub(super) fn digest(rules: &Rules, event: &Event, payload: Value, look: &Look) -> Rendered {
    let digest = name("digest");
    let has = |name: &TemplateName| rules.templates.has(name);
    let template = render::choose(look.templates.as_ref(), None, &digest, &event.kind, has);
    let locale = rules.locale(&event.source, look);
    let plain = plain_digest(&payload);
    let input = RenderInput::new(payload, event, None, &digest).shown_in(locale);
    match template.map(|template| attempt(rules, &template, &input)) {
        Some(Ok(card)) => Rendered { card, fault: None },
        Some(Err(fault)) => Rendered { card: plain, fault: Some(fault) },
        None => Rendered { card: plain, fault: None },
    }
}

/// All lines of a digest, without any look.
fn plain_digest(payload: &Value) -> Card {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
    let block = |text: String| json!({"type": "TextBlock", "text": text, "wrap": true});
    let head = format!("{} events", number(payload, "count"));
    let mut body = vec![block(format!("**{head}**"))];
    for group in payload.get("groups").and_then(Value::as_array).into_iter().flatten() {
        let key = render::neutral(&text(group.get("key")));
        let lines = group.get("lines").and_then(Value::as_array).into_iter().flatten();
        let lines: String = lines.map(|line| format!("\n- {}", render::neutral(&text(line.get("text"))))).collect();
        body.push(block(format!("**{key}** ({}){lines}", number(group, "count"))));
    }
    let severity = if number(payload, "critical") > 0 { Severity::Critical } else { Severity::Info };
    Card { summary: head, severity, body, ..Card::default() }
}

/// The template that the source's mapping names for an event.
fn mapped(rules: &Rules, event: &Event, payload: &Value) -> Option<TemplateName> {
    match rules.sources.get(&event.source)?.mapping.choose(&Facts::new(event, payload)) {
        Choice::Template(name) => Some(name),
        Choice::ByType | Choice::Ignore => None,
    }
}

fn how(rules: &Rules, event: &Event, mapped: Option<&TemplateName>, look: &Look) -> How {
    let provider = provider_of(rules, event);
    let has = |name: &TemplateName| rules.templates.has(name);
    let template = render::choose(look.templates.as_ref(), mapped, &provider, &event.kind, has);
    How { template, locale: rules.locale(&event.source, look) }
}

/// A source that was taken away while its events wait leaves them a plain card.
fn provider_of(rules: &Rules, event: &Event) -> ProviderName {
    if event.source == SourceName::relay() {
        return name("relay");
    }
    rules.sources.get(&event.source).map_or_else(|| name("generic"), |source| source.provider.name().clone())
}

fn make(rules: &Rules, id: Option<EventId>, event: &Event, payload: Value, how: &How) -> Rendered {
    let input = RenderInput::new(payload, event, id, &provider_of(rules, event)).shown_in(how.locale.clone());
    let Some(template) = &how.template else {
        return Rendered { card: render::fallback(&input, &"there is no template for it"), fault: None };
    };
    match attempt(rules, template, &input) {
        Ok(card) => Rendered { card, fault: None },
        Err(fault) => Rendered { card: render::fallback(&input, &fault.words), fault: Some(fault) },
    }
}

fn attempt(rules: &Rules, template: &TemplateName, input: &RenderInput) -> Result<Card, Fault> {
    // A helper that panics is a fault of ours, but one event's, not the daemon's end.
    match catch_unwind(AssertUnwindSafe(|| rules.templates.render(template, input))) {
        Ok(Ok(card)) => Ok(card),
        Ok(Err(error)) => {
            Err(Fault { template: template.clone(), words: error.to_string(), excerpt: error.excerpt().cloned() })
        }
        Err(_) => Err(Fault { template: template.clone(), words: "it panicked".to_owned(), excerpt: None }),
    }
}

#[expect(clippy::expect_used, reason = "the literals are names")]
fn name(literal: &'static str) -> ProviderName {
    literal.parse().expect("a name")
}

/// The card that `subscription test` posts.
pub fn test_card(subscription: &Subscription, words: &Words) -> Card {
    let this = words.phrase(phrase::THIS_SUBSCRIPTION);
    let name = subscription.name.as_deref().unwrap_or(&this);
    let head = words.phrase(phrase::CAN_POST).into_owned();
    let text = words.fill(phrase::WILL_ARRIVE, &[("source", subscription.source.as_str()), ("name", name)]);
    Card {
        summary: head.clone(),
        severity: Severity::Good,
        body: vec![
            json!({"type": "TextBlock", "text": head, "weight": "bolder", "size": "medium", "wrap": true}),
            json!({"type": "TextBlock", "text": render::neutral(&text), "wrap": true}),
        ],
        ..Card::default()
    }
}

/// The card with the code that whoever subscribed has to type.
pub fn code_card(subscription: &Subscription, code: &Code, words: &Words) -> Card {
    let head = words.phrase(phrase::SUBSCRIBES).into_owned();
    let source = subscription.source.as_str();
    let text = words.fill(phrase::TYPE_CODE, &[("source", source)]);
    let digits =
        format!("{} {}", code.expose().get(..3).unwrap_or_default(), code.expose().get(3..).unwrap_or_default());
    Card {
        summary: head.clone(),
        body: vec![
            json!({"type": "TextBlock", "text": head, "weight": "bolder", "size": "medium", "wrap": true}),
            json!({"type": "TextBlock", "text": digits, "weight": "bolder", "size": "extraLarge"}),
            json!({"type": "TextBlock", "text": render::neutral(&text), "wrap": true}),
        ],
        ..Card::default()
    }
}

#[cfg(test)]
mod captured;
#[cfg(test)]
mod tests;
