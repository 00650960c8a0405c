//! `[entra.NAME]`: an application of Entra's whose tokens open flows that take posts of their own tenant only.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use url::{Host, Url};

use super::{
    problem::Problem,
    read::read,
    secret::{Places, SecretSpec, SecretSpecs},
};
use crate::{destination::is_below, name::EntraName, secret::Secret};

/// For whom a token must be, by the host of the flow's URL: Power Automate as Microsoft's page on OAuth for HTTP triggers
/// names it for each cloud (learn.microsoft.com/power-automate/oauth-authentication), the final `/` included.
const AUDIENCES: &[(&str, &str)] = &[
    ("logic.azure.com", "https://service.flow.microsoft.com/"),
    ("api.powerplatform.com", "https://service.flow.microsoft.com/"),
    ("api.gov.powerplatform.microsoft.us", "https://gov.service.flow.microsoft.us/"),
    ("api.high.powerplatform.microsoft.us", "https://high.service.flow.microsoft.us/"),
    ("api.appsplatform.us", "https://service.flow.appsplatform.us/"),
    ("api.powerplatform.partner.microsoftonline.cn", "https://service.powerautomate.cn/"),
];

const AUTHORITY: &str = "https://login.microsoftonline.com";

/// Who gives the tokens of Microsoft's public cloud.
#[expect(clippy::expect_used, reason = "the literal is a URL")]
pub(super) fn public_authority() -> Url {
    authority(AUTHORITY).expect("a URL")
}

/// An application, and where it gets its tokens.
#[derive(Debug, Clone)]
pub struct Entra {
    /// Whose directory: its id, or a domain of it.
    pub tenant: String,
    /// The application's id.
    pub client_id: String,
    /// What it proves itself with.
    pub client_secret: Secret,
    /// Who gives tokens.
    pub authority: Url,
    audience: Option<String>,
}

impl PartialEq for Entra {
    fn eq(&self, other: &Self) -> bool {
        (&self.tenant, &self.client_id, &self.authority, &self.audience)
            == (&other.tenant, &other.client_id, &other.authority, &other.audience)
            && self.client_secret.is(other.client_secret.expose().as_bytes())
    }
}

impl Entra {
    /// One whose tokens are for this audience.
    #[cfg(test)]
    pub fn new(tenant: &str, client_id: &str, client_secret: &str, authority: &str, audience: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: Secret::new(client_secret),
            authority: Url::parse(authority).unwrap(),
            audience: Some(audience.to_owned()),
        }
    }

    /// For whom a token for this host is: as the settings say, else as is known of the host.
    pub fn audience(&self, host: &str) -> Option<&str> {
        let known = || AUDIENCES.iter().find(|(suffix, _)| is_below(host, suffix)).map(|(_, audience)| *audience);
        self.audience.as_deref().or_else(known)
    }
}

/// One table as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    tenant: String,
    client_id: String,
    client_secret: SecretSpec,
    authority: Option<String>,
    audience: Option<String>,
}

/// Reads the table `entra`; `place` names the file that a key came from.
pub(super) fn read_all(
    table: Option<Value>,
    places: &Places<'_>,
    place: &dyn Fn(&str) -> String,
    problems: &mut Vec<Problem>,
) -> BTreeMap<EntraName, Entra> {
    let mut all = BTreeMap::new();
    let Some(table) = table else { return all };
    let Value::Object(table) = table else {
        problems.push(Problem::new(place("entra"), "entra", "is not a table", "write [entra.NAME]"));
        return all;
    };
    for (name, value) in table {
        let key = format!("entra.{name}");
        let full = |inner: &str| if inner.is_empty() { key.clone() } else { format!("{key}.{inner}") };
        let before = problems.len();
        let section = read::<Section>(value, &|inner| place(&full(inner)), problems);
        for problem in problems.iter_mut().skip(before) {
            problem.key = full(&problem.key);
        }
        let entra = section.and_then(|section| section.resolve(places, &full, place, problems));
        match name.parse::<EntraName>() {
            Ok(name) => all.extend(entra.map(|entra| (name, entra))),
            Err(bad) => problems.push(Problem::new(place(&key), key.clone(), bad.to_string(), "rename it")),
        }
    }
    all
}

impl Section {
    fn resolve(
        self,
        places: &Places<'_>,
        full: &dyn Fn(&str) -> String,
        place: &dyn Fn(&str) -> String,
        problems: &mut Vec<Problem>,
    ) -> Option<Entra> {
        let before = problems.len();
        let mut note = |key: &str, found: &str, cure: &str| {
            problems.push(Problem::new(place(&full(key)), full(key), found, cure));
        };
        if !is_id(&self.tenant) {
            note("tenant", "is no tenant", "write its id, as the app's page in Entra shows it, or its domain");
        }
        if !is_id(&self.client_id) {
            note("client_id", "is no application id", "write it as the app's page in Entra shows it");
        }
        let audience = self.audience.as_deref();
        if audience.is_some_and(|text| text.is_empty() || text.contains(char::is_whitespace)) {
            let cure =
                "write it as \"https://service.flow.microsoft.com/\", or take it out: it is known by the flow's host";
            note("audience", "is empty or has blanks in it", cure);
        }
        let authority = authority(self.authority.as_deref().unwrap_or(AUTHORITY));
        if authority.is_none() {
            let found = "is no https URL of a host alone";
            note("authority", found, "write it as \"https://login.microsoftonline.com\", or take it out");
        }
        let key = full("client_secret");
        let secret = SecretSpecs(vec![self.client_secret]).resolve(places, &place(&key), &key, problems).pop();
        if problems.len() > before {
            return None;
        }
        let (tenant, client_id, audience) = (self.tenant, self.client_id, self.audience);
        Some(Entra { tenant, client_id, client_secret: secret?, authority: authority?, audience })
    }
}

/// Whether it is an id or a domain, and so one segment of a path.
fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    text.bytes().any(|byte| byte.is_ascii_alphanumeric()) && text.bytes().all(is_plain)
}

/// A secret goes there, so it is https; plain http is for tests, on this machine.
pub(super) fn authority(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_here = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(v4) => v4.is_loopback(),
        Host::Ipv6(v6) => v6.is_loopback(),
    };
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    let is_bare = url.username().is_empty() && url.password().is_none() && url.path() == "/";
    (is_safe && is_bare && url.query().is_none() && url.fragment().is_none()).then_some(url)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    fn load(table: Value) -> (BTreeMap<EntraName, Entra>, Vec<String>) {
        let environment = BTreeMap::from([("APP_SECRET".to_owned(), "hunter2".to_owned())]);
        let places = Places { folder: Path::new("/nowhere"), environment: &environment };
        let mut problems = Vec::new();
        let all = read_all(Some(table), &places, &|_| "f.toml".to_owned(), &mut problems);
        (all, problems.iter().map(Problem::to_string).collect())
    }

    #[test]
    fn an_application_needs_a_tenant_an_id_and_a_secret() {
        let table =
            json!({"prod": {"tenant": "octo.example", "client_id": "a-1", "client_secret": {"env": "APP_SECRET"}}});
        let (all, problems) = load(table);
        assert_eq!(problems, [] as [&str; 0]);
        let entra = &all[&"prod".parse().unwrap()];
        assert_eq!(
            (entra.client_secret.expose(), entra.authority.as_str()),
            ("hunter2", "https://login.microsoftonline.com/")
        );
        assert!(!format!("{entra:?}").contains("hunter2"));
        let (_, problems) = load(json!({"prod": {"tenant": "octo.example", "client_id": "a-1"}}));
        assert_eq!(problems, ["f.toml: entra.prod.client_secret: is missing; add it"]);
    }

    #[test]
    fn every_mistake_is_told_with_its_place_and_none_quotes_the_secret() {
        let (all, problems) = load(json!({
            "a": {"tenant": "a/b", "client_id": "", "client_secret": ["hunter2"], "audience": "", "authority": "x"},
            "B!": {"tenant": "t", "client_id": "c", "client_secret": "hunter2"},
            "c": {"tenant": "..", "client_id": "c d", "client_secret": {"env": "NOT"}, "audience": "a b",
                "authority": "http://login.example"},
        }));
        assert!(all.is_empty() && !problems.concat().contains("hunter2"), "{problems:#?}");
        let keys: Vec<&str> = problems.iter().map(|line| line.split(": ").nth(1).unwrap()).collect();
        let of_c =
            ["entra.c.tenant", "entra.c.client_id", "entra.c.audience", "entra.c.authority", "entra.c.client_secret"];
        assert_eq!(keys, [&["entra.a.client_secret", "entra.B!"] as &[_], &of_c].concat(), "{problems:#?}");
    }

    #[test]
    fn a_secret_goes_to_no_host_in_the_clear_but_this_one() {
        for good in ["https://login.microsoftonline.us", "http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9/"]
        {
            assert!(authority(good).is_some(), "{good}");
        }
        for bad in [
            "http://login.example",
            "https://u:p@login.example",
            "https://login.example/x",
            "file:///x",
            "https://a/?b",
        ] {
            assert!(authority(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_audience_is_that_of_the_hosts_cloud_unless_the_settings_say_otherwise() {
        let app = |audience: Option<&str>| {
            let section = json!({"tenant": "t", "client_id": "c", "client_secret": "s", "audience": audience});
            load(json!({"x": section})).0.remove(&"x".parse().unwrap()).unwrap()
        };
        let known = app(None);
        let public = Some("https://service.flow.microsoft.com/");
        assert_eq!(known.audience("prod-1.westeurope.logic.azure.com"), public);
        assert_eq!(known.audience("default1.2.environment.api.powerplatform.com"), public);
        let gcc_high = known.audience("x.1.environment.api.high.powerplatform.microsoft.us");
        assert_eq!(gcc_high, Some("https://high.service.flow.microsoft.us/"));
        assert_eq!(known.audience("notlogic.azure.com.example"), None);
        assert_eq!(app(Some("api://mine")).audience("prod-1.logic.azure.com"), Some("api://mine"));
    }
}
