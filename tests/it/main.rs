//! The relay from the outside: webhooks in over HTTP, cards out to a stand-in destination, commands as admins run them.

mod admin;
mod delivery;
mod harness;
mod hooks;
mod mistakes;
mod process;
mod reload;
mod secrets;
mod shared_payloads;
mod teams;
