//! The public door: webhooks over HTTP/1.1 and HTTP/2.
//!
//! It knows limits, statuses and connections; what a webhook means is `ingest`'s business.

pub mod bearer;
pub mod budget;
pub mod card_page;
pub mod connection;
pub mod entrance;
pub mod hooks;
pub mod peer;
pub mod problem;
pub mod proxies;
pub mod proxy_protocol;
pub mod receive;
pub mod refusal_log;
pub mod tls;
pub mod to_the_end;
