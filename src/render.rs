//! Turns an event into a card through a Handlebars template.
//!
//! A template is text that yields a JSON document (summary, severity, link, fold, body, actions, mentions). What comes
//! from the payload is made safe by where it lands after that document is parsed: it is text in a text, an http
//! address or nothing where an address stands, and never a mention.
//!
//! Nothing here reads files, waits or knows of destinations; a [`profile`](crate::profile) makes the bytes to post.

mod budget;
mod choose;
mod document;
mod draft;
mod element;
mod embedded;
mod engines;
mod error;
mod fallback;
mod fault;
mod graph;
mod helpers;
mod inbound;
mod input;
mod inspect;
pub(crate) mod known;
mod lenient;
mod locale;
mod markdown;
mod marks;
mod mentions;
mod output;
mod paths;
mod scan;
mod survey;
mod syntax;
mod template_file;
mod templates;
mod text;
mod trace;
mod unseen;

pub use choose::choose;
pub use draft::draft;
pub use embedded::{Sample, embedded, samples};
pub use error::RenderError;
pub use fallback::fallback;
pub use helpers::{HelperDoc, helper_docs};
#[cfg(test)]
pub(crate) use inbound::any::any_posted;
pub use input::RenderInput;
pub(crate) use locale::phrase;
pub use locale::{Locale, Locales, Words, WordsFile, time_zone, time_zones};
pub(crate) use markdown::neutral;
pub use template_file::TemplateFile;
pub use templates::Templates;
pub(crate) use text::{capitalized, truncate};
pub use unseen::Unseen;

/// What a template wrote, read as a card: for `fuzz/` alone.
#[cfg(fuzzing)]
pub fn card(document: &str) -> Option<crate::card::Card> {
    document::read(document).ok()
}
