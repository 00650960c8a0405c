//! The log: lines for people, JSON for machines, or journald with its fields.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

/// The store's engines tell of each file that they open; a filter that names them goes before this.
const QUIET: &str = "fjall=warn,lsm_tree=warn,sled=warn";

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Lines for people, on stderr; coloured on a terminal.
    Text,
    /// A JSON object a line, on stderr.
    Json,
    /// Straight to journald.
    Journald,
}

/// Why the log can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum BadLog {
    /// The filter does not parse.
    #[error(
        "log.level `{0}` is no level; write info, debug, warn, or a filter such as info,teams_relay::deliver=debug"
    )]
    Level(String),
    /// There is no journald.
    #[error("log.format is journald, but journald can't be reached ({0}); use text or json")]
    Journald(std::io::ErrorKind),
    /// A log was set up before.
    #[error("the log is set up already")]
    Twice,
}

/// Sets the process's log up.
///
/// # Errors
/// A filter that does not parse, or no journald.
pub fn init(format: Format, level: &str) -> Result<(), BadLog> {
    let filter = filter(level)?;
    let to = std::io::stderr;
    let colour = std::io::IsTerminal::is_terminal(&to());
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Text => tracing_subscriber::fmt::layer().with_writer(to).with_ansi(colour).with_target(false).boxed(),
        Format::Json => tracing_subscriber::fmt::layer().with_writer(to).json().flatten_event(true).boxed(),
        Format::Journald => tracing_journald::layer().map_err(|error| BadLog::Journald(error.kind()))?.boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).try_init().map_err(|_| BadLog::Twice)
}

/// Whether a level is one, for `check`.
///
/// # Errors
/// [`BadLog::Level`].
pub fn filter(level: &str) -> Result<EnvFilter, BadLog> {
    let bad = || BadLog::Level(level.to_owned());
    // To the filter a word that is no level is a module, and a misspelt level would silence the whole log.
    let is_word = |part: &str| part.chars().all(|c| c.is_ascii_alphabetic());
    if level.trim().is_empty()
        || level.split(',').map(str::trim).any(|part| is_word(part) && part.parse::<LevelFilter>().is_err())
    {
        return Err(bad());
    }
    EnvFilter::try_new(format!("{QUIET},{level}")).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_a_mistake_and_no_module() {
        for good in ["info", "WARN", "off", "info,teams_relay::deliver=debug", "teams_relay=trace, warn", "fjall=debug"]
        {
            assert!(filter(good).is_ok(), "{good}");
        }
        for bad in ["loud", "inf", "", "info,loud", "info,teams_relay=loud"] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_engines_are_quiet_unless_they_are_named() {
        assert!(filter("info").unwrap().to_string().contains("fjall=warn"));
        let named = filter("info,fjall=debug").unwrap().to_string();
        assert!(named.contains("fjall=debug") && !named.contains("fjall=warn"), "{named}");
    }
}
