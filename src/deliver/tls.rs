//! How the way out speaks TLS: the machine's CA certificates, and a client that is built even where there are none.
//!
//! Which names may be posted to is not its matter.

use std::sync::Arc;

use rustls::{CertificateError, ClientConfig, RootCertStore, SupportedProtocolVersion, crypto::ring, version};
use rustls_pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

/// None older: TLS 1.0 and 1.1 are broken.
const VERSIONS: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

/// A client that trusts what the machine trusts and these CAs, for HTTP/2 and HTTP/1.1 over TLS 1.2 or 1.3.
pub(super) fn client_config(ca: &[CertificateDer<'static>]) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_protocol_versions(VERSIONS)?;
    let mut config = match Verifier::new_with_extra_roots(ca.iter().cloned(), provider) {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth(),
        Err(error) => {
            tracing::warn!(
                %error,
                "no CA certificates on this machine, so every post over https will fail; install `ca-certificates`, or point SSL_CERT_FILE at a bundle, then restart"
            );
            builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// What a TLS error means and what would help; holds nothing of the URL.
pub(super) fn explain(error: &rustls::Error) -> String {
    let why = match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "its certificate is of an issuer that this machine does not trust; install the CA's certificate, name it in `destinations.ca`, or install `ca-certificates`"
        }
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => "its certificate is not valid at this time; is this machine's clock right?",
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "its certificate is for another host",
        rustls::Error::InvalidCertificate(_) => "its certificate is not valid",
        _ => "the handshake failed",
    };
    format!("no TLS connection to the host: {why}")
}
