//! `[connector]`: the pages on which people subscribe, who may, and the Teams app that embeds them.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use url::Url;

use super::entra;
pub use crate::person::is_guid;
use crate::{name::SourceName, person::Owner};

/// Who may embed the pages: Teams, Outlook and the Microsoft 365 app, as Microsoft's page on requirements for tabs lists
/// them (learn.microsoft.com/microsoftteams/platform/tabs/how-to/tab-requirements).
const HOSTS: &[&str] = &[
    "https://teams.microsoft.com",
    "https://*.teams.microsoft.com",
    "https://*.cloud.microsoft",
    "https://*.microsoft365.com",
    "https://*.office.com",
    "https://outlook.office.com",
    "https://outlook.office365.com",
    "https://outlook-sdf.office.com",
    "https://outlook-sdf.office365.com",
];

/// The pages; without this table there are none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Connector {
    /// Whose events are on offer; none: those of every source.
    pub sources: Vec<SourceName>,
    /// Who may embed the pages, as `https://HOST`.
    #[serde(deserialize_with = "ancestors")]
    pub frame_ancestors: Vec<String>,
    /// A folder, relative to the config folder, with `MicrosoftTeams.min.js`; without it the browser gets that from
    /// Microsoft's CDN.
    pub assets: Option<PathBuf>,
    /// Where people read how a channel's webhook URL is made; without it the pages have no such link.
    #[serde(deserialize_with = "guide")]
    pub guide: Option<Url>,
    /// Sign-in with Entra ID; without it people need an invitation.
    pub sign_in: Option<SignIn>,
    /// The Teams app.
    pub app: App,
}

impl Default for Connector {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            frame_ancestors: HOSTS.iter().map(|host| (*host).to_owned()).collect(),
            assets: None,
            guide: None,
            sign_in: None,
            app: App::default(),
        }
    }
}

impl Connector {
    /// Whether events of this source are on offer.
    pub fn offers(&self, source: &SourceName) -> bool {
        self.sources.is_empty() || self.sources.contains(source)
    }
}

/// Whose tokens say who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The application's id in Entra.
    #[serde(deserialize_with = "guid")]
    pub client_id: String,
    /// The tenants, by id, whose people may subscribe.
    #[serde(deserialize_with = "guids")]
    pub tenants: Vec<String>,
    /// Who gives tokens.
    #[serde(default = "authority", deserialize_with = "authority_url")]
    pub authority: Url,
    /// People, as `TENANT/OBJECT-ID`, who may change every subscription.
    #[serde(default, deserialize_with = "members")]
    pub members: Vec<Owner>,
}

impl SignIn {
    /// The application's URI, in which Teams wants the host of the pages.
    pub fn uri(&self, host: &str) -> String {
        format!("api://{host}/{}", self.client_id)
    }

    /// Where people allow the application to know who they are, once; the page adds where they come back to.
    pub fn consent(&self, public_url: Option<&Url>) -> Option<Url> {
        let host = public_url?.host_str()?;
        let tenant = match self.tenants.as_slice() {
            [only] => only.as_str(),
            _ => "organizations",
        };
        let mut url = self.authority.join(&format!("{tenant}/oauth2/v2.0/authorize")).ok()?;
        let scope = format!("openid profile {}/access_as_user", self.uri(host));
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("response_type", "code")
            .append_pair("scope", &scope);
        Some(url)
    }
}

/// What the app package says of the app; what is missing here, `check` names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct App {
    /// The app's id, a GUID of one's own.
    pub id: Option<String>,
    /// The id that the Connectors Developer Dashboard gave, where there is one.
    pub connector_id: Option<String>,
    /// The version; Teams takes an update only if it is greater.
    pub version: String,
    /// What people see in the store of their organisation.
    pub name: String,
    /// Who offers it.
    pub developer: Option<String>,
    /// The developer's site; without it `server.public_url`.
    pub website: Option<Url>,
    /// What is said of privacy; without it the site.
    pub privacy: Option<Url>,
    /// The terms of use; without it the site.
    pub terms: Option<Url>,
}

impl Default for App {
    fn default() -> Self {
        Self {
            id: None,
            connector_id: None,
            version: "1.0.0".to_owned(),
            name: "teams-relay".to_owned(),
            developer: None,
            website: None,
            privacy: None,
            terms: None,
        }
    }
}

fn authority() -> Url {
    entra::public_authority()
}

fn authority_url<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = "is no https URL of a host alone; write it as \"https://login.microsoftonline.com\", or take it out";
    entra::authority(&text).ok_or_else(|| serde::de::Error::custom(wrong))
}

fn guide<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    // The pages show it to anybody.
    let is_fit = |url: &Url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    let url = String::deserialize(from)?.parse::<Url>().ok().filter(is_fit);
    let wrong =
        "is no https URL without a password; write it as \"https://intranet.octo.example/teams\", or take it out";
    url.map(Some).ok_or_else(|| serde::de::Error::custom(wrong))
}

/// A source of a Content-Security-Policy: a scheme and a host, the first label of which may be `*`.
fn ancestors<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let hosts = Vec::<String>::deserialize(from)?;
    let is_host = |text: &str| {
        let (host, port) = text.split_once(':').unwrap_or((text, "443"));
        let host = host.strip_prefix("*.").unwrap_or(host);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        !host.is_empty() && host.bytes().all(is_plain) && port.parse::<u16>().is_ok()
    };
    match hosts.iter().find(|text| !text.strip_prefix("https://").is_some_and(is_host)) {
        None => Ok(hosts),
        Some(_) => {
            Err(serde::de::Error::custom("holds what is no host; write each as \"https://teams.microsoft.com\""))
        }
    }
}

fn guid<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if is_guid(&text) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(serde::de::Error::custom("is no id; write it as Entra shows it, such as 00000000-0000-0000-0000-000000000000"))
}

fn guids<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    if !texts.is_empty() && texts.iter().all(|text| is_guid(text)) {
        return Ok(texts.iter().map(|text| text.to_ascii_lowercase()).collect());
    }
    Err(serde::de::Error::custom("is no list of ids; write the id of each tenant, at least one"))
}

fn members<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Owner>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let members = texts.iter().map(|text| format!("entra:{text}").parse::<Owner>());
    members.collect::<Result<_, _>>().map_err(|_| {
        let wrong = "holds what is no person; write each as \"TENANT/OBJECT-ID\", both as Entra shows them";
        serde::de::Error::custom(wrong)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{problem::Problem, read::read};

    fn problems(table: serde_json::Value) -> Vec<String> {
        let mut problems = Vec::new();
        read::<Connector>(table, &|_| "f.toml".to_owned(), &mut problems);
        problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn an_empty_table_is_whole_and_names_microsofts_hosts() {
        let connector: Connector = serde_json::from_value(json!({})).unwrap();
        assert!(connector.frame_ancestors.contains(&"https://*.cloud.microsoft".to_owned()));
        assert_eq!(connector, Connector::default());
    }

    #[test]
    fn consent_is_asked_for_in_the_one_tenant_that_there_is() {
        let id = "0f6e3c1a-1111-4222-8333-944444444444";
        let sign_in: SignIn = serde_json::from_value(json!({"client_id": id, "tenants": [id]})).unwrap();
        let public_url = Url::parse("https://hooks.octo.example/").unwrap();
        let url = sign_in.consent(Some(&public_url)).unwrap();
        assert!(
            url.as_str()
                .starts_with(&format!("https://login.microsoftonline.com/{id}/oauth2/v2.0/authorize?client_id={id}"))
        );
        assert!(url.as_str().contains("hooks.octo.example") && sign_in.consent(None).is_none());
    }

    #[test]
    fn a_guide_is_an_https_url_and_need_not_be_there() {
        let guide = |text: &str| problems(json!({"guide": text}));
        assert_eq!(guide("https://intranet.octo.example/teams#url"), [] as [&str; 0]);
        for bad in
            ["http://intranet.octo.example/", "javascript:alert(1)", "docs/teams.md", "", "https://u:hunter2@a.example"]
        {
            let told = guide(bad);
            assert!(told.len() == 1 && told[0].contains("is no https URL"), "{bad}: {told:?}");
            assert!(!told[0].contains("hunter2"));
        }
    }

    #[test]
    fn what_is_no_id_no_host_and_no_authority_is_told() {
        let id = "0f6e3c1a-1111-4222-8333-944444444444";
        let good =
            json!({"frame_ancestors": ["https://*.octo.example:8443"], "sign_in": {"client_id": id, "tenants": [id]}});
        assert_eq!(problems(good), [] as [&str; 0]);
        let bad = problems(json!({
            "frame_ancestors": ["https://a.example; script-src *"],
            "sign_in": {"client_id": "app", "tenants": [], "authority": "http://login.example", "members": [id]},
        }));
        assert_eq!(bad.len(), 5, "{bad:#?}");
        for host in ["http://a.example", "https://", "https://a b", "https://a/b", "*", "'self'"] {
            assert_eq!(problems(json!({"frame_ancestors": [host]})).len(), 1, "{host}");
        }
    }
}
