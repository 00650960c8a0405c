//! A subscription's line, which is also its form in the store.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{bad, check_format};
use crate::{
    card::Severity,
    destination::{Destination, WebhookUrl, header::Header},
    name::{EntraName, LocaleName, ProfileName, QuotaGroup, SourceName, SubscriptionId, TemplateSet, ZoneName},
    store::StoreError,
    subscription::{Asked, Look, QuietHours, Restraint, Subscription},
};

/// The format of a subscription's line, which is also its form in the store.
const SUBSCRIPTION_FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct SubscriptionLine {
    format: u32,
    id: SubscriptionId,
    name: Option<String>,
    source: SourceName,
    events: Vec<String>,
    filter: Option<String>,
    url: String,
    profile: ProfileName,
    quota_group: Option<QuotaGroup>,
    // Records of older releases have no headers, no Entra name and no look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entra: Option<EntraName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    templates: Option<TemplateSet>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    locale: Option<LocaleName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_zone: Option<ZoneName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_severity: Option<Severity>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    only_changes: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet: Option<QuietHours>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<Asked>,
    paused: bool,
    // Older releases did not say since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paused_at: Option<Timestamp>,
    created_at: Timestamp,
}

/// A subscription as JSON, with its URL.
pub(in crate::store) fn subscription_value(subscription: &Subscription) -> Result<Value, StoreError> {
    let Subscription { id, name, source, events, filter, destination, look, restraint, asked, paused_at, created_at } =
        subscription.clone();
    let line = SubscriptionLine {
        format: SUBSCRIPTION_FORMAT,
        id,
        name,
        source,
        events,
        filter,
        url: destination.url.expose().to_owned(),
        profile: destination.profile,
        quota_group: destination.quota_group,
        headers: destination.headers.iter().map(|one| (one.name().to_string(), one.expose().to_owned())).collect(),
        entra: destination.entra,
        templates: look.templates,
        locale: look.locale,
        time_zone: look.time_zone,
        min_severity: restraint.min_severity,
        only_changes: restraint.only_changes,
        quiet: restraint.quiet,
        asked,
        paused: paused_at.is_some(),
        paused_at: paused_at.filter(|at| *at != created_at),
        created_at,
    };
    serde_json::to_value(line).map_err(|error| bad(&format!("subscription {id}"), error))
}

/// A subscription from its JSON. The error names `what` and quotes nothing of the value but a bad name.
pub(in crate::store) fn subscription(value: Value, what: &str) -> Result<Subscription, StoreError> {
    let format = value.get("format").and_then(Value::as_u64).and_then(|format| u32::try_from(format).ok());
    check_format(what, format.ok_or_else(|| bad(what, "it has no `format`"))?)?;
    let line: SubscriptionLine = serde_json::from_value(value).map_err(|error| bad(what, error))?;
    let headers = line.headers.iter().map(|(name, value)| Header::new(name, value));
    let destination = Destination {
        url: WebhookUrl::stored(line.url),
        profile: line.profile,
        quota_group: line.quota_group,
        headers: headers.collect::<Result<_, _>>().map_err(|error| bad(what, error))?,
        entra: line.entra,
    };
    Ok(Subscription {
        id: line.id,
        name: line.name,
        source: line.source,
        events: line.events,
        filter: line.filter,
        destination,
        look: Look { templates: line.templates, locale: line.locale, time_zone: line.time_zone },
        restraint: Restraint { min_severity: line.min_severity, only_changes: line.only_changes, quiet: line.quiet },
        asked: line.asked,
        paused_at: line.paused.then(|| line.paused_at.unwrap_or(line.created_at)),
        created_at: line.created_at,
    })
}
