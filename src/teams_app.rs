//! The Teams app: from the settings to the package that an admin uploads.
//!
//! It writes no file and asks nobody: whether an organisation takes the app is decided there.

mod icon;
mod manifest;
mod settings;

use std::io::{self, Cursor, Write};

use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::config::{Config, connector::SignIn, problem::Problem};
use settings::{Checks, PublicUrl};

/// All that the package says, proved to be what a manifest takes.
#[derive(Debug, Clone)]
pub struct TeamsApp {
    id: String,
    connector_id: Option<String>,
    version: String,
    name: String,
    developer: String,
    website: String,
    privacy: String,
    terms: String,
    public_url: PublicUrl,
    sign_in: Option<SignIn>,
}

impl TeamsApp {
    /// The app that the settings describe.
    ///
    /// # Errors
    /// Says of every setting that is missing, or that no manifest takes, what would be right.
    pub fn of(config: &Config) -> Result<Self, Vec<Problem>> {
        let mut checks = Checks::default();
        let public_url = checks.public_url(config.server.public_url.as_ref());
        if config.connector.is_none() {
            checks.note("connector", "is missing", "write that table: the app shows the pages that it opens");
        }
        let connector = config.connector.clone().unwrap_or_default();
        let app = &connector.app;
        let id = checks.id(app.id.as_deref());
        let connector_id = app.connector_id.as_deref().and_then(|id| checks.connector_id(id));
        let version = checks.version(&app.version);
        let name = checks.name(&app.name);
        let developer = checks.developer(app.developer.as_deref());
        let [website, privacy, terms] = [("website", &app.website), ("privacy", &app.privacy), ("terms", &app.terms)]
            .map(|(key, url)| url.as_ref().and_then(|url| checks.address(key, url)));
        match (public_url, id, version, name, developer) {
            (Some(public_url), Some(id), Some(version), Some(name), Some(developer)) if checks.problems.is_empty() => {
                let website = website.unwrap_or_else(|| public_url.base.clone());
                let privacy = privacy.unwrap_or_else(|| website.clone());
                let terms = terms.unwrap_or_else(|| website.clone());
                let sign_in = connector.sign_in;
                Ok(Self { id, connector_id, version, name, developer, website, privacy, terms, public_url, sign_in })
            }
            _ => Err(checks.problems),
        }
    }

    /// What people see in the store of their organisation.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The App ID URI that the application must have in Entra, where there is sign-in.
    pub fn resource(&self) -> Option<String> {
        self.sign_in.as_ref().map(|sign_in| format!("api://{}/{}", self.public_url.host, sign_in.client_id))
    }

    /// The zip: the manifest and both icons at its root, the same bytes for the same settings.
    ///
    /// # Errors
    /// None that is known of: all of it is made in memory.
    pub fn package(&self) -> io::Result<Vec<u8>> {
        let manifest = format!("{:#}\n", self.manifest());
        let files = [
            (manifest::FILE, manifest.into_bytes()),
            (icon::COLOR.file, icon::COLOR.png()?),
            (icon::OUTLINE.file, icon::OUTLINE.png()?),
        ];
        // Icons are compressed already, and the manifest is short. The time is the earliest that a zip knows.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(name, options)?;
            zip.write_all(&bytes)?;
        }
        Ok(zip.finish()?.into_inner())
    }
}

#[cfg(test)]
mod tests;
