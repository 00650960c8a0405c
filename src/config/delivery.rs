//! `[delivery]` and `[destinations]`: how cards are posted, and where to.

use serde::{Deserialize, Serialize};

use super::duration::{Span, above_zero, at_least_one};
use crate::destination::HostRules;

/// How cards are posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// How long a destination may take to answer.
    #[serde(deserialize_with = "above_zero")]
    pub timeout: Span,
    /// How long to wait after each failure; when all are used, the delivery becomes a dead letter.
    pub retry: Vec<Span>,
    /// How old an event may grow before it is given up.
    #[serde(deserialize_with = "above_zero")]
    pub ttl: Span,
    /// What becomes of those that grew older.
    pub expired: Expired,
    /// How long a lane may fall behind before its deliveries fold into a digest.
    pub digest_after: Span,
    /// How long a destination that takes nothing stays paused before it is dead, and what comes for it is given up at once.
    #[serde(deserialize_with = "above_zero")]
    pub dead_after: Span,
    /// Posts under way at once, over all destinations.
    #[serde(deserialize_with = "at_least_one")]
    pub concurrency: usize,
}

/// What becomes of deliveries that are past their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expired {
    /// They are dead letters.
    #[default]
    Dead,
    /// Each is a line in the next digest.
    Digest,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            timeout: Span::seconds(15),
            retry: [5, 15, 60, 300, 900, 1800, 3600].map(Span::seconds).to_vec(),
            ttl: Span::seconds(86_400),
            expired: Expired::Dead,
            digest_after: Span::seconds(60),
            dead_after: Span::seconds(7 * 86_400),
            concurrency: 64,
        }
    }
}

/// Where cards may be posted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Destinations {
    /// Host name suffixes.
    pub allow_hosts: Vec<String>,
    /// Whether plain `http` is allowed; for tests.
    pub allow_http: bool,
    /// Whether loopback and private addresses are allowed; for tests.
    pub allow_private: bool,
}

impl Default for Destinations {
    /// The hosts that Teams webhook URLs have had: both generations of Workflows, API Management in front of a flow,
    /// and the connectors of old.
    fn default() -> Self {
        let hosts = [
            "logic.azure.com",
            "environment.api.powerplatform.com",
            "azure-api.net",
            "webhook.office.com",
            "outlook.office.com",
            "outlook.office365.com",
        ];
        Self { allow_hosts: hosts.map(str::to_owned).to_vec(), allow_http: false, allow_private: false }
    }
}

impl Destinations {
    /// The rules as the URL's type asks for them.
    pub fn rules(&self) -> HostRules {
        HostRules {
            allow_hosts: self.allow_hosts.clone(),
            allow_http: self.allow_http,
            allow_private: self.allow_private,
        }
    }
}
