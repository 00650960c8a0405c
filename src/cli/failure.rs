//! Why a command failed: one line of cause, one of cure.

use crate::config::problem::Problem;

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

    /// From problems of settings or templates, a line each.
    pub(super) fn problems(problems: &[Problem]) -> Self {
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        match problems {
            [_] => Self::sentence(&lines.concat()),
            _ => {
                let cause = format!("{} problems:\n  {}", lines.len(), lines.join("\n  "));
                Self::new(cause, "mend each as its line says; `teams-relay check` shows what is left")
            }
        }
    }
}
