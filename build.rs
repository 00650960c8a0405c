//! Has cargo notice files that are added to the folders which the binary embeds; `include_dir!` alone does not.

fn main() {
    for folder in ["config/providers", "config/profiles", "templates"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
