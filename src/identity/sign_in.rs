//! Tokens of Entra ID: who somebody is, as Microsoft's page on access tokens says they must be checked
//! (learn.microsoft.com/entra/identity-platform/access-tokens).

use jiff::Timestamp;
use url::Url;

use super::{Person, Refused};
use crate::{
    config::connector,
    person::{Guid, Owner},
    verify::{
        issued::{Issued, NotIssued},
        keyring::Keyring,
        why::Why,
    },
};

/// Below the authority: the keys of every directory.
const KEYS: &str = "common/discovery/v2.0/keys";

/// What the page asks a token for, and all that it may do with it.
const SCOPE: &str = "access_as_user";

/// What stands for the directory's id where a published key says for which issuer it signs.
const ANY_TENANT: &str = "{tenantid}";

/// Characters of a name that are kept; it is shown and means nothing.
const LONGEST_NAME: usize = 200;

/// Whose tokens are believed, and what they must say.
#[derive(Debug)]
pub(super) struct SignIn {
    /// Without a slash at its end.
    authority: String,
    keys_at: Url,
    audiences: Vec<String>,
    tenants: Vec<String>,
    members: Vec<Owner>,
}

/// What stands between a token and a person.
#[derive(Debug)]
pub(super) enum Unsure {
    Refused(Refused),
    /// The issuer may have published another key since.
    NeedsKey(Why),
}

impl SignIn {
    pub(super) fn new(settings: &connector::SignIn, public_url: Option<&Url>) -> Self {
        let authority = settings.authority.as_str().trim_end_matches('/').to_owned();
        // A token of version 1 is for the application's URI, in which Teams wants the pages' own host.
        let host = public_url.and_then(Url::host_str);
        let uri = host.map(|host| settings.uri(host));
        Self {
            keys_at: keys_at(&settings.authority),
            authority,
            audiences: std::iter::once(settings.client_id.clone()).chain(uri).collect(),
            tenants: settings.tenants.clone(),
            members: settings.members.clone(),
        }
    }

    /// Where the keys are.
    pub(super) const fn keys_at(&self) -> &Url {
        &self.keys_at
    }

    /// Whether they may change every subscription.
    pub(super) fn has_member(&self, owner: &Owner) -> bool {
        self.members.contains(owner)
    }

    /// Whose token it is, by the keys that are known.
    pub(super) fn check(&self, token: &str, now: Timestamp, keys: &Keyring) -> Result<Person, Unsure> {
        let issued = Issued::check(token, keys.fetched(&self.keys_at)).map_err(|not| match not {
            NotIssued::Refused(why) => Unsure::Refused(Refused::of(why)),
            NotIssued::NeedsKey(why) => Unsure::NeedsKey(why),
        })?;
        self.says_who(&issued, now).map_err(Unsure::Refused)
    }

    fn says_who(&self, token: &Issued, now: Timestamp) -> Result<Person, Refused> {
        let not =
            |name: &str, wanted: &str| Refused::of(Why::Claim { name: name.to_owned(), wanted: wanted.to_owned() });
        let id = |name: &str| token.text(name).and_then(|text| text.parse::<Guid>().ok());
        if !token.is_for(&self.audiences) {
            return Err(not("aud", "this application"));
        }
        let tenant = id("tid").ok_or_else(|| not("tid", "the id of a directory"))?;
        let issuers = self.issuers(&tenant);
        if !token.text("iss").is_some_and(|issuer| issuers.iter().any(|one| one == issuer)) {
            return Err(not("iss", "the directory's issuer"));
        }
        // Of either version: a key signs tokens of both, and the set names one of them.
        let key_fits = |issuer: &str| issuers.contains(&issuer.replace(ANY_TENANT, tenant.as_str()));
        if !token.key_issuer().is_none_or(key_fits) {
            return Err(not("iss", "the issuer that its key is for"));
        }
        if !token.text("scp").is_some_and(|scopes| scopes.split(' ').any(|scope| scope == SCOPE)) {
            return Err(not("scp", "one with `access_as_user`"));
        }
        token.holds_at(now).map_err(Refused::of)?;
        let object_id = id("oid").ok_or_else(|| not("oid", "the id of a person"))?;
        if !self.tenants.iter().any(|allowed| allowed == tenant.as_str()) {
            return Err(Refused::Stranger);
        }
        let name = token.text("name").map(shown).filter(|name| !name.is_empty());
        Ok(Person { tenant, object_id, name })
    }

    /// What tokens of version 2 and of version 1 say who issued them.
    fn issuers(&self, tenant: &Guid) -> [String; 2] {
        [format!("{}/{tenant}/v2.0", self.authority), format!("https://sts.windows.net/{tenant}/")]
    }
}

fn keys_at(authority: &Url) -> Url {
    let mut keys = authority.clone();
    keys.set_path(KEYS);
    keys
}

fn shown(name: &str) -> String {
    let plain: String = name.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect();
    plain.trim().to_owned()
}
