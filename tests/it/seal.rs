//! The store's files hold no webhook URL once there is a key, and the key can be changed while the daemon runs.

use std::{fs, path::Path};

use crate::{
    process::{Daemon, post, program, run, settings, subscribe, succeed},
    teams::Teams,
};

/// What the stand-in's URLs hold.
const SECRETS: [&str; 2] = ["very-secret-sig", "http://127.0.0.1"];

/// Whether a file below the folder holds the text.
fn stands_in(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return stands_in(&path, text);
        }
        path.is_file() && fs::read(path).unwrap().windows(text.len()).any(|part| part == text.as_bytes())
    })
}

fn set_keys(folder: &Path, keys: &str) {
    let main = folder.join("teams-relay.toml");
    let text = fs::read_to_string(&main).unwrap();
    let text = text.split("[store]").next().unwrap().to_owned();
    fs::write(main, format!("{text}[store]\nkey = {keys}\n")).unwrap();
}

fn new_key(folder: &Path, name: &str) {
    let made = run(folder, &["key", "new"]);
    let told = String::from_utf8(made.stderr).unwrap();
    let key = String::from_utf8(made.stdout).unwrap();
    assert!(key.trim_end().len() == 44 && !told.contains(key.trim_end()), "{told}");
    assert!(told.contains("store.key") && told.contains("LoadCredential="), "{told}");
    fs::write(folder.join(name), key).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_are_sealed_the_key_is_changed_and_without_it_the_daemon_does_not_start() {
    let folder = settings();
    let (folder, data) = (folder.path(), folder.path().join("data"));
    let teams = Teams::start().await;
    let mut daemon = Daemon::start(folder);
    daemon.kill();
    assert!(daemon.log().contains("store.key is not set: whoever can read"), "a store without a key is warned of");
    let mut daemon = Daemon::start(folder);
    subscribe(folder, &teams.url("a"));
    let unset = run(folder, &["key", "rotate"]);
    assert!(String::from_utf8_lossy(&unset.stderr).contains("error: `store.key` is not set"));
    daemon.stop();
    assert!(SECRETS.iter().any(|text| stands_in(&data, text)), "else this shows nothing");

    new_key(folder, "one.key");
    set_keys(folder, r#"{ file = "one.key" }"#);
    let mut daemon = Daemon::start(folder);
    subscribe(folder, &teams.url("b"));
    for text in SECRETS {
        assert!(!stands_in(&data, text), "{text}");
    }
    daemon.stop();

    new_key(folder, "two.key");
    set_keys(folder, r#"[{ file = "two.key" }, { file = "one.key" }]"#);
    let mut daemon = Daemon::start(folder);
    let told = succeed(folder, &["key", "rotate"]);
    assert!(told.starts_with("2 records sealed anew with the key "), "{told}");
    daemon.kill();

    set_keys(folder, r#"{ file = "one.key" }"#);
    let refused = program(folder).arg("serve").output().unwrap();
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("is sealed, and a subscription in it has the key"), "{told}");
    set_keys(folder, r#"{ file = "two.key" }"#);
    let daemon = Daemon::start(folder);
    assert_eq!(post(&daemon, "d-1").await.status(), 202);
    teams.received(2).await;
    assert!(!SECRETS.iter().any(|text| stands_in(&data, text)));
    // What leaves the store on purpose is readable.
    assert!(succeed(folder, &["export"]).contains("very-secret-sig"));
}
