//! A source's `[[map]]` rules and its provider's after them: which events get which template.

use crate::{
    config::{map::MapRule, problem::Problem},
    event::Parts,
    name::TemplateName,
    route::{
        condition::{Condition, Facts},
        pattern::{Pattern, any_fits},
    },
};

/// Compiled rules, in order; the first that fits decides.
#[derive(Debug, Default)]
pub struct Mapping(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    patterns: Vec<Pattern>,
    when: Option<Condition>,
    choice: Choice,
}

/// What the mapping says of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// This template.
    Template(TemplateName),
    /// The provider's own template for its type.
    ByType,
    /// Keep it, but send it to nobody.
    Ignore,
}

impl Mapping {
    /// Compiles the rules of one file and puts them behind those that are there.
    pub fn extend(&mut self, rules: &[MapRule], file: &str, problems: &mut Vec<Problem>) {
        for (at, rule) in rules.iter().enumerate() {
            let mut note = |key: &str, found: String, cure: String| {
                problems.push(Problem::new(file, format!("map[{at}].{key}"), found, cure));
            };
            let mut patterns = Vec::new();
            for text in &rule.event {
                match Pattern::compile(text) {
                    Ok(pattern) => patterns.push(pattern),
                    Err(found) => note("event", found, "write it as \"push\" or \"pull_request.*\"".to_owned()),
                }
            }
            let when = match rule.when.as_deref().map(Condition::compile).transpose() {
                Ok(when) => when,
                Err(bad) => {
                    note("when", bad.found, bad.cure);
                    None
                }
            };
            let choice = match (rule.ignore, &rule.template) {
                (true, Some(_)) => {
                    note("ignore", "stands beside a template".to_owned(), "keep one of the two".to_owned());
                    Choice::Ignore
                }
                (true, None) => Choice::Ignore,
                (false, None) => Choice::ByType,
                (false, Some(name)) => match name.parse() {
                    Ok(name) => Choice::Template(name),
                    Err(bad) => {
                        note("template", bad.to_string(), "correct it".to_owned());
                        Choice::ByType
                    }
                },
            };
            self.0.push(Rule { patterns, when, choice });
        }
    }

    /// What the first rule that fits says; without one, the provider's own template.
    pub fn choose(&self, facts: &Facts<'_>) -> Choice {
        let fits = |rule: &&Rule| {
            any_fits(&rule.patterns, &facts.event().kind) && rule.when.as_ref().is_none_or(|when| when.holds(facts))
        };
        self.0.iter().find(fits).map_or(Choice::ByType, |rule| rule.choice.clone())
    }

    /// The parts of a payload that conditions look at.
    pub fn looked_at(&self) -> Parts {
        let mut parts = Parts::default();
        self.0.iter().filter_map(|rule| rule.when.as_ref()).for_each(|when| parts.extend(when.looked_at()));
        parts
    }

    /// The templates that rules name, with the number of the rule.
    pub fn templates(&self) -> impl Iterator<Item = (usize, &TemplateName)> {
        self.0.iter().enumerate().filter_map(|(at, rule)| match &rule.choice {
            Choice::Template(name) => Some((at, name)),
            _ => None,
        })
    }
}
