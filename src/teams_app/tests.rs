//! The package, from settings to bytes, against the official schema where that is there.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{TeamsApp, icon};
use crate::config::{Config, problem::Problem};

const ID: &str = "0f6e3c1a-1111-4222-8333-944444444444";

const SETTINGS: &str = r#"
[server]
public_url = "https://Hooks.octo.example/relay/"
[connector]
[connector.app]
id = "0f6e3c1a-1111-4222-8333-944444444444"
developer = "Octo"
"#;

const SIGN_IN: &str = r#"
[connector.sign_in]
client_id = "0F6E3C1A-5555-4222-8333-944444444444"
tenants = ["0f6e3c1a-6666-4222-8333-944444444444"]
"#;

fn config(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("teams-relay.toml"), text).unwrap();
    let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
    assert_eq!(problems, []);
    config
}

fn app(text: &str) -> TeamsApp {
    TeamsApp::of(&config(text)).unwrap()
}

fn problems(text: &str) -> String {
    let problems = TeamsApp::of(&config(text)).unwrap_err();
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// The official schemas; not part of the repository.
#[expect(clippy::print_stdout, reason = "who runs the tests should know what was skipped")]
fn schemas() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/schemas/teams-manifest");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "../shared is missing");
    println!("skipped: ../shared with the official schemas is not there");
    None
}

/// As large as a manifest may be: each text at its bound, and all that is optional.
fn largest() -> String {
    let site = format!("https://octo.example/{}", "x".repeat(1979));
    format!(
        "[server]\npublic_url = \"https://octo.example/{}\"\n[connector.app]\nid = \"{ID}\"\nversion = \"10.0.255\"\n\
         connector_id = \"{}\"\nname = \"{}\"\ndeveloper = \"{}\"\nwebsite = \"{site}\"\nprivacy = \"{site}\"\n\
         terms = \"{site}\"\n{SIGN_IN}",
        "p".repeat(1979),
        "c".repeat(64),
        "ä".repeat(30),
        "d".repeat(32),
    )
}

#[test]
fn the_smallest_and_the_largest_manifest_are_what_the_official_schemas_take() {
    let Some(folder) = schemas() else { return };
    // Later ones are newer than what the manifest says it is; they show that nothing in it has ended.
    for version in ["1.19", "1.25", "1.30"] {
        let schema = std::fs::read(folder.join(format!("MicrosoftTeams.v{version}.schema.json"))).unwrap();
        let schema: Value = serde_json::from_slice(&schema).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        for text in [SETTINGS, &format!("{SETTINGS}{SIGN_IN}"), &largest()] {
            let manifest = app(text).manifest();
            let faults: Vec<String> = schema.iter_errors(&manifest).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{version}: {faults:#?}\n{manifest:#}");
        }
        let mut manifest = app(SETTINGS).manifest();
        manifest["name"]["short"] = json!("x".repeat(31));
        assert!(!schema.is_valid(&manifest), "the schema is not asked");
    }
}

#[test]
fn the_manifest_says_its_version_since_the_schema_can_not_hold_it_to_one() {
    let manifest = app(SETTINGS).manifest();
    assert_eq!(manifest["manifestVersion"], "1.19");
    let schema = manifest["$schema"].as_str().unwrap();
    assert!(schema.ends_with("/teams/v1.19/MicrosoftTeams.schema.json"), "{schema}");
}

#[test]
fn pages_are_below_the_public_address_and_its_host_is_the_one_valid_domain() {
    let manifest = app(SETTINGS).manifest();
    let settings = "https://hooks.octo.example/relay/connector/config?for=tab";
    assert_eq!(manifest["configurableTabs"][0]["configurationUrl"], settings);
    let tab = &manifest["staticTabs"][0];
    assert_eq!(tab["contentUrl"], "https://hooks.octo.example/relay/connector/tab");
    assert_eq!(manifest["validDomains"], json!(["hooks.octo.example"]));
    for key in ["websiteUrl", "privacyUrl", "termsOfUseUrl"] {
        assert_eq!(manifest["developer"][key], "https://hooks.octo.example/relay", "{key}");
    }
    let with_port = app(&SETTINGS.replace("octo.example/relay/", "octo.example:8443")).manifest();
    assert_eq!(
        with_port["configurableTabs"][0]["configurationUrl"],
        "https://hooks.octo.example:8443/connector/config?for=tab"
    );
    assert_eq!(with_port["validDomains"], json!(["hooks.octo.example"]));
}

#[test]
fn a_connector_and_sign_in_are_there_only_where_they_are_set() {
    let plain = app(SETTINGS).manifest();
    assert_eq!((plain.get("connectors"), plain.get("webApplicationInfo")), (None, None));
    let both = format!("{SETTINGS}connector_id = \"abc\"\nwebsite = \"https://octo.example/\"\n{SIGN_IN}");
    let both = app(&both).manifest();
    assert_eq!(both["connectors"][0]["connectorId"], "abc");
    assert_eq!(both["connectors"][0]["scopes"], json!(["team"]));
    let application = "0f6e3c1a-5555-4222-8333-944444444444";
    let resource = format!("api://hooks.octo.example/{application}");
    assert_eq!(both["webApplicationInfo"], json!({"id": application, "resource": resource}));
    assert_eq!(both["developer"]["privacyUrl"], "https://octo.example/");
}

#[test]
fn all_that_is_missing_is_told_at_once() {
    insta::assert_snapshot!(problems(""), @r#"
    teams-relay.toml: server.public_url: is missing; set it to how Teams reaches the relay, as "https://hooks.example.com"
    teams-relay.toml: connector: is missing; write that table: the app shows the pages that it opens
    teams-relay.toml: connector.app.id: is missing; write a GUID of the app's own, such as `uuidgen` makes, and keep it for each later version
    teams-relay.toml: connector.app.developer: is missing; write who offers the app, in 32 characters at most
    "#);
    insta::assert_snapshot!(problems("[connector]"), @r#"
    teams-relay.toml: server.public_url: is missing; set it to how Teams reaches the relay, as "https://hooks.example.com"
    teams-relay.toml: connector.app.id: is missing; write a GUID of the app's own, such as `uuidgen` makes, and keep it for each later version
    teams-relay.toml: connector.app.developer: is missing; write who offers the app, in 32 characters at most
    "#);
}

#[test]
fn all_that_no_manifest_takes_is_told_at_once() {
    let text = format!(
        "[server]\npublic_url = \"http://hooks.octo.example\"\n[connector.app]\nid = \"mine\"\nversion = \"1.02.0\"\n\
         connector_id = \"{}\"\nname = \"{}\"\ndeveloper = \" \"\nwebsite = \"http://octo.example\"\n\
         privacy = \"ftp://octo.example\"\nterms = \"https://octo.example/{}\"",
        "c".repeat(65),
        "n".repeat(31),
        "x".repeat(2000),
    );
    insta::assert_snapshot!(problems(&text), @r#"
    teams-relay.toml: server.public_url: is no public https address, and Teams shows no other; write https and the name that the certificate is for, as "https://hooks.example.com"
    teams-relay.toml: connector.app.id: is no GUID; write a GUID of the app's own, such as `uuidgen` makes, and keep it for each later version
    teams-relay.toml: connector.app.connector_id: is empty, or longer than 64 characters; write it as the Connectors Developer Dashboard gave it, or take it out
    teams-relay.toml: connector.app.version: is no version that Teams takes; write three whole numbers, as "1.0.0"
    teams-relay.toml: connector.app.name: is empty, or longer than 30 characters; write a shorter one, or take it out
    teams-relay.toml: connector.app.developer: is empty, or longer than 32 characters; write who offers the app, in 32 characters at most
    teams-relay.toml: connector.app.website: is no https address, or a very long one; write it as "https://octo.example", or take it out
    teams-relay.toml: connector.app.privacy: is no https address, or a very long one; write it as "https://octo.example", or take it out
    teams-relay.toml: connector.app.terms: is no https address, or a very long one; write it as "https://octo.example", or take it out
    "#);
}

#[test]
fn an_address_that_teams_can_not_embed_is_none() {
    for bad in [
        "http://hooks.octo.example",
        "https://127.0.0.1",
        "https://[::1]:8443",
        "https://localhost",
        "https://relay",
        "https://relay.localhost",
        "https://me:hunter2@hooks.octo.example",
    ] {
        let told = problems(&SETTINGS.replace("https://Hooks.octo.example/relay/", bad));
        assert!(told.starts_with("teams-relay.toml: server.public_url: is no public https address"), "{bad}: {told}");
        assert!(!told.contains("hunter2") && told.lines().count() == 1, "{told}");
    }
}

#[test]
fn a_version_is_three_whole_numbers() {
    let with = |version: &str| TeamsApp::of(&config(&format!("{SETTINGS}version = \"{version}\"")));
    for good in ["0.0.0", "1.0.0", "10.20.300"] {
        assert!(with(good).is_ok(), "{good}");
    }
    for bad in ["", "1", "1.0", "1.0.0.0", "1..0", "01.0.0", "1.0.0-beta", "1.0.+1"] {
        assert!(with(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_zip_holds_three_files_at_its_root_and_is_the_same_each_time() {
    let bytes = app(SETTINGS).package().unwrap();
    assert_eq!(bytes, app(SETTINGS).package().unwrap());
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names, ["manifest.json", "color.png", "outline.png"]);
    let mut text = String::new();
    zip.by_name("manifest.json").unwrap().read_to_string(&mut text).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(manifest, app(SETTINGS).manifest());
    for key in ["color", "outline"] {
        assert!(names.contains(&manifest["icons"][key].as_str().unwrap().to_owned()), "{key}");
    }
}

/// Width, height and pixels of a PNG file.
fn decoded(bytes: &[u8]) -> (u32, u32, Vec<[u8; 4]>) {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgba);
    (info.width, info.height, pixels.chunks_exact(4).map(|pixel| pixel.try_into().unwrap()).collect())
}

#[test]
fn the_colour_icon_is_a_full_square_with_its_drawing_in_the_middle_half() {
    let (width, height, pixels) = decoded(&icon::COLOR.png().unwrap());
    assert_eq!((width, height), (192, 192));
    assert!(pixels.iter().all(|pixel| pixel[3] == 0xff));
    let ground = pixels[0];
    assert_eq!(icon::ACCENT.to_string(), format!("#{}", hex::encode(&ground[..3])));
    let drawn: Vec<usize> = (0..pixels.len()).filter(|at| pixels[*at] != ground).collect();
    let rows = drawn.iter().map(|at| at / 192);
    let columns = drawn.iter().map(|at| at % 192);
    assert_eq!((rows.clone().min(), rows.max()), (Some(48), Some(143)));
    assert_eq!((columns.clone().min(), columns.max()), (Some(48), Some(143)));
}

#[test]
fn the_outline_icon_is_white_on_nothing() {
    let (width, height, pixels) = decoded(&icon::OUTLINE.png().unwrap());
    assert_eq!((width, height), (32, 32));
    assert!(pixels.iter().all(|pixel| pixel[..3] == [0xff; 3]));
    let with_opacity = |wanted: u8| pixels.iter().filter(|pixel| pixel[3] == wanted).count();
    assert!(with_opacity(0) > 500 && with_opacity(0xff) > 100, "{} {}", with_opacity(0), with_opacity(0xff));
    assert_eq!(pixels[0][3], 0);
}

/// For whoever changes the drawing: writes both icons into the folder for temporary files.
#[test]
#[ignore = "it writes files, to be looked at"]
fn icons_to_look_at() {
    for icon in [icon::COLOR, icon::OUTLINE] {
        std::fs::write(std::env::temp_dir().join(icon.file), icon.png().unwrap()).unwrap();
    }
}
