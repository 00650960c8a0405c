//! The public door: webhooks over HTTP/1.1 and HTTP/2.
//!
//! It knows limits, statuses and connections; what a webhook means is `ingest`'s business.

pub mod connection;
pub mod hooks;
pub mod problem;
pub mod receive;
pub mod tls;
