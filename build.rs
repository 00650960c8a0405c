//! Has cargo notice files that are added to the folders which the binary embeds (`include_dir!` alone does not), and has
//! the binary's relocations packed where that can be.

#![expect(clippy::disallowed_methods, reason = "by the environment cargo says what it builds for")]

use std::{env, process::Command};

fn main() {
    for folder in ["config/providers", "config/profiles", "templates"] {
        println!("cargo:rerun-if-changed={folder}");
    }
    // The loader reads a list of two megabytes otherwise, and keeps it in memory. A linker that knows no packed form says
    // so and leaves the list as it is.
    if loader_unpacks() {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether the program is for this machine, and this machine's glibc knows the packed form, as it does since 2.36: an older
/// one could not start it.
fn loader_unpacks() -> bool {
    let is_glibc = env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux")
        && env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu");
    if !is_glibc || env::var("HOST") != env::var("TARGET") {
        return false;
    }
    let Ok(told) = Command::new("getconf").arg("GNU_LIBC_VERSION").output() else { return false };
    let told = String::from_utf8_lossy(&told.stdout);
    let version = told.trim().strip_prefix("glibc ").and_then(|version| version.split_once('.'));
    version.is_some_and(|(major, minor)| major == "2" && minor.parse().is_ok_and(|minor: u32| minor >= 36))
}
