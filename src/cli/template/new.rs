//! `template new`: a template and its sample, made from a payload or copied from those built in. Overwrites nothing.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    cli::{
        failure::Failure,
        output,
        payload::{event_type, read_payload},
    },
    config::{Config, problem::did_you_mean},
    event::{EventType, file_of},
    name::{ProviderName, TemplateName},
    provider::Providers,
    render::{self, Sample, TemplateFile, Templates},
    rules,
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The provider that the events come from, such as generic
    #[arg(long, value_name = "P")]
    provider: String,
    /// The event type, such as push or pull_request.opened
    #[arg(long, value_name = "E")]
    event: String,
    /// A payload to make it from; without it, the built-in template of this event is copied
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// What is to be written.
struct Made {
    text: String,
    sample: Option<String>,
    /// What was done, in words.
    how: String,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<(), Failure> {
    let provider = provider(config, &args.provider)?;
    let kind = event_type(&args.event);
    let name = name(&provider, &args.event)?;
    if !config.folder.is_dir() {
        let found = format!("there is no config folder {}", config.folder.display());
        return Err(Failure::new(found, "name one with --config DIR, or create it; it may be empty"));
    }
    let template = config.templates_folder.join(format!("{name}.hbs"));
    let file = name.as_str().split_once('/').map_or(name.as_str(), |(_, file)| file);
    let sample = config.templates_folder.join(format!("{provider}/samples/{file}.json"));
    if let Some(there) = [&template, &sample].into_iter().find(|file| file.exists()) {
        return Err(taken(there));
    }
    let made = match &args.from {
        Some(from) => from_payload(from, &name, &args.event)?,
        None => copied(&provider, &kind, &args.event)?,
    };
    try_out(&name, &made)?;
    write_new(&template, &made.text)?;
    if let Some(text) = &made.sample
        && let Err(failure) = write_new(&sample, text)
    {
        // Half of it would be in the way of the next try.
        fs::remove_file(&template).ok();
        return Err(failure);
    }
    output::line(&report(config, &provider, args, &template, &sample, &made))
}

fn provider(config: &Config, name: &str) -> Result<ProviderName, Failure> {
    let providers: Providers = rules::providers(config).map_err(|problems| Failure::problems(&problems))?;
    let known = name.parse::<ProviderName>().ok().filter(|name| providers.get(name).is_some());
    known.ok_or_else(|| {
        let cure = match did_you_mean(name, providers.iter().map(|provider| provider.name().as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`teams-relay provider list` names them; `generic` is for any other".to_owned(),
        };
        Failure::new(format!("there is no provider `{name}`"), cure)
    })
}

fn name(provider: &ProviderName, event: &str) -> Result<TemplateName, Failure> {
    let name = format!("{provider}/{}", file_of(event)).parse::<TemplateName>();
    name.ok().filter(|_| !event.is_empty()).ok_or_else(|| {
        Failure::new(
            format!("`{event}` can't be the name of a template"),
            "give the type as the provider writes it, such as push or pull_request.opened",
        )
    })
}

fn taken(file: &Path) -> Failure {
    let found = format!("{} is there already, and nothing is overwritten", file.display());
    Failure::new(found, "edit that file, or move it away first")
}

fn from_payload(from: &Path, name: &TemplateName, event: &str) -> Result<Made, Failure> {
    let payload: Value = read_payload(from)?;
    let provider = name.as_str().split('/').next().unwrap_or_default();
    let sample = serde_json::to_string_pretty(&payload)
        .map_err(|error| Failure::new(format!("the payload can't be written as JSON ({error})"), "report this"))?;
    Ok(Made {
        text: render::draft(&payload, &format!("The card of {provider}'s {event}")),
        sample: Some(format!("{sample}\n")),
        how: format!("made from {}, which the sample holds: take out of it what nobody should read", from.display()),
    })
}

fn copied(provider: &ProviderName, kind: &EventType, event: &str) -> Result<Made, Failure> {
    let built_in = render::embedded();
    let has = |name: &TemplateName| built_in.iter().any(|file| file.name == name.as_str());
    let chosen = render::choose(None, None, provider, kind, has).filter(|name| {
        // What every event has is no template for this one.
        name.as_str() != "generic/event" || (provider.as_str() == "generic" && kind.to_string() == "event")
    });
    let file = chosen.as_ref().and_then(|name| built_in.iter().find(|file| file.name == name.as_str()));
    let Some((name, file)) = chosen.as_ref().zip(file) else {
        return Err(Failure::new(
            format!("there is no built-in template for `{event}` of `{provider}` to begin with"),
            format!(
                "make one from a payload: teams-relay template new --provider {provider} --event {event} --from PAYLOAD.json"
            ),
        ));
    };
    let sample = sample_for(name, kind);
    Ok(Made {
        text: file.text.to_string(),
        how: format!("a copy of the built-in {name}, which it replaces for this event"),
        sample: sample.map(|sample| sample.json.into_owned()),
    })
}

/// The sample that is nearest to the event: of its action, or of its type where the template is for all types.
fn sample_for(name: &TemplateName, kind: &EventType) -> Option<Sample> {
    let mut samples: Vec<Sample> = render::samples().into_iter().filter(|sample| sample.template == *name).collect();
    let action = |sample: &Sample| {
        let payload: Value = serde_json::from_str(&sample.json).unwrap_or_default();
        payload.get("action").and_then(Value::as_str).map(str::to_owned)
    };
    samples.sort_by_key(|sample| {
        let is_named = sample.variant.as_deref() == Some(kind.name());
        let is_same = kind.action().is_some() && action(sample).as_deref() == kind.action();
        (!is_named, !is_same, sample.variant.is_some())
    });
    samples.into_iter().next()
}

/// Renders it as `check` will.
fn try_out(name: &TemplateName, made: &Made) -> Result<(), Failure> {
    let mut files = render::embedded();
    files.push(TemplateFile { name: name.to_string(), origin: format!("{name}.hbs"), text: made.text.clone().into() });
    let templates = Templates::compile(files).map_err(|problems| Failure::problems(&problems))?;
    let Some(json) = &made.sample else { return Ok(()) };
    let sample = Sample { template: name.clone(), variant: None, json: json.clone().into() };
    let input = sample.input().map_err(|bad| Failure::sentence(&bad.to_string()))?;
    templates.strict().render(name, &input).map(|_| ()).map_err(|error| {
        Failure::new(
            format!("the template that was made does not show this payload: {error}"),
            "report this, with the payload's shape",
        )
        .with_excerpt(error.excerpt())
    })
}

/// Writes a file that is not there yet.
fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        OpenOptions::new().write(true).create_new(true).open(file)?.write_all(text.as_bytes())
    };
    write().map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => taken(file),
        kind => Failure::new(
            format!("{} can't be written ({kind})", file.display()),
            "run it as the user who owns the config folder",
        ),
    })
}

fn report(
    config: &Config,
    provider: &ProviderName,
    args: &Args,
    template: &Path,
    sample: &Path,
    made: &Made,
) -> String {
    let folder = config.folder.display();
    let mut text = format!("wrote {}\n  {}", template.display(), made.how);
    let payload = match &made.sample {
        Some(_) => {
            text.push_str(&format!("\nwrote {}", sample.display()));
            sample.display().to_string()
        }
        None => "PAYLOAD.json".to_owned(),
    };
    let source = config.sources.values().find(|source| source.spec.provider == *provider);
    let name = source.map_or_else(|| provider.to_string(), |source| source.name.to_string());
    if source.is_none() {
        text.push_str(&format!("\n\nNo source is of this provider yet; create sources/{name}.toml, as `teams-relay provider show {provider}` tells."));
    }
    text.push_str(&format!(
        "\n\nEdit the template, and see the card at each change:\n  teams-relay render --watch --config {folder} --source {name} --event {} --payload {payload}\n\
         and at last:\n  teams-relay check --config {folder}",
        args.event
    ));
    text
}
