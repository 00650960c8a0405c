//! `event.answer`: the words that a sender takes for a yes.

use serde::{Deserialize, Serialize};

/// What a sender is told in the body of the answer. Senders compare it with a word or two, and nobody reads more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Told(String);

/// Characters of an answer.
const MOST_CHARS: usize = 200;

impl Told {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Told {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let length = text.chars().count();
        if text.trim().is_empty() {
            return Err("an answer says nothing; write the text that the sender waits for, or take it out".to_owned());
        }
        if length > MOST_CHARS {
            return Err(format!("an answer of {length} characters is too long; write at most {MOST_CHARS}"));
        }
        if text.chars().any(char::is_control) {
            return Err("an answer holds a line end or another control character; write one line".to_owned());
        }
        Ok(Self(text))
    }
}

impl From<Told> for String {
    fn from(told: Told) -> Self {
        told.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_short_line() {
        let told = |text: &str| serde_json::from_value::<Told>(text.into());
        for good in ["1", "ok", "{\"ok\":true}", &"é".repeat(MOST_CHARS)] {
            assert_eq!(told(good).unwrap().as_str(), good);
        }
        for (bad, cure) in [("", "take it out"), (" ", "take it out"), ("a\nb", "one line"), (&"x".repeat(201), "200")]
        {
            let error = told(bad).unwrap_err().to_string();
            assert!(error.contains(cure), "{bad}: {error}");
        }
    }
}
