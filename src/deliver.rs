//! One attempt at a destination: post the bytes, read what came back, decide what it means.
//!
//! [`post`] is the only part that touches the network, behind [`guard`], but for [`fetch`], which asks providers for
//! their keys, and [`token`], which asks Entra for tokens; [`judge`] and [`schedule`] are pure.
//! It renders nothing, stores nothing and waits for nothing: `dispatch` does.

mod client;
pub mod fetch;
pub mod guard;
pub mod judge;
pub mod post;
pub mod redact;
pub mod schedule;
mod tls;
pub mod token;
