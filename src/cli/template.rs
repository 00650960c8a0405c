//! `template …`: which templates there are, what stands in them, and a new one to begin with. Needs no daemon.

mod new;

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use super::{failure::Failure, output};
use crate::{
    config::{Config, problem::did_you_mean},
    render::TemplateFile,
    rules,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List templates and partials, and where each comes from
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a template's text
    Show {
        /// Its name, such as github/push or partials/card
        name: String,
    },
    /// Write a template that works at once into the config folder, with a sample beside it
    New(new::Args),
}

pub(super) fn run(folder: &Path, environment: &BTreeMap<String, String>, command: Command) -> Result<(), Failure> {
    // A mistake in the settings keeps nobody from writing templates; `check` tells of it.
    let (config, _) = Config::load(folder, environment);
    match command {
        Command::List { json } => list(&config, json),
        Command::Show { name } => show(&config, &name),
        Command::New(args) => new::run(&config, &args),
    }
}

/// A row of the list.
#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    /// None for a partial.
    provider: Option<&'a str>,
    /// `built in`, or the file.
    from: &'a str,
}

fn list(config: &Config, json: bool) -> Result<(), Failure> {
    let templates = rules::templates(config);
    let mut rows: Vec<Row<'_>> = templates.values().map(row).collect();
    rows.sort_by_key(|row| row.provider.is_none());
    output::list(&rows, json, "there are no templates", ["NAME", "PROVIDER", "FROM"], |row| {
        [row.name, row.provider.unwrap_or("(a partial)"), row.from].map(str::to_owned)
    })
}

fn row(file: &TemplateFile) -> Row<'_> {
    let provider = file.name.split_once('/').map(|(provider, _)| provider).filter(|_| !file.is_partial());
    Row { name: &file.name, provider, from: if file.is_built_in() { "built in" } else { &file.origin } }
}

fn show(config: &Config, name: &str) -> Result<(), Failure> {
    let templates = rules::templates(config);
    let wanted = name.strip_suffix(".hbs").unwrap_or(name);
    match templates.get(wanted) {
        Some(file) => output::print(&file.text),
        None => {
            let cure = match did_you_mean(wanted, templates.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`teams-relay template list` names them".to_owned(),
            };
            Err(Failure::new(format!("there is no template `{wanted}`"), cure))
        }
    }
}
