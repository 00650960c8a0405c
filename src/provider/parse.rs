//! From the text of a provider's file to the provider, or to every mistake in it at once.

use super::{File, Provider, Summary};
use crate::{
    config::{
        handshake::HandshakeSpec,
        header::Header,
        problem::Problem,
        provider::{EventSpec, IdPlace, Place, ProviderSpec, Yes},
        read::read,
        scheme::{SchemeSpec, Schemes, VerifySpec},
        syntax,
    },
    event::{EventType, Parts},
    name::ProviderName,
};

impl Provider {
    /// Reads the text of a provider's file.
    ///
    /// # Errors
    /// Every mistake in it, under the name `file`.
    pub fn parse(name: ProviderName, file: &str, toml: &str) -> Result<Self, Vec<Problem>> {
        let table = syntax::table(file, toml).map_err(|problem| vec![problem])?;
        let place = |_: &str| file.to_owned();
        let summary = Summary::of(&table);
        let mut problems = Vec::new();
        // Apart from the rest, so that a mistake in one does not hide those in the other.
        let verify = table.get("verify").map(|value| VerifySpec(value.clone()));
        let schemes = verify.and_then(|verify| verify.read("verify", &place, &mut problems));
        let spec: Option<ProviderSpec> = read(table, &place, &mut problems);
        let mut handshakes = Vec::new();
        if let Some(spec) = &spec {
            for (index, raw) in spec.handshake.iter().enumerate() {
                handshakes.extend(raw.understand(&format!("handshake[{index}]"), file, &mut problems));
            }
            refuse_secret_headers(&spec.event.keep, schemes.as_ref(), file, &mut problems);
            refuse_contradictions(&spec.event, schemes.as_ref(), file, &mut problems);
            if EventType::new(spec.event.default.trim(), None).name().is_empty() {
                let cure = "take it out, or give a type for webhooks that name none";
                problems.push(Problem::new(file, "event.default", "is empty", cure));
            }
        }
        match (spec, schemes) {
            (Some(ProviderSpec { title, setup, verify: _, event, handshake: _, chips, map }), Some(schemes))
                if problems.is_empty() =>
            {
                let file = File { place: file.to_owned(), text: toml.to_owned() };
                let looked_at = looked_at(&event, &handshakes);
                Ok(Self { name, title, setup, schemes, event, handshakes, looked_at, chips, map, summary, file })
            }
            _ => Err(problems),
        }
    }
}

/// The parts of a payload that are looked at on the way in.
fn looked_at(event: &EventSpec, handshakes: &[HandshakeSpec]) -> Parts {
    let ids = event.id.iter().flat_map(IdPlace::places);
    let of_handshakes = handshakes.iter().flat_map(HandshakeSpec::places).map(|(_, place)| place);
    let places = event.kind.iter().chain(&event.action).chain(ids).chain(of_handshakes);
    let mut parts = Parts::default();
    for place in places {
        if let Place::Body(pointer) = place {
            parts.add_pointer(pointer.as_str());
        }
    }
    for pointer in handshakes.iter().filter_map(|spec| spec.confirm.as_ref()) {
        parts.add_pointer(pointer.as_str());
    }
    parts
}

/// What a header's name holds if its value lets people in.
const SECRET_WORDS: &[&str] =
    &["authorization", "cookie", "signature", "token", "secret", "password", "credential", "api-key", "apikey", "hmac"];

/// Kept headers are stored and shown, so none may be one that proves who sent it.
fn refuse_secret_headers(keep: &[Header], schemes: Option<&Schemes>, file: &str, problems: &mut Vec<Problem>) {
    let specs = match schemes {
        Some(Schemes::AnyOf(specs)) => specs.as_slice(),
        Some(Schemes::None) | None => &[],
    };
    let proves = |header: &Header| specs.iter().any(|spec| spec.proof_header() == Some(header));
    for (index, header) in keep.iter().enumerate() {
        let name = header.0.as_str();
        if proves(header) || SECRET_WORDS.iter().any(|word| name.contains(word)) {
            let found = format!("`{name}` holds a secret or a signature, and kept headers are stored and shown");
            problems.push(Problem::new(file, format!("event.keep[{index}]"), found, "take it out"));
        }
    }
}

/// What is said of one webhook and can't be done, or not safely.
fn refuse_contradictions(event: &EventSpec, schemes: Option<&Schemes>, file: &str, problems: &mut Vec<Problem>) {
    if event.answer.is_some() && event.status == Yes::NoContent {
        let cure = "take it out, or write status = 200";
        problems.push(Problem::new(
            file,
            "event.answer",
            "can't be told, since an answer of status 204 has no body",
            cure,
        ));
    }
    let signs = |specs: &[SchemeSpec]| specs.iter().any(|spec| !spec.shows_the_secret());
    if event.any_content_type && matches!(schemes, Some(Schemes::AnyOf(specs)) if signs(specs)) {
        let found = "is for senders that show a token or a password; what was signed as a form is to be read as one";
        problems.push(Problem::new(file, "event.any_content_type", found, "take it out"));
    }
}
