//! The program: takes arguments and environment, and maps the result to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    teams_relay::cli::run(
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
    )
}
