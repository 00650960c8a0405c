//! Captured requests of every provider, read by its preset.
//!
//! What each must come to was written down from the providers' documentation, apart from the presets.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use super::{Provider, shared};
use crate::{
    event::{Event, RawBody},
    verify::{Verifier, keyring::Keyring},
};

/// Where the documentation says that the delivery id stands.
#[derive(Clone, Copy)]
enum Id {
    Header(&'static str),
    Body(&'static str),
    /// At all of these, joined.
    Joined(&'static [Id]),
    /// There is none, or it is that of an object which has several events.
    None,
}
use Id::{Body, Header, Joined};

/// One folder of captured requests: the preset, and of each file its type, its action and where its id stands.
type Folder = (&'static str, &'static str, &'static [(&'static str, &'static str, &'static str, Id)]);

const GITHUB: Id = Header("X-GitHub-Delivery");
const GITLAB: Id = Header("Idempotency-Key");
const CLOUD: Id = Header("X-Request-UUID");
const SERVER: Id = Header("X-Request-Id");
const GITEA: Id = Header("X-Gitea-Delivery");
const JIRA: Id = Header("X-Atlassian-Webhook-Identifier");
const SENTRY: Id = Header("Request-ID");
const SNS: Id = Header("x-amz-sns-message-id");
const PUSHED: Id = Joined(&[Body("/repository/repo_name"), Body("/push_data/tag"), Body("/push_data/pushed_at")]);
const UPDATED: Id = Joined(&[Body("/incident/incident_updates/0/id"), Body("/incident/updated_at")]);
const BATCHED: Id = Joined(&[Body("/0/source"), Body("/0/id")]);
const BINARY: Id = Joined(&[Header("ce-source"), Header("ce-id")]);
const STRUCTURED: Id = Joined(&[Body("/source"), Body("/id")]);

const CODE: &[Folder] = &[
    (
        "azuredevops",
        "azure-devops",
        &[
            ("build.complete.json", "build.complete", "", Body("/id")),
            ("git.pullrequest.created.json", "git.pullrequest.created", "", Body("/id")),
            ("git.pullrequest.merged.json", "git.pullrequest.merged", "", Body("/id")),
            ("git.push.json", "git.push", "", Body("/id")),
        ],
    ),
    (
        "bitbucket",
        "bitbucket",
        &[
            ("issue_created.json", "issue:created", "", CLOUD),
            ("pullrequest_comment_created.json", "pullrequest:comment_created", "", CLOUD),
            ("pullrequest_created.json", "pullrequest:created", "", CLOUD),
            ("pullrequest_fulfilled.json", "pullrequest:fulfilled", "", CLOUD),
            ("repo_commit_status_updated.json", "repo:commit_status_updated", "", CLOUD),
            ("repo_push.json", "repo:push", "", CLOUD),
        ],
    ),
    (
        "bitbucket-server",
        "bitbucket",
        &[
            ("pr_merged.json", "pr:merged", "", SERVER),
            ("pr_opened.json", "pr:opened", "", SERVER),
            ("repo_refs_changed.json", "repo:refs_changed", "", SERVER),
        ],
    ),
    (
        "gitea",
        "gitea",
        &[
            ("issues.json", "issues", "opened", GITEA),
            ("pull_request.json", "pull_request", "opened", GITEA),
            ("push.json", "push", "", GITEA),
            ("release.json", "release", "published", GITEA),
        ],
    ),
    (
        "github",
        "github",
        &[
            ("create.json", "create", "", GITHUB),
            ("dependabot_alert.json", "dependabot_alert", "dismissed", GITHUB),
            ("deployment_status.json", "deployment_status", "", GITHUB),
            ("issue_comment.json", "issue_comment", "created", GITHUB),
            ("issue_comment_form.form", "issue_comment", "created", GITHUB),
            ("issues.json", "issues", "opened", GITHUB),
            ("ping.json", "ping", "", GITHUB),
            ("pull_request.json", "pull_request", "opened", GITHUB),
            ("pull_request_review.json", "pull_request_review", "submitted", GITHUB),
            ("push.json", "push", "", GITHUB),
            ("release.json", "release", "published", GITHUB),
            ("workflow_job.json", "workflow_job", "My workflow_job", GITHUB),
            ("workflow_run.json", "workflow_run", "My workflow_run", GITHUB),
        ],
    ),
    (
        "gitlab",
        "gitlab",
        &[
            ("issue.json", "issue", "open", GITLAB),
            ("merge_request.json", "merge_request", "open", GITLAB),
            ("note_merge_request.json", "note", "", GITLAB),
            ("pipeline.json", "pipeline", "success", GITLAB),
            ("push.json", "push", "", GITLAB),
            ("release.json", "release", "create", GITLAB),
        ],
    ),
    (
        "gogs",
        "gogs",
        &[
            ("issues.json", "issues", "opened", Header("X-Gogs-Delivery")),
            ("push.json", "push", "", Header("X-Gogs-Delivery")),
        ],
    ),
];

const BUILDS: &[Folder] = &[
    ("buildkite", "buildkite", &[("ping.json", "ping", "", Header("X-Buildkite-Request"))]),
    (
        "circleci",
        "circleci",
        &[
            ("job-completed.json", "job-completed", "success", Body("/id")),
            ("workflow-completed.json", "workflow-completed", "success", Body("/id")),
        ],
    ),
    ("dockerhub", "dockerhub", &[("push.json", "push", "", PUSHED)]),
    (
        "harbor",
        "harbor",
        &[
            ("cloudevents_artifact_pushed.json", "harbor.artifact.pushed", "", Body("/id")),
            ("push_artifact.json", "PUSH_ARTIFACT", "", Id::None),
            ("quota_exceed.json", "QUOTA_EXCEED", "", Id::None),
            ("replication.json", "REPLICATION", "", Id::None),
            ("scanning_completed_high.json", "SCANNING_COMPLETED", "", Id::None),
            ("scanning_failed.json", "SCANNING_FAILED", "", Id::None),
        ],
    ),
    ("heroku", "heroku", &[("deploy_hook.form", "deploy", "", Id::None)]),
    (
        "jenkins",
        "jenkins",
        &[
            ("build_finalized_failure.json", "FINALIZED", "FAILURE", Id::None),
            ("build_finalized_success.json", "FINALIZED", "SUCCESS", Id::None),
        ],
    ),
    ("netlify", "netlify", &[("deploy_failed.json", "deploy_failed", "error", Id::None)]),
    ("sonarqube", "sonarqube", &[("quality_gate_error.json", "quality_gate", "ERROR", Body("/taskId"))]),
    ("teamcity", "teamcity", &[("build_failure.json", "buildFinished", "failure", Id::None)]),
    ("travis", "travis", &[("build.form", "push", "passed", Id::None)]),
];

const ALERTS: &[Folder] = &[
    (
        "alertmanager",
        "alertmanager",
        &[
            ("firing_single.json", "firing", "", Id::None),
            ("firing_two_alerts.json", "firing", "", Id::None),
            ("partly_resolved.json", "firing", "", Id::None),
            ("resolved.json", "resolved", "", Id::None),
        ],
    ),
    ("datadog", "datadog", &[("monitor_alert_default_template.json", "query_alert_monitor", "", Body("/id"))]),
    (
        "grafana",
        "grafana",
        &[
            ("legacy_alerting.json", "alerting", "", Id::None),
            ("unified_firing_two.json", "firing", "", Id::None),
            ("unified_values_v11.json", "firing", "", Id::None),
        ],
    ),
    (
        "newrelic",
        "newrelic",
        &[
            ("incident_closed.json", "issue", "closed", Id::None),
            ("incident_created.json", "issue", "created", Id::None),
        ],
    ),
    ("opsgenie", "opsgenie", &[("close.json", "Close", "", Id::None), ("create.json", "Create", "", Id::None)]),
    (
        "pagerduty",
        "pagerduty",
        &[
            ("incident.acknowledged.json", "incident.acknowledged", "", Body("/event/id")),
            ("incident.priority_updated.json", "incident.priority_updated", "", Body("/event/id")),
            ("incident.resolved.json", "incident.resolved", "", Body("/event/id")),
            ("incident.triggered.json", "incident.triggered", "", Body("/event/id")),
        ],
    ),
    (
        "sentry",
        "sentry",
        &[
            ("event_alert_exception_python.json", "event_alert", "triggered", SENTRY),
            ("event_alert_message_node.json", "event_alert", "triggered", SENTRY),
            ("issue_created.json", "issue", "created", SENTRY),
            ("issue_resolved.json", "issue", "resolved", SENTRY),
        ],
    ),
    (
        "statuspage",
        "statuspage",
        &[
            ("component_update.json", "update", "under_maintenance", Body("/component_update/id")),
            ("incident_created.json", "update", "identified", UPDATED),
        ],
    ),
    ("uptimerobot", "uptimerobot", &[("monitor_down.json", "Down", "", Id::None)]),
    ("zabbix", "zabbix", &[("problem.json", "PROBLEM", "", Id::None)]),
];

const OTHERS: &[Folder] = &[
    (
        "aws-sns",
        "aws-sns",
        &[
            ("notification_ses_bounce.json", "Notification", "", SNS),
            ("subscription_confirmation.json", "SubscriptionConfirmation", "", SNS),
        ],
    ),
    (
        "azure-eventgrid",
        "azure-eventgrid",
        &[("subscription_validation.json", "Microsoft.EventGrid.SubscriptionValidationEvent", "", Body("/0/id"))],
    ),
    (
        "cloudevents",
        "cloudevents",
        &[
            ("batch.json", "com.example.someevent", "", BATCHED),
            ("binary_json_object.json", "com.example.someevent", "", BINARY),
            ("binary_xml_string.xml", "com.example.someevent", "", BINARY),
            ("structured_base64.json", "com.example.someevent", "", STRUCTURED),
            ("structured_json_number.json", "com.example.someevent", "", STRUCTURED),
            ("structured_json_object.json", "com.example.someevent", "", STRUCTURED),
            ("structured_json_string.json", "com.example.someevent", "", STRUCTURED),
            ("structured_xml_string.json", "com.example.someevent", "", STRUCTURED),
        ],
    ),
    (
        "jira",
        "jira",
        &[
            ("cloud_comment_created.json", "comment_created", "", JIRA),
            ("cloud_issue_created.json", "jira:issue_created", "issue_created", JIRA),
            ("cloud_issue_updated_custom_field.json", "jira:issue_updated", "issue_updated", JIRA),
            ("issue_deleted.json", "jira:issue_deleted", "", JIRA),
            ("issue_updated_assigned_on_server.json", "jira:issue_updated", "issue_updated", JIRA),
            ("issue_updated_resolved.json", "jira:issue_updated", "issue_generic", JIRA),
            ("server_created_with_unicode.json", "jira:issue_created", "issue_created", JIRA),
            ("server_issue_updated_closed.json", "jira:issue_updated", "issue_closed", JIRA),
        ],
    ),
    ("linear", "linear", &[("issue_create.json", "Issue", "create", Header("Linear-Delivery"))]),
    (
        "stripe",
        "stripe",
        &[
            ("charge.dispute.created.json", "charge.dispute.created", "", Body("/id")),
            ("charge.succeeded.json", "charge.succeeded", "", Body("/id")),
            ("customer.subscription.created.json", "customer.subscription.created", "", Body("/id")),
            ("invoice.payment_failed.json", "invoice.payment_failed", "", Body("/id")),
        ],
    ),
];

fn preset(name: &str) -> Provider {
    let file = format!("{}/config/providers/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&file).unwrap();
    Provider::parse(name.parse().unwrap(), &file, &text).unwrap()
}

/// The event that a preset makes of a captured request. Signatures are left out of most of them, and another matter.
fn event(provider: &Provider, file: &Path) -> (Event, Value) {
    let webhook = shared::webhook(file, "captured");
    let now = webhook.received_at;
    provider.event(Verifier::none().check(webhook, now, &Keyring::default()).unwrap()).unwrap()
}

/// The names of the bodies in a folder.
fn bodies(folder: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with(".headers.json")).collect()
}

fn documented_id(id: Id, headers: &Value, body: &[u8]) -> Option<String> {
    let found = match id {
        Id::None => return None,
        Header(name) => headers[name].clone(),
        Body(pointer) => serde_json::from_slice::<Value>(body).unwrap().pointer(pointer).unwrap().clone(),
        Joined(all) => {
            let all: Vec<String> = all.iter().map(|id| documented_id(*id, headers, body).unwrap()).collect();
            Value::from(all).to_string().into()
        }
    };
    Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
}

fn are_read_as_documented(folders: &[Folder]) {
    let Some(payloads) = shared::path("payloads") else { return };
    for (folder, name, files) in folders {
        let (folder, provider) = (payloads.join(folder), preset(name));
        let listed: BTreeSet<String> = files.iter().map(|(file, ..)| (*file).to_owned()).collect();
        assert_eq!(bodies(&folder), listed, "{}", folder.display());
        for (file, kind, action, id) in *files {
            let path = folder.join(file);
            let (headers, body) = (shared::json(&path.with_extension("headers.json")), fs::read(&path).unwrap());
            let id = documented_id(*id, &headers, &body);
            let (event, payload) = event(&provider, &path);
            let action = (!action.is_empty()).then_some(*action);
            let found = (event.kind.name(), event.kind.action(), event.delivery_id.as_deref());
            assert_eq!(found, (*kind, action, id.as_deref()), "{}", path.display());
            assert_eq!(event.body, RawBody(body.into()), "what is stored is what was received");
            assert_eq!(event.payload().unwrap(), payload, "{}", path.display());
        }
    }
}

#[test]
fn what_hosts_of_code_sent_is_read_as_documented() {
    are_read_as_documented(CODE);
}

#[test]
fn what_builds_and_registries_sent_is_read_as_documented() {
    are_read_as_documented(BUILDS);
}

#[test]
fn what_alerting_sent_is_read_as_documented() {
    are_read_as_documented(ALERTS);
}

#[test]
fn what_all_others_sent_is_read_as_documented() {
    are_read_as_documented(OTHERS);
}

#[test]
fn no_captured_request_is_left_out() {
    let Some(payloads) = shared::path("payloads") else { return };
    let all = [CODE, BUILDS, ALERTS, OTHERS].concat();
    let listed: BTreeSet<String> = all.iter().map(|(folder, ..)| (*folder).to_owned()).collect();
    let folders = fs::read_dir(payloads).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let there: BTreeSet<String> = folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!((listed.len(), &listed), (33, &there));
    assert_eq!(all.iter().map(|(.., files)| files.len()).sum::<usize>(), 103);
}
