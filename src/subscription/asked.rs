//! What is kept of a subscription that somebody asked for on the connector's pages.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{person::Owner, secret::same};

/// Who asked for it, with which choices, and whether the channel is known to be theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Who may change it.
    pub owner: Owner,
    /// What its filter was made from.
    #[serde(default)]
    pub chips: Chips,
    /// Where, as Teams said; hints that nobody vouches for.
    #[serde(default)]
    pub team: Team,
    /// The code that its owner has still to type; none: the channel is proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproved: Option<Unproved>,
}

/// The filter as people put it together. Those of one kind are alternatives, and those with `not` exclude.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Chips {
    /// Whether all kinds must fit, and not any of them.
    pub all: bool,
    /// Globs over a repository's full name.
    pub repository: Vec<Chip>,
    /// Globs over a branch's name.
    pub branch: Vec<Chip>,
    /// Globs over labels.
    pub label: Vec<Chip>,
}

/// One glob: `*` stands for any text, `?` for a character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chip {
    /// The glob.
    pub glob: String,
    /// Whether it excludes what it fits.
    #[serde(default)]
    pub not: bool,
}

/// The place in Teams, as the host said it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Team {
    /// `teams`, `groups` or `mail`.
    pub app_type: Option<String>,
    /// The tenant's id.
    pub tenant: Option<String>,
    /// The team's id.
    pub team: Option<String>,
    /// What the team is called.
    pub team_name: Option<String>,
    /// The channel's id.
    pub channel: Option<String>,
    /// What the channel is called.
    pub channel_name: Option<String>,
    /// Who set it up, by Microsoft's id. It never leaves the admin's side.
    pub user: Option<String>,
}

/// Characters of one of the host's hints that are kept.
const MOST_HINT: usize = 200;

impl Team {
    /// As it may be kept: whoever plays the host may send anything.
    #[must_use]
    pub fn cut(self) -> Self {
        let cut = |text: Option<String>| {
            let plain: String = text?.chars().filter(|c| !c.is_control()).take(MOST_HINT).collect();
            Some(plain).filter(|text| !text.is_empty())
        };
        Self {
            app_type: cut(self.app_type),
            tenant: cut(self.tenant),
            team: cut(self.team),
            team_name: cut(self.team_name),
            channel: cut(self.channel),
            channel_name: cut(self.channel_name),
            user: cut(self.user),
        }
    }
}

/// A code that was posted to the channel and has still to be typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unproved {
    /// What was posted last.
    pub code: Code,
    /// When.
    pub sent_at: Timestamp,
    /// How often another one was typed since.
    #[serde(default)]
    pub tries: u32,
}

impl Unproved {
    /// Codes that may be typed for one card: one in 200,000 guesses.
    pub const MOST_TRIES: u32 = 5;

    /// How long a code holds.
    const HOLDS: Duration = Duration::from_mins(15);

    /// Whether the code may still be typed.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.tries < Self::MOST_TRIES && now <= self.sent_at + Self::HOLDS
    }
}

/// Six digits, which only those who see the channel know.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(String);

impl Code {
    /// The code of a number made by chance.
    pub fn new(chance: u32) -> Self {
        Self(format!("{:06}", chance % 1_000_000))
    }

    /// As it stands on the card.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this was typed; blanks between digits are forgiven.
    pub fn is(&self, typed: &str) -> bool {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        same(self.0.as_bytes(), digits.as_bytes())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits_is_typed_as_people_do_and_is_not_shown() {
        let code = Code::new(7_000_042);
        assert_eq!(code.expose(), "000042");
        assert!(code.is("000 042") && code.is("000-042") && !code.is("42") && !code.is(""));
        assert_eq!(format!("{code:?}"), "…");
    }

    #[test]
    fn of_what_a_host_says_no_more_is_kept_than_a_name_needs() {
        let team = Team { team_name: Some("a\n".repeat(300)), channel: Some("\u{7}".into()), ..Team::default() };
        let kept = team.cut();
        assert_eq!(kept.team_name.map(|name| name.len()), Some(200));
        assert_eq!(kept.channel, None);
    }
}
