//! `provider …`: what kinds of system can post, how each proves itself, and how it is set up. Needs no daemon.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::Value;

use super::{failure::Failure, output};
use crate::{
    config::{Config, problem::did_you_mean, provider::EventSpec},
    name::ProviderName,
    provider::{Provider, Providers},
    rules,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List providers
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a provider, and a source's file to copy
    Show {
        /// The name, such as github
        name: String,
        /// Print JSON
        #[arg(long, conflicts_with = "toml")]
        json: bool,
        /// Print the provider's own file, to begin another with
        #[arg(long)]
        toml: bool,
    },
}

pub(super) fn run(folder: &Path, environment: &BTreeMap<String, String>, command: Command) -> Result<(), Failure> {
    // A mistake in a source keeps nobody from looking up a provider; `check` tells of it.
    let (config, _) = Config::load(folder, environment);
    let providers = rules::providers(&config).map_err(|problems| Failure::problems(&problems))?;
    match command {
        Command::List { json } => list(&providers, json),
        Command::Show { name, json, toml } => {
            let provider = find(&providers, &name)?;
            match (json, toml) {
                (_, true) => output::print(provider.toml()),
                (true, false) => output::json(&Shown::of(provider, &config)),
                (false, false) => output::print(&Shown::of(provider, &config).text()),
            }
        }
    }
}

fn find<'a>(providers: &'a Providers, name: &str) -> Result<&'a Provider, Failure> {
    let found = name.parse::<ProviderName>().ok().and_then(|name| providers.get(&name));
    found.ok_or_else(|| {
        let cure = match did_you_mean(name, providers.iter().map(|provider| provider.name().as_str())) {
            Some(near) => format!("did you mean `{near}`? `teams-relay provider list` shows all"),
            None => "see `teams-relay provider list`, or write providers/NAME.toml in the config folder".to_owned(),
        };
        Failure::new(format!("there is no provider `{}`", name.escape_debug()), cure)
    })
}

/// A line of the list.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    name: &'a str,
    title: &'a str,
    proofs: &'a [String],
    handshakes: &'a [String],
    built_in: bool,
}

fn list(providers: &Providers, json: bool) -> Result<(), Failure> {
    let all: Vec<Listed> = providers
        .iter()
        .map(|provider| Listed {
            name: provider.name().as_str(),
            title: provider.title(),
            proofs: &provider.summary().proofs,
            handshakes: &provider.summary().handshakes,
            built_in: provider.file_on_disk().is_none(),
        })
        .collect();
    let heading = ["NAME", "TITLE", "FROM", "PROOF", "HANDSHAKE"];
    output::list(&all, json, "no providers", heading, |one| {
        [
            one.name.to_owned(),
            one.title.to_owned(),
            if one.built_in { "built in" } else { "config folder" }.to_owned(),
            one.proofs.join("; "),
            one.handshakes.join("; "),
        ]
    })
}

/// Everything that `show` tells.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    name: &'a str,
    title: &'a str,
    setup: Option<&'a str>,
    proofs: &'a [String],
    handshakes: &'a [String],
    event: &'a EventSpec,
    /// Events that have a template of their own; `default` serves all others.
    templates: Vec<String>,
    /// The provider's file; none if it is built in.
    file: Option<PathBuf>,
    needs_public_url: bool,
    /// The text of `sources/NAME.toml`.
    source: String,
    /// What to enter at the provider.
    address: String,
}

impl<'a> Shown<'a> {
    fn of(provider: &'a Provider, config: &Config) -> Self {
        let name = provider.name().as_str();
        let summary = provider.summary();
        let own = format!("{name}/");
        let templates = rules::template_names(config);
        let public = config.server.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/'));
        let secrets = if summary.takes_secrets {
            format!("secrets = {{ file = \"/etc/teams-relay/secrets/{name}\" }}\n")
        } else {
            String::new()
        };
        Self {
            name,
            title: provider.title(),
            setup: provider.setup(),
            proofs: &summary.proofs,
            handshakes: &summary.handshakes,
            event: provider.places(),
            templates: templates.iter().filter_map(|name| name.strip_prefix(&own)).map(str::to_owned).collect(),
            file: provider.file_on_disk().map(|place| config.folder.join(place)),
            needs_public_url: summary.takes_public_url,
            source: format!("provider = \"{name}\"\n{secrets}"),
            address: format!("{}/hooks/{name}", public.unwrap_or("https://YOUR-HOST")),
        }
    }

    fn text(&self) -> String {
        let event = serde_json::to_value(self.event).unwrap_or_default();
        let file = self.file.as_ref().map_or_else(|| "built in".to_owned(), |file| file.display().to_string());
        let table = [
            ("name", self.name.to_owned()),
            ("title", self.title.to_owned()),
            ("proof", or_none(self.proofs, "; or ")),
            ("handshake", or_none(self.handshakes, "; ")),
            ("type", format!("{}, else `{}`", places(&event, "type"), self.event.default)),
            ("action", places(&event, "action")),
            ("delivery id", places(&event, "id")),
            ("same body", self.event.same_body.map_or("-".to_owned(), |span| format!("a repeat within {span}"))),
            ("kept headers", places(&event, "keep")),
            ("answer", self.answer()),
            ("templates", or_none(&self.templates, ", ")),
            ("file", file),
        ];
        let mut lines: Vec<String> = table.iter().map(|(label, value)| format!("{label:<12}  {value}")).collect();
        lines.extend(self.setup.map(|setup| format!("\n{setup}")));
        lines.push(format!("\nconfig/sources/{}.toml:\n", self.name));
        lines.extend(self.source.lines().map(|line| format!("  {line}")));
        lines.push(format!("\naddress to enter there: {}", self.address));
        if self.needs_public_url {
            let why = "the address is signed too, so `server.public_url` must be set to what the provider calls";
            lines.push(why.to_owned());
        }
        lines.join("\n") + "\n"
    }
}

impl Shown<'_> {
    /// What an accepted webhook is answered.
    fn answer(&self) -> String {
        let status = u16::from(self.event.status);
        match &self.event.answer {
            Some(told) => format!("{status} `{}`", told.as_str()),
            None => status.to_string(),
        }
    }
}

fn or_none(all: &[String], between: &str) -> String {
    if all.is_empty() { "-".to_owned() } else { all.join(between) }
}

/// Places or headers, in the order in which they are looked at; joined ones with a `+`.
fn places(event: &Value, key: &str) -> String {
    let all = event.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |place: &Value| place.as_str().map_or_else(|| place.to_string(), str::to_owned);
    let texts: Vec<String> = all
        .iter()
        .map(|place| match place {
            Value::Array(joined) => joined.iter().map(text).collect::<Vec<_>>().join(" + "),
            place => text(place),
        })
        .collect();
    or_none(&texts, ", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mine() -> Providers {
        let text = "title = \"Mine\"\nsetup = \"Ask Ann.\"\nverify = { scheme = \"bearer\" }\n\
            [event]\ntype = [\"X-Kind\", \"/kind\"]\ndefault = \"note\"\n\
            id = [\"X-Id\", [\"/source\", \"/id\"]]\nsame_body = \"300s\"\nstatus = 200\nanswer = \"got it\"\n";
        let name: ProviderName = "mine".parse().unwrap();
        Providers::read([(name, "providers/mine.toml".to_owned(), text.to_owned())]).unwrap()
    }

    fn config(main: &str) -> (tempfile::TempDir, Config) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("templates/mine")).unwrap();
        std::fs::write(folder.path().join("templates/mine/alarm.hbs"), "{}").unwrap();
        std::fs::write(folder.path().join("teams-relay.toml"), main).unwrap();
        let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
        assert_eq!(problems, []);
        (folder, config)
    }

    #[test]
    fn what_is_shown_is_enough_to_set_up_a_source() {
        let providers = mine();
        let (folder, config) = config("[server]\npublic_url = \"https://hooks.example.com/\"");
        let text = Shown::of(find(&providers, "mine").unwrap(), &config).text();
        for part in [
            "proof         Bearer\n",
            "type          x-kind, /kind, else `note`\n",
            "delivery id   x-id, /source + /id\n",
            "same body     a repeat within 5m\n",
            "answer        200 `got it`\n",
            "templates     alarm\n",
            "\nAsk Ann.\n",
            "  provider = \"mine\"\n  secrets = { file = \"/etc/teams-relay/secrets/mine\" }\n",
            "address to enter there: https://hooks.example.com/hooks/mine\n",
        ] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
        assert!(text.contains(folder.path().join("providers/mine.toml").to_str().unwrap()), "{text}");
    }

    #[test]
    fn a_built_in_provider_says_so_and_gives_its_file() {
        let providers = mine();
        let (_folder, config) = config("");
        let github = find(&providers, "github").unwrap();
        let shown = Shown::of(github, &config);
        assert_eq!((shown.file.clone(), shown.address.as_str()), (None, "https://YOUR-HOST/hooks/github"));
        assert!(shown.templates.iter().any(|name| name == "pull_request"), "{:?}", shown.templates);
        assert!(github.toml().starts_with('#') && github.toml().contains("X-Hub-Signature-256"));
    }

    #[test]
    fn a_name_that_is_nearly_right_is_put_right() {
        let failure = find(&mine(), "gihtub").unwrap_err();
        assert!(failure.cure.contains("`github`"), "{failure:?}");
    }
}
