//! Whatever stands in a settings file: it ends with problems that say what is wrong, or with settings, and never a panic.
//!
//! An input is a letter that says which file it is, an end of line, and what stands in the file.

#![no_main]

use std::{collections::BTreeMap, fs, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use teams_relay::{
    config::{Config, problem::Problem},
    profile::Profile,
    provider::Provider,
    render::{Locales, WordsFile},
    rules::Rules,
};

/// A config folder for each process.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let shared = PathBuf::from("/dev/shm");
    let parent = if shared.is_dir() { shared } else { std::env::temp_dir() };
    let folder = parent.join(format!("teams-relay-fuzz-{}", std::process::id()));
    fs::create_dir_all(folder.join("sources")).expect("a folder");
    folder
});

fuzz_target!(|input: &[u8]| {
    let [kind, b'\n', text @ ..] = input else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let problems = match kind {
        b'p' => Provider::parse("fuzz".parse().expect("a name"), "fuzz.toml", text).err().unwrap_or_default(),
        b'd' => {
            let mut problems = Vec::new();
            drop(Profile::parse("fuzz".parse().expect("a name"), text, "fuzz.toml", &mut problems));
            problems
        }
        b'w' => {
            let (name, origin) = ("xx".to_owned(), "fuzz.toml".to_owned());
            drop(Locales::read(&[WordsFile { name, origin, text: text.to_owned() }]));
            Vec::new()
        }
        b's' => load("", text, input),
        _ => load(text, "provider = \"generic\"\nverify = \"none\"\n", input),
    };
    for problem in problems {
        assert!(!problem.to_string().is_empty());
    }
});

fn load(main: &str, source: &str, input: &[u8]) -> Vec<Problem> {
    fs::write(FOLDER.join("teams-relay.toml"), main).expect("a file");
    fs::write(FOLDER.join("sources/fuzz.toml"), source).expect("a file");
    let (config, problems) = Config::load(&FOLDER, &BTreeMap::new());
    // Compiling takes a hundred times as long, since all templates are compiled with it.
    let lot = input.iter().fold(7_u8, |lot, byte| lot.wrapping_mul(31).wrapping_add(*byte));
    if problems.is_empty() && lot % 64 == 0 {
        return Rules::compile(&config).err().unwrap_or_default();
    }
    problems
}
