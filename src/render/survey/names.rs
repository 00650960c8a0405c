//! The names by which senders call things, each written bare: small letters and digits alone.

use crate::render::text::{capitalized, one_line};

/// What a thing is called, best first within a row; a later row counts only where the rows above it found nothing.
pub(super) const TITLES: &[&[&str]] = &[
    &[
        "title",
        "subject",
        "headline",
        "alertname",
        "rulename",
        "conditionname",
        "monitorname",
        "monitorfriendlyname",
        "trigger",
        "triggername",
        "checkname",
        "displaytitle",
        "shortdescription",
        "summary",
    ],
    &["message", "name", "description", "text"],
    &["jobname", "buildname", "projectname", "servicename", "hostname"],
];

/// What a machine calls the kind of an event; a title where there is no other, written as people write it.
pub(super) const KINDS: &[&str] = &["event", "eventtype", "webhookevent", "type", "kind"];

/// What describes a thing.
pub(super) const TEXTS: &[&str] =
    &["description", "body", "message", "content", "text", "summary", "details", "detail", "note", "errormessage"];

/// How a thing stands; that nearest to the root counts, whatever its name within a row.
pub(super) const STATES: &[&[&str]] = &[
    &["conclusion", "result", "outcome", "status", "state", "currentstate", "alerttypefriendlyname"],
    GRADES,
    &["alerttype", "indicator"],
];

/// How grave a thing is.
pub(super) const GRADES: &[&str] = &["severity", "level", "priority", "urgency", "impact"];

/// Where a thing is shown to people.
pub(super) const LINKS: &[&str] = &[
    "htmlurl",
    "weburl",
    "targeturl",
    "publicurl",
    "permalink",
    "fullurl",
    "url",
    "link",
    "href",
    "dashboardurl",
    "incidenturl",
    "buildurl",
    "externalurl",
    "generatorurl",
    "weblink",
];

/// By which of its members an object is called, best first.
pub(super) const NAMING: &[&str] =
    &["displayname", "fullname", "name", "login", "username", "nickname", "title", "summary", "value"];

/// Objects that only hold the thing itself: their names say nothing of it.
pub(super) const WRAPPERS: &[&str] = &[
    "data",
    "object",
    "attributes",
    "payload",
    "event",
    "resource",
    "fields",
    "body",
    "details",
    "properties",
    "item",
    "message",
    "meta",
    "metadata",
    "params",
    "labels",
    "annotations",
    "result",
    "content",
    "alert",
    "incident",
    "issue",
];

/// Objects that stand beside the thing: who did it and where. Their name is a fact; their own state and links are not.
pub(super) const BESIDE: &[&str] = &[
    "repository",
    "repo",
    "project",
    "user",
    "sender",
    "actor",
    "author",
    "committer",
    "pusher",
    "owner",
    "creator",
    "assignee",
    "reporter",
    "reviewers",
    "participants",
    "organization",
    "organisation",
    "account",
    "installation",
    "customer",
    "agent",
    "application",
    "page",
    "integration",
    "branch",
    "previous",
    "before",
    "old",
    "changes",
    "changelog",
];

/// What a reader wants to know first.
pub(super) const TELLING: &[&str] = &[
    "environment",
    "env",
    "host",
    "hostname",
    "instance",
    "server",
    "service",
    "component",
    "device",
    "branch",
    "ref",
    "project",
    "repository",
    "repo",
    "user",
    "username",
    "actor",
    "author",
    "sender",
    "assignee",
    "reporter",
    "requester",
    "pusher",
    "customer",
    "customeremail",
    "severity",
    "priority",
    "urgency",
    "impact",
    "level",
    "amount",
    "currency",
    "total",
    "region",
    "cluster",
    "job",
    "jobname",
    "pipeline",
    "stage",
    "tag",
    "number",
    "key",
    "reason",
    "error",
    "cause",
    "culprit",
    "culprits",
    "value",
    "threshold",
    "metric",
    "rule",
    "policy",
    "queue",
    "duration",
    "durationseconds",
    "monitor",
    "monitorurl",
    "team",
    "assignedto",
    "phase",
    "failuremessage",
    "buildstatus",
    "alertdetails",
    "item",
    "triggeredrule",
];

/// What machines tell each other.
pub(super) const NOISE: &[&str] = &[
    "version",
    "apiversion",
    "specversion",
    "schemaversion",
    "resourceversion",
    "metadataversion",
    "receiver",
    "truncatedalerts",
    "groupkey",
    "object",
    "objectkind",
    "livemode",
    "pendingwebhooks",
    "type",
    "kind",
    "event",
    "eventtype",
    "eventname",
    "eventkey",
    "action",
    "webhookevent",
    "issueeventtypename",
    "resourcetype",
    "notifytype",
    "datacontenttype",
    "contenttype",
    "mimetype",
    "slug",
    "scm",
    "scmid",
    "locale",
    "timezone",
    "color",
    "colour",
    "position",
    "boardorder",
    "order",
    "size",
    "visibilitylevel",
    "digest",
    "hash",
    "checksum",
    "fingerprint",
    "etag",
    "cursor",
    "iid",
    "uri",
    "sshurl",
    "gitsshurl",
    "gravatar",
    "icon",
    "encoding",
    "database64",
    "scope",
    "alias",
    "format",
    "targetcommitish",
    "active",
    "isprivate",
    "private",
    "self",
    "repotype",
    "accounttype",
    "jsdpublic",
    "billing",
    "source",
    "webhook",
    "policycreator",
    "harborhostname",
    "url",
    "path",
    "alerttype",
    "orderby",
];

/// `html_url`, `htmlUrl` and `HTML-URL` are one name: `htmlurl`. Long keys are no name that is looked for.
pub(super) fn bare(key: &str) -> String {
    let letters = key.chars().take(40).filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// `disk_name` and `diskName` as `Disk name`.
pub(super) fn words(key: &str) -> String {
    let mut out = String::new();
    let mut last_small = false;
    for c in key.chars() {
        if c.is_uppercase() && last_small {
            out.push(' ');
            out.extend(c.to_lowercase());
        } else if matches!(c, '_' | '-' | '.' | '/' | ':') {
            out.push(' ');
        } else {
            out.push(c);
        }
        last_small = c.is_lowercase();
    }
    capitalized(&one_line(&out))
}
