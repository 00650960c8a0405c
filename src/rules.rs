//! The settings, compiled: what one webhook or one delivery needs, looked up and never parsed again.
//!
//! Replaced as a whole on reload. Pure: settings in, rules or problems out.

mod files;
mod looks;
mod samples;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use jiff::Timestamp;
use url::Url;

use self::files::{compile_templates, words_files};
use crate::{
    config::{
        Config, Source, TextFile,
        cards::Cards,
        connector::Connector,
        delivery::Expired,
        entra::Entra,
        header::Header,
        network::Network,
        problem::{Problem, did_you_mean},
        profile::Window,
        scheme::{SchemeSpec, Schemes},
    },
    deliver::schedule::Schedule,
    destination::{Destination, HostRules},
    event::Parts,
    lane::rate::Rate,
    name::{EntraName, LocaleName, ProfileName, QuotaGroup, SourceName, TemplateName, ZoneName},
    outcome::Reason,
    profile::{Profile, Profiles},
    provider::{Provider, Providers},
    render::{Locales, Templates},
    route::mapping::Mapping,
    verify::{Verifier, secrets::Secrets},
};
pub use files::{template_names, templates};
pub use looks::BadLook;
pub use samples::samples;

/// Everything compiled.
#[derive(Debug)]
pub struct Rules {
    /// The sources.
    pub sources: BTreeMap<SourceName, Arc<SourceRules>>,
    /// The templates.
    pub templates: Templates,
    /// The profiles.
    pub profiles: Profiles,
    /// Which hosts may be posted to.
    pub host_rules: HostRules,
    /// The applications whose tokens open flows.
    pub entra: BTreeMap<EntraName, Arc<Entra>>,
    /// The pages on which people subscribe, where there are any.
    pub connector: Option<Connector>,
    /// How the outside reaches the relay, where that is known.
    pub public_url: Option<Url>,
    /// How cards are posted.
    pub delivery: DeliveryRules,
    /// Who is told of destinations that fail: a subscription's id or name.
    pub notify: Option<String>,
    /// The language of cards where nobody says otherwise.
    cards: Cards,
    profile_windows: BTreeMap<ProfileName, Vec<Window>>,
    group_windows: BTreeMap<QuotaGroup, Vec<Window>>,
}

/// A source, compiled.
#[derive(Debug)]
pub struct SourceRules {
    /// Its name.
    pub name: SourceName,
    /// Its kind.
    pub provider: Provider,
    /// Who is believed.
    pub verifier: Verifier,
    /// What its provider's handshakes compare and sign with.
    pub secrets: Secrets,
    /// The headers whose values prove a sender, or hold a handshake's secret, whatever their names say.
    pub proofs: Vec<Header>,
    /// Secrets that handshakes may bring.
    pub captures: usize,
    /// Its rules, then its provider's.
    pub mapping: Mapping,
    /// The parts of its payloads that the mapping looks at.
    pub looked_at: Parts,
    /// How old its events may grow.
    pub ttl: Duration,
    /// What becomes of those that grew older.
    pub expired: Expired,
    locale: Option<LocaleName>,
    time_zone: Option<ZoneName>,
    enabled: bool,
    expires: Option<Timestamp>,
    allow_from: Vec<Network>,
    rate: Option<Rate>,
}

/// How cards are posted.
#[derive(Debug, Clone)]
pub struct DeliveryRules {
    /// How long a destination may take.
    pub timeout: Duration,
    /// When to try again.
    pub schedule: Schedule,
    /// How old an event may grow whose source is gone.
    pub ttl: Duration,
    /// What becomes of one of those that grew older.
    pub expired: Expired,
    /// How long a lane may fall behind before its deliveries share cards.
    pub digest_after: Duration,
    /// How long a destination may be paused by the relay before it is given up.
    pub dead_after: Duration,
}

impl SourceRules {
    /// Whether webhooks are taken at this moment.
    ///
    /// # Errors
    /// [`Reason::SourceDisabled`], [`Reason::SourceExpired`].
    pub fn open_at(&self, now: Timestamp) -> Result<(), Reason> {
        match self.expires {
            _ if !self.enabled => Err(Reason::SourceDisabled),
            Some(expires) if expires <= now => Err(Reason::SourceExpired),
            _ => Ok(()),
        }
    }

    /// Whether webhooks are taken from this address.
    ///
    /// # Errors
    /// [`Reason::AddressNotAllowed`].
    pub fn open_to(&self, client: Option<IpAddr>) -> Result<(), Reason> {
        let is_allowed = |client| self.allow_from.iter().any(|network| network.holds(client));
        if self.allow_from.is_empty() || client.is_some_and(is_allowed) {
            return Ok(());
        }
        Err(Reason::AddressNotAllowed)
    }

    /// Counts one genuine webhook against the source's `rate`.
    ///
    /// # Errors
    /// How long it is until one more fits.
    pub fn within_rate(&self, now: Timestamp) -> Result<(), Duration> {
        self.rate.as_ref().map_or(Ok(()), |rate| rate.admit(now))
    }
}

impl Rules {
    /// Compiles the settings.
    ///
    /// # Errors
    /// Every problem of providers, sources, profiles, quotas and templates.
    pub fn compile(config: &Config) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let providers = collect(Providers::read(named(&config.providers, "provider", &mut problems)), &mut problems);
        let profiles = collect(Profiles::read(named(&config.profiles, "profile", &mut problems)), &mut problems);
        let locales = collect(Locales::read(&words_files(&config.templates)), &mut problems);
        let templates = collect(compile_templates(&config.templates), &mut problems);
        if let Some(locales) = &locales {
            looks::check_settings(config, locales, &mut problems);
        }
        if let Err(bad) = crate::observe::logging::filter(&config.log.level) {
            let (found, cure) = split(&bad.to_string());
            problems.push(Problem::new(crate::config::load::MAIN, "log.level", found, cure));
        }
        if let Some(profiles) = &profiles {
            check_quotas(config, profiles, &mut problems);
        }
        let mut sources = BTreeMap::new();
        if let Some(providers) = &providers {
            for source in config.sources.values() {
                let compiled = compile_source(source, providers, templates.as_ref(), config, &mut problems);
                if let Some(rules) = compiled {
                    sources.insert(source.name.clone(), Arc::new(rules));
                }
            }
        }
        problems.sort();
        problems.dedup();
        match (profiles, templates, locales) {
            (Some(profiles), Some(templates), Some(locales)) if problems.is_empty() => Ok(Self {
                sources,
                templates: templates.with_locales(locales),
                profiles,
                host_rules: config.host_rules.clone(),
                entra: config.entra.iter().map(|(name, entra)| (name.clone(), Arc::new(entra.clone()))).collect(),
                connector: config.connector.clone(),
                public_url: config.server.public_url.clone(),
                delivery: DeliveryRules {
                    timeout: config.delivery.timeout.0,
                    schedule: Schedule::new(config.delivery.retry.iter().map(|wait| wait.0).collect()),
                    ttl: config.delivery.ttl.0,
                    expired: config.delivery.expired,
                    digest_after: config.delivery.digest_after.0,
                    dead_after: config.delivery.dead_after.0,
                },
                notify: config.admin_notify.clone(),
                cards: config.cards.clone(),
                profile_windows: config.quotas.profiles.clone(),
                group_windows: config.quotas.groups.clone(),
            }),
            _ => Err(problems),
        }
    }

    /// How old events of a source may grow.
    pub fn ttl(&self, source: &SourceName) -> Duration {
        self.sources.get(source).map_or(self.delivery.ttl, |source| source.ttl)
    }

    /// What becomes of events of a source that are past their time.
    pub fn expired(&self, source: &SourceName) -> Expired {
        self.sources.get(source).map_or(self.delivery.expired, |source| source.expired)
    }

    /// The windows of a destination's quota group: the group's own, else the profile's as the admin set them, else
    /// the profile's.
    pub fn windows(&self, destination: &Destination) -> &[Window] {
        let group = destination.quota_group.as_ref().and_then(|group| self.group_windows.get(group));
        group.map_or_else(|| self.profile_windows(self.profiles.get(&destination.profile)), Vec::as_slice)
    }

    /// The windows of a profile, as the admin set them or as it has them.
    pub fn profile_windows<'s>(&'s self, profile: &'s Profile) -> &'s [Window] {
        self.profile_windows.get(&profile.name).unwrap_or(&profile.windows)
    }
}

/// Every provider that a source of these settings can name.
///
/// # Errors
/// Every problem of a provider's file.
pub fn providers(config: &Config) -> Result<Providers, Vec<Problem>> {
    let mut problems = Vec::new();
    let files = named(&config.providers, "provider", &mut problems);
    let providers = collect(Providers::read(files), &mut problems);
    providers.filter(|_| problems.is_empty()).ok_or(problems)
}

fn collect<T>(compiled: Result<T, Vec<Problem>>, problems: &mut Vec<Problem>) -> Option<T> {
    compiled.map_err(|more| problems.extend(more)).ok()
}

fn split(text: &str) -> (String, String) {
    let (found, cure) = text.split_once("; ").unwrap_or((text, "correct it"));
    (found.to_owned(), cure.to_owned())
}

/// Files by their name, as long as it is one.
fn named<Name: std::str::FromStr<Err = crate::name::BadName>>(
    files: &[TextFile],
    what: &str,
    problems: &mut Vec<Problem>,
) -> Vec<(Name, String, String)> {
    let mut read = Vec::new();
    for file in files {
        match file.name.parse::<Name>() {
            Ok(name) => read.push((name, file.place.clone(), file.text.clone())),
            Err(bad) => {
                problems.push(Problem::new(&file.place, "", bad.to_string(), format!("rename the {what}'s file")))
            }
        }
    }
    read
}

fn check_quotas(config: &Config, profiles: &Profiles, problems: &mut Vec<Problem>) {
    let names: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
    for name in config.quotas.profiles.keys().filter(|name| !names.contains(&name.as_str())) {
        let cure = match did_you_mean(name.as_str(), names.iter().copied()) {
            Some(near) => format!("did you mean `quotas.{near}`?"),
            None => format!("use one of: {}; a group's windows stand under quotas.groups.{name}", names.join(", ")),
        };
        problems.push(Problem::new(crate::config::load::MAIN, format!("quotas.{name}"), "is no profile", cure));
    }
}

fn compile_source(
    source: &Source,
    providers: &Providers,
    templates: Option<&Templates>,
    config: &Config,
    problems: &mut Vec<Problem>,
) -> Option<SourceRules> {
    let spec = &source.spec;
    let Some(provider) = providers.get(&spec.provider) else {
        let names: Vec<&str> = providers.iter().map(|provider| provider.name().as_str()).collect();
        let cure = match did_you_mean(spec.provider.as_str(), names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use one of: {}", names.join(", ")),
        };
        problems.push(Problem::new(
            &source.file,
            "provider",
            format!("there is no provider `{}`", spec.provider),
            cure,
        ));
        return None;
    };
    let schemes = match &spec.verify {
        None => Some(provider.schemes().clone()),
        Some(verify) => verify.read("verify", &|_| source.file.clone(), problems),
    };
    let schemes = schemes?;
    let proofs = proofs(&schemes, provider);
    if let Some(kept) = provider.places().keep.iter().find(|header| proofs.contains(header)) {
        let found = format!("proves by `{}`, which `{}` stores and shows (`event.keep`)", kept.0, provider.name());
        let cure = "use another header, or a provider's file of your own that does not keep it";
        problems.push(Problem::new(&source.file, "verify", found, cure));
    }
    let verifier = verifier(source, &schemes, config.server.public_url.as_ref(), problems);
    let mut mapping = Mapping::default();
    mapping.extend(&spec.map, &source.file, problems);
    if let Some(templates) = templates {
        check_templates(&mapping, templates, &source.file, problems);
    }
    mapping.extend(provider.map(), &format!("providers/{}.toml", provider.name()), problems);
    Some(SourceRules {
        name: source.name.clone(),
        provider: provider.clone(),
        verifier: verifier?,
        secrets: Secrets::new(&source.secrets, &source.handshake_secrets),
        proofs,
        captures: spec.captures,
        looked_at: mapping.looked_at(),
        mapping,
        ttl: spec.ttl.map_or(config.delivery.ttl.0, |ttl| ttl.0),
        expired: spec.expired.unwrap_or(config.delivery.expired),
        locale: spec.locale.clone(),
        time_zone: spec.time_zone.clone(),
        enabled: spec.enabled,
        expires: spec.expires,
        allow_from: spec.allow_from.clone(),
        rate: spec.rate.map(Rate::new),
    })
}

fn proofs(schemes: &Schemes, provider: &Provider) -> Vec<Header> {
    let of_schemes = match schemes {
        Schemes::AnyOf(specs) => specs.as_slice(),
        Schemes::None => &[],
    };
    of_schemes.iter().filter_map(SchemeSpec::proof_header).chain(provider.secret_headers()).cloned().collect()
}

fn verifier(
    source: &Source,
    schemes: &Schemes,
    public_url: Option<&Url>,
    problems: &mut Vec<Problem>,
) -> Option<Verifier> {
    // Secrets that were named but could not be had have been told of; that there are none left is no news.
    if !source.secrets_complete {
        return None;
    }
    collect(Verifier::new(schemes, &source.secrets, &source.file, public_url), problems)
}

fn check_templates(mapping: &Mapping, templates: &Templates, file: &str, problems: &mut Vec<Problem>) {
    let names: Vec<TemplateName> = templates.names();
    for (at, name) in mapping.templates().filter(|(_, name)| !templates.has(name)) {
        let cure = match did_you_mean(name.as_str(), names.iter().map(TemplateName::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("create templates/{name}.hbs in the config folder"),
        };
        problems.push(Problem::new(
            file,
            format!("map[{at}].template"),
            format!("there is no template `{name}`"),
            cure,
        ));
    }
}
