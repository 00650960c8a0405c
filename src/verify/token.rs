//! The secret itself: in a header (GitLab's older way), in the query, or in the body (Microsoft Graph's `clientState`).
//!
//! To find it in the body, JSON is parsed that nobody has vouched for. It is bounded, and nothing of it is kept.

use http::{HeaderMap, uri::PathAndQuery};
use serde_json::Value;
use url::form_urlencoded;

use super::{cannot_sign::CannotSign, header, misfit::Misfit, why::Why};
use crate::{config::scheme::TokenSpec, event::Webhook, secret::Secret};

/// The largest body that is looked into. Microsoft Graph's notifications, in batches, are far below.
const MAX_BODY: usize = 1024 * 1024;

#[derive(Debug)]
pub(super) struct Token {
    place: TokenSpec,
    secrets: Vec<Secret>,
}

impl Token {
    pub(super) fn new(spec: &TokenSpec) -> Self {
        Self { place: spec.clone(), secrets: Vec::new() }
    }

    pub(super) fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        if let TokenSpec::Header(_) = self.place {
            header::can_carry(secret)?;
        }
        self.secrets.push(secret.clone());
        Ok(())
    }

    pub(super) fn looks_at(&self) -> String {
        self.place.at()
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// A body is not looked into to find that out; where it is the place, it always decides.
    pub(super) fn is_used_by(&self, webhook: &Webhook) -> bool {
        match &self.place {
            TokenSpec::Header(header) => webhook.headers.contains_key(&header.0),
            TokenSpec::Query(name) => parameters(&webhook.target).any(|(found, _)| found == *name),
            TokenSpec::Body(_) => true,
        }
    }

    pub(super) fn check(&self, webhook: &Webhook) -> Result<(), Why> {
        let fits = |token: &[u8]| {
            let fits = self.secrets.iter().any(|secret| secret.is(token));
            if fits { Ok(()) } else { Err(Why::Mismatch { at: self.looks_at() }) }
        };
        match &self.place {
            TokenSpec::Header(header) => fits(header::only(&webhook.headers, &header.0)?),
            TokenSpec::Query(name) => fits(self.in_query(name, &webhook.target)?.as_bytes()),
            TokenSpec::Body(pointer) => {
                let body = self.parsed(&webhook.body.0)?;
                let mut found = Vec::new();
                let whole = collect(&body, pointer.as_str(), &mut found);
                if found.is_empty() {
                    return Err(Why::Missing { looked_at: vec![self.looks_at()] });
                }
                // An element without it is as little proved as one with a wrong one.
                if !whole {
                    return Err(Why::Mismatch { at: self.looks_at() });
                }
                found.into_iter().try_for_each(|token| fits(token.as_bytes()))
            }
        }
    }

    fn in_query(&self, name: &str, target: &PathAndQuery) -> Result<String, Why> {
        let mut values = parameters(target).filter(|(found, _)| found == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Err(Why::Missing { looked_at: vec![self.looks_at()] }),
            (Some(_), Some(_)) => Err(Why::Repeated { at: self.looks_at() }),
            (Some(value), None) if value.is_empty() => Err(Why::Empty { at: self.looks_at() }),
            (Some(value), None) => Ok(value),
        }
    }

    fn parsed(&self, body: &[u8]) -> Result<Value, Why> {
        if body.len() > MAX_BODY {
            return Err(Why::TooLong { at: "the body".to_owned(), bytes: body.len() });
        }
        serde_json::from_slice(body)
            .map_err(|_| Why::Malformed { at: self.looks_at(), found: "the body is not JSON".to_owned() })
    }

    pub(super) fn sign(&self, headers: &mut HeaderMap, target: &mut PathAndQuery) -> Result<(), CannotSign> {
        let secret = self.secrets.first().ok_or(CannotSign::NoSecret)?;
        match &self.place {
            TokenSpec::Header(header) => header::set(headers, header.0.clone(), secret.expose(), CannotSign::NoSecret),
            TokenSpec::Query(name) => {
                *target = with_parameter(target, name, secret.expose()).ok_or(CannotSign::NoSecret)?;
                Ok(())
            }
            TokenSpec::Body(_) => Err(CannotSign::InPayload),
        }
    }
}

/// The parameters of a query, decoded.
pub(super) fn parameters(target: &PathAndQuery) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(target.query().unwrap_or_default().as_bytes()).into_owned()
}

/// The address with this parameter in its query, instead of any of that name.
pub(super) fn with_parameter(target: &PathAndQuery, name: &str, value: &str) -> Option<PathAndQuery> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters(target).filter(|(found, _)| found != name)).append_pair(name, value);
    format!("{}?{}", target.path(), query.finish()).parse().ok()
}

/// Gathers the texts that a pointer with `*` leads to; false if one of its branches leads to none.
fn collect<'v>(value: &'v Value, pointer: &str, found: &mut Vec<&'v str>) -> bool {
    let Some(rest) = pointer.strip_prefix('/') else {
        let text = value.as_str().filter(|text| !text.is_empty());
        found.extend(text);
        return text.is_some();
    };
    let (key, deeper) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    match (key, value) {
        // All are gone through, so that what is there is known to be there.
        ("*", Value::Array(list)) => list.iter().filter(|inner| !collect(inner, deeper, found)).count() == 0,
        _ => value.pointer(&format!("/{key}")).is_some_and(|inner| collect(inner, deeper, found)),
    }
}
