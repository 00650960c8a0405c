//! The settings: layered, read whole, every problem reported at once, and compiled into types.

pub mod problem;
pub mod read;
