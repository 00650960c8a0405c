//! Waits for the end of a command that runs until it is told to stop.

use tokio::signal::unix::{SignalKind, signal};

use super::failure::Failure;

/// Ctrl-C, or what a closing terminal or a supervisor sends.
pub(super) async fn interrupted() -> Result<(), Failure> {
    let wait = async {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = hangup.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        }
    };
    wait.await.map_err(|error| Failure::new(format!("Ctrl-C can't be listened for ({error})"), "run it in a terminal"))
}
