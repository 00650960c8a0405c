//! The relay from the outside: webhooks in over HTTP, cards out to a stand-in destination, commands as admins run them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that can't go on may panic"
)]

mod admin;
mod app_package;
mod clock;
mod connector;
mod delivery;
mod disk;
mod disk_faults;
mod door;
mod drop_in;
mod entra;
mod faults;
mod full_disk;
mod handshake;
mod harness;
mod hooks;
mod invite;
mod keys;
mod kills;
mod looks;
mod mistakes;
mod notices;
mod offline;
mod power;
mod process;
mod reload;
mod restraint;
mod room;
mod seal;
mod secrets;
mod senders;
mod shared_payloads;
mod storm;
mod teams;
mod template_mistakes;
mod template_new;
mod unwell;
mod virtual_teams;
