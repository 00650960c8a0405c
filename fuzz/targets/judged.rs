//! Shared by the targets that end with a card: whatever it is, every profile makes bytes of it that Teams takes.

use std::sync::LazyLock;

use teams_relay::{card::Card, profile::Profile};

/// One for each shape.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let mut problems = Vec::new();
    let shapes = ["envelope", "card", "messagecard"].map(|shape| {
        let text = format!(
            "shape = \"{shape}\"\nanswers = \"workflow\"\nmax_bytes = 28672\nwindows = [{{ posts = 4, per = \"1s\" }}]"
        );
        Profile::parse("fuzz".parse().expect("a name"), &text, "fuzz.toml", &mut problems)
    });
    let profiles: Vec<Profile> = shapes.into_iter().flatten().collect();
    assert_eq!((profiles.len(), problems), (3, Vec::new()));
    profiles
});

/// All is made to fit, is proved, and is JSON.
pub fn encode(card: &Card) {
    for profile in PROFILES.iter() {
        let encoded = profile.encode(card);
        assert_eq!(encoded.unsound, None, "{:?}", profile.shape);
        // The envelope with its summary stands around what is bounded.
        assert!(encoded.bytes.len() <= profile.max_bytes + 2048, "{} bytes", encoded.bytes.len());
        let body: serde_json::Value = serde_json::from_slice(&encoded.bytes).expect("JSON");
        assert!(body.is_object());
    }
}
