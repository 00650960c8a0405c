//! What admins get wrong: one clear line with the cure, and a non-zero exit.

use std::{fs, path::Path};

use crate::{
    harness::write_source,
    process::{Daemon, program, run, settings},
    teams::Teams,
};

/// The cause and the cure that a failing command printed.
fn failure(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    let errors = String::from_utf8(output.stderr).unwrap();
    let last: Vec<&str> = errors.lines().collect();
    let at = last.iter().position(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("{errors}"));
    assert!(last[last.len() - 1].starts_with(" fix: "), "{errors}");
    (last[at..last.len() - 1].join("\n"), last[last.len() - 1].to_owned())
}

fn assert_failure(folder: &Path, arguments: &[&str], cause: &str, cure: &str) {
    let (found, fix) = failure(folder, arguments);
    assert!(found.contains(cause), "`{cause}` is not in {found}");
    assert!(fix.contains(cure), "`{cure}` is not in {fix}");
}

#[test]
fn an_unknown_key_is_named_with_the_one_that_was_meant() {
    let folder = settings();
    fs::write(folder.path().join("teams-relay.toml"), "[server]\nlisen = \"127.0.0.1:0\"").unwrap();
    for command in ["serve", "check"] {
        assert_failure(folder.path(), &[command], "server.lisen", "did you mean `listen`?");
    }
}

#[test]
fn a_proof_in_a_header_that_the_provider_stores_is_refused() {
    let folder = settings();
    let verify = "secrets = \"s\"\nverify = { scheme = \"token\", header = \"X-Event-Type\" }";
    write_source(folder.path(), "ci", &format!("provider = \"generic\"\n{verify}"));
    let cause = "sources/ci.toml: verify: proves by `x-event-type`, which `generic` stores";
    assert_failure(folder.path(), &["check"], cause, "use another header");
}

#[test]
fn a_missing_secret_file_is_named() {
    let folder = settings();
    write_source(folder.path(), "ci", "provider = \"github\"\nsecrets = { file = \"nowhere\" }");
    for command in ["serve", "check"] {
        assert_failure(folder.path(), &[command], "sources/ci.toml: secrets: the secret file", "create it");
    }
}

#[test]
fn a_template_that_does_not_parse_is_placed() {
    let folder = settings();
    let templates = folder.path().join("templates/github");
    fs::create_dir_all(&templates).unwrap();
    fs::write(templates.join("push.hbs"), "{\n  \"summary\": \"{{#if payload.ref}}\"\n}").unwrap();
    for command in ["serve", "check"] {
        assert_failure(folder.path(), &[command], "push.hbs:", "{{/");
    }
}

#[test]
fn a_condition_with_a_typo_is_told_with_its_rule() {
    let folder = settings();
    write_source(
        folder.path(),
        "ci",
        "provider = \"github\"\nsecrets = \"s\"\n[[map]]\nevent = \"push\"\nwhen = \"paylod.ref == 'x'\"",
    );
    assert_failure(folder.path(), &["check"], "sources/ci.toml: map[0].when", "did you mean `payload`?");
}

#[test]
fn two_sources_of_one_name_are_refused() {
    let folder = settings();
    let main = folder.path().join("teams-relay.toml");
    let text = fs::read_to_string(&main).unwrap();
    fs::write(main, format!("{text}\n[sources.github]\nprovider = \"github\"\nsecrets = \"s\"")).unwrap();
    assert_failure(folder.path(), &["serve"], "is also in teams-relay.toml", "keep one");
}

#[test]
fn all_problems_are_listed_at_once() {
    let folder = settings();
    write_source(folder.path(), "a", "provider = \"githup\"\nsecrets = \"s\"");
    write_source(folder.path(), "b", "provider = \"github\"");
    write_source(folder.path(), "c", "provider = \"github\"\nsecrets = \"s\"\n[[map]]\ntemplate = \"github/psh\"");
    let (found, _) = failure(folder.path(), &["check"]);
    for words in ["sources/a.toml: provider", "`github`", "sources/b.toml: secrets", "did you mean `github/push`?"] {
        assert!(found.contains(words), "`{words}` is not in {found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_is_told_what_is_in_its_way() {
    let folder = settings();
    let daemon = Daemon::start(folder.path());
    let port = daemon.hooks.split(['/', ':']).nth(4).unwrap().to_owned();
    assert_failure(folder.path(), &["serve"], "another teams-relay", "stop that one");
    // The same store by another socket.
    let other = settings();
    let main = other.path().join("teams-relay.toml");
    let text = fs::read_to_string(&main).unwrap();
    let store = folder.path().join("data");
    fs::write(
        &main,
        format!("{text}\n[store]\npath = \"{}\"\n", store.display())
            .replace("[admin]", "[admin]\nsocket = \"other.sock\""),
    )
    .unwrap();
    assert_failure(other.path(), &["serve"], "in use by another process", "stop that one");
    // The same port.
    let third = settings();
    let main = third.path().join("teams-relay.toml");
    let text = fs::read_to_string(&main).unwrap().replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1);
    fs::write(&main, text).unwrap();
    assert_failure(third.path(), &["serve"], "server.listen", "another port");
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_subscription_is_refused_with_the_cure() {
    let folder = settings();
    let teams = Teams::start().await;
    let _daemon = Daemon::start(folder.path());
    let add = |more: &[&str]| {
        let mut arguments = vec!["subscription", "add"];
        arguments.extend(more);
        failure(folder.path(), &arguments)
    };
    let good = teams.url("a");
    let (cause, cure) = add(&["--source", "github", "--url", "https://evil.example/hook?sig=s"]);
    assert!(cause.contains("evil.example") && cure.contains("destinations.allow_hosts"), "{cause}\n{cure}");
    assert!(!cause.contains("sig=s") && !cure.contains("sig=s"));
    let (cause, cure) = add(&["--source", "githup", "--url", &good]);
    assert!(cause.contains("githup") && cure.contains("did you mean `github`?"), "{cause}\n{cure}");
    let (cause, cure) = add(&["--source", "github", "--url", &good, "--filter", "payload.ref ="]);
    assert!(cause.contains("not CEL at 1:") && cure.contains("payload.ref =="), "{cause}\n{cure}");
    let (cause, _) = add(&["--source", "github", "--url", &good, "--event", "[push"]);
    assert!(cause.contains("[push"), "{cause}");
    let (cause, cure) = add(&["--source", "github", "--url", &good, "--profile", "slack"]);
    assert!(cause.contains("slack") && cure.contains("workflow"), "{cause}\n{cure}");
}

#[test]
fn without_a_daemon_the_commands_say_where_they_looked() {
    let folder = settings();
    assert_failure(folder.path(), &["subscription", "list"], "no daemon answers at", "teams-relay serve --config");
}

#[test]
fn usage_errors_end_with_2() {
    let folder = settings();
    assert_eq!(run(folder.path(), &["subscription", "add"]).status.code(), Some(2));
    assert_eq!(run(folder.path(), &["frobnicate"]).status.code(), Some(2));
    assert_eq!(run(folder.path(), &["--help"]).status.code(), Some(0));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = settings();
    assert_failure(folder.path(), &["check", "--config", "/nowhere/at/all"], "/nowhere/at/all", "--config DIR");
}

#[test]
fn numbers_that_would_stop_the_daemon_are_mistakes() {
    let folder = settings();
    for (section, setting) in [
        ("delivery", "concurrency = 0"),
        ("delivery", "timeout = \"0s\""),
        ("server", "max_connections = 0"),
        ("server", "body_limit = 0"),
        ("server", "body_memory = 0"),
        ("server", "header_timeout = \"0s\""),
    ] {
        fs::write(folder.path().join("teams-relay.toml"), format!("[{section}]\n{setting}\n")).unwrap();
        let key = setting.split(' ').next().unwrap();
        assert_failure(folder.path(), &["check"], &format!("{section}.{key}"), "write ");
    }
}

#[test]
fn check_finds_a_certificate_that_is_not_there() {
    let folder = settings();
    let text = "[server]\ntls = { cert = \"cert.pem\", key = \"key.pem\" }\n";
    fs::write(folder.path().join("teams-relay.toml"), text).unwrap();
    assert_failure(folder.path(), &["check"], "server.tls.cert: ", "CA or ACME client");
}

#[test]
fn a_main_file_that_is_a_folder_is_not_passed_over() {
    let folder = settings();
    fs::remove_file(folder.path().join("teams-relay.toml")).unwrap();
    fs::create_dir(folder.path().join("teams-relay.toml")).unwrap();
    assert_failure(folder.path(), &["check"], "teams-relay.toml: can't be read", "UTF-8 file");
}

#[test]
fn a_file_in_the_place_of_the_admin_socket_is_left_alone() {
    let folder = settings();
    let file = folder.path().join("precious");
    fs::write(&file, "kept").unwrap();
    let output = program(folder.path()).arg("serve").env("TEAMS_RELAY__ADMIN__SOCKET", &file).output().unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept", "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_store_is_closed_to_other_users() {
    use std::os::unix::fs::PermissionsExt;
    let folder = settings();
    let _daemon = Daemon::start(folder.path());
    let mode = fs::metadata(folder.path().join("data")).unwrap().permissions().mode();
    assert_eq!(mode & 0o007, 0, "{mode:o}");
}
