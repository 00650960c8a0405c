//! `[admin]`: where admins, their commands and their monitoring reach the daemon.

use std::{net::SocketAddr, path::PathBuf};

use serde::Deserialize;

use super::secret::SecretSpecs;

/// The admin listeners.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// TCP, if wanted: health and metrics for all, the API with a token. `""` is off, as is none.
    #[serde(deserialize_with = "address_or_off")]
    pub listen: Option<SocketAddr>,
    /// Unix socket, relative to the config folder; its file permissions are the lock. Without one: `admin.sock` in the store's folder.
    pub socket: Option<PathBuf>,
    /// What the API asks for as `Authorization: Bearer …` over TCP; several are all valid at once.
    pub token: SecretSpecs,
    /// Who is told of destinations that fail, and of deliveries that pile up: a subscription's id or name.
    pub notify: Option<String>,
}

fn address_or_off<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        serde::de::Error::custom(format!("`{}` is no address; write it as \"127.0.0.1:8081\"", text.escape_debug()))
    })
}
