//! Public keys: Ed25519, ECDSA on P-256 and RSA, by ring. A private key may stand in a public key's place, so that the
//! relay can make what it checks; its public half is what checks.

use base64::{Engine, engine::general_purpose::STANDARD_PAD_INDIFFERENT};
use ring::{
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm},
};
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer, pem::PemObject};

use super::{cannot_sign::CannotSign, misfit::Misfit, pem};
use crate::config::scheme::{KeyAlgorithm, SecretEncoding};

/// A key that checks, and signs where its private half is known. `Debug` shows the public half alone.
#[derive(Debug)]
pub(super) struct PublicKey {
    algorithm: KeyAlgorithm,
    bytes: Vec<u8>,
    private: Option<Private>,
}

#[derive(Debug)]
enum Private {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// An RSA key of 2048 bits, the shortest that is taken, has at least these bytes.
const SHORTEST_RSA: usize = 256;

impl PublicKey {
    /// Reads a key. What looks like PEM is PEM, whatever the encoding.
    pub(super) fn of(text: &str, algorithm: KeyAlgorithm, encoding: SecretEncoding) -> Result<Self, Misfit> {
        let text = text.trim();
        if text.contains("-----BEGIN") {
            return Self::of_pem(text.as_bytes(), algorithm);
        }
        let bytes = match encoding {
            SecretEncoding::Hex => hex::decode(text).ok(),
            SecretEncoding::Base64 | SecretEncoding::Spki => STANDARD_PAD_INDIFFERENT.decode(text).ok(),
            SecretEncoding::Pem | SecretEncoding::Text => None,
        };
        bytes.and_then(|bytes| Self::of_bytes(&bytes, algorithm)).ok_or_else(|| unfit(algorithm, encoding))
    }

    /// A key from PEM, public or private (PKCS#8).
    pub(super) fn of_pem(pem: &[u8], algorithm: KeyAlgorithm) -> Result<Self, Misfit> {
        let key = match SubjectPublicKeyInfoDer::from_pem_slice(pem) {
            Ok(spki) => Self::of_bytes(&spki, algorithm),
            Err(_) => PrivatePkcs8KeyDer::from_pem_slice(pem)
                .ok()
                .and_then(|der| Self::of_private(der.secret_pkcs8_der(), algorithm)),
        };
        key.ok_or_else(|| unfit(algorithm, SecretEncoding::Pem))
    }

    fn of_bytes(bytes: &[u8], algorithm: KeyAlgorithm) -> Option<Self> {
        let bytes = match (algorithm, pem::PublicKey::of_bytes(bytes, algorithm)?) {
            (KeyAlgorithm::Ed25519, pem::PublicKey::Ed25519(bytes))
            | (KeyAlgorithm::EcdsaP256, pem::PublicKey::P256(bytes)) => bytes,
            (KeyAlgorithm::RsaSha1 | KeyAlgorithm::RsaSha256, pem::PublicKey::Rsa(bytes))
                if bytes.len() > SHORTEST_RSA =>
            {
                bytes
            }
            _ => return None,
        };
        Some(Self { algorithm, bytes, private: None })
    }

    fn of_private(pkcs8: &[u8], algorithm: KeyAlgorithm) -> Option<Self> {
        let (bytes, private) = match algorithm {
            KeyAlgorithm::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?;
                (pair.public_key().as_ref().to_vec(), Private::Ed25519(pair))
            }
            KeyAlgorithm::EcdsaP256 => {
                let signing = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
                let pair = EcdsaKeyPair::from_pkcs8(signing, pkcs8, &SystemRandom::new()).ok()?;
                (pair.public_key().as_ref().to_vec(), Private::Ecdsa(pair))
            }
            KeyAlgorithm::RsaSha1 | KeyAlgorithm::RsaSha256 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
                (pair.public().as_ref().to_vec(), Private::Rsa(pair))
            }
        };
        Some(Self { algorithm, bytes, private: Some(private) })
    }

    /// Whether its private half made this signature of the message.
    pub(super) fn fits(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match self.algorithm {
            KeyAlgorithm::Ed25519 => &signature::ED25519,
            KeyAlgorithm::EcdsaP256 => &signature::ECDSA_P256_SHA256_ASN1,
            KeyAlgorithm::RsaSha1 => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            KeyAlgorithm::RsaSha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        };
        UnparsedPublicKey::new(algorithm, &self.bytes).verify(message, signature).is_ok()
    }

    /// A signature of the message, where the private half is known. RSA with SHA-1 is checked but never made.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        let random = SystemRandom::new();
        match (&self.private, self.algorithm) {
            (Some(Private::Ed25519(pair)), _) => Ok(pair.sign(message).as_ref().to_vec()),
            (Some(Private::Ecdsa(pair)), _) => {
                pair.sign(&random, message).map(|made| made.as_ref().to_vec()).map_err(|_| CannotSign::OnlyChecks)
            }
            (Some(Private::Rsa(pair)), KeyAlgorithm::RsaSha256) => {
                let mut made = vec![0; pair.public().modulus_len()];
                let signed = pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut made);
                signed.map(|()| made).map_err(|_| CannotSign::OnlyChecks)
            }
            (Some(Private::Rsa(_)) | None, _) => Err(CannotSign::OnlyChecks),
        }
    }
}

fn unfit(algorithm: KeyAlgorithm, encoding: SecretEncoding) -> Misfit {
    let kind = match algorithm {
        KeyAlgorithm::Ed25519 => "Ed25519",
        KeyAlgorithm::EcdsaP256 => "P-256",
        KeyAlgorithm::RsaSha1 | KeyAlgorithm::RsaSha256 => "RSA (2048 bits or more)",
    };
    let form = match encoding {
        SecretEncoding::Hex => "hex of its bytes, or PEM",
        SecretEncoding::Base64 => "base64 of its bytes, or PEM",
        SecretEncoding::Spki => "base64 of its DER (SPKI), or PEM",
        SecretEncoding::Pem | SecretEncoding::Text => "PEM, with its BEGIN and END lines",
    };
    Misfit::new(
        &format!("the secret is no {kind} public key"),
        &format!("copy the provider's public key again, as {form}"),
    )
}
