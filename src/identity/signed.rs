//! Texts that the relay signs for itself: what it says, and an HMAC of that by a key that only it has.
//!
//! `BASE64URL(JSON).BASE64URL(HMAC-SHA-256)`. What a text is for is signed with it, so that none passes for another.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

use crate::{
    secret::{Secret, same},
    verify::why::Why,
};

/// Bytes of such a text, at most; those of ours have some 200.
const LONGEST: usize = 1024;

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Invitation,
    Pass,
}

impl Purpose {
    /// What is signed before the text; the number is that of the text's form.
    const fn domain(self) -> &'static [u8] {
        match self {
            Self::Invitation => b"teams-relay invitation 1\0",
            Self::Pass => b"teams-relay pass 1\0",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Invitation => "the invitation",
            Self::Pass => "the pass",
        }
    }

    fn refused(self, found: &str) -> Why {
        Why::Malformed { at: self.word().to_owned(), found: found.to_owned() }
    }
}

/// The signed text of a value.
pub(super) fn sign(purpose: Purpose, value: &impl Serialize, key: &Secret) -> Result<Secret, Why> {
    let json = serde_json::to_vec(value).map_err(|_| purpose.refused("can't be written"))?;
    let text = URL_SAFE_NO_PAD.encode(json);
    let mac = mac(purpose, &text, key)?;
    Ok(Secret::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac))))
}

/// What a text says that was signed for this purpose with this key; none: nothing was ever signed.
pub(super) fn check<T: DeserializeOwned>(purpose: Purpose, signed: &str, key: Option<&Secret>) -> Result<T, Why> {
    if signed.len() > LONGEST {
        return Err(Why::TooLong { at: purpose.word().to_owned(), bytes: signed.len() });
    }
    let unlike = || purpose.refused("is not of its form");
    let (text, given) = signed.split_once('.').ok_or_else(unlike)?;
    let given = URL_SAFE_NO_PAD.decode(given).map_err(|_| unlike())?;
    let foreign = || purpose.refused("is not signed by this relay for that");
    if !same(&mac(purpose, text, key.ok_or_else(foreign)?)?, &given) {
        return Err(foreign());
    }
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| unlike())?;
    serde_json::from_slice(&json).map_err(|_| unlike())
}

fn mac(purpose: Purpose, text: &str, key: &Secret) -> Result<Vec<u8>, Why> {
    // HMAC takes keys of any length.
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.expose().as_bytes());
    let mut mac = mac.map_err(|_| purpose.refused("can't be signed"))?;
    mac.update(purpose.domain());
    mac.update(text.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Secret {
        Secret::new(text)
    }

    fn read(purpose: Purpose, signed: &str, by: &str) -> Result<String, Why> {
        check(purpose, signed, Some(&key(by)))
    }

    #[test]
    fn what_is_signed_reads_back_for_its_purpose_with_its_key_alone() {
        let signed = sign(Purpose::Invitation, &"mona", &key("one")).unwrap();
        let signed = signed.expose();
        assert_eq!(read(Purpose::Invitation, signed, "one").unwrap(), "mona");
        assert!(read(Purpose::Pass, signed, "one").is_err());
        assert!(read(Purpose::Invitation, signed, "two").is_err());
        assert!(check::<String>(Purpose::Invitation, signed, None).is_err());
    }

    #[test]
    fn a_text_with_any_byte_changed_or_cut_is_refused() {
        let signed = sign(Purpose::Pass, &"mona", &key("one")).unwrap();
        let signed = signed.expose();
        for at in 0..signed.len() {
            let mut changed = signed.to_owned().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(read(Purpose::Pass, &changed, "one").is_err(), "byte {at}");
            assert!(read(Purpose::Pass, signed.get(..at).unwrap(), "one").is_err(), "cut at {at}");
        }
        assert!(matches!(read(Purpose::Pass, &"a".repeat(LONGEST + 1), "one"), Err(Why::TooLong { .. })));
    }

    /// Passes are kept in browsers for half a year.
    #[test]
    fn the_form_stands() {
        let signed = sign(Purpose::Pass, &"mona", &key("one")).unwrap();
        assert_eq!(signed.expose(), "Im1vbmEi.sMftb3Ptitq48T0Hvg7cGjHVHOm4METRXHx4YRItSas");
    }
}
