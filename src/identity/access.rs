//! Who is let in, as the settings say. Replaced as a whole on reload.

use std::collections::BTreeSet;

use url::Url;

use super::{invitation, sign_in::SignIn};
use crate::{
    config::{Config, problem::did_you_mean},
    name::SourceName,
    store::StoreError,
};

/// What `[connector]`, `server.public_url` and the sources say of it.
#[derive(Debug, Default)]
pub struct Access {
    /// None: there are no pages.
    pages: Option<Pages>,
    public_url: Option<Url>,
}

#[derive(Debug)]
struct Pages {
    sources: BTreeSet<SourceName>,
    on_offer: BTreeSet<SourceName>,
    sign_in: Option<SignIn>,
}

/// Why there can be no invitation.
#[derive(Debug, thiserror::Error)]
pub enum NotInvited {
    /// There are no pages to invite to.
    #[error(
        "the settings have no [connector], so there is no page to invite to; add `[connector]` to teams-relay.toml"
    )]
    Closed,
    /// Nobody knows how the outside reaches the relay.
    #[error(
        "`server.public_url` is not set, so the link would lead nowhere; set it to how people reach the relay, as \"https://hooks.example.com\""
    )]
    NoAddress,
    /// There is no such source.
    #[error("there is no source `{source_name}`; {cure}")]
    Unknown {
        /// What was asked for.
        source_name: SourceName,
        /// What there is.
        cure: String,
    },
    /// The source is not among those that people can choose.
    #[error("the source `{0}` is not on offer; add it to `connector.sources`")]
    NotOnOffer(SourceName),
    /// It would hold for too long, or not at all.
    #[error("an invitation holds for at least a second and at most 30 days; write its time as \"1h\" or \"7d\"")]
    Length,
    /// It could not be signed.
    #[error("the invitation can't be signed; report it")]
    Unsigned,
    /// The relay's key could not be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an invitation can't be taken back.
#[derive(Debug, thiserror::Error)]
pub enum NotRevoked {
    /// There is nothing to take back.
    #[error(
        "no invitation of this id can let anybody in; the id is told when an invitation is made, and stands behind `guest:` in `subscription show`"
    )]
    Unknown,
    /// It could not be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Access {
    /// As these settings say.
    pub fn of(config: &Config) -> Self {
        let public_url = config.server.public_url.clone();
        let pages = config.connector.as_ref().map(|connector| {
            let sources: BTreeSet<_> = config.sources.keys().cloned().collect();
            let is_on_offer = |source: &&SourceName| connector.offers(source);
            Pages {
                on_offer: sources.iter().filter(is_on_offer).cloned().collect(),
                sources,
                sign_in: connector.sign_in.as_ref().map(|settings| SignIn::new(settings, public_url.as_ref())),
            }
        });
        Self { pages, public_url }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.pages.is_some()
    }

    pub(super) fn sign_in(&self) -> Option<&SignIn> {
        self.pages.as_ref()?.sign_in.as_ref()
    }

    /// The page that an invitation to this source leads to.
    pub(super) fn invites(&self, source: Option<&SourceName>) -> Result<String, NotInvited> {
        let pages = self.pages.as_ref().ok_or(NotInvited::Closed)?;
        let public_url = self.public_url.as_ref().ok_or(NotInvited::NoAddress)?;
        match source {
            Some(source) if !pages.sources.contains(source) => {
                let names = pages.on_offer.iter().map(SourceName::as_str);
                let cure = match did_you_mean(source.as_str(), names.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("use one of: {}", names.collect::<Vec<_>>().join(", ")),
                };
                Err(NotInvited::Unknown { source_name: source.clone(), cure })
            }
            Some(source) if !pages.on_offer.contains(source) => Err(NotInvited::NotOnOffer(source.clone())),
            _ => Ok(invitation::page(public_url)),
        }
    }
}
