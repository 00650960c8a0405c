//! Why a webhook can't be made one that its source believes, in words for whoever sends one by hand.

/// Why a request can't be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotSign {
    /// The delivery id is part of what is signed, and goes into a header.
    #[error("the delivery id can't stand in a header; use letters, digits, `-`, `_` and `.`")]
    BadId,
    /// The secret stands in the body, which is the payload.
    #[error("the secret of this source stands in the payload; write it there")]
    InPayload,
    /// The signature goes into the body, which has no place for it.
    #[error(
        "the signature goes into the payload, which is no such message; use a JSON object as the provider posts it"
    )]
    NoObject,
    /// There is nothing to sign with.
    #[error("no secret can sign; give the source one of its provider's signing secrets")]
    NoSecret,
    /// A public key checks and does not sign; RSA with SHA-1 is not made by anybody who has a choice.
    #[error("a public key only checks; to sign, give the source the private key (PKCS#8 PEM) in its place")]
    OnlyChecks,
    /// Something else than body and headers of our own making is signed.
    #[error("the webhook lacks what is signed; send a body that has it, such as the form's field")]
    NotThere,
}
