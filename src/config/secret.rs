//! Secrets in the settings: a value, a file, an environment variable or a systemd credential; one or a list.

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, Deserializer, de};

use super::problem::Problem;
use crate::secret::Secret;

/// Where one secret stands.
#[derive(Debug, Clone)]
pub enum SecretSpec {
    /// Here.
    Value(Secret),
    /// In this file, relative to the config folder.
    File(String),
    /// In this environment variable.
    Env(String),
    /// In this systemd credential (`LoadCredential=`).
    Credential(String),
}

impl<'de> Deserialize<'de> for SecretSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // Read by hand: serde's own message for an untagged enum would say nothing, and might quote the value.
        match serde_json::Value::deserialize(from)? {
            serde_json::Value::String(text) => Ok(Self::Value(Secret::new(text))),
            serde_json::Value::Object(table) => from_table(&table).map_err(de::Error::custom),
            _ => Err(de::Error::custom(WRONG_FORM)),
        }
    }
}

const WRONG_FORM: &str = "a secret is neither text nor a table; \
    write \"…\", { file = \"…\" }, { env = \"…\" } or { credential = \"…\" }";

fn from_table(table: &serde_json::Map<String, serde_json::Value>) -> Result<SecretSpec, &'static str> {
    let mut entries = table.iter();
    let (Some((key, value)), None) = (entries.next(), entries.next()) else {
        return Err("a secret names more or less than one place; \
            write just one of { file = \"…\" }, { env = \"…\" } and { credential = \"…\" }");
    };
    let place = value.as_str().ok_or(WRONG_FORM)?.to_owned();
    match key.as_str() {
        "file" => Ok(SecretSpec::File(place)),
        "env" => Ok(SecretSpec::Env(place)),
        "credential" => Ok(SecretSpec::Credential(place)),
        _ => Err(WRONG_FORM),
    }
}

/// One secret or a list of them, all valid at once.
#[derive(Debug, Clone, Default)]
pub struct SecretSpecs(pub Vec<SecretSpec>);

impl<'de> Deserialize<'de> for SecretSpecs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(from)?;
        let many = match value {
            serde_json::Value::Array(many) => many,
            one => vec![one],
        };
        many.into_iter()
            .map(|one| SecretSpec::deserialize(one).map_err(de::Error::custom))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Where secrets can be looked up; an argument, so that tests bring their own.
#[derive(Debug)]
pub struct Places<'a> {
    /// What relative paths are relative to.
    pub folder: &'a Path,
    /// The environment.
    pub environment: &'a BTreeMap<String, String>,
}

impl SecretSpecs {
    /// The secrets themselves. What can't be had is noted in `problems`, under `key` of `file`.
    pub fn resolve(&self, places: &Places<'_>, file: &str, key: &str, problems: &mut Vec<Problem>) -> Vec<Secret> {
        let mut secrets = Vec::new();
        for spec in &self.0 {
            match spec.resolve(places) {
                Ok(secret) => secrets.push(secret),
                Err((found, cure)) => problems.push(Problem::new(file, key, found, cure)),
            }
        }
        secrets
    }
}

impl SecretSpec {
    fn resolve(&self, places: &Places<'_>) -> Result<Secret, (String, String)> {
        let text = match self {
            Self::Value(secret) => secret.expose().to_owned(),
            Self::File(name) => read(&places.folder.join(name))?,
            Self::Env(name) => places.environment.get(name).cloned().ok_or_else(|| {
                (
                    format!("the environment variable {name} is not set"),
                    format!("set {name}, or write the secret another way"),
                )
            })?,
            Self::Credential(name) => {
                let folder = places.environment.get("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    (
                        format!("there is no systemd credential `{name}`"),
                        format!(
                            "add `LoadCredential={name}:/path/to/file` to the unit, or write the secret another way"
                        ),
                    )
                })?;
                read(&Path::new(folder).join(name))?
            }
        };
        if text.is_empty() {
            return Err(("the secret is empty".to_owned(), "give it a value".to_owned()));
        }
        Ok(Secret::new(text))
    }
}

/// A secret file's text; one line end after it is an editor's, not the secret's.
fn read(path: &Path) -> Result<String, (String, String)> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.strip_suffix('\n').map_or(text.as_str(), |t| t.strip_suffix('\r').unwrap_or(t)).to_owned()),
        Err(error) => Err((
            format!("the secret file {} can't be read ({})", path.display(), error.kind()),
            "create it, readable by the user that runs teams-relay, or correct the path".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(json: serde_json::Value) -> (usize, Vec<String>) {
        let specs: SecretSpecs = serde_json::from_value(json).unwrap();
        let environment = BTreeMap::from([("HAVE".to_owned(), "x".to_owned())]);
        let mut problems = Vec::new();
        let places = Places { folder: Path::new("/nowhere"), environment: &environment };
        let secrets = specs.resolve(&places, "f.toml", "secrets", &mut problems);
        (secrets.len(), problems.iter().map(Problem::to_string).collect())
    }

    #[test]
    fn secrets_come_from_all_four_places_and_each_missing_one_is_named() {
        let (found, problems) =
            resolve(serde_json::json!(["a", {"env": "HAVE"}, {"env": "NOT"}, {"file": "no"}, {"credential": "c"}, ""]));
        assert_eq!(found, 2);
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(
            problems[0].contains("NOT")
                && problems[1].contains("/nowhere/no")
                && problems[2].contains("LoadCredential")
        );
    }

    #[test]
    fn a_secret_in_two_places_is_refused() {
        let error = serde_json::from_value::<SecretSpecs>(serde_json::json!({"file": "a", "env": "b"})).unwrap_err();
        assert!(error.to_string().contains("just one"), "{error}");
    }
}
