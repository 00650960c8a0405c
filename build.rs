//! Has cargo notice files that are added to the folders which the binary embeds (`include_dir!` alone does not), and has
//! the binary's relocations packed.

#[expect(clippy::disallowed_methods, reason = "by the environment cargo says what it builds for")]
fn main() {
    for folder in ["config/providers", "config/profiles", "templates"] {
        println!("cargo:rerun-if-changed={folder}");
    }
    // The loader reads a list of two megabytes otherwise, and keeps it in memory. glibc knows the packed form since 2.36;
    // a linker that does not know it says so and leaves the list as it is.
    let target = |name| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if (target("OS").as_str(), target("ENV").as_str()) == ("linux", "gnu") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
