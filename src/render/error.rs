//! Why a template made no card, and where in it.

use std::{collections::BTreeMap, fmt};

use handlebars::RenderErrorReason;

use super::{TemplateFile, fault::Fault, trace::Origin};
use crate::{
    config::{excerpt::Excerpt, problem::Problem},
    name::TemplateName,
};

/// Why a template made no card. Holds nothing of the payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RenderError {
    template: String,
    /// The template's file, as people find it.
    file: Option<String>,
    place: Option<(usize, usize)>,
    is_near: bool,
    is_of_document: bool,
    /// `found; cure`, or what was found.
    fault: String,
    excerpt: Option<Box<Excerpt>>,
}

impl RenderError {
    /// The engine could not go on.
    pub(super) fn rendering(
        asked: &TemplateName,
        error: &handlebars::RenderError,
        files: &BTreeMap<String, TemplateFile>,
    ) -> Self {
        let template = error.template_name.clone().unwrap_or_else(|| asked.to_string());
        let made = Self {
            template,
            file: None,
            place: error.line_no.zip(error.column_no),
            is_near: false,
            is_of_document: false,
            fault: words(error.reason()),
            excerpt: None,
        };
        made.shown(files)
    }

    /// What was rendered is no card.
    pub(super) fn document(
        asked: &TemplateName,
        fault: Fault,
        origin: Option<(Origin, bool)>,
        files: &BTreeMap<String, TemplateFile>,
    ) -> Self {
        let (template, place, is_near) = match origin {
            Some((origin, near)) => (origin.template, Some(origin.place), near || !origin.sure),
            None => (asked.to_string(), None, false),
        };
        let made =
            Self { template, file: None, place, is_near, is_of_document: true, fault: fault.words, excerpt: None };
        made.shown(files)
    }

    fn shown(mut self, files: &BTreeMap<String, TemplateFile>) -> Self {
        let Some(file) = files.get(&self.template) else { return self };
        self.file = Some(file.origin.clone());
        let excerpt = self.place.and_then(|place| Excerpt::of(&file.text, place));
        self.excerpt = excerpt.map(|excerpt| Box::new(if self.is_near { excerpt.near() } else { excerpt }));
        self
    }

    /// The template, or the partial, that failed.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Line and column in it, where they are known.
    pub const fn place(&self) -> Option<(usize, usize)> {
        self.place
    }

    /// The line of the template that it failed at, where that is known.
    pub fn excerpt(&self) -> Option<&Excerpt> {
        self.excerpt.as_deref()
    }

    /// The mistake as one of the template's file, `when` telling what it was rendered with. None where the place is not
    /// known, or where the payload may be as much to blame.
    pub fn problem(&self, when: &str) -> Option<Problem> {
        let (line, column) = self.place.filter(|_| self.is_of_document)?;
        let (found, cure) = self.fault.split_once("; ").unwrap_or((&self.fault, "correct the template"));
        let place = format!("{}:{line}:{column}", self.file.as_ref()?);
        Some(Problem::new(place, "", format!("{found}{when}"), cure).with_excerpt(self.excerpt.clone()))
    }
}

fn words(reason: &RenderErrorReason) -> String {
    match reason {
        RenderErrorReason::TemplateNotFound(_) => "there is no such template".to_owned(),
        RenderErrorReason::MissingVariable(Some(path)) => format!("`{path}` is not there"),
        RenderErrorReason::MissingVariable(None) => "a value that it asks for is not there".to_owned(),
        RenderErrorReason::IOError(_) => "it wrote more than 512 KiB; use `take` or `truncate`".to_owned(),
        RenderErrorReason::ParamNotFoundForIndex(helper, index) => {
            format!("`{helper}` lacks its value number {}, or that value is not there", index + 1)
        }
        RenderErrorReason::ParamNotFoundForName(helper, name) => format!("`{helper}` lacks its value `{name}`"),
        RenderErrorReason::InvalidJsonIndex(index) => {
            format!("a list has no member `{index}`; use `[0]` or `first`")
        }
        RenderErrorReason::InvalidParamType(expected) => format!("a value is not {expected}"),
        // Our own helpers' words, which name the helper and never a value.
        RenderErrorReason::Other(words) => words.clone(),
        _ => "it can't be rendered with this payload".to_owned(),
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template `{}`", self.template)?;
        if let Some((line, column)) = self.place {
            let at = if self.is_near { "near" } else { "at" };
            write!(f, " {at} line {line}, column {column}")?;
        }
        write!(f, ": {}", self.fault)
    }
}
