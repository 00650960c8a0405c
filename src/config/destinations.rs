//! `[destinations]`: where cards may be posted to, through which proxy, and whose certificates are trusted.

use std::{fs, path::Path};

use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::{
    problem::Problem,
    secret::{Places, SecretSpec, SecretSpecs},
};
use crate::{destination::HostRules, secret::Secret};

/// How connections out are made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WayOut {
    /// CAs that are trusted beside the machine's.
    pub ca: Vec<CertificateDer<'static>>,
    /// The proxy; none: as the environment says.
    pub proxy: Option<Proxy>,
}

/// A proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its URL, which may hold a password.
    pub url: Secret,
    /// Hosts that are reached without it.
    pub except: Vec<String>,
}

impl PartialEq for Proxy {
    fn eq(&self, other: &Self) -> bool {
        self.url.is(other.url.expose().as_bytes()) && self.except == other.except
    }
}

/// The section as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    allow_hosts: Vec<String>,
    allow_http: bool,
    allow_private: bool,
    #[serde(deserialize_with = "one_or_more")]
    ca: Vec<String>,
    proxy: Option<SecretSpec>,
    no_proxy: Vec<String>,
}

impl Default for Section {
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
        Self {
            allow_hosts: hosts.map(str::to_owned).to_vec(),
            allow_http: false,
            allow_private: false,
            ca: Vec::new(),
            proxy: None,
            no_proxy: Vec::new(),
        }
    }
}

fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    match serde_json::Value::deserialize(from)? {
        serde_json::Value::String(one) => Ok(vec![one]),
        many => serde_json::from_value(many)
            .map_err(|_| de::Error::custom("neither a path nor a list of paths; write it as \"ca.pem\"")),
    }
}

impl Section {
    /// With its files read and its secret fetched; `place` names the file that a key came from.
    pub(super) fn resolve(
        self,
        places: &Places<'_>,
        place: &dyn Fn(&str) -> String,
        problems: &mut Vec<Problem>,
    ) -> (HostRules, WayOut) {
        for host in &self.allow_hosts {
            if host.contains("://") || host.contains('/') || host.trim_start_matches("*.").is_empty() {
                let key = "destinations.allow_hosts";
                let found = format!("`{host}` is not a host name suffix");
                problems.push(Problem::new(place(key), key, found, "write it as \"logic.azure.com\""));
            }
        }
        let mut ca = Vec::new();
        for name in &self.ca {
            match authorities(&places.folder.join(name)) {
                Ok(found) => ca.extend(found),
                Err((found, cure)) => {
                    problems.push(Problem::new(place("destinations.ca"), "destinations.ca", found, cure));
                }
            }
        }
        let proxy = resolve_proxy(self.proxy, self.no_proxy, places, place, problems);
        let rules =
            HostRules { allow_hosts: self.allow_hosts, allow_http: self.allow_http, allow_private: self.allow_private };
        (rules, WayOut { ca, proxy })
    }
}

fn resolve_proxy(
    proxy: Option<SecretSpec>,
    except: Vec<String>,
    places: &Places<'_>,
    place: &dyn Fn(&str) -> String,
    problems: &mut Vec<Problem>,
) -> Option<Proxy> {
    let mut note = |key: &str, found: &str, cure: &str| problems.push(Problem::new(place(key), key, found, cure));
    let Some(spec) = proxy else {
        if !except.is_empty() {
            let cure = "set destinations.proxy too; for a proxy of the environment, set NO_PROXY there";
            note("destinations.no_proxy", "is set without a proxy", cure);
        }
        return None;
    };
    let key = "destinations.proxy";
    let cure = "write it as \"http://proxy.example:3128\", with user:password@ before the host if it wants them";
    let url = SecretSpecs(vec![spec]).resolve(places, &place(key), key, problems).pop()?;
    match Url::parse(url.expose()) {
        Ok(found) if matches!(found.scheme(), "http" | "https") && found.has_host() => Some(Proxy { url, except }),
        _ => {
            problems.push(Problem::new(place(key), key, "is no http or https URL of a proxy", cure));
            None
        }
    }
}

/// The certificates of a PEM file; at least one, and each one that can be trusted.
fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, (String, &'static str)> {
    let cure = "name a PEM file with the CA's certificate, that teams-relay may read";
    let bad = |why: &str| (format!("{} {why}", path.display()), cure);
    let text = fs::read(path).map_err(|error| bad(&format!("can't be read ({})", error.kind())))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|_| bad("is no PEM"))?;
    if found.is_empty() {
        return Err(bad("holds no certificate"));
    }
    for certificate in &found {
        let added = rustls::RootCertStore::empty().add(certificate.clone());
        added.map_err(|_| bad("holds something else than a certificate"))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;

    fn load(text: &str, files: &[(&str, &str)]) -> (Config, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        fs::write(folder.path().join("teams-relay.toml"), format!("[destinations]\n{text}")).unwrap();
        let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
        let at = format!("{}/", folder.path().display());
        (config, problems.iter().map(|problem| problem.to_string().replace(&at, "")).collect())
    }

    #[test]
    fn authorities_are_read_from_one_file_or_several() {
        let pem = || rcgen::generate_simple_self_signed(vec!["ca.example".into()]).unwrap().cert.pem();
        let (one, two) = (pem(), format!("{}\n{}", pem(), pem()));
        let files = [("one.pem", &*one), ("two.pem", &*two)];
        assert_eq!(load("ca = \"one.pem\"", &files).0.way_out.ca.len(), 1);
        let (config, problems) = load("ca = [\"one.pem\", \"two.pem\"]", &files);
        assert_eq!((config.way_out.ca.len(), problems), (3, vec![]));
    }

    #[test]
    fn what_is_no_authority_is_told_with_its_path() {
        let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let files = [("key.pem", &*key), ("broken.pem", broken), ("cut.pem", "-----BEGIN CERTIFICATE-----\nAAAA")];
        let (_, problems) = load("ca = [\"no.pem\", \"key.pem\", \"broken.pem\", \"cut.pem\"]", &files);
        insta::assert_snapshot!(problems.join("\n"), @r"
        teams-relay.toml: destinations.ca: broken.pem holds something else than a certificate; name a PEM file with the CA's certificate, that teams-relay may read
        teams-relay.toml: destinations.ca: cut.pem is no PEM; name a PEM file with the CA's certificate, that teams-relay may read
        teams-relay.toml: destinations.ca: key.pem holds no certificate; name a PEM file with the CA's certificate, that teams-relay may read
        teams-relay.toml: destinations.ca: no.pem can't be read (entity not found); name a PEM file with the CA's certificate, that teams-relay may read
        ");
        insta::assert_snapshot!(load("ca = 5", &[]).1.join("\n"), @r#"teams-relay.toml: destinations.ca: neither a path nor a list of paths; write it as "ca.pem""#);
    }

    #[test]
    fn a_proxy_is_a_url_with_or_without_a_password_and_is_never_quoted() {
        let (config, problems) =
            load("proxy = \"http://mona:hunter2@proxy.example:3128\"\nno_proxy = [\"a.example\"]", &[]);
        assert_eq!(problems, [] as [&str; 0]);
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(config.way_out.proxy.unwrap().except, ["a.example"]);
        for bad in ["proxy.example:3128", "socks5://mona:hunter2@proxy.example", "http://", "hunter2"] {
            let (config, problems) = load(&format!("proxy = \"{bad}\""), &[]);
            assert!(config.way_out.proxy.is_none());
            assert!(problems.concat().contains("is no http or https URL"), "{bad}: {problems:?}");
            assert!(!problems.concat().contains("hunter2"), "{problems:?}");
        }
        let (_, problems) = load("no_proxy = [\"a.example\"]", &[]);
        assert!(problems[0].contains("is set without a proxy"), "{problems:?}");
    }
}
