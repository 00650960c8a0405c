//! Why a command failed: one line of cause, one of cure.
//! Where a template is to blame, its line stands between them.

use crate::config::{excerpt::Excerpt, problem::Problem};

/// What is printed on stderr before exit code 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) cause: String,
    pub(super) cure: String,
}

impl Failure {
    pub(super) fn new(cause: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { cause: cause.into(), cure: cure.into() }
    }

    /// From a sentence of the form `cause; cure`, which all errors of the daemon have.
    pub(super) fn sentence(text: &str) -> Self {
        match text.split_once("; ") {
            Some((cause, cure)) => Self::new(cause, cure),
            None => Self::new(text, "see `teams-relay --help`, or the daemon's log"),
        }
    }

    /// From problems of settings or templates: a line each, and below it the line of the template where there is one.
    pub(super) fn problems(problems: &[Problem]) -> Self {
        match problems {
            [problem] => Self::sentence(&problem.to_string()).with_excerpt(problem.excerpt.as_deref()),
            _ => {
                let lines: Vec<String> = problems.iter().map(Problem::in_full).collect();
                let cause = format!("{} problems:\n  {}", lines.len(), lines.join("\n  "));
                Self::new(cause, "mend each as its line says; `teams-relay check` shows what is left")
            }
        }
    }

    /// With the line of the template that is to blame, below the cause.
    pub(super) fn with_excerpt(self, excerpt: Option<&Excerpt>) -> Self {
        match excerpt {
            Some(excerpt) => Self { cause: format!("{}\n{excerpt}", self.cause), ..self },
            None => self,
        }
    }
}
