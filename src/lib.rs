//! Takes any webhook, proves who sent it, keeps it safe on disk, turns it into a card and posts it to Teams.
//!
//! The modules below stand in the order of their dependencies: each may use those above it and none below
//! (`tests/layout.rs` holds that). Read `ingest` for the way in and `dispatch` for the way out.

// words
pub mod card;
pub mod clock;
pub mod delivery;
pub mod destination;
pub mod event;
pub mod name;
pub mod observe;
pub mod outcome;
pub mod secret;
pub mod subscription;
// settings
pub mod config;
// pure: bytes in, values out
pub mod verify;
// pure too; `provider` turns what `verify` let through into events
pub mod profile;
pub mod provider;
pub mod render;
pub mod route;
// machines
pub mod deliver;
pub mod lane;
pub mod store;
