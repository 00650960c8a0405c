//! Templates whose paths are looked up by a helper of ours instead of the engine.
//!
//! The engine gives a path that goes on by name into a list up as an error, where anything else that is not there is
//! missing. A payload in which a list stands where its template expects an object would so lose its template.

use std::collections::HashMap;

use handlebars::{
    Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, RenderErrorReason, ScopedJson, Template,
    template::{HelperTemplate, Parameter, Subexpression, TemplateElement},
};

use super::{helpers, marks, syntax::Place};

/// The helper that looks up; no author can write its name.
const AT: &str = "\u{FDD0}at";

/// An engine that takes such a path for missing.
pub(super) fn forgiving(registry: &Handlebars<'static>) -> Handlebars<'static> {
    let mut made = registry.clone();
    made.register_helper(AT, Box::new(At));
    for (name, template) in registry.get_templates() {
        let mut template = template.clone();
        Turn { into: &mut |path, _, _| call(AT, vec![path.into()]) }.template(&mut template);
        made.register_template(name, template);
    }
    made
}

/// Whether the engine failed at a path that goes on by name into a list.
pub(super) fn is_of_list(error: &RenderError) -> bool {
    matches!(error.reason(), RenderErrorReason::InvalidJsonIndex(_))
}

/// What stands at a path where the helper is called; missing where it goes on by name into a list.
pub(super) fn look_up<'rc>(
    path: &str,
    context: &'rc Context,
    place: &RenderContext<'_, 'rc>,
) -> Result<ScopedJson<'rc>, RenderError> {
    match place.evaluate(context, path) {
        Err(error) if is_of_list(&error) => Ok(ScopedJson::Missing),
        found => found,
    }
}

/// A text that a helper is given.
pub(super) fn text_given<'a>(helper: &'a Helper<'_>, at: usize) -> &'a str {
    helper.param(at).and_then(|value| value.value().as_str()).unwrap_or_default()
}

struct At;

impl HelperDef for At {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        place: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        look_up(text_given(helper, 0), context, place)
    }
}

/// A helper's call with these values.
pub(super) fn call(helper: &str, values: Vec<serde_json::Value>) -> Subexpression {
    let values = values.into_iter().map(Parameter::Literal).collect();
    Subexpression::new(Parameter::Name(helper.to_owned()), values, HashMap::new())
}

/// Whether a name that stands alone is a helper's: one of ours for authors, or one that the engine is given.
fn is_helper(name: &str) -> bool {
    helpers::is_value_helper(name) || name.starts_with(marks::VALUE)
}

type Into<'a> = dyn FnMut(&str, Place, &[String]) -> Subexpression + 'a;

/// Turns every path of a template into a call of a helper.
pub(super) struct Turn<'a> {
    /// The call for a path in the tag that stands at this line and column, among the paths of the same value.
    pub(super) into: &'a mut Into<'a>,
}

impl Turn<'_> {
    pub(super) fn template(&mut self, template: &mut Template) {
        for (element, mapping) in template.elements.iter_mut().zip(&template.mapping) {
            let place = (mapping.0, mapping.1);
            match element {
                TemplateElement::Expression(tag) | TemplateElement::HtmlExpression(tag) => self.tag(tag, place, None),
                TemplateElement::HelperBlock(block) => {
                    self.values(block.params.iter_mut().chain(block.hash.values_mut()), place, None);
                    block.template.iter_mut().chain(&mut block.inverse).for_each(|inner| self.template(inner));
                }
                TemplateElement::PartialExpression(partial) => {
                    self.values(partial.params.iter_mut().chain(partial.hash.values_mut()), place, None);
                }
                _ => {}
            }
        }
    }

    /// `{{…}}`, or what stands in brackets: a helper's call, or a path alone.
    fn tag(&mut self, tag: &mut HelperTemplate, place: Place, among: Option<&[String]>) {
        let alone = tag.params.is_empty() && tag.hash.is_empty();
        let path = tag.name.as_name().filter(|name| alone && !is_helper(name)).map(str::to_owned);
        let Some(path) = path else {
            let mut own = Vec::new();
            tag.params.iter().chain(tag.hash.values()).for_each(|value| paths_in(value, &mut own));
            let among = among.unwrap_or(&own);
            return self.values(tag.params.iter_mut().chain(tag.hash.values_mut()), place, Some(among));
        };
        let called = *(self.into)(&path, place, among.unwrap_or_default()).element;
        if let TemplateElement::Expression(call) = called {
            (tag.name, tag.params) = (call.name, call.params);
        }
    }

    /// `among`: the paths of the value that these are parts of; none where each is one of its own.
    fn values<'p>(&mut self, values: impl Iterator<Item = &'p mut Parameter>, place: Place, among: Option<&[String]>) {
        for value in values {
            let mut own = Vec::new();
            if among.is_none() {
                paths_in(value, &mut own);
            }
            let among = among.unwrap_or(&own);
            match value {
                Parameter::Path(_) => {
                    let path = value.as_name().unwrap_or_default().to_owned();
                    *value = Parameter::Subexpression((self.into)(&path, place, among));
                }
                Parameter::Subexpression(inner) => {
                    if let TemplateElement::Expression(tag) = inner.element.as_mut() {
                        self.tag(tag, place, Some(among));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Every path of a value, those in brackets too.
fn paths_in(value: &Parameter, found: &mut Vec<String>) {
    match value {
        Parameter::Path(_) => found.extend(value.as_name().map(str::to_owned)),
        Parameter::Subexpression(inner) => {
            if let TemplateElement::Expression(tag) = inner.element.as_ref() {
                let name = tag.name.as_name().filter(|_| tag.params.is_empty() && tag.hash.is_empty());
                found.extend(name.map(str::to_owned));
                tag.params.iter().chain(tag.hash.values()).for_each(|value| paths_in(value, found));
            }
        }
        _ => {}
    }
}
