//! `subscription …`: who gets what.

use http::Method;
use serde_json::json;

use super::{
    client::{Client, segment},
    failure::Failure,
    output,
};
use crate::{
    admin::view::{QuotaView, SubscriptionView, TestView},
    standing::Actor,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Send a source's events to a Teams webhook URL
    Add(Box<Add>),
    /// List subscriptions
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a subscription
    Show {
        /// Id, a unique part of it, or the name
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep its deliveries back until it is resumed
    Pause {
        /// Id, a unique part of it, or the name
        id: String,
    },
    /// Let its deliveries go out again
    Resume {
        /// Id, a unique part of it, or the name
        id: String,
    },
    /// Remove it; what waits for it becomes dead letters
    Remove {
        /// Id, a unique part of it, or the name
        id: String,
    },
    /// Post a test card
    Test {
        /// Id, a unique part of it, or the name
        id: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// The source whose events are wanted
    #[arg(long)]
    source: String,
    /// The Teams webhook URL, whole; `-` reads it from standard input, which keeps it out of the shell's history
    #[arg(long)]
    url: String,
    /// Only these event types; globs such as pull_request.* are allowed, and the option may be repeated
    #[arg(long = "event", value_name = "T")]
    events: Vec<String>,
    /// Only events that meet this CEL condition, such as: payload.ref == "refs/heads/main"
    #[arg(long, value_name = "CEL")]
    filter: Option<String>,
    /// What to call it
    #[arg(long, value_name = "N")]
    name: Option<String>,
    /// workflow or connector; without it, by the URL's host
    #[arg(long, value_name = "P")]
    profile: Option<String>,
    /// Destinations of one group share one allowance, as all flows of one owner do
    #[arg(long, value_name = "G")]
    quota_group: Option<String>,
    /// A header to send with each post, such as 'X-Alert-Secret: value'; kept as a secret, and the option may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// For a flow that is open to its tenant only: post with tokens of [entra.NAME] in the settings
    #[arg(long, value_name = "NAME")]
    entra: Option<String>,
    /// Show its events by the templates of this set, a folder below templates/sets/, where it has some
    #[arg(long, value_name = "SET")]
    templates: Option<String>,
    /// The language of its cards, such as de
    #[arg(long, value_name = "L")]
    locale: Option<String>,
    /// The zone that times on its cards are shown in, such as Europe/Berlin
    #[arg(long, value_name = "Z")]
    time_zone: Option<String>,
    /// Post nothing that matters less than this: good, info, warning or critical
    #[arg(long, value_name = "SEVERITY", value_parser = ["good", "info", "warning", "critical"])]
    min_severity: Option<String>,
    /// Of the builds of a branch, or whatever belongs together, post only the first failure and the first success after it
    #[arg(long)]
    only_changes: bool,
    /// Post nothing in these hours, such as 22:00-07:00; what comes then goes out together at their end
    #[arg(long, value_name = "HOURS")]
    quiet: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(client: &Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add(args) => add(client, *args).await,
        Command::List { json } => list(client, json).await,
        Command::Show { id, json } => {
            let one: SubscriptionView = client.get(&path(&id, "")).await?;
            show(&one, json)
        }
        Command::Pause { id } => change(client, Method::POST, &id, "/pause", "paused").await,
        Command::Resume { id } => change(client, Method::POST, &id, "/resume", "resumed").await,
        Command::Remove { id } => change(client, Method::DELETE, &id, "", "removed").await,
        Command::Test { id } => test(client, &id).await,
    }
}

fn path(id: &str, action: &str) -> String {
    format!("/subscriptions/{}{action}", segment(id))
}

async fn add(client: &Client, args: Add) -> Result<(), Failure> {
    let url = match args.url.as_str() {
        "-" => std::io::read_to_string(std::io::stdin())
            .map_err(|_| Failure::new("no URL could be read from standard input", "pipe it in, or give --url URL"))?,
        url => url.to_owned(),
    };
    let request = json!({
        "source": args.source,
        "url": url,
        "events": args.events,
        "filter": args.filter,
        "name": args.name,
        "profile": args.profile,
        "quota_group": args.quota_group,
        "headers": args.headers,
        "entra": args.entra,
        "templates": args.templates,
        "locale": args.locale,
        "time_zone": args.time_zone,
        "min_severity": args.min_severity,
        "only_changes": args.only_changes,
        "quiet": args.quiet,
    });
    let added: SubscriptionView = client.ask(Method::POST, "/subscriptions", Some(&request)).await?;
    if let Some(warning) = &added.warning {
        output::warn(&format!("warning: {warning}"));
    }
    if args.json {
        return output::json(&added);
    }
    output::line(&format!("added {}; try it with: teams-relay subscription test {}", added.id, added.id))
}

async fn list(client: &Client, json: bool) -> Result<(), Failure> {
    let all: Vec<SubscriptionView> = client.get("/subscriptions").await?;
    let nothing = "no subscriptions; add one with: teams-relay subscription add --source S --url URL";
    let heading = ["ID", "NAME", "SOURCE", "EVENTS", "DESTINATION", "STATE"];
    let row = |one: &SubscriptionView| {
        [
            one.id.to_string(),
            one.name.clone().unwrap_or_default(),
            one.source.to_string(),
            events_of(one, ","),
            format!("{}:{}", one.profile, one.destination),
            state_of(one),
        ]
    };
    if all.iter().all(|one| look_of(one).is_empty()) {
        return output::list(&all, json, nothing, heading, row);
    }
    let [id, name, source, events, destination, state] = heading;
    output::list(&all, json, nothing, [id, name, source, events, destination, state, "LOOK"], |one| {
        let [id, name, source, events, destination, state] = row(one);
        let look: Vec<String> = look_of(one).into_iter().map(|(_, value)| value).collect();
        [id, name, source, events, destination, state, look.join(" ")]
    })
}

/// How it wants its cards, if it wants them otherwise: what that is called, and what it is.
fn look_of(one: &SubscriptionView) -> Vec<(&'static str, String)> {
    let templates = one.templates.as_ref().map(|set| ("templates", set.to_string()));
    let locale = one.locale.as_ref().map(|name| ("locale", name.to_string()));
    let time_zone = one.time_zone.as_ref().map(|name| ("time zone", name.to_string()));
    [templates, locale, time_zone].into_iter().flatten().collect()
}

/// What it does not want to be told, if anything: what that is called, and what it is.
fn restraint_of(one: &SubscriptionView) -> Vec<(&'static str, String)> {
    let severity = one.min_severity.as_ref().map(|least| ("severity", format!("{} and above", least.as_str())));
    let changes = one.only_changes.then(|| ("only", "changes between failing and well".to_owned()));
    let quiet = one.quiet.map(|hours| ("quiet", hours.to_string()));
    [severity, changes, quiet].into_iter().flatten().collect()
}

/// Who asked for it on the connector's pages, and from where in Teams, if somebody did.
fn asked_of(one: &SubscriptionView) -> Vec<(&'static str, String)> {
    let Some(asked) = &one.asked else { return Vec::new() };
    let team = &asked.team;
    let place = |name: &Option<String>, id: &Option<String>| name.clone().or_else(|| id.clone());
    let parts = [
        ("asked by", Some(asked.owner.to_string())),
        ("team", place(&team.team_name, &team.team)),
        ("channel", place(&team.channel_name, &team.channel)),
        ("set up by", team.user.clone()),
        ("proof", asked.unproved.then(|| "waits for the code that was posted to the channel".to_owned())),
    ];
    parts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Where its destination is, and why it is not where it should be.
fn state_of(one: &SubscriptionView) -> String {
    match one.reason {
        Some(reason) => format!("{} ({reason})", one.state.as_str()),
        None => one.state.as_str().to_owned(),
    }
}

fn events_of(one: &SubscriptionView, between: &str) -> String {
    if one.events.is_empty() { "all".to_owned() } else { one.events.join(between) }
}

fn show(one: &SubscriptionView, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(one);
    }
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let events = events_of(one, ", ");
    let group = one.quota_group.as_ref().map_or_else(|| "its own".to_owned(), ToString::to_string);
    let headers =
        if one.headers.is_empty() { String::new() } else { format!("headers      {}\n", one.headers.join(", ")) };
    let entra = one.entra.as_ref().map(|name| format!("entra        {name}\n")).unwrap_or_default();
    let by = match one.by {
        Actor::Relay => "teams-relay",
        Actor::Admin => "an admin",
    };
    let cure = one.reason.map(|reason| format!("\n             {}", reason.cure())).unwrap_or_default();
    let window = |one: &QuotaView| format!("{} posts in {} ({} could go at once now)", one.posts, one.per, one.left);
    let quota: Vec<String> = one.quota.iter().map(window).collect();
    let restraint: String = restraint_of(one).iter().map(|(name, value)| format!("{name:13}{value}\n")).collect();
    let asked: String = asked_of(one).iter().map(|(name, value)| format!("{name:13}{value}\n")).collect();
    let look: String = look_of(one).iter().map(|(name, value)| format!("{name:13}{value}\n")).collect();
    output::line(&format!(
        "id           {}\nname         {}\nsource       {}\nevents       {events}\nfilter       {}\n\
         destination  {} ({})\nquota group  {group}\n{headers}{entra}{look}{restraint}{asked}state        {} \
         since {:.0}, by {by}{cure}\nwaiting      {}\nquota        {}\ncreated      {:.0}",
        one.id,
        or_none(&one.name),
        one.source,
        or_none(&one.filter),
        one.destination,
        one.profile,
        state_of(one),
        one.since,
        one.waiting,
        quota.join("\n             "),
        one.created_at,
    ))
}

async fn change(client: &Client, method: Method, id: &str, action: &str, done: &str) -> Result<(), Failure> {
    let one: SubscriptionView = client.ask(method, &path(id, action), None::<&()>).await?;
    output::line(&format!("{done} {}", one.id))
}

async fn test(client: &Client, id: &str) -> Result<(), Failure> {
    let test: TestView = client.post(&path(id, "/test")).await?;
    let status = test.attempt.status.map_or_else(|| "no answer".to_owned(), |status| format!("status {status}"));
    let took = test.attempt.took.as_millis();
    if test.accepted {
        return output::line(&format!(
            "the destination accepted the test card ({status}, {took} ms); look for it in the channel"
        ));
    }
    let reason = test.attempt.reason;
    let answer = if test.attempt.answer.is_empty() { String::new() } else { format!(": {}", test.attempt.answer) };
    Err(Failure::new(format!("the test card was not accepted ({reason}, {status}){answer}"), reason.cure()))
}
