//! The settings: layered, read whole, every problem reported at once, and compiled into types.

pub mod duration;
pub mod header;
pub mod map;
pub mod problem;
pub mod profile;
pub mod provider;
pub mod read;
pub mod scheme;
pub mod secret;
pub mod syntax;
