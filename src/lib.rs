//! Takes any webhook, proves who sent it, keeps it safe on disk, turns it into a card and posts it to Teams.
//!
//! The modules below stand in the order of their dependencies: each may use those above it and none below
//! (`tests/layout.rs` holds that). Read `ingest` for the way in and `dispatch` for the way out.

// words
pub mod clock;
pub mod name;
pub mod secret;
pub mod seal;
pub mod outcome;
pub mod event;
pub mod card;
pub mod destination;
pub mod standing;
pub mod person;
pub mod subscription;
pub mod delivery;
pub mod observe;
// settings
pub mod config;
// pure: bytes in, values out
pub mod verify;
pub mod provider;
pub mod route;
pub mod render;
pub mod profile;
pub mod digest;
pub mod teams_app;
// machines
pub mod store;
pub mod lane;
pub mod deliver;
pub mod keys;
pub mod identity;
pub mod slowdown;
pub mod reject;
// the settings, compiled for the ways
pub mod rules;
// the ways
pub mod ingest;
pub mod dispatch;
pub mod subscribe;
// doors
pub mod http;
pub mod connector;
pub mod admin;
// the whole
pub mod app;
pub mod lifecycle;
pub mod cli;
