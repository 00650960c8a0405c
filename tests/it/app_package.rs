//! The Teams app from the command line.

use std::{fs, path::Path};

use crate::{
    harness::write_source,
    process::{run, settings, succeed},
};

/// What the app needs, beside `[connector]`.
const APP: &str = "[connector.app]\nid = \"0f6e3c1a-1111-4222-8333-944444444444\"\ndeveloper = \"Octo\"\n";

fn add(folder: &Path, text: &str) {
    let main = folder.join("teams-relay.toml");
    let before = fs::read_to_string(&main).unwrap();
    fs::write(&main, format!("{before}\n{text}")).unwrap();
}

fn with_public_url(folder: &Path) {
    let main = folder.join("teams-relay.toml");
    let public = "[server]\npublic_url = \"https://hooks.octo.example\"";
    fs::write(&main, fs::read_to_string(&main).unwrap().replacen("[server]", public, 1)).unwrap();
}

#[test]
fn a_package_is_written_once_the_settings_are_whole_and_the_same_each_time() {
    let folder = settings();
    with_public_url(folder.path());
    add(folder.path(), APP);
    // A secret that the daemon alone may read keeps nobody from making the app.
    write_source(folder.path(), "ci", "provider = \"github\"\nsecrets = { credential = \"ci\" }");
    let file = folder.path().join("app.zip");
    let make = || {
        let said = succeed(folder.path(), &["app-package", "--out", file.to_str().unwrap()]);
        assert!(said.contains("app.zip: teams-relay 1.0.0") && said.contains("invitation"), "{said}");
        fs::read(&file).unwrap()
    };
    let bytes = make();
    assert!(bytes.starts_with(b"PK\x03\x04"));
    assert_eq!(bytes, make());
}

#[test]
fn what_is_missing_is_told_and_no_file_is_written() {
    let folder = settings();
    add(folder.path(), "[connector]\n");
    let file = folder.path().join("app.zip");
    let output = run(folder.path(), &["app-package", "--out", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    for key in ["3 problems", "server.public_url", "connector.app.id", "connector.app.developer", "fix: "] {
        assert!(said.contains(key), "`{key}` is not in {said}");
    }
    assert!(!file.exists());
    assert_eq!(run(folder.path(), &["app-package"]).status.code(), Some(2));
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let folder = settings();
    with_public_url(folder.path());
    add(folder.path(), APP);
    let output = run(folder.path(), &["app-package", "--out", "/nowhere/app.zip"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/nowhere/app.zip can't be written (entity not found)"), "{said}");
}

#[test]
fn check_says_what_the_app_lacks_and_finds_no_problem_in_it() {
    let folder = settings();
    assert!(!succeed(folder.path(), &["check"]).contains("Teams app"));
    add(folder.path(), "[connector]\n");
    let said = succeed(folder.path(), &["check"]);
    assert!(said.contains("no problems") && said.contains("the Teams app can't be made yet"), "{said}");
    assert!(said.contains("server.public_url: is missing") && said.contains("connector.app.id: is missing"), "{said}");
    with_public_url(folder.path());
    add(folder.path(), APP);
    let said = succeed(folder.path(), &["check"]);
    assert!(said.contains("the Teams app teams-relay 1.0.0"), "{said}");
}
