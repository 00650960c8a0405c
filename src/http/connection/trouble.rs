//! A machine that has no room for further connections: it is waited for, and told of once.

use std::{io, time::Duration};

/// Whether connections can't be taken just now, so that it is told once and not ten times a second.
#[derive(Default)]
pub(super) struct Trouble(bool);

impl Trouble {
    /// What was accepted. If the machine has no room for it, some time has passed: trying again at once would only spin.
    pub(super) async fn with<T>(&mut self, accepted: io::Result<T>) -> Option<T> {
        let error = match accepted {
            Ok(accepted) => {
                if std::mem::take(&mut self.0) {
                    tracing::info!("connections are taken again");
                }
                return Some(accepted);
            }
            Err(error) => error,
        };
        match error.kind() {
            // The sender left before its turn: that is its own affair.
            io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused => {}
            _ => {
                if !std::mem::replace(&mut self.0, true) {
                    tracing::warn!(%error, "no connection can be taken for now; senders wait, and it is tried on");
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        None
    }
}
