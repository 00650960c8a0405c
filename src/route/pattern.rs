//! Globs over event types: `push`, `pull_request.*`, `*.completed`.

use globset::{GlobBuilder, GlobMatcher};

use crate::event::EventType;

/// One compiled glob.
#[derive(Debug, Clone)]
pub struct Pattern(GlobMatcher);

impl Pattern {
    /// Compiles a glob of `*`, `?`, `[…]` and `{a,b}`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("is empty".to_owned());
        }
        let glob = GlobBuilder::new(text).literal_separator(false).backslash_escape(true).build();
        glob.map(|glob| Self(glob.compile_matcher()))
            .map_err(|error| format!("`{text}` is no pattern ({})", error.kind()))
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        self.0.glob().glob()
    }

    /// The first word of all types that it may fit, up to a `.`; none where it may fit types of any first word.
    pub fn first_word(&self) -> Option<&str> {
        let text = self.text();
        let end = text.find(|c| c == '.' || "*?[]{}!\\".contains(c));
        let (word, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
        (rest.is_empty() || rest.starts_with('.')).then_some(word)
    }

    /// Whether the pattern fits the type alone (`pull_request`) or the type with its action (`pull_request.opened`).
    pub fn fits(&self, kind: &EventType) -> bool {
        self.0.is_match(kind.name()) || (kind.action().is_some() && self.0.is_match(kind.to_string()))
    }
}

/// Whether any pattern fits; none at all means every event.
pub fn any_fits(patterns: &[Pattern], kind: &EventType) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.fits(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, name: &str, action: Option<&str>) -> bool {
        Pattern::compile(pattern).unwrap().fits(&EventType::new(name, action))
    }

    #[test]
    fn a_type_stands_for_all_its_actions() {
        assert!(fits("pull_request", "pull_request", Some("opened")));
        assert!(fits("pull_request.opened", "pull_request", Some("opened")));
        assert!(fits("pull_request.*", "pull_request", Some("closed")));
        assert!(fits("*", "push", None));
        assert!(!fits("pull_request.opened", "pull_request", Some("closed")));
        assert!(!fits("pull_request", "pull_request_review", Some("submitted")));
    }

    #[test]
    fn types_of_another_first_word_are_never_fitted() {
        let first_word = |pattern: &str| Pattern::compile(pattern).unwrap().first_word().map(str::to_owned);
        for (pattern, word) in [("push", "push"), ("pull_request.*", "pull_request"), ("invoice.paid.*", "invoice")] {
            assert_eq!(first_word(pattern).as_deref(), Some(word));
        }
        for open in ["*", "*.completed", "pu?h", "push*", "{a,b}.c", "a\\.b"] {
            assert_eq!(first_word(open), None, "{open}");
        }
    }

    #[test]
    fn a_broken_pattern_is_told() {
        assert!(Pattern::compile("[a").is_err() && Pattern::compile("").is_err());
    }
}
