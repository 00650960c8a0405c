//! `src/lib.rs` lists its modules in the order of their dependencies; nothing may import a module listed below it.

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test that can't go on may panic")]

use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn modules_import_only_what_lib_rs_lists_above_them() {
    let order = modules();
    let mut wrong = Vec::new();
    for (rank, module) in order.iter().enumerate() {
        for file in files_of(module) {
            for name in imports(&code_of(&file)) {
                if order.iter().position(|listed| *listed == name).is_some_and(|other| other > rank) {
                    wrong.push(format!("{} imports crate::{name}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "against the order of lib.rs:\n{}", wrong.join("\n"));
}

#[test]
fn pure_modules_know_nothing_of_networks_and_disks() {
    let impure =
        ["tokio::", "axum::", "reqwest::", "sled::", "fjall::", "std::fs", "std::net::Tcp", "std::thread::sleep"];
    let mut wrong = Vec::new();
    for module in ["verify", "provider", "route", "render", "profile", "teams_app"] {
        for file in files_of(module) {
            let text = code_of(&file);
            // Tests may read samples; what is under test may not.
            let is_test = file.file_stem().is_some_and(|stem| {
                ["tests", "vectors", "payloads", "presets", "shared", "hostile", "shipped"]
                    .contains(&stem.to_str().unwrap())
            });
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            wrong.extend(
                impure
                    .iter()
                    .filter(|word| !is_test && code.contains(*word))
                    .map(|word| format!("{} uses {word}", file.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "pure modules do no I/O:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_is_listed() {
    let mut listed = modules();
    let mut found: Vec<String> = fs::read_dir(src())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "lib" && name != "main")
        .collect();
    listed.sort();
    found.sort();
    assert_eq!(listed, found);
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn modules() -> Vec<String> {
    let lib = fs::read_to_string(src().join("lib.rs")).unwrap();
    lib.lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

/// `src/<module>.rs` and everything under `src/<module>/`.
fn files_of(module: &str) -> Vec<PathBuf> {
    let mut found = vec![src().join(format!("{module}.rs"))];
    let mut folders = vec![src().join(module)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// A file without its comments, which may point anywhere.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// The modules that follow `crate::`, also those inside `crate::{a::B, c}`.
fn imports(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, word) in text.match_indices("crate::") {
        let rest = &text[at + word.len()..];
        match rest.strip_prefix('{') {
            None => names.push(identifier(rest)),
            Some(group) => names.extend(first_names(group)),
        }
    }
    names
}

/// The first identifier of each entry of a brace group, inner groups passed over.
fn first_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut expects) = (1, true);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => expects = true,
            _ if depth == 1 && expects && !letter.is_whitespace() => {
                names.push(identifier(&group[at..]));
                expects = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}
