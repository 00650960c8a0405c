//! Public and private keys and certificates, as they stand in PEM files.

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
    der::{Decode, Encode, oid::ObjectIdentifier},
    spki::SubjectPublicKeyInfoOwned,
};

/// `rsaEncryption` and `id-ecPublicKey`, RFC 3279.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// The length of a point of P-256, not compressed.
const POINT: usize = 65;

/// A key that signatures are checked with, as ring takes it.
#[derive(Debug, Clone)]
pub(super) enum PublicKey {
    /// `RSAPublicKey` of RFC 8017, in DER.
    Rsa(Vec<u8>),
    /// A point, not compressed.
    P256(Vec<u8>),
}

impl PublicKey {
    fn of_spki(spki: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        let bits = spki.subject_public_key.as_bytes()?.to_vec();
        match spki.algorithm.oid {
            RSA => Some(Self::Rsa(bits)),
            ELLIPTIC if bits.len() == POINT => Some(Self::P256(bits)),
            _ => None,
        }
    }

    /// Whether this is an RSA signature, with the hash of `parameters`.
    pub(super) fn is_rsa(&self, parameters: &'static RsaParameters, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(der) => UnparsedPublicKey::new(parameters, der).verify(message, signature).is_ok(),
            Self::P256(_) => false,
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
            Self::Rsa(_) => false,
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
            let spki = SubjectPublicKeyInfoOwned::from_der(&der).ok()?;
            return Some(Self { public: PublicKey::of_spki(&spki)?, private: None });
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
    let any = x509_cert::der::Any::new(x509_cert::der::Tag::Sequence, inner).ok()?;
    any.to_der().ok().map(PublicKey::Rsa)
}

/// A point of P-256 by its two coordinates.
pub(super) fn p256_of_parts(x: &[u8], y: &[u8]) -> Option<PublicKey> {
    let point = [&[4], x, y].concat();
    (x.len() == y.len() && point.len() == POINT).then_some(PublicKey::P256(point))
}
