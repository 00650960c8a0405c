//! `manifest.json`, in a version that is old enough for every tenant and needs no package name.

use serde_json::{Value, json};

use super::{TeamsApp, icon};

/// What Teams looks for in a package.
pub(super) const FILE: &str = "manifest.json";

const VERSION: &str = "1.19";

impl TeamsApp {
    /// The manifest. Its tabs and its connector show the pages under `/connector/`; it asks for nothing but to know who
    /// somebody is.
    pub(super) fn manifest(&self) -> Value {
        let base = &self.public_url.base;
        let (settings, overview) = (format!("{base}/connector/config"), format!("{base}/connector/tab"));
        let mut manifest = json!({
            "$schema": format!("https://developer.microsoft.com/json-schemas/teams/v{VERSION}/MicrosoftTeams.schema.json"),
            "manifestVersion": VERSION,
            "version": self.version,
            "id": self.id,
            "developer": {
                "name": self.developer,
                "websiteUrl": self.website,
                "privacyUrl": self.privacy,
                "termsOfUseUrl": self.terms,
            },
            "name": {"short": self.name, "full": format!("{}: events as cards in your channels", self.name)},
            "description": {
                "short": "Choose which events of your systems a channel gets as cards.",
                "full": "Say which events of which systems (repositories, builds, alerts and others) a channel of \
                    yours is to get, and see, change and end what you chose. The cards are posted through a workflow \
                    of the channel's.",
            },
            "icons": {"color": icon::COLOR.file, "outline": icon::OUTLINE.file},
            "accentColor": icon::ACCENT.to_string(),
            "configurableTabs": [{
                // It is shown at first what a tab needs: Teams gives no webhook URL to one.
                "configurationUrl": format!("{settings}?for=tab"),
                "canUpdateConfiguration": true,
                "scopes": ["team", "groupChat"],
            }],
            "staticTabs": [{
                "entityId": "subscriptions",
                "name": "Subscriptions",
                "contentUrl": overview,
                "websiteUrl": overview,
                "scopes": ["personal"],
            }],
            "permissions": ["identity"],
            "validDomains": [self.public_url.host],
        });
        if let Value::Object(manifest) = &mut manifest {
            if let Some(id) = &self.connector_id {
                let connector = json!([{"connectorId": id, "configurationUrl": settings, "scopes": ["team"]}]);
                manifest.insert("connectors".to_owned(), connector);
            }
            if let (Some(sign_in), Some(resource)) = (&self.sign_in, self.resource()) {
                let application = json!({"id": sign_in.client_id, "resource": resource});
                manifest.insert("webApplicationInfo".to_owned(), application);
            }
        }
        manifest
    }
}
