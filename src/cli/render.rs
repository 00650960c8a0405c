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
    rules::{BadLook, Rules},
    subscription::Look,
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
    let look = look(&rules, &args)?;
    let rendered = cards::render(&rules, None, &event, &look);
    output::print_bytes(&rules.profiles.get(&profile).encode(&rendered.card).bytes)?;
    match rendered.fault {
        None => Ok(()),
        Some((template, fault)) => Err(Failure::new(
            format!("the template {template} failed, so this is the fallback card: {fault}"),
            "correct the template; `teams-relay check` tries it with its samples",
        )),
    }
}

/// What a subscription with these options would want.
fn look(rules: &Rules, args: &Args) -> Result<Look, Failure> {
    let bad = |bad: BadLook| Failure::sentence(&bad.to_string());
    Ok(Look { templates: args.templates.as_deref().map(|text| rules.template_set(text)).transpose().map_err(bad)? })
}
