//! TLS on the public listener, with a certificate that can be replaced while the daemon runs.

use std::{io, path::Path, sync::Arc};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A certificate with its key, ready to answer handshakes.
#[derive(Debug)]
pub struct Certificate(ArcSwap<ServerConfig>);

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BadCertificate {
    /// A file can't be read as PEM.
    #[error(
        "{key}: {file} holds no {what} in PEM form that can be read; name the file that your CA or ACME client wrote"
    )]
    File {
        /// The setting.
        key: &'static str,
        /// The file.
        file: String,
        /// What was looked for.
        what: &'static str,
    },
    /// They do not belong together.
    #[error("server.tls: certificate and key can't be used together ({0}); name the two files of one certificate")]
    Pair(rustls::Error),
}

impl Certificate {
    /// Reads certificate chain and key.
    ///
    /// # Errors
    /// Which file is at fault.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, BadCertificate> {
        read(cert, key).map(|config| Self(ArcSwap::from_pointee(config)))
    }

    /// Reads them again; on an error the old ones stay.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn reload(&self, cert: &Path, key: &Path) -> Result<(), BadCertificate> {
        self.0.store(Arc::new(read(cert, key)?));
        Ok(())
    }

    /// Makes the handshake.
    ///
    /// # Errors
    /// The other side's, or the connection's.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.0.load_full()).accept(stream).await
    }
}

fn read(cert: &Path, key: &Path) -> Result<ServerConfig, BadCertificate> {
    let bad_cert =
        || BadCertificate::File { key: "server.tls.cert", file: cert.display().to_string(), what: "certificate" };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(cert).and_then(Iterator::collect).map_err(|_| bad_cert())?;
    if chain.is_empty() {
        return Err(bad_cert());
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|_| BadCertificate::File {
        key: "server.tls.key",
        file: key.display().to_string(),
        what: "private key",
    })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BadCertificate::Pair)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(BadCertificate::Pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
