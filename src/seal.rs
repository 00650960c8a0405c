//! Seals what nobody shall read off a disk: XChaCha20-Poly1305, a random nonce each time, bound to the place it stands in.
//!
//! A sealed record is one byte of version, the key's id, the nonce, and the text with its tag. The place is what it is
//! bound to, so that a record that was moved does not open. What is kept where is not its matter.

use std::{borrow::Cow, fmt};

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// The first byte of a sealed record; records of JSON begin with a brace.
const VERSION: u8 = 1;
const KEY: usize = 32;
const ID: usize = 8;
const NONCE: usize = 24;

/// A key to seal with.
#[derive(Clone)]
pub struct Key {
    id: KeyId,
    cipher: XChaCha20Poly1305,
}

/// Which key it is: the first 8 bytes of its SHA-256, which may be shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyId([u8; ID]);

/// A text that is no key. Holds nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is {0} characters that are no key")]
pub struct BadKey(usize);

/// This machine gives no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this machine gives no random bytes; see that /dev/urandom can be read")]
pub struct NoRandom;

/// Why a record does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It is sealed with a key that is not here.
    #[error("it is sealed with the key {0}, which is not in `store.key`")]
    Key(KeyId),
    /// The key is here and does not fit.
    #[error("it was changed since it was sealed, or stood elsewhere")]
    Changed,
    /// It is shorter than any sealed record.
    #[error("it is cut off")]
    Cut,
}

impl Key {
    /// From 32 bytes as 64 hex digits or as base64, with or without its padding, in either alphabet.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn parse(text: &Secret) -> Result<Self, BadKey> {
        let text = text.expose().trim();
        let bytes = hex::decode(text).ok().or_else(|| from_base64(text));
        let bytes = bytes.and_then(|bytes| <[u8; KEY]>::try_from(bytes).ok());
        bytes.map(|bytes| Self::new(&bytes)).ok_or_else(|| BadKey(text.chars().count()))
    }

    fn new(bytes: &[u8; KEY]) -> Self {
        let mut id = [0; ID];
        id.iter_mut().zip(Sha256::digest(bytes)).for_each(|(to, from)| *to = from);
        Self { id: KeyId(id), cipher: XChaCha20Poly1305::new(bytes.into()) }
    }

    /// A new key as text, from the system's random source.
    ///
    /// # Errors
    /// [`NoRandom`].
    pub fn random() -> Result<Secret, NoRandom> {
        Ok(Secret::new(BASE64_STANDARD.encode(random::<KEY>()?)))
    }

    /// Which one it is.
    pub fn id(&self) -> KeyId {
        self.id
    }
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [base64::alphabet::STANDARD, base64::alphabet::URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, lenient).decode(text).ok())
}

fn random<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(bytes)
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "…{}", self.id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The keys at hand: the first seals, all open. With none, records stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seal(Vec<Key>);

impl Seal {
    /// With these keys.
    pub fn new(keys: Vec<Key>) -> Self {
        Self(keys)
    }

    /// The key that seals; none: nothing is sealed.
    pub fn key(&self) -> Option<KeyId> {
        self.0.first().map(Key::id)
    }

    /// The text as it is to be written to `place`.
    ///
    /// # Errors
    /// [`NoRandom`].
    pub fn close<'a>(&self, place: &[u8], text: &'a [u8]) -> Result<Cow<'a, [u8]>, NoRandom> {
        let Some(key) = self.0.first() else { return Ok(Cow::Borrowed(text)) };
        let nonce = random::<NONCE>()?;
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), Payload { msg: text, aad: place });
        // It fails only for a text of 256 GiB.
        let sealed = sealed.map_err(|_| NoRandom)?;
        Ok(Cow::Owned([&[VERSION], &key.id.0 as &[u8], &nonce, &sealed].concat()))
    }

    /// The text of what was read from `place`, sealed or not.
    ///
    /// # Errors
    /// Why it does not open.
    pub fn open<'a>(&self, place: &[u8], record: &'a [u8]) -> Result<Cow<'a, [u8]>, Unopened> {
        if !is_sealed(record) {
            return Ok(Cow::Borrowed(record));
        }
        let (id, rest) = record.get(1..).and_then(|rest| rest.split_first_chunk()).ok_or(Unopened::Cut)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Unopened::Cut)?;
        let key = self.0.iter().find(|key| key.id.0 == *id).ok_or(Unopened::Key(KeyId(*id)))?;
        let text = key.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: place });
        text.map(Cow::Owned).map_err(|_| Unopened::Changed)
    }
}

/// Whether a record is sealed.
pub fn is_sealed(record: &[u8]) -> bool {
    record.first() == Some(&VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Key {
        Key::parse(&Secret::new(hex::encode([number; KEY]))).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_where_it_stood_and_nowhere_else() {
        let seal = Seal::new(vec![key(1)]);
        let record = seal.close(b"here", b"{\"url\":1}").unwrap();
        assert!(is_sealed(&record) && !record.windows(3).any(|part| part == b"url"));
        assert_eq!(&*seal.open(b"here", &record).unwrap(), b"{\"url\":1}");
        assert_eq!(seal.open(b"there", &record), Err(Unopened::Changed));
        for at in 1..record.len() {
            let mut changed = record.to_vec();
            changed[at] ^= 1;
            assert!(seal.open(b"here", &changed).is_err(), "byte {at}");
            assert!(seal.open(b"here", &record[..at]).is_err(), "cut at {at}");
        }
        assert_ne!(seal.close(b"here", b"{\"url\":1}").unwrap(), record, "another nonce each time");
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let old = Seal::new(vec![key(1)]).close(b"x", b"{}").unwrap().into_owned();
        let both = Seal::new(vec![key(2), key(1)]);
        assert_eq!(&*both.open(b"x", &old).unwrap(), b"{}");
        let new = both.close(b"x", b"{}").unwrap();
        assert_eq!(&*Seal::new(vec![key(2)]).open(b"x", &new).unwrap(), b"{}");
        assert_eq!(Seal::new(vec![key(1)]).open(b"x", &new), Err(Unopened::Key(key(2).id())));
        assert_eq!(Seal::default().open(b"x", &new), Err(Unopened::Key(key(2).id())));
    }

    #[test]
    fn without_a_key_records_stay_as_they_are() {
        let none = Seal::default();
        assert_eq!(&*none.close(b"x", b"{}").unwrap(), b"{}");
        assert_eq!(&*none.open(b"x", b"{}").unwrap(), b"{}");
    }

    #[test]
    fn a_key_is_32_bytes_in_hex_or_base64_and_nothing_else_is_one() {
        let random = Key::random().unwrap();
        let key = Key::parse(&random).unwrap();
        let bytes = BASE64_STANDARD.decode(random.expose()).unwrap();
        let same = [
            hex::encode(&bytes),
            hex::encode_upper(&bytes),
            random.expose().trim_end_matches('=').to_owned(),
            random.expose().replace('+', "-").replace('/', "_"),
            format!(" {}\n", random.expose()),
        ];
        for text in same {
            assert_eq!(Key::parse(&Secret::new(text)).unwrap(), key);
        }
        let short = BASE64_STANDARD.encode(&bytes[1..]);
        for text in ["", "hunter2", &short, &hex::encode(&bytes[1..]), &hex::encode([&bytes[..], &[1]].concat())] {
            let error = Key::parse(&Secret::new(text)).unwrap_err().to_string();
            assert_eq!(error, format!("is {} characters that are no key", text.len()));
        }
        assert_eq!(format!("{key:?}"), format!("…{}", key.id()));
    }

    /// The form is a promise to the disks out there; the record was made by another program.
    #[test]
    fn the_form_of_version_one_stands() {
        let record = "0172cd6e8422c407fb000102030405060708090a0b0c0d0e0f1011121314151617\
                      03f2bdeaeffcb6fcc17c5b35843040f727b692e4589b4eba55d9f2ad";
        let record = hex::decode(record).unwrap();
        assert_eq!(&*Seal::new(vec![key(1)]).open(b"subscriptions\0here", &record).unwrap(), b"{\"format\":1}");
    }
}
