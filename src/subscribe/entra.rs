//! Whether posts to a URL can be made with tokens of an Entra application.

use crate::{
    config::problem::did_you_mean,
    destination::{WebhookUrl, header::Header},
    name::EntraName,
    rules::Rules,
};

/// Why they can't.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEntra {
    /// No such name.
    #[error("there is no `[entra.{found}]` in the settings; {cure}")]
    Unknown {
        /// What was asked for.
        found: String,
        /// What there is.
        cure: String,
    },
    /// A flow that is open to anyone refuses tokens.
    #[error(
        "the URL has a `sig`, and a flow that is open to anyone refuses posts with a token; leave `entra` out, or open the trigger to the tenant only and use the URL that it has then"
    )]
    Signed,
    /// There would be two.
    #[error("there is an `Authorization` header beside `entra`, which sends its own; leave one of them out")]
    Authorization,
    /// Nobody says for whom the token is to be.
    #[error("no audience is known for the host `{host}`; set `entra.{name}.audience` in the settings")]
    Audience {
        /// The URL's host.
        host: String,
        /// The name in the settings.
        name: EntraName,
    },
}

/// The name, if its tokens can be sent to this URL.
///
/// # Errors
/// The first thing that is in the way.
pub(super) fn check(text: &str, url: &WebhookUrl, headers: &[Header], rules: &Rules) -> Result<EntraName, BadEntra> {
    let known = text.parse().ok().and_then(|name: EntraName| Some((rules.entra.get(&name)?, name)));
    let Some((entra, name)) = known else { return Err(unknown(text, rules)) };
    if url.is_signed() {
        return Err(BadEntra::Signed);
    }
    if headers.iter().any(|one| *one.name() == http::header::AUTHORIZATION) {
        return Err(BadEntra::Authorization);
    }
    let host = url.host();
    if entra.audience(&host).is_none() { Err(BadEntra::Audience { host, name }) } else { Ok(name) }
}

fn unknown(text: &str, rules: &Rules) -> BadEntra {
    let names: Vec<&str> = rules.entra.keys().map(EntraName::as_str).collect();
    let cure = match did_you_mean(text, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "write it there, with tenant, client_id and client_secret".to_owned(),
        None => format!("use one of: {}", names.join(", ")),
    };
    BadEntra::Unknown { found: text.chars().take(80).collect(), cure }
}
