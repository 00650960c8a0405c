//! The page to try templates on: a payload and a template in, the card and every mistake out. Nothing is written to disk.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State, rejection::JsonRejection},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    config::problem::Problem,
    event::{EventType, file_of},
    name::{ProviderName, TemplateName},
    profile::Profile,
    render::{self, RenderError, RenderInput, Sample, TemplateFile, Templates},
};

/// A payload and a template in JSON; providers' largest payloads fit.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// What the template that is being written is called in messages.
const TEMPLATE: &str = "template";

/// `profile`: for which bodies are made.
pub(super) fn router(profile: Profile) -> Router {
    Router::new()
        .route("/preview/samples", get(menu))
        .route("/preview/samples/{provider}/{name}", get(sample))
        .route("/preview/render", post(rendered).layer(DefaultBodyLimit::max(MOST_BYTES)))
        .with_state(Arc::new(profile))
}

/// A browser on this machine alone may ask, and a page of another site may not ask through it: a name that was turned to
/// this machine stands in `Host`, another site in `Origin`.
fn guard(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let name =
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |at| at.0);
    if !matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
        return Err(Refusal(StatusCode::FORBIDDEN, "ask this machine by its own name; use http://127.0.0.1"));
    }
    if text(header::ORIGIN).is_some_and(|origin| origin != format!("http://{host}")) {
        return Err(Refusal(StatusCode::FORBIDDEN, "another site asks; open /preview itself"));
    }
    Ok(())
}

struct Refusal(StatusCode, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

/// A line of the menu.
#[derive(Serialize)]
struct Entry {
    provider: String,
    /// The sample's file, without its ending.
    name: String,
}

fn entry(sample: &Sample) -> Option<Entry> {
    let (provider, name) = sample.template.as_str().split_once('/')?;
    let variant = sample.variant.as_deref().map(|variant| format!(".{variant}")).unwrap_or_default();
    Some(Entry { provider: provider.to_owned(), name: format!("{name}{variant}") })
}

async fn menu(headers: HeaderMap) -> Result<Response, Refusal> {
    guard(&headers)?;
    Ok(Json(render::samples().iter().filter_map(entry).collect::<Vec<_>>()).into_response())
}

/// What the page begins with.
#[derive(Serialize)]
struct Start {
    provider: String,
    event: String,
    payload: String,
    /// The name of the template that the event gets, and its text.
    name: String,
    template: String,
}

async fn sample(headers: HeaderMap, Path((provider, name)): Path<(String, String)>) -> Result<Response, Refusal> {
    guard(&headers)?;
    let is_meant =
        |sample: &Sample| entry(sample).is_some_and(|entry| entry.provider == provider && entry.name == name);
    let start = render::samples().into_iter().find(is_meant).and_then(|sample| start(&provider, &sample));
    start.map(|start| Json(start).into_response()).ok_or(Refusal(StatusCode::NOT_FOUND, "there is no such sample"))
}

fn start(provider: &str, sample: &Sample) -> Option<Start> {
    let (_, file) = sample.template.as_str().split_once('/')?;
    // The samples of a `default` template are named after their events.
    let event = sample.variant.as_deref().filter(|_| file == "default").unwrap_or(file);
    let templates: BTreeMap<String, TemplateFile> =
        render::embedded().into_iter().map(|file| (file.name.clone(), file)).collect();
    let payload: Value = serde_json::from_str(&sample.json).unwrap_or_default();
    let kind = EventType::new(event, payload.get("action").and_then(Value::as_str));
    let provider: ProviderName = provider.parse().ok()?;
    let chosen = render::choose(None, None, &provider, &kind, |name| templates.contains_key(name.as_str()))?;
    Some(Start {
        provider: provider.to_string(),
        event: event.to_owned(),
        payload: sample.json.clone().into_owned(),
        name: chosen.to_string(),
        template: templates.get(chosen.as_str())?.text.to_string(),
    })
}

/// What the page asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    provider: String,
    event: String,
    payload: String,
    template: String,
}

/// What it is told.
#[derive(Debug, Default, Serialize)]
struct Answer {
    /// The body that would be posted; none where the template can't be used at all.
    body: Option<Value>,
    bytes: usize,
    most_bytes: usize,
    shortened: bool,
    /// Whether the card is the one that goes out where a template failed.
    fallback: bool,
    /// Mistakes in the payload's text.
    payload_problems: Vec<String>,
    /// Mistakes in the template, each a line with the excerpt below it.
    problems: Vec<String>,
    /// What the template asks for and this payload lacks, which is no mistake by itself.
    notes: Vec<String>,
}

async fn rendered(
    State(profile): State<Arc<Profile>>,
    headers: HeaderMap,
    question: Result<Json<Question>, JsonRejection>,
) -> Result<Response, Refusal> {
    guard(&headers)?;
    let Json(question) = question.map_err(|bad| match bad.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Refusal(bad.status(), "send application/json"),
        StatusCode::PAYLOAD_TOO_LARGE => Refusal(bad.status(), "payload and template may have 2 MiB together"),
        _ => Refusal(StatusCode::BAD_REQUEST, "send an object with provider, event, payload and template, all texts"),
    })?;
    // Compiling a set of templates takes long enough to be in the way of other requests.
    let answer = tokio::task::spawn_blocking(move || answer(&profile, &question)).await;
    let answer = answer.map_err(|_| Refusal(StatusCode::INTERNAL_SERVER_ERROR, "it panicked; report the template"))?;
    Ok(Json(answer).into_response())
}

fn answer(profile: &Profile, question: &Question) -> Answer {
    let payload: Value = match serde_json::from_str(&question.payload) {
        Ok(payload) => payload,
        Err(error) => {
            let found = format!("line {}, column {}: this is not JSON", error.line(), error.column());
            return Answer { payload_problems: vec![found], ..Answer::default() };
        }
    };
    let name = format!("{}/{}", question.provider, file_of(&question.event));
    let Ok(name) = name.parse::<TemplateName>() else {
        return Answer { problems: vec!["there is no such provider or event".to_owned()], ..Answer::default() };
    };
    let mut files = render::embedded();
    let text = question.template.clone();
    files.push(TemplateFile { name: name.to_string(), origin: TEMPLATE.to_owned(), text: text.into() });
    match Templates::compile(files) {
        Ok(templates) => card(&templates, &name, profile, question, payload),
        Err(problems) => Answer { problems: problems.iter().map(Problem::in_full).collect(), ..Answer::default() },
    }
}

fn card(templates: &Templates, name: &TemplateName, profile: &Profile, question: &Question, payload: Value) -> Answer {
    let input = RenderInput::of_sample(payload, &question.provider, &question.event);
    let (card, problems) = match templates.render(name, &input) {
        Ok(card) => (card, Vec::new()),
        Err(error) => (render::fallback(&input, &error), vec![in_full(&error)]),
    };
    // A template that renders may still ask for what is not there, which a slip of the pen looks like.
    let notes = match templates.strict().render(name, &input) {
        Err(error) if problems.is_empty() => vec![in_full(&error)],
        _ => Vec::new(),
    };
    let encoded = profile.encode(&card);
    Answer {
        body: serde_json::from_slice(&encoded.bytes).ok(),
        bytes: encoded.bytes.len(),
        most_bytes: profile.max_bytes,
        shortened: encoded.shortened,
        fallback: !problems.is_empty(),
        problems,
        notes,
        payload_problems: Vec::new(),
    }
}

fn in_full(error: &RenderError) -> String {
    match (error.problem(""), error.excerpt()) {
        (Some(problem), _) => problem.in_full(),
        (None, Some(excerpt)) => format!("{error}\n{excerpt}"),
        (None, None) => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
