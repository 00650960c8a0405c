//! Reads a config folder whole: every section, every source, every file that overrides a shipped one.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Config, Source, TextFile,
    connector::Connector,
    layers::{Layers, MAIN_FILE, toml_files},
    problem::{Problem, did_you_mean},
    quotas::Quotas,
    read::read,
    secret::Places,
    source::SourceSpec,
};
use crate::name::SourceName;

/// The sections of the main file.
const SECTIONS: [&str; 12] = [
    "server",
    "admin",
    "store",
    "destinations",
    "entra",
    "connector",
    "delivery",
    "quotas",
    "cards",
    "log",
    "templates",
    "sources",
];

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TemplatesSection {
    path: Option<PathBuf>,
}

impl Config {
    /// Reads the folder and the environment. What could be read comes back beside everything that is wrong.
    pub fn load(folder: &Path, environment: &BTreeMap<String, String>) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        report_lost_folder(folder, &mut problems);
        let mut layers = Layers::read(folder, environment, &mut problems);
        let mut table = match layers.table.take() {
            Value::Object(table) => table,
            _ => serde_json::Map::new(),
        };
        report_unknown_sections(&table, &layers, &mut problems);
        let mut sections = Sections { table: &mut table, layers: &layers, problems: &mut problems };

        let server = sections.read("server");
        let admin: super::admin::Admin = sections.read("admin");
        let store: super::storage::Section = sections.read("store");
        let destinations: super::destinations::Section = sections.read("destinations");
        let delivery = sections.read("delivery");
        let cards = sections.read("cards");
        let log = sections.read("log");
        let templates: TemplatesSection = sections.read("templates");
        let connector = sections.connector(folder);
        let quotas = match table.remove("quotas") {
            Some(quotas) => Quotas::read(quotas, &|key| layers.place(&format!("quotas.{key}")), &mut problems),
            None => Quotas::default(),
        };
        let places = Places { folder, environment };
        let entra = super::entra::read_all(table.remove("entra"), &places, &|key| layers.place(key), &mut problems);
        let token = admin.token.resolve(&places, &layers.place("admin.token"), "admin.token", &mut problems);
        let sources = read_sources(table.remove("sources"), &layers, &places, &mut problems);
        let store = store.resolve(folder, &places, &layers.place("store.key"), &mut problems);
        let (host_rules, way_out) = destinations.resolve(&places, &|key| layers.place(key), &mut problems);
        let socket = admin.socket.as_ref().map_or_else(|| store.path.join("admin.sock"), |path| folder.join(path));
        let templates_folder = folder.join(templates.path.unwrap_or_else(|| "templates".into()));
        let config = Self {
            folder: folder.to_owned(),
            server,
            admin_listen: admin.listen,
            admin_socket: socket,
            admin_token: token,
            admin_notify: admin.notify.filter(|name| !name.trim().is_empty()),
            store,
            host_rules,
            way_out,
            entra,
            connector,
            delivery,
            quotas,
            cards,
            log,
            sources,
            providers: read_files(&folder.join("providers"), "providers", &mut problems),
            profiles: read_files(&folder.join("profiles"), "profiles", &mut problems),
            templates: read_templates(&templates_folder, &mut problems),
            templates_folder,
        };
        super::cross::check(&config, &|key| layers.place(key), &mut problems);
        problems.sort();
        problems.dedup();
        (config, problems)
    }
}

fn report_lost_folder(folder: &Path, problems: &mut Vec<Problem>) {
    if !folder.is_dir() {
        let cure = "name one with --config DIR, or create it; it may be empty";
        problems.push(Problem::new(folder.display().to_string(), "", "there is no such config folder", cure));
    }
}

fn report_unknown_sections(table: &serde_json::Map<String, Value>, layers: &Layers, problems: &mut Vec<Problem>) {
    for key in table.keys().filter(|key| !SECTIONS.contains(&key.as_str())) {
        let cure = match did_you_mean(key, SECTIONS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("take it out, or use one of: {}", SECTIONS.join(", ")),
        };
        problems.push(Problem::new(layers.place(key), key, "is not a known key", cure));
    }
}

struct Sections<'a> {
    table: &'a mut serde_json::Map<String, Value>,
    layers: &'a Layers,
    problems: &'a mut Vec<Problem>,
}

impl Sections<'_> {
    /// One section; where it has mistakes, they are noted and its defaults stand in.
    fn read<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        let Some(section) = self.table.remove(name) else { return T::default() };
        read_under(section, name, self.layers, self.problems).unwrap_or_default()
    }
}

impl Sections<'_> {
    /// The pages; none without their table.
    fn connector(&mut self, folder: &Path) -> Option<Connector> {
        self.table.contains_key("connector").then(|| {
            let connector: Connector = self.read("connector");
            Connector { assets: connector.assets.as_ref().map(|assets| folder.join(assets)), ..connector }
        })
    }
}

/// Reads the table that stands under `prefix`, with keys and places told in full.
fn read_under<T: DeserializeOwned>(
    table: Value,
    prefix: &str,
    layers: &Layers,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let full = |key: &str| if key.is_empty() { prefix.to_owned() } else { format!("{prefix}.{key}") };
    let before = problems.len();
    let found = read(table, &|key| layers.place(&full(key)), problems);
    for problem in problems.iter_mut().skip(before) {
        // In a source's own file the key is written without the path to it.
        let own_file = problem.file.starts_with("sources/") && prefix.starts_with("sources.");
        if !own_file {
            problem.key = full(&problem.key);
        }
    }
    found
}

fn read_sources(
    table: Option<Value>,
    layers: &Layers,
    places: &Places<'_>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<SourceName, Source> {
    let Some(Value::Object(table)) = table else { return BTreeMap::new() };
    let mut sources = BTreeMap::new();
    for (name, value) in table {
        let prefix = format!("sources.{name}");
        let file = layers.place(&prefix);
        let spec = read_under::<SourceSpec>(value, &prefix, layers, problems);
        match name.parse::<SourceName>() {
            Err(bad) => problems.push(Problem::new(&file, "", bad.to_string(), "rename the file")),
            Ok(name) if name == SourceName::relay() => {
                let found = "is the name of what the relay itself has to tell";
                problems.push(Problem::new(&file, "", found, "rename the file"));
            }
            Ok(name) => {
                if let Some(spec) = spec {
                    let secrets = spec.secrets.resolve(places, &file, "secrets", problems);
                    let handshake_secrets =
                        spec.handshake_secrets.resolve(places, &file, "handshake_secrets", problems);
                    let about_secrets = |problem: &Problem| problem.key.starts_with("secrets") && problem.file == file;
                    let secrets_complete = !problems.iter().any(about_secrets);
                    sources.insert(
                        name.clone(),
                        Source { name, file, secrets, handshake_secrets, secrets_complete, spec },
                    );
                }
            }
        }
    }
    sources
}

/// The files of a folder that stand in for, or beside, those in the binary.
fn read_files(folder: &Path, place: &str, problems: &mut Vec<Problem>) -> Vec<TextFile> {
    let mut files = Vec::new();
    for (name, path) in toml_files(folder, problems) {
        let place = format!("{place}/{name}.toml");
        match fs::read_to_string(&path) {
            Ok(text) => files.push(TextFile { name, place, text }),
            Err(error) => {
                let found = format!("can't be read ({})", error.kind());
                problems.push(Problem::new(place, "", found, "make it a UTF-8 file that teams-relay may read"));
            }
        }
    }
    files
}

/// Every `.hbs` file, sample and words file below the templates folder, by its path without the folder.
fn read_templates(folder: &Path, problems: &mut Vec<Problem>) -> Vec<TextFile> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if ending == "toml" && next != folder.join("words") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let ("hbs" | "json" | "toml", Ok(name)) = (ending, path.strip_prefix(folder)) {
                match fs::read_to_string(&path) {
                    Ok(text) => files.push(TextFile {
                        name: name.to_string_lossy().into_owned(),
                        place: path.display().to_string(),
                        text,
                    }),
                    Err(error) => problems.push(Problem::new(
                        path.display().to_string(),
                        "",
                        format!("can't be read ({})", error.kind()),
                        "make it a UTF-8 file that teams-relay may read",
                    )),
                }
            }
        }
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    files
}

/// The config folder that is meant: the flag, else `$TEAMS_RELAY_CONFIG`, else `./config`, else `/etc/teams-relay`.
pub fn folder(flag: Option<&Path>, environment: &BTreeMap<String, String>) -> PathBuf {
    if let Some(folder) = flag {
        return folder.to_owned();
    }
    if let Some(folder) = environment.get("TEAMS_RELAY_CONFIG") {
        return folder.into();
    }
    let here = PathBuf::from("config");
    if here.is_dir() { here } else { "/etc/teams-relay".into() }
}

/// The name of the main file, for whoever explains where to write a setting.
pub const MAIN: &str = MAIN_FILE;

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn problems_of(files: &[(&str, &str)]) -> Vec<String> {
        let folder = folder_with(files);
        let (_, problems) = Config::load(folder.path(), &BTreeMap::new());
        problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn an_empty_folder_gives_the_defaults() {
        let folder = folder_with(&[]);
        let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
        assert_eq!(problems, []);
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.admin_socket, folder.path().join("data/admin.sock"));
    }

    #[test]
    fn two_lines_make_a_source() {
        let folder = folder_with(&[("sources/github.toml", "provider = \"github\"\nsecrets = \"s\"")]);
        let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
        assert_eq!(problems, []);
        assert_eq!(config.sources.values().next().unwrap().secrets.len(), 1);
    }

    #[test]
    fn every_mistake_of_every_file_is_reported_at_once() {
        let folder = folder_with(&[
            (
                "teams-relay.toml",
                "[server]\nlisten = \"nowhere\"\nbody_limt = 5\ntrusted_proxies = [\"10.1.2.3/8\", \"::1\"]\n[sever]\n[quotas.workflow]\nwindows = [{ posts = 0, per = \"x\" }]",
            ),
            ("sources/ci.toml", "provider = \"github\"\nsecrets = { file = \"missing\" }\nscrets = 1"),
            ("sources/CI.toml", "provider = \"github\""),
            ("sources/none.toml", ""),
            ("sources/x.tml", ""),
            ("sources/x.toml~", ""),
            ("sources/x.toml.dpkg-old", ""),
            ("sources/README.md", ""),
        ]);
        let (_, problems) = Config::load(folder.path(), &BTreeMap::new());
        let shown: Vec<String> = problems.iter().map(Problem::to_string).collect();
        insta::assert_snapshot!(shown.join("\n").replace(folder.path().to_str().unwrap(), "DIR"), @r#"
        sources/CI.toml: `CI` is no source name: use 1 to 64 of a-z, 0-9, `-` and `_`, beginning with a letter or digit; rename the file
        sources/ci.toml: screts: is not a known key; did you mean `secrets`?
        sources/ci.toml: secrets: the secret file DIR/missing can't be read (entity not found); create it, readable by the user that runs teams-relay, or correct the path
        sources/none.toml: provider: is missing; add it
        sources/x.tml: is not read, for its ending; rename it to x.toml, or to x.tml.disabled
        teams-relay.toml: quotas.workflow.windows[0].per: `x` is no length of time; write it as "30s", "5m", "2h 30m" or "7d"
        teams-relay.toml: quotas.workflow.windows[0].posts: invalid value: integer `0`; write a whole number above 0
        teams-relay.toml: server.body_limt: is not a known key; did you mean `body_limit`?
        teams-relay.toml: server.listen: is no address with a port; write it as "127.0.0.1:8080"
        teams-relay.toml: server.trusted_proxies[0]: `10.1.2.3/8` has bits set past its length; write "10.0.0.0/8", or "10.1.2.3" for it alone
        teams-relay.toml: sever: is not a known key; did you mean `server`?
        "#);
    }

    #[test]
    fn a_source_in_two_places_is_named_twice() {
        let problems = problems_of(&[
            ("teams-relay.toml", "[sources.ci]\nprovider = \"github\"\nsecrets = \"a\""),
            ("sources/ci.toml", "provider = \"github\"\nsecrets = \"b\""),
        ]);
        assert_eq!(problems, ["sources/ci.toml: the source `ci` is also in teams-relay.toml; keep one of the two"]);
    }

    #[test]
    fn a_broken_line_is_placed_but_not_quoted() {
        let problems = problems_of(&[("sources/ci.toml", "provider = \"github\"\nsecrets = \"hunter2")]);
        assert!(problems[0].starts_with("sources/ci.toml:2:"), "{problems:?}");
        assert!(!problems.concat().contains("hunter2"), "{problems:?}");
    }

    #[test]
    fn the_environment_overrides_the_files() {
        let folder = folder_with(&[("teams-relay.toml", "[server]\nlisten = \"127.0.0.1:1\"\nbody_limit = 7")]);
        let environment = [
            ("TEAMS_RELAY__SERVER__LISTEN", "127.0.0.1:2"),
            ("TEAMS_RELAY__ADMIN__TOKEN", "0070070070070070"),
            ("TEAMS_RELAY__DESTINATIONS__ALLOW_PRIVATE", "true"),
            ("TEAMS_RELAY__DELIVERY__RETRY", "1s, 2s"),
            ("TEAMS_RELAY__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("TEAMS_RELAY__QUOTAS__WORKFLOW__WINDOWS", r#"[{ posts = 9, per = "1s" }]"#),
            ("TEAMS_RELAY__SOURCES__CI__PROVIDER", "generic"),
            ("TEAMS_RELAY_CONFIG", "ignored"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let (config, problems) = Config::load(folder.path(), &environment);
        assert_eq!(problems, []);
        assert_eq!((config.server.listen.port(), config.server.body_limit), (2, 7));
        assert!(config.admin_token[0].is(b"0070070070070070") && config.host_rules.allow_private);
        assert_eq!((config.delivery.retry.len(), config.server.trusted_proxies.len()), (2, 2));
        assert_eq!(config.quotas.profiles.values().next().unwrap()[0].posts.get(), 9);
        assert_eq!(config.sources.len(), 1);
    }

    #[test]
    fn a_mistake_in_the_environment_is_placed_there() {
        let environment = BTreeMap::from([("TEAMS_RELAY__SERVER__LISTN".to_owned(), "x".to_owned())]);
        let folder = folder_with(&[]);
        let (_, problems) = Config::load(folder.path(), &environment);
        let shown: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert_eq!(shown, ["the environment: server.listn: is not a known key; did you mean `listen`?"]);
    }

    #[test]
    fn the_example_lists_every_default() {
        let folder = folder_with(&[]);
        let (defaults, _) = Config::load(folder.path(), &BTreeMap::new());
        let example = include_str!("../../config/teams-relay.example.toml");
        fs::write(folder.path().join(MAIN_FILE), example).unwrap();
        let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
        assert_eq!(problems, []);
        assert_eq!(format!("{config:#?}"), format!("{defaults:#?}"));
        for section in SECTIONS.iter().filter(|section| **section != "sources") {
            assert!(example.contains(&format!("[{section}")), "{section} is not in the example");
        }
    }

    #[test]
    fn no_secret_is_in_the_debug_output_of_the_settings() {
        let folder = folder_with(&[
            ("teams-relay.toml", "[admin]\ntoken = \"hunter2-token-that-is-long\""),
            ("sources/ci.toml", "provider = \"generic\"\nsecrets = [\"hunter2-one\", \"hunter2-two\"]"),
        ]);
        let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
        assert_eq!(problems, []);
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
