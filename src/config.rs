//! The settings: layered, read whole, every problem reported at once, and compiled into types.

pub mod duration;
pub mod map;
pub mod problem;
pub mod profile;
pub mod read;
pub mod secret;
