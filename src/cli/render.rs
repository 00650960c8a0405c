//! `render`: the exact body that would be posted, and nothing else, on standard output.

mod watch;

use std::{collections::BTreeMap, path::Path};

use super::{
    failure::Failure,
    load_config, output,
    payload::{self, PayloadArgs},
};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    dispatch::cards::{self, Fault},
    name::ProfileName,
    rules::Rules,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    payload: PayloadArgs,
    /// The profile to render for
    #[arg(long, value_name = "P", default_value = "workflow")]
    profile: String,
    /// Render as for a subscription with this template set
    #[arg(long, value_name = "SET")]
    templates: Option<String>,
    /// Render in this language, such as de
    #[arg(long, value_name = "L")]
    locale: Option<String>,
    /// Show times in this zone, such as Europe/Berlin
    #[arg(long, value_name = "Z")]
    time_zone: Option<String>,
    /// Render again whenever the payload, its headers, a template or a setting changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

/// What was made of a payload.
struct Made {
    body: Vec<u8>,
    most_bytes: usize,
    is_shortened: bool,
    /// Why it is the fallback card, if it is.
    fault: Option<Failure>,
}

pub(super) async fn run(folder: &Path, environment: &BTreeMap<String, String>, args: Args) -> Result<(), Failure> {
    if args.watch {
        return watch::run(folder, environment, &args).await;
    }
    let made = make(&load_config(folder, environment)?, &args)?;
    output::print_bytes(&made.body)?;
    made.fault.map_or(Ok(()), Err)
}

fn make(config: &Config, args: &Args) -> Result<Made, Failure> {
    let rules = Rules::compile(config).map_err(|problems| Failure::problems(&problems))?;
    let source = payload::source(&rules, &args.payload.source)?;
    let known = args.profile.parse::<ProfileName>().ok().filter(|name| rules.profiles.has(name));
    let Some(profile) = known else {
        let names: Vec<&str> = rules.profiles.iter().map(|profile| profile.name.as_str()).collect();
        return Err(Failure::new(
            format!("there is no profile `{}`", args.profile),
            format!("use one of: {}", names.join(", ")),
        ));
    };
    let prepared = payload::prepare(&args.payload, &source.provider, "render")?;
    let event = payload::event(prepared, source, SystemClock.now())?;
    let look = rules.look(args.templates.as_deref(), args.locale.as_deref(), args.time_zone.as_deref());
    let look = look.map_err(|bad| Failure::sentence(&bad.to_string()))?;
    let rendered = cards::render(&rules, None, &event, &look);
    let locale = rules.locale(&event.source, &look);
    let profile = rules.profiles.get(&profile);
    let encoded = profile.encode_in(&rendered.card, locale.words());
    Ok(Made {
        body: encoded.bytes.to_vec(),
        most_bytes: profile.max_bytes,
        is_shortened: encoded.shortened,
        fault: rendered.fault.as_ref().map(failure),
    })
}

fn failure(Fault { template, words, excerpt }: &Fault) -> Failure {
    Failure::new(
        format!("the template {template} failed, so this is the fallback card: {words}"),
        "correct the template; `teams-relay check` tries it with its samples",
    )
    .with_excerpt(excerpt.as_ref())
}
