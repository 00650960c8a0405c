//! `render`: the exact body that would be posted, and nothing else, on standard output.

use super::{
    failure::Failure,
    output,
    payload::{self, PayloadArgs},
};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    dispatch::cards,
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
}

pub(super) fn run(config: &Config, args: Args) -> Result<(), Failure> {
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
    output::print_bytes(&rules.profiles.get(&profile).encode_in(&rendered.card, locale.words()).bytes)?;
    match rendered.fault {
        None => Ok(()),
        Some((template, fault)) => Err(Failure::new(
            format!("the template {template} failed, so this is the fallback card: {fault}"),
            "correct the template; `teams-relay check` tries it with its samples",
        )),
    }
}
