//! How a kind of destination takes cards: turns a card into the exact bytes to post, and makes it fit.
//!
//! What the answers mean and when the next post may go out is said here as data and decided elsewhere.

mod adaptive;
mod all;
mod fit;
mod message_card;
mod proof;

use std::path::Path;

use include_dir::{Dir, include_dir};
use serde_json::{Value, json};

use crate::{
    card::Card,
    config::{
        problem::Problem,
        profile::{Answers, Ended, ProfileSpec, Shape, Window},
        read, syntax,
    },
    destination::{WebhookUrl, is_below},
    name::ProfileName,
    render::{Locale, Words, truncate},
};

pub use all::Profiles;

static PROFILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/config/profiles");

/// What is sent in `Content-Type`; without the charset Teams shows emoji as question marks.
pub const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// Fewer bytes than this can't hold any card of ours.
const LEAST_BYTES: usize = 2048;

/// How a kind of destination takes cards, answers, and limits posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// What is posted.
    pub shape: Shape,
    /// How an answer is to be judged.
    pub answers: Answers,
    /// Bytes of a card, counted as an escaped JSON string, that are still taken.
    pub max_bytes: usize,
    /// How many posts in how long; all hold at once.
    pub windows: Vec<Window>,
    /// Host name suffixes of URLs that have this profile where none is named.
    pub hosts: Vec<String>,
    /// Hosts that are said to take nothing any more.
    pub ended: Vec<Ended>,
}

/// The body of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// JSON.
    pub bytes: Vec<u8>,
    /// Goes into the header of that name.
    pub content_type: &'static str,
    /// Whether something of the card had to be left out.
    pub shortened: bool,
    /// Why one line and the link stand for the card: it is none that Teams takes. Holds nothing of the payload.
    pub unsound: Option<String>,
}

impl Profile {
    /// Reads a profile's file; `file` is what people know it by.
    pub fn parse(name: ProfileName, toml: &str, file: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let table = syntax::table(file, toml).map_err(|problem| problems.push(problem)).ok()?;
        let spec: ProfileSpec = read::read(table, &|_| file.to_owned(), problems)?;
        if spec.max_bytes < LEAST_BYTES {
            let found = format!("{} bytes hold no card", spec.max_bytes);
            problems.push(Problem::new(
                file,
                "max_bytes",
                found,
                format!("use {LEAST_BYTES} or more; Teams takes 28672"),
            ));
            return None;
        }
        let ProfileSpec { shape, answers, max_bytes, windows, hosts, ended } = spec;
        Some(Self { name, shape, answers, max_bytes, windows, hosts, ended })
    }

    /// What whoever subscribes with this URL should know, if it is of a host that is said to take nothing any more.
    pub fn warning(&self, url: &WebhookUrl) -> Option<&str> {
        let host = url.host();
        let has_ended = |ended: &&Ended| ended.hosts.iter().any(|suffix| is_below(&host, suffix));
        self.ended.iter().find(has_ended).map(|ended| ended.says.as_str())
    }

    /// The bytes to post, with an English notice where they had to be made to fit.
    pub fn encode(&self, card: &Card) -> Encoded {
        self.encode_in(card, Locale::default().words())
    }

    /// The bytes to post. They always fit, whatever the card, and say in the card's language where something is left out.
    pub fn encode_in(&self, card: &Card, words: &Words) -> Encoded {
        let (mut content, shortened) = fit::fit(card, self.max_bytes, words, |card| self.content(card));
        let unsound = self.proved(&content).err();
        if unsound.is_some() {
            content = fit::least(card, self.max_bytes, words, |card| self.content(card));
        }
        let body = match self.shape {
            Shape::Envelope => json!({
                "type": "message",
                "summary": truncate(&card.summary, 200),
                "attachments": [{
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": null,
                    "content": content,
                }],
            }),
            Shape::Card | Shape::Messagecard => content,
        };
        Encoded { bytes: fit::bytes_of(&body), content_type: CONTENT_TYPE, shortened, unsound }
    }

    /// Whether Teams takes it; a MessageCard is made of few words of ours, and there is nothing to prove.
    fn proved(&self, content: &Value) -> Result<(), String> {
        match self.shape {
            Shape::Envelope | Shape::Card => proof::prove(content),
            Shape::Messagecard => Ok(()),
        }
    }

    fn content(&self, card: &Card) -> Value {
        match self.shape {
            Shape::Envelope | Shape::Card => adaptive::adaptive_card(card),
            Shape::Messagecard => message_card::message_card(card),
        }
    }
}

/// The profiles of the binary, as name and text; those on disk come after them and count instead.
fn embedded() -> Vec<(ProfileName, &'static str)> {
    PROFILES.files().filter_map(|file| Some((name_of(file.path())?, file.contents_utf8()?))).collect()
}

/// `workflow` of `profiles/workflow.toml`.
fn name_of(path: &Path) -> Option<ProfileName> {
    path.file_name()?.to_str()?.strip_suffix(".toml")?.parse().ok()
}

#[cfg(test)]
mod tests;
