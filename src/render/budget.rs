//! How much work one card may cost. The engine bounds nothing: two loops in each other over a long list take minutes,
//! and write not one byte by which they could be stopped.

use std::{cell::Cell, collections::HashMap};

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError, RenderErrorReason,
    Template,
    template::{Parameter, Subexpression, TemplateElement},
};
use serde_json::Value;

/// Steps that one card may cost. A turn of a loop, a partial and a call of a helper are a step each; the costliest of our
/// samples takes 208, and a test holds all of them below a fiftieth of this.
pub(super) const MOST_STEPS: usize = 200_000;

/// Bytes of text, or members of a list, that a helper looks at in the time of a step.
const BYTES_IN_A_STEP: usize = 256;
const MEMBERS_IN_A_STEP: usize = 16;

/// The helper that counts; no author can write its name.
const STEP: &str = "\u{FDD0}step";

thread_local! {
    /// What is left for the card that this thread makes; a card is made on one thread, from its beginning to its end.
    static LEFT: Cell<usize> = const { Cell::new(MOST_STEPS) };
}

/// Begins a card.
pub(super) fn begin() {
    LEFT.set(MOST_STEPS);
}

/// Steps that the card of this thread has cost so far.
#[cfg(test)]
pub(super) fn spent() -> usize {
    MOST_STEPS - LEFT.get()
}

fn spend(steps: usize) -> Result<(), RenderError> {
    let left = LEFT.get().checked_sub(steps);
    LEFT.set(left.unwrap_or_default());
    left.map(drop).ok_or_else(|| {
        let words = format!("it takes more than {MOST_STEPS} steps; use `take` on the lists that it goes through");
        RenderErrorReason::Other(words).into()
    })
}

/// Counts a helper's call by what it is given to look at.
pub(super) fn spend_on<'a>(values: impl Iterator<Item = &'a Value>) -> Result<(), RenderError> {
    let size = |value: &Value| match value {
        Value::String(text) => text.len() / BYTES_IN_A_STEP,
        Value::Array(list) => list.len() / MEMBERS_IN_A_STEP,
        Value::Object(map) => map.len() / MEMBERS_IN_A_STEP,
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    spend(1 + values.map(size).sum::<usize>())
}

/// Makes every turn of the template's loops, and the template itself, cost a step.
pub(super) fn meter(template: &mut Template) {
    count_from_the_start(template);
    meter_loops(template);
}

fn meter_loops(template: &mut Template) {
    for element in &mut template.elements {
        let TemplateElement::HelperBlock(block) = element else { continue };
        let is_loop = block.name.as_name() == Some("each");
        if let Some(inner) = &mut block.template {
            if is_loop {
                count_from_the_start(inner);
            }
            meter_loops(inner);
        }
        block.inverse.iter_mut().for_each(meter_loops);
    }
}

/// The engine makes places of its own alone, so that of what stands there first is taken, or of any text.
fn count_from_the_start(template: &mut Template) {
    let any = || Template::compile("x").ok()?.mapping.pop();
    let Some(place) = template.mapping.first().cloned().or_else(any) else { return };
    let step = Subexpression::new(Parameter::Name(STEP.to_owned()), Vec::new(), HashMap::new()).element;
    template.elements.insert(0, *step);
    template.mapping.insert(0, place);
}

/// Gives the engine the helper that counts.
pub(super) fn register(registry: &mut Handlebars<'_>) {
    registry.register_helper(STEP, Box::new(Step));
}

struct Step;

impl HelperDef for Step {
    fn call<'reg: 'rc, 'rc>(
        &self,
        _: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        _: &mut dyn Output,
    ) -> HelperResult {
        spend(1)
    }
}
