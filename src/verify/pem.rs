//! Public and private keys and certificates, as they stand in PEM files; and the one place that reads a public key's DER.

use jiff::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_SHA256, RsaKeyPair, RsaParameters, UnparsedPublicKey,
    },
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer, pem::PemObject};
use x509_cert::{
    Certificate as X509,
    der::{AnyRef, Decode, Encode, Tag, Tagged, oid::ObjectIdentifier},
    spki::SubjectPublicKeyInfoOwned,
};

use crate::config::scheme::KeyAlgorithm;

/// `rsaEncryption` and `id-ecPublicKey`, RFC 3279; the curve P-256, RFC 5480; and Ed25519, RFC 8410.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The length of a point of P-256, not compressed, and of a key of Ed25519.
const POINT: usize = 65;
const EDWARDS: usize = 32;

/// A key that signatures are checked with, as ring takes it.
#[derive(Debug, Clone)]
pub(super) enum PublicKey {
    /// `RSAPublicKey` of RFC 8017, in DER.
    Rsa(Vec<u8>),
    /// A point, not compressed.
    P256(Vec<u8>),
    /// A point of the other kind. No JWT and no certificate here has one.
    Ed25519(Vec<u8>),
}

impl PublicKey {
    /// The key in a `SubjectPublicKeyInfo` (RFC 5280, 4.1), or the bytes of one of this kind that stand alone.
    pub(super) fn of_bytes(bytes: &[u8], algorithm: KeyAlgorithm) -> Option<Self> {
        if let Ok(spki) = SubjectPublicKeyInfoOwned::from_der(bytes) {
            return Self::of_spki(&spki);
        }
        match algorithm {
            KeyAlgorithm::Ed25519 => (bytes.len() == EDWARDS).then(|| Self::Ed25519(bytes.to_vec())),
            KeyAlgorithm::EcdsaP256 => {
                (bytes.len() == POINT && bytes.starts_with(&[4])).then(|| Self::P256(bytes.to_vec()))
            }
            KeyAlgorithm::RsaSha1 | KeyAlgorithm::RsaSha256 => {
                let is_list = AnyRef::from_der(bytes).is_ok_and(|any| any.tag() == Tag::Sequence);
                is_list.then(|| Self::Rsa(bytes.to_vec()))
            }
        }
    }

    fn of_spki(spki: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        let bits = spki.subject_public_key.as_bytes()?.to_vec();
        let curve = || spki.algorithm.parameters.as_ref()?.decode_as::<ObjectIdentifier>().ok();
        match spki.algorithm.oid {
            RSA => Some(Self::Rsa(bits)),
            ELLIPTIC if bits.len() == POINT && curve() == Some(P256) => Some(Self::P256(bits)),
            ED25519 if bits.len() == EDWARDS => Some(Self::Ed25519(bits)),
            _ => None,
        }
    }

    /// Whether this is an RSA signature, with the hash of `parameters`.
    pub(super) fn is_rsa(&self, parameters: &'static RsaParameters, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(der) => UnparsedPublicKey::new(parameters, der).verify(message, signature).is_ok(),
            Self::P256(_) | Self::Ed25519(_) => false,
        }
    }

    /// Whether this is an RSA signature with SHA-256.
    pub(super) fn is_rsa_sha256(&self, message: &[u8], signature: &[u8]) -> bool {
        self.is_rsa(&RSA_PKCS1_2048_8192_SHA256, message, signature)
    }

    /// Whether this is a signature on P-256 with SHA-256, as JWTs write it: two numbers of 32 bytes.
    pub(super) fn is_p256(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            Self::Rsa(_) | Self::Ed25519(_) => false,
        }
    }
}

/// A certificate: a key, and when it may be used.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) key: PublicKey,
    /// Unix seconds.
    valid: std::ops::RangeInclusive<u64>,
}

impl Certificate {
    /// The first certificate of a PEM text.
    pub(super) fn of_pem(pem: &[u8]) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(pem).ok()?;
        let certificate = X509::from_der(&der).ok()?;
        let body = certificate.tbs_certificate();
        let (from, to) = (body.validity().not_before, body.validity().not_after);
        Some(Self {
            key: PublicKey::of_spki(body.subject_public_key_info())?,
            valid: from.to_unix_duration().as_secs()..=to.to_unix_duration().as_secs(),
        })
    }

    /// Whether it may be used at this time.
    pub(super) fn holds_at(&self, now: Timestamp) -> bool {
        u64::try_from(now.as_second()).is_ok_and(|now| self.valid.contains(&now))
    }
}

/// A secret that is a key in PEM: enough to check with, and to sign with where it is private.
#[derive(Debug)]
pub(super) struct PemKey {
    pub(super) public: PublicKey,
    private: Option<PrivateKey>,
}

#[derive(Debug)]
enum PrivateKey {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl PemKey {
    /// A public key, a certificate (whose dates are then the admin's own concern) or a private key, PKCS #8.
    pub(super) fn read(pem: &str) -> Option<Self> {
        let pem = pem.as_bytes();
        if let Ok(der) = SubjectPublicKeyInfoDer::from_pem_slice(pem) {
            let public = PublicKey::of_spki(&SubjectPublicKeyInfoOwned::from_der(&der).ok()?)?;
            return (!matches!(public, PublicKey::Ed25519(_))).then_some(Self { public, private: None });
        }
        if let Some(certificate) = Certificate::of_pem(pem) {
            return Some(Self { public: certificate.key, private: None });
        }
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).ok()?;
        let der = der.secret_pkcs8_der();
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            let public = PublicKey::Rsa(pair.public_key().as_ref().to_vec());
            return Some(Self { public, private: Some(PrivateKey::Rsa(Box::new(pair))) });
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new()).ok()?;
        let public = PublicKey::P256(pair.public_key().as_ref().to_vec());
        Some(Self { public, private: Some(PrivateKey::P256(Box::new(pair))) })
    }

    /// Signs with SHA-256; none where the key is not private.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self.private.as_ref()? {
            PrivateKey::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            PrivateKey::P256(pair) => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
        }
    }
}

/// `RSAPublicKey` in DER, of a modulus and an exponent that stand apart; big-endian.
pub(super) fn rsa_of_parts(modulus: &[u8], exponent: &[u8]) -> Option<PublicKey> {
    let key = x509_cert::spki::der::asn1::UintRef::new(modulus).ok()?;
    let exponent = x509_cert::spki::der::asn1::UintRef::new(exponent).ok()?;
    let inner = [key.to_der().ok()?, exponent.to_der().ok()?].concat();
    let any = x509_cert::der::Any::new(Tag::Sequence, inner).ok()?;
    any.to_der().ok().map(PublicKey::Rsa)
}

/// A point of P-256 by its two coordinates.
pub(super) fn p256_of_parts(x: &[u8], y: &[u8]) -> Option<PublicKey> {
    let point = [&[4], x, y].concat();
    (x.len() == y.len() && point.len() == POINT).then_some(PublicKey::P256(point))
}
