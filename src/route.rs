//! Decides who gets an event: the source's mapping, then the subscriptions that want it.
//!
//! Pure: it is given the event and the subscriptions, and returns lanes. Template names are chosen here, rendering is not.

pub mod chips;
pub mod condition;
pub mod mapping;
pub mod pattern;
mod subscribers;

pub use subscribers::{BadSubscription, Subscribers, check};
