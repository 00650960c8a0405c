//! Looks through a parsed template for what would fail, or do harm, when it is rendered.

use handlebars::Template;
use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, Subexpression, TemplateElement};

use super::{TemplateFile, helpers, syntax};
use crate::config::problem::{Problem, did_you_mean};

/// Blocks in blocks, or brackets in brackets; the parser and the renderer recurse, and a stack is not endless.
const MOST_DEPTH: usize = 32;

/// The helpers that come with the engine and have a block.
const BLOCKS: &[&str] = &["if", "unless", "each", "with", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not"];
/// What a template sees.
const ROOTS: &[&str] = &["payload", "event", "headers"];

/// Where blocks or brackets are nested too deeply, as line and column. Asked before parsing, since the parser recurses.
pub(super) fn too_deep(text: &str) -> Option<(usize, usize)> {
    let (mut blocks, mut brackets) = (0_usize, 0_usize);
    for (index, line) in text.lines().enumerate() {
        for (column, c) in line.char_indices() {
            let rest = line.get(column..).unwrap_or_default();
            if rest.starts_with("{{#") || rest.starts_with("{{~#") || rest.starts_with("{{{{") {
                blocks += 1;
            } else if rest.starts_with("{{/") || rest.starts_with("{{~/") {
                blocks = blocks.saturating_sub(1);
            }
            brackets = match c {
                '{' if rest.starts_with("{{") => 0,
                '(' | '[' => brackets + 1,
                ')' | ']' => brackets.saturating_sub(1),
                _ => brackets,
            };
            if blocks > MOST_DEPTH || brackets > MOST_DEPTH {
                return Some((index + 1, line.get(..column).unwrap_or_default().chars().count() + 1));
            }
        }
    }
    None
}

/// Reports every problem of a template.
pub(super) fn inspect(
    file: &TemplateFile,
    template: &Template,
    has: &dyn Fn(&str) -> bool,
    problems: &mut Vec<Problem>,
) {
    let mut inspector = Inspector { file, has, problems, place: (1, 1) };
    inspector.template(template, !file.is_partial());
}

struct Inspector<'a> {
    file: &'a TemplateFile,
    has: &'a dyn Fn(&str) -> bool,
    problems: &'a mut Vec<Problem>,
    place: (usize, usize),
}

impl Inspector<'_> {
    fn report(&mut self, found: impl Into<String>, cure: impl Into<String>) {
        self.problems.push(self.file.problem(self.place, found, cure));
    }

    /// As `report`, with a word of the tag; its own place counts where the tag is more than one line.
    fn report_word(&mut self, word: &str, found: impl Into<String>, cure: impl Into<String>) {
        let text = &self.file.text;
        let is_long = syntax::has_many_lines(text, self.place);
        let place = if is_long { syntax::within(text, self.place, word) } else { self.place };
        self.problems.push(self.file.problem(place, found, cure));
    }

    /// `at_root`: names are looked up in the root, not in a member that a block went into.
    fn template(&mut self, template: &Template, at_root: bool) {
        for (element, mapping) in template.elements.iter().zip(&template.mapping) {
            self.place = (mapping.0, mapping.1);
            match element {
                TemplateElement::Expression(expression) => self.expression(expression, at_root),
                TemplateElement::HtmlExpression(expression) => self.unescaped(expression, at_root),
                TemplateElement::HelperBlock(block) => self.block(block, at_root),
                TemplateElement::PartialExpression(partial) => self.partial(partial, at_root),
                TemplateElement::PartialBlock(_) => {
                    self.report("`{{#> …}}` is not supported", "use `{{> partials/… name=value}}`")
                }
                TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                    self.report(
                        "`{{* …}}` is not supported",
                        "put the part into a file of its own under templates/partials/",
                    );
                }
                _ => {}
            }
        }
    }

    fn expression(&mut self, expression: &HelperTemplate, at_root: bool) {
        let name = expression.name.as_name().unwrap_or_default();
        if expression.params.is_empty() && expression.hash.is_empty() {
            let is_whole = helpers::is_value_helper(name) && helpers::wrong_count(name, 0).is_none();
            if !is_whole && (BLOCKS.contains(&name) || helpers::is_value_helper(name)) {
                self.report(
                    format!("`{name}` is a helper and lacks its values"),
                    format!("see the list of helpers for `{name}`"),
                );
            } else if !is_whole {
                self.parameter(&expression.name, at_root);
            }
            return;
        }
        self.call(expression, at_root);
    }

    /// A helper with its parameters, in a value's place.
    fn call(&mut self, call: &HelperTemplate, at_root: bool) {
        let name = call.name.as_name().unwrap_or_default();
        if ["if", "unless", "each", "with"].contains(&name) {
            self.report_word(
                name,
                format!("`{name}` gives no value"),
                format!("write `{{{{#{name} …}}}}…{{{{/{name}}}}}`, or use `when`"),
            );
        } else if !BLOCKS.contains(&name) && !helpers::is_value_helper(name) {
            let is_path = ROOTS.iter().any(|root| name.strip_prefix(root).is_some_and(|rest| rest.starts_with('.')));
            let cure = match did_you_mean(name, helpers::value_helper_names().chain(BLOCKS.iter().copied())) {
                _ if is_path => format!("write `{name}` without brackets around it"),
                Some(near) => format!("did you mean `{near}`?"),
                None => "see the list of helpers".to_owned(),
            };
            self.report_word(name, format!("there is no helper `{name}`"), cure);
        } else if let Some(usage) = helpers::wrong_count(name, call.params.len()) {
            let found = format!("`{name}` has {} values", call.params.len());
            self.report_word(name, found, format!("write `{usage}`"));
        }
        self.parameters(call, at_root);
    }

    fn parameters(&mut self, call: &HelperTemplate, at_root: bool) {
        for parameter in call.params.iter().chain(call.hash.values()) {
            self.parameter(parameter, at_root);
        }
    }

    fn parameter(&mut self, parameter: &Parameter, at_root: bool) {
        match parameter {
            Parameter::Subexpression(Subexpression { element, .. }) => {
                if let TemplateElement::Expression(call) = element.as_ref() {
                    self.call(call, at_root);
                }
            }
            Parameter::Path(_) | Parameter::Name(_) => self.name(parameter, at_root),
            _ => {}
        }
    }

    /// A path at the root begins with one of three names; anything else is a slip that would show as nothing.
    fn name(&mut self, parameter: &Parameter, at_root: bool) {
        let path = parameter.as_name().unwrap_or_default();
        let first = path.split(['.', '/']).next().unwrap_or_default().trim_matches(['[', ']']);
        if !at_root || first.is_empty() || first.starts_with('@') || first == "this" || ROOTS.contains(&first) {
            return;
        }
        let cure = match did_you_mean(first, ROOTS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write `payload.{path}` if it is in the payload; there are also `event` and `headers`"),
        };
        self.report_word(path, format!("`{path}` begins with a name that templates do not see"), cure);
    }

    fn unescaped(&mut self, expression: &HelperTemplate, at_root: bool) {
        let name = expression.name.as_name().unwrap_or_default();
        if name != "json" || expression.params.is_empty() {
            self.report(
                format!("`{{{{{{{name}}}}}}}` would put the payload's own text into the document"),
                "write `{{…}}` inside of quotes, or `{{{json …}}}` for a number, a list or an object",
            );
        }
        self.parameters(expression, at_root);
    }

    fn block(&mut self, block: &HelperTemplate, at_root: bool) {
        let name = block.name.as_name().unwrap_or_default();
        if !BLOCKS.contains(&name) {
            let (found, cure) = if helpers::is_value_helper(name) {
                (format!("`{name}` has no block"), format!("write `{{{{#if ({name} …)}}}}`"))
            } else {
                let near = did_you_mean(name, BLOCKS.iter().copied());
                let cure = near.map_or_else(
                    || format!("write `{{{{#each {name}}}}}` or `{{{{#if {name}}}}}`"),
                    |near| format!("did you mean `{near}`?"),
                );
                (format!("there is no block `{name}`"), cure)
            };
            self.report(found, cure);
        } else if block.params.is_empty() {
            self.report(format!("`{{{{#{name}}}}}` lacks its value"), format!("write `{{{{#{name} payload.…}}}}`"));
        }
        self.parameters(block, at_root);
        let goes_in = matches!(name, "each" | "with");
        let place = self.place;
        if let Some(inner) = &block.template {
            self.template(inner, at_root && !goes_in);
        }
        if let Some(inverse) = &block.inverse {
            self.template(inverse, at_root);
        }
        self.place = place;
    }

    fn partial(&mut self, partial: &DecoratorTemplate, at_root: bool) {
        for parameter in partial.params.iter().chain(partial.hash.values()) {
            self.parameter(parameter, at_root);
        }
        let Some(name) = partial.name.as_name() else {
            return self.report(
                "a partial's name can't be worked out from the payload",
                "name it, in an `{{#if}}` where there are several",
            );
        };
        if !name.starts_with("partials/") {
            self.report(
                format!("`{name}` is no partial"),
                "only files under templates/partials/ can be parts of others",
            );
        } else if !(self.has)(name) {
            self.report(
                format!("there is no partial `{name}`"),
                format!("create templates/{name}.hbs, or mend the name"),
            );
        }
    }
}
