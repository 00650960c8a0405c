//! Which template uses which partials: no ring may be among them, and no avalanche.

use std::collections::BTreeMap;

use handlebars::{
    Template,
    template::{DecoratorTemplate, HelperTemplate, TemplateElement},
};

use super::TemplateFile;
use crate::config::problem::Problem;

/// Partials that one template may draw in, all levels counted; two to the thirtieth would take minutes.
const MOST_PARTIALS: usize = 500;
/// Partials in partials.
const MOST_LEVELS: usize = 8;

/// Reports rings of partials, and templates that draw in too many.
pub(super) fn check<'a>(uses: &BTreeMap<&'a str, (&TemplateFile, Vec<&'a str>)>, problems: &mut Vec<Problem>) {
    let mut counts = BTreeMap::new();
    for (name, (file, _)) in uses {
        match count(name, uses, &mut Vec::new(), &mut counts) {
            Ok(drawn) if drawn.partials > MOST_PARTIALS => problems.push(Problem::new(
                &file.origin,
                "",
                format!("draws in {} partials, more than {MOST_PARTIALS}", drawn.partials),
                "let partials use fewer partials",
            )),
            Ok(drawn) if drawn.levels > MOST_LEVELS => problems.push(Problem::new(
                &file.origin,
                "",
                format!("partials are nested {} deep, more than {MOST_LEVELS}", drawn.levels),
                "draw some of them together",
            )),
            // A ring is said once, at the first of its members.
            Err(Ring(ring)) if ring.first() == Some(name) && ring.iter().min() == Some(name) => {
                problems.push(Problem::new(
                    &file.origin,
                    "",
                    format!("uses itself: {}", ring.join(" → ")),
                    "take one of these `{{> …}}` out",
                ))
            }
            Ok(_) | Err(Ring(_)) => {}
        }
    }
}

struct Ring<'a>(Vec<&'a str>);

/// What a template draws in, directly or not.
#[derive(Clone, Copy, Default)]
struct Drawn {
    partials: usize,
    levels: usize,
}

fn count<'a>(
    name: &'a str,
    uses: &BTreeMap<&'a str, (&TemplateFile, Vec<&'a str>)>,
    way: &mut Vec<&'a str>,
    counts: &mut BTreeMap<&'a str, Drawn>,
) -> Result<Drawn, Ring<'a>> {
    if let Some(at) = way.iter().position(|on_the_way| *on_the_way == name) {
        let mut ring = way.get(at..).unwrap_or_default().to_vec();
        ring.push(name);
        return Err(Ring(ring));
    }
    if let Some(drawn) = counts.get(name) {
        return Ok(*drawn);
    }
    way.push(name);
    let mut sum = Drawn::default();
    for partial in uses.get(name).into_iter().flat_map(|(_, partials)| partials) {
        let drawn = count(partial, uses, way, counts)?;
        sum.partials = sum.partials.saturating_add(1).saturating_add(drawn.partials);
        sum.levels = sum.levels.max(drawn.levels + 1);
    }
    way.pop();
    counts.insert(name, sum);
    Ok(sum)
}

/// The partials that a template names, each as often as it does.
pub(super) fn uses(template: &Template) -> Vec<&str> {
    let mut found = Vec::new();
    let mut inner: Vec<&Template> = vec![template];
    while let Some(template) = inner.pop() {
        for element in &template.elements {
            match element {
                TemplateElement::PartialExpression(partial) | TemplateElement::PartialBlock(partial) => {
                    let DecoratorTemplate { name, template, .. } = partial.as_ref();
                    found.extend(name.as_name());
                    inner.extend(template);
                }
                TemplateElement::HelperBlock(block) => {
                    let HelperTemplate { template, inverse, .. } = block.as_ref();
                    inner.extend(template.iter().chain(inverse));
                }
                _ => {}
            }
        }
    }
    found
}
