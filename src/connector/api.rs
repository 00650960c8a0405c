//! `/connector/api`: what the pages ask. Everything but `about` and `passes` wants a token or a pass.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, State, rejection::JsonRejection},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Connector, offer,
    refusal::{Refusal, too_many},
    view::{Lately, View},
};
use crate::{
    card::Severity,
    delivery::Verdict,
    http::{bearer::bearer, problem::Problem},
    identity::Who,
    name::SourceName,
    person::Owner,
    subscribe::{Answered, Change, Pasted, Request},
    subscription::{Asked, Chips, Code, Subscription, Team, Unproved},
};

type Relay = State<Arc<Connector>>;
type Answer<T> = Result<Json<T>, Refusal>;
type Sent<T> = Result<Json<T>, JsonRejection>;

/// Characters of a name, at most.
const MOST_NAME: usize = 100;

pub(super) fn routes() -> Router<Arc<Connector>> {
    Router::new()
        .route("/about", get(about))
        .route("/passes", post(redeem))
        .route("/me", get(me))
        .route("/sources", get(sources))
        .route("/sources/{source}/samples/{type}", get(sample))
        .route("/subscriptions", get(list).post(add))
        .route("/subscriptions/{id}", get(show).put(change).delete(remove))
        .route("/subscriptions/{id}/pause", post(pause))
        .route("/subscriptions/{id}/resume", post(resume))
        .route("/subscriptions/{id}/test", post(test))
        .route("/subscriptions/{id}/code", post(send_code))
        .route("/subscriptions/{id}/proof", post(prove))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "unknown_address", "there is no such address") })
}

/// Somebody who is known by what stands behind `Bearer`.
pub(super) struct Known(Who);

impl FromRequestParts<Arc<Connector>> for Known {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, connector: &Arc<Connector>) -> Result<Self, Refusal> {
        let bearer = bearer(&parts.headers).ok_or_else(|| {
            let detail = "you are not signed in; sign in, or ask the admin for an invitation";
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
        })?;
        Ok(Self(connector.identity.who(bearer, connector.clock.now()).await?))
    }
}

fn read<T>(sent: Sent<T>) -> Result<T, Refusal> {
    // Axum's own words may quote what was sent, and a URL stands in it.
    let detail = "the page sent what this server does not understand; load the page again";
    let Json(read) = sent.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "bad_request", detail))?;
    Ok(read)
}

async fn about(State(connector): Relay) -> Json<Value> {
    let rules = connector.rules.load();
    let settings = rules.connector.as_ref();
    let own = settings.is_some_and(|settings| settings.assets.is_some());
    let sign_in = settings.and_then(|settings| settings.sign_in.as_ref());
    let consent = sign_in.and_then(|sign_in| sign_in.consent(rules.public_url.as_ref()));
    Json(json!({
        "teamsjs": if own { "self" } else { "cdn" },
        "sign_in": sign_in.is_some(),
        "consent": consent,
        "guide": settings.and_then(|settings| settings.guide.as_ref()),
    }))
}

#[derive(Deserialize)]
struct Invitation {
    invitation: String,
}

async fn redeem(State(connector): Relay, sent: Sent<Invitation>) -> Result<Response, Refusal> {
    let Invitation { invitation } = read(sent)?;
    let pass = connector.identity.redeem(&invitation, connector.clock.now()).await?;
    let body = json!({ "pass": pass.text.expose(), "expires": pass.guest.expires, "source": pass.guest.source });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn me(Known(who): Known) -> Json<Value> {
    let kind = match who {
        Who::Person(_) => "entra",
        Who::Guest(_) => "guest",
    };
    Json(json!({ "kind": kind, "name": who.name(), "source": who.source() }))
}

async fn sources(State(connector): Relay, Known(who): Known) -> Json<Vec<offer::Source>> {
    Json(offer::sources(&connector.rules.load(), &who))
}

async fn sample(
    State(connector): Relay,
    Known(who): Known,
    Path((source, kind)): Path<(String, String)>,
) -> Answer<Value> {
    let rules = connector.rules.load_full();
    let name = source.parse::<SourceName>().ok().filter(|name| offer::is_on_offer(&rules, &who, name));
    let source = name.and_then(|name| rules.sources.get(&name).cloned());
    let card = source.and_then(|source| offer::sample(&rules, &source, &kind));
    let missing = || Problem::new(StatusCode::NOT_FOUND, "no_sample", "there is no sample card of these events");
    Ok(Json(json!({ "card": card.ok_or_else(missing)? })))
}

impl Connector {
    /// A subscription that this person or guest may see and change.
    fn own(&self, who: &Who, id: &str) -> Result<Arc<Subscription>, Refusal> {
        let one = self.subscriptions.of_id(id)?;
        if self.is_of(who, &one) {
            return Ok(one);
        }
        // Said apart from one that is gone: Teams is not to be told that somebody else's was removed.
        let detail = "this subscription is somebody else's; ask them, or the admin";
        Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail).into())
    }

    fn is_of(&self, who: &Who, one: &Subscription) -> bool {
        let owner = who.owner();
        one.is_asked_by(&owner) || self.identity.is_member(&owner)
    }

    async fn answer(&self, one: &Subscription) -> Answer<View> {
        Ok(Json(self.view(one, &Lately::of(self).await?)))
    }
}

async fn list(State(connector): Relay, Known(who): Known) -> Answer<Vec<View>> {
    let lately = Lately::of(&connector).await?;
    let all = connector.store.subscriptions();
    Ok(Json(all.iter().filter(|one| connector.is_of(&who, one)).map(|one| connector.view(one, &lately)).collect()))
}

async fn show(State(connector): Relay, Known(who): Known, Path(id): Path<String>) -> Answer<View> {
    connector.answer(&*connector.own(&who, &id)?).await
}

/// Where a webhook URL comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    /// Teams gave it to the configuration page.
    Connector,
    /// Somebody pasted it.
    Pasted,
}

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    source: String,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    chips: Chips,
    min_severity: Option<Severity>,
    name: Option<String>,
    url: Pasted,
    by: By,
    team: Option<Team>,
}

fn check_name(name: Option<&str>) -> Result<(), Refusal> {
    if name.is_none_or(|name| name.chars().count() <= MOST_NAME && !name.chars().any(char::is_control)) {
        return Ok(());
    }
    Err(Refusal::unfit(format!("the name is too long; use at most {MOST_NAME} characters on one line")))
}

async fn add(State(connector): Relay, Known(who): Known, sent: Sent<Wanted>) -> Result<Response, Refusal> {
    let wanted = read(sent)?;
    check_name(wanted.name.as_deref())?;
    let source = wanted.source.parse::<SourceName>().ok();
    let offered = source.filter(|name| offer::is_on_offer(&connector.rules.load(), &who, name));
    let source = offered.ok_or_else(|| Refusal::unfit("this source is not on offer; load the page again"))?;
    let filter = connector.subscriptions.filter(&source, &wanted.chips)?;
    // Whoever pasted a URL has still to show that the channel is theirs: no code fits until one was posted.
    let unproved = (wanted.by == By::Pasted).then(|| Unproved {
        code: Code::new(rand::random()),
        sent_at: Timestamp::UNIX_EPOCH,
        tries: u32::MAX,
    });
    let owner = who.owner();
    let asked =
        Asked { owner: owner.clone(), chips: wanted.chips, team: wanted.team.unwrap_or_default().cut(), unproved };
    let request = Request {
        events: wanted.events,
        filter,
        name: wanted.name,
        min_severity: wanted.min_severity,
        ..Request::new(source.as_str(), wanted.url.0)
    };
    let _turn = connector.turns.wait(&owner).await;
    let (status, subscription) = match connector.subscriptions.ask(request, asked).await? {
        Answered::There(there) => (StatusCode::OK, with_code(&connector, &owner, there).await?),
        Answered::New(added) => {
            let added = if added.is_proved() { added } else { first_code(&connector, &owner, &added).await? };
            tracing::info!(subscription = %added.id, source = %added.source, "somebody subscribed");
            (StatusCode::CREATED, added)
        }
    };
    let Json(view) = connector.answer(&subscription).await?;
    Ok((status, Json(view)).into_response())
}

/// One that was asked for again: it gets another code only where it waits for one and none may be typed any more.
async fn with_code(
    connector: &Connector,
    owner: &Owner,
    there: Arc<Subscription>,
) -> Result<Arc<Subscription>, Refusal> {
    let unproved = there.asked.as_ref().and_then(|asked| asked.unproved.as_ref());
    if unproved.is_none_or(|unproved| unproved.holds(connector.clock.now())) {
        return Ok(there);
    }
    connector.send_code(owner, &there).await
}

/// The first code of a new subscription; where it can't be posted there is none, since its URL is of no use.
async fn first_code(
    connector: &Connector,
    owner: &Owner,
    added: &Arc<Subscription>,
) -> Result<Arc<Subscription>, Refusal> {
    let sent = connector.send_code(owner, added).await;
    if sent.is_err() {
        connector.subscriptions.remove(&added.id.to_string()).await?;
    }
    sent
}

async fn change(
    State(connector): Relay,
    Known(who): Known,
    Path(id): Path<String>,
    sent: Sent<Change>,
) -> Answer<View> {
    let change = read(sent)?;
    check_name(change.name.as_deref())?;
    let own = connector.own(&who, &id)?;
    let changed = connector.subscriptions.change(own.id, change).await?;
    connector.answer(&changed).await
}

async fn remove(State(connector): Relay, Known(who): Known, Path(id): Path<String>) -> Answer<Value> {
    let own = connector.own(&who, &id)?;
    let waiting = connector.store.backlog(own.destination.id());
    connector.subscriptions.remove(&own.id.to_string()).await?;
    tracing::info!(subscription = %own.id, source = %own.source, "somebody removed their subscription");
    Ok(Json(json!({ "dropped": waiting })))
}

async fn pause(State(connector): Relay, Known(who): Known, Path(id): Path<String>) -> Answer<View> {
    set_paused(&connector, &who, &id, true).await
}

async fn resume(State(connector): Relay, Known(who): Known, Path(id): Path<String>) -> Answer<View> {
    set_paused(&connector, &who, &id, false).await
}

async fn set_paused(connector: &Connector, who: &Who, id: &str, paused: bool) -> Answer<View> {
    let own = connector.own(who, id)?;
    let own = connector.subscriptions.set_paused(&own.id.to_string(), paused).await?;
    connector.answer(&own).await
}

async fn test(State(connector): Relay, Known(who): Known, Path(id): Path<String>) -> Answer<Value> {
    let own = connector.own(&who, &id)?;
    if !own.is_proved() {
        let detail = "type the code that was posted to the channel first";
        return Err(Problem::new(StatusCode::CONFLICT, "unproved", detail).into());
    }
    let now = connector.clock.now();
    let (verdict, attempt) = connector.dispatch.test(&own).await?.map_err(|at| too_many(at, now))?;
    let (outcome, says) = match verdict {
        Verdict::Accepted => ("accepted", "A test card was posted; look into the channel.".to_owned()),
        _ => ("refused", format!("The test card did not arrive: {}", attempt.reason.meaning())),
    };
    Ok(Json(json!({ "outcome": outcome, "says": says })))
}

async fn send_code(State(connector): Relay, Known(who): Known, Path(id): Path<String>) -> Result<Response, Refusal> {
    let own = connector.own(&who, &id)?;
    if !own.is_proved() {
        connector.send_code(&who.owner(), &own).await?;
    }
    Ok((StatusCode::ACCEPTED, [(header::CONTENT_LENGTH, HeaderValue::from_static("0"))]).into_response())
}

#[derive(Deserialize)]
struct TypedCode {
    code: String,
}

async fn prove(
    State(connector): Relay,
    Known(who): Known,
    Path(id): Path<String>,
    sent: Sent<TypedCode>,
) -> Answer<View> {
    let TypedCode { code } = read(sent)?;
    let own = connector.own(&who, &id)?;
    connector.prove(&own, &code).await?;
    connector.answer(&*connector.own(&who, &id)?).await
}
