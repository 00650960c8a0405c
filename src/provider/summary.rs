//! A provider's file in a few words, for whoever chooses one: how it proves itself, and what it asks beforehand.
//!
//! Made from the file as it stands, not from what was compiled of it, so that it says no more than the file does.

use serde_json::Value;

/// What a provider's file comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Each way to prove a webhook genuine, such as `HMAC-SHA256 in X-Hub-Signature-256`.
    pub proofs: Vec<String>,
    /// Each request that is answered and no event, such as `GET ?hub.mode = subscribe`.
    pub handshakes: Vec<String>,
    /// Whether a source of it has to have `secrets`.
    pub takes_secrets: bool,
    /// Whether `server.public_url` has to be set for it, since the address is signed too.
    pub takes_public_url: bool,
}

impl Summary {
    /// Of a file read as a table.
    pub(super) fn of(file: &Value) -> Self {
        let schemes: Vec<&Value> = match file.get("verify") {
            Some(Value::Array(many)) => many.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let handshakes = file.get("handshake").and_then(Value::as_array);
        let mut proofs: Vec<String> = schemes.iter().map(|scheme| proof(scheme)).collect();
        // Versions of one signature differ in more than these words tell.
        proofs.dedup();
        Self {
            proofs,
            handshakes: handshakes.into_iter().flatten().map(asked).collect(),
            takes_secrets: schemes.iter().any(|scheme| takes_secrets(scheme)),
            takes_public_url: schemes.iter().any(|scheme| takes_public_url(scheme)),
        }
    }
}

fn text<'a>(table: &'a Value, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Value::as_str)
}

fn proof(scheme: &Value) -> String {
    let header = text(scheme, "header");
    let what = match text(scheme, "scheme") {
        Some("hmac") => format!("HMAC-{}", hash(scheme)),
        Some("hash") => hash(scheme),
        Some("public-key") => match text(scheme, "algorithm") {
            Some("ed25519") => "Ed25519".to_owned(),
            Some("ecdsa-p256") => "ECDSA P-256".to_owned(),
            Some("rsa-sha1") => "RSA with SHA-1".to_owned(),
            _ => "RSA with SHA-256".to_owned(),
        },
        Some("token") => match (header, text(scheme, "query")) {
            (Some(_), _) => "token".to_owned(),
            (None, Some(query)) => format!("token in the address (`?{query}=…`)"),
            (None, None) => "token in the body".to_owned(),
        },
        Some("basic") => "Basic".to_owned(),
        Some("bearer") => "Bearer".to_owned(),
        Some("standard-webhooks") => "Standard Webhooks".to_owned(),
        Some("jwt") => "signed token (JWT)".to_owned(),
        Some("twilio") => "HMAC-SHA1 in X-Twilio-Signature".to_owned(),
        Some("sns") => "RSA in the body, by Amazon's certificate".to_owned(),
        _ => "nothing: whoever knows the address is believed".to_owned(),
    };
    match header {
        Some(header) => format!("{what} in {header}"),
        None => what,
    }
}

/// SHA-256 is what a scheme that names none has.
fn hash(scheme: &Value) -> String {
    match text(scheme, "algorithm") {
        Some("sha1") => "SHA1",
        Some("sha384") => "SHA384",
        Some("sha512") => "SHA512",
        _ => "SHA256",
    }
    .to_owned()
}

fn takes_secrets(scheme: &Value) -> bool {
    let elsewhere = scheme.get("key").is_some() || scheme.get("jwks").is_some() || scheme.get("secret").is_some();
    !elsewhere && !matches!(text(scheme, "scheme"), None | Some("none"))
}

fn takes_public_url(scheme: &Value) -> bool {
    text(scheme, "scheme") == Some("twilio") || text(scheme, "signed").is_some_and(|signed| signed.contains("{url}"))
}

/// The method, and what must stand where.
fn asked(handshake: &Value) -> String {
    let method = text(handshake, "method").unwrap_or("POST");
    let places = handshake.get("when").and_then(Value::as_object);
    let conditions: Vec<String> = places
        .into_iter()
        .flatten()
        .map(|(place, value)| match value.as_str() {
            Some("*") => place.clone(),
            Some("") | None => format!("no {place}"),
            Some(value) => format!("{place} = {value}"),
        })
        .collect();
    format!("{method} {}", conditions.join(", ")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_told_in_a_few_words() {
        let summary = Summary::of(&json!({
            "verify": [
                {"scheme": "hmac", "algorithm": "sha1", "header": "X-S", "signed": "{url}{body}"},
                {"scheme": "token", "query": "token"},
                {"scheme": "basic"},
            ],
            "handshake": [
                {"when": {"/type": "hello"}},
                {"method": "OPTIONS", "when": {"X-Origin": "*"}},
                {"when": {"/events/0": ""}},
                {"method": "HEAD"},
            ],
        }));
        assert_eq!(summary.proofs, ["HMAC-SHA1 in X-S", "token in the address (`?token=…`)", "Basic"]);
        assert_eq!(summary.handshakes, ["POST /type = hello", "OPTIONS X-Origin", "POST no /events/0", "HEAD"]);
        assert!(summary.takes_secrets && summary.takes_public_url);
    }

    #[test]
    fn keys_that_are_fetched_or_captured_want_no_secrets_of_the_source() {
        for verify in [
            json!({"scheme": "public-key", "header": "S", "key": {"url": "https://keys.example", "pointer": "/k"}}),
            json!({"scheme": "hmac", "header": "S", "secret": "captured"}),
            json!("none"),
            json!({"scheme": "none"}),
        ] {
            let summary = Summary::of(&json!({ "verify": verify }));
            assert!(!summary.takes_secrets && !summary.takes_public_url, "{verify}");
        }
        assert!(Summary::of(&json!({"verify": {"scheme": "bearer"}})).takes_secrets);
    }
}
