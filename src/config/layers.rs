//! Lays the layers over each other: `teams-relay.toml`, then `sources/*.toml`, then the environment.
//!
//! What each key means is not known here; only where its value came from.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use config::{Environment, Map, Value as Layered, ValueKind};
use serde_json::Value;

use super::{problem::Problem, syntax};

/// The main file, within the config folder.
pub(crate) const MAIN_FILE: &str = "teams-relay.toml";

/// How the environment is named as a place.
const ENVIRONMENT: &str = "the environment";

/// All layers as one table, with the place each key came from.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) table: Value,
    places: BTreeMap<String, String>,
}

impl Layers {
    /// The file that a key came from, or the environment; for a key that stands nowhere, the main file.
    pub(super) fn place(&self, key: &str) -> String {
        let mut key = key;
        loop {
            if let Some(place) = self.places.get(key) {
                return place.clone();
            }
            match key.rfind(['.', '[']).and_then(|at| key.get(..at)) {
                Some(parent) => key = parent,
                None => return MAIN_FILE.to_owned(),
            }
        }
    }

    pub(super) fn read(folder: &Path, environment: &BTreeMap<String, String>, problems: &mut Vec<Problem>) -> Self {
        let main = folder.join(MAIN_FILE);
        let mut builder = config::Config::builder();
        let mut inline = None;
        // The crate keeps the origin of values, not of tables.
        let mut places = BTreeMap::new();
        if main.exists()
            && let Some(table) = read_toml(&main, MAIN_FILE, problems)
        {
            inline = table.get("sources").and_then(toml::Value::as_table).cloned();
            builder = builder.add_source(Layer { place: MAIN_FILE.to_owned(), table, under: None });
        }
        for (name, path) in toml_files(&folder.join("sources"), problems) {
            let place = format!("sources/{name}.toml");
            if inline.as_ref().is_some_and(|sources| sources.contains_key(&name)) {
                problems.push(Problem::new(
                    &place,
                    "",
                    format!("the source `{name}` is also in {MAIN_FILE}"),
                    "keep one of the two",
                ));
            }
            places.insert(format!("sources.{name}"), place.clone());
            if let Some(table) = read_toml(&path, &place, problems) {
                builder = builder.add_source(Layer { place, table, under: Some(name) });
            }
        }
        builder = builder.add_source(
            Environment::with_prefix("TEAMS_RELAY")
                .prefix_separator("__")
                .separator("__")
                .source(Some(environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect())),
        );
        let table = match builder.build() {
            Ok(config) => to_json(config.cache, String::new(), &mut places),
            Err(_) => {
                let cure = "a variable such as TEAMS_RELAY__SERVER__LISTEN sets server.listen; two of them contradict each other";
                problems.push(Problem::new(ENVIRONMENT, "", "can't be laid over the files", cure));
                Value::Object(serde_json::Map::new())
            }
        };
        Self { table, places }
    }
}

/// Reads a TOML file.
pub(super) fn read_toml(path: &Path, place: &str, problems: &mut Vec<Problem>) -> Option<toml::Table> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let found = format!("can't be read ({})", error.kind());
            problems.push(Problem::new(place, "", found, "make it a UTF-8 file that teams-relay may read"));
            return None;
        }
    };
    syntax::parse(place, &text).map_err(|problem| problems.push(problem)).ok()
}

/// The `*.toml` files of a folder by the name before the ending, sorted; a folder that is not there has none.
pub(super) fn toml_files(folder: &Path, problems: &mut Vec<Problem>) -> Vec<(String, PathBuf)> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            let found = format!("can't be read ({})", error.kind());
            problems.push(Problem::new(folder.display().to_string(), "", found, "let teams-relay read the folder"));
            return Vec::new();
        }
    };
    let paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    problems.extend(paths.iter().filter_map(|path| misnamed(path)));
    let mut files: Vec<(String, PathBuf)> = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path)))
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    files.sort();
    files
}

/// Endings of what editors, packagers and people leave beside settings.
const LEFT_ASIDE: [&str; 8] = ["~", ".swp", ".bak", ".tmp", ".orig", ".disabled", ".md", "#"];

/// A file that was meant to be read, most likely, and is not.
fn misnamed(path: &Path) -> Option<Problem> {
    let (name, stem) = (path.file_name()?.to_str()?, path.file_stem()?.to_str()?);
    let is_aside = name.starts_with('.')
        || name.contains(".dpkg-")
        || name.contains(".rpm")
        || LEFT_ASIDE.iter().any(|end| name.ends_with(end));
    let ending = path.extension()?;
    if is_aside || ending == "toml" || !path.is_file() {
        return None;
    }
    let folder = path.parent()?.file_name()?.to_str()?;
    let cure = format!("rename it to {stem}.toml, or to {name}.disabled");
    Some(Problem::new(format!("{folder}/{name}"), "", "is not read, for its ending", cure))
}

/// One file as a layer of the `config` crate.
#[derive(Debug, Clone)]
struct Layer {
    place: String,
    table: toml::Table,
    under: Option<String>,
}

impl config::Source for Layer {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Layered>, config::ConfigError> {
        let table: Map<String, Layered> =
            self.table.iter().map(|(key, value)| (key.clone(), from_toml(value, &self.place))).collect();
        Ok(match &self.under {
            None => table,
            Some(name) => {
                let source = Layered::new(Some(&self.place), ValueKind::Table(table));
                let sources = Map::from_iter([(name.clone(), source)]);
                Map::from_iter([("sources".to_owned(), Layered::new(Some(&self.place), ValueKind::Table(sources)))])
            }
        })
    }
}

fn from_toml(value: &toml::Value, place: &String) -> Layered {
    let kind = match value {
        toml::Value::String(text) => ValueKind::String(text.clone()),
        toml::Value::Integer(number) => ValueKind::I64(*number),
        toml::Value::Float(number) => ValueKind::Float(*number),
        toml::Value::Boolean(yes) => ValueKind::Boolean(*yes),
        toml::Value::Datetime(time) => ValueKind::String(time.to_string()),
        toml::Value::Array(list) => ValueKind::Array(list.iter().map(|one| from_toml(one, place)).collect()),
        toml::Value::Table(table) => {
            ValueKind::Table(table.iter().map(|(key, one)| (key.clone(), from_toml(one, place))).collect())
        }
    };
    Layered::new(Some(place), kind)
}

fn to_json(value: Layered, key: String, places: &mut BTreeMap<String, String>) -> Value {
    let from_environment = value.origin() == Some(ENVIRONMENT);
    if let Some(origin) = value.origin() {
        places.insert(key.clone(), origin.to_owned());
    }
    match value.kind {
        ValueKind::Nil => Value::Null,
        ValueKind::Boolean(yes) => Value::Bool(yes),
        ValueKind::I64(number) => number.into(),
        ValueKind::I128(number) => i64::try_from(number).map_or(Value::Null, Value::from),
        ValueKind::U64(number) => number.into(),
        ValueKind::U128(number) => u64::try_from(number).map_or(Value::Null, Value::from),
        ValueKind::Float(number) => number.into(),
        ValueKind::String(text) if from_environment => from_variable(&key, text),
        ValueKind::String(text) => Value::String(text),
        ValueKind::Array(list) => {
            let one = |(at, one)| to_json(one, format!("{key}[{at}]"), places);
            Value::Array(list.into_iter().enumerate().map(one).collect())
        }
        ValueKind::Table(table) => {
            let mut entries: Vec<_> = table.into_iter().collect();
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            let inner = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
            Value::Object(
                entries.into_iter().map(|(name, one)| (name.clone(), to_json(one, inner(&name), places))).collect(),
            )
        }
    }
}

/// A variable is text; what its key wants is known by the key's name, and a secret is never taken for a number.
fn from_variable(key: &str, text: String) -> Value {
    let name = key.rsplit('.').next().unwrap_or_default();
    match name {
        "secrets" | "token" => Value::String(text),
        "allow_hosts" | "retry" | "trusted_proxies" | "allow_from" => {
            text.split(',').map(|one| Value::String(one.trim().to_owned())).collect()
        }
        // Lists of tables, such as windows, are written as TOML: [{ posts = 25, per = "300s" }]
        "windows" | "rate" | "map" => format!("it = {text}")
            .parse::<toml::Table>()
            .ok()
            .and_then(|mut table| table.remove("it"))
            .and_then(|value| serde_json::to_value(value).ok())
            .unwrap_or(Value::String(text)),
        _ => match (text.parse::<bool>(), text.parse::<i64>()) {
            (Ok(yes), _) => Value::Bool(yes),
            (_, Ok(number)) => number.into(),
            _ => Value::String(text),
        },
    }
}
