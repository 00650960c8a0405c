//! `app-package`: the Teams app, as a file to upload. Needs no daemon and no network.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{failure::Failure, output};
use crate::{
    config::{Config, problem::Problem},
    teams_app::TeamsApp,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to write, such as teams-relay.zip; one that is there is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Sections whose secrets may be for the daemon alone to read; the app says nothing of them.
const OF_THE_DAEMON: [&str; 4] = ["admin.", "store.", "destinations.", "entra."];

pub(super) fn run(folder: &Path, environment: &BTreeMap<String, String>, args: &Args) -> Result<(), Failure> {
    let (config, mut problems) = Config::load(folder, environment);
    problems.retain(is_of_the_app);
    if !problems.is_empty() {
        return Err(Failure::problems(&problems));
    }
    let app = TeamsApp::of(&config).map_err(|problems| Failure::problems(&problems))?;
    let bytes =
        app.package().map_err(|error| Failure::new(format!("the package can't be made ({error})"), "report this"))?;
    fs::write(&args.out, bytes).map_err(|error| {
        let found = format!("{} can't be written ({})", args.out.display(), error.kind());
        Failure::new(found, "name a file with --out, in a folder that is there and that you may write to")
    })?;
    output::line(&report(&app, &args.out))
}

fn is_of_the_app(problem: &Problem) -> bool {
    let is_of_daemon = OF_THE_DAEMON.iter().any(|section| problem.key.starts_with(section));
    !is_of_daemon && !problem.file.starts_with("sources/")
}

/// What was written, and what has to be so elsewhere for it to work.
fn report(app: &TeamsApp, out: &Path) -> String {
    let sign_in = match app.resource() {
        Some(resource) => format!("in Entra the application's App ID URI must be {resource}"),
        None => "without [connector.sign_in] people need an invitation".to_owned(),
    };
    format!(
        "{}: {} {}, to upload to the apps of your organisation\n  {sign_in}",
        out.display(),
        app.name(),
        app.version()
    )
}
