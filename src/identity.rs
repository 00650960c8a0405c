//! Who may subscribe: people with a token of Entra ID, and guests with a pass that an invitation was exchanged for.
//!
//! It says who somebody is, and not what they may see or change. What people bring is told apart by its form alone, and
//! nothing of it is read before its signature holds.

mod access;
mod invitation;
mod pass;
mod sign_in;
mod signed;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jiff::Timestamp;

pub use self::{
    access::{Access, NotInvited, NotRevoked},
    invitation::{Invitation, Invited, LONGEST},
    pass::Pass,
};
use crate::{
    keys::{Asker, Keys},
    name::{InvitationId, SourceName},
    person::{Guid, Owner},
    store::{Store, StoreError},
    verify::why::Why,
};
use sign_in::{SignIn, Unsure};

/// How far the clock may have been set back since an invitation was made.
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// Tells who somebody is, by the settings in force.
#[derive(Debug)]
pub struct Identity {
    /// Who is let in.
    pub access: Arc<ArcSwap<Access>>,
    /// The keys that Entra ID publishes.
    pub keys: Arc<Keys>,
    /// The relay's own key, and which invitations were used or taken back.
    pub store: Arc<dyn Store>,
}

/// Somebody who may subscribe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// By Entra ID.
    Person(Person),
    /// By an invitation.
    Guest(Guest),
}

/// A person of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The directory.
    pub tenant: Guid,
    /// The person in it.
    pub object_id: Guid,
    /// What they are called, where their token says so: for people to read, and proof of nothing.
    pub name: Option<String>,
}

/// Whoever used an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The invitation's id.
    pub id: InvitationId,
    /// The one source whose events they may have; none: any that is on offer.
    pub source: Option<SourceName>,
    /// Until when.
    pub expires: Timestamp,
}

impl Who {
    /// Whose the subscriptions are that they make.
    pub fn owner(&self) -> Owner {
        match self {
            Self::Person(Person { tenant, object_id, .. }) => {
                Owner::Entra { tenant: tenant.clone(), object_id: object_id.clone() }
            }
            Self::Guest(guest) => Owner::Guest(guest.id),
        }
    }

    /// What they are called.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Person(person) => person.name.as_deref(),
            Self::Guest(_) => None,
        }
    }

    /// The one source whose events they may have; none: any that is on offer.
    pub fn source(&self) -> Option<&SourceName> {
        match self {
            Self::Person(_) => None,
            Self::Guest(guest) => guest.source.as_ref(),
        }
    }
}

/// Why somebody is not let in, in words for them. It holds nothing of what they brought.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The settings have no `[connector]`.
    #[error("this page is switched off; ask the admin of teams-relay")]
    Closed,
    /// What they brought is not believed, for this reason, which is for the log.
    #[error("you are not signed in; sign in again, or ask the admin for an invitation")]
    Unbelieved(Why),
    /// What they brought was good, and its time is over.
    #[error("your sign-in or invitation is over; sign in again, or ask the admin for another invitation")]
    Over(Why),
    /// They are who they say, and of a directory that is not in `connector.sign_in.tenants`.
    #[error("people of your organisation can't subscribe here; ask the admin to add it, or for an invitation")]
    Stranger,
    /// The invitation was used before.
    #[error("this invitation was used before; ask the admin for another")]
    Used,
    /// The invitation was taken back, and the pass with it.
    #[error("your invitation was taken back; ask the admin for another")]
    Revoked,
    /// Entra's keys can't be had.
    #[error("your sign-in can't be checked now; try again in a minute")]
    Unavailable,
    /// It could not be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refused {
    fn of(why: Why) -> Self {
        if matches!(why, Why::Expired { .. }) { Self::Over(why) } else { Self::Unbelieved(why) }
    }

    /// What was wrong, for the log.
    pub fn why(&self) -> Option<&Why> {
        match self {
            Self::Unbelieved(why) | Self::Over(why) => Some(why),
            _ => None,
        }
    }
}

impl Identity {
    /// Who brings this token or pass, which stood behind `Bearer`.
    ///
    /// # Errors
    /// Why nobody is let in by it.
    pub async fn who(&self, bearer: &str, now: Timestamp) -> Result<Who, Refused> {
        let access = self.access.load_full();
        if !access.is_open() {
            return Err(Refused::Closed);
        }
        // A token of Entra's has three parts, a pass two.
        if bearer.bytes().filter(|byte| *byte == b'.').count() < 2 {
            return self.guest(bearer, now).map(Who::Guest);
        }
        match access.sign_in() {
            Some(sign_in) => self.person(sign_in, bearer, now).await.map(Who::Person),
            None => {
                Err(Refused::Unbelieved(Why::Unkeyed { found: "there is a token, and no [connector.sign_in]".into() }))
            }
        }
    }

    /// Makes an invitation, to be used once.
    ///
    /// # Errors
    /// Why there can be none.
    pub async fn invite(
        &self,
        source: Option<SourceName>,
        lasts: Duration,
        now: Timestamp,
    ) -> Result<Invited, NotInvited> {
        let access = self.access.load_full();
        let page = access.invites(source.as_ref())?;
        let invitation = Invitation::new(source, lasts, now)?;
        let text = invitation.signed(&self.store.make_relay_key().await?)?;
        Ok(Invited::new(&page, &text, invitation))
    }

    /// Exchanges an invitation for a pass. Nobody can use it after that, also after a kill.
    ///
    /// # Errors
    /// Why there is no pass for it.
    pub async fn redeem(&self, invitation: &str, now: Timestamp) -> Result<Pass, Refused> {
        if !self.access.load().is_open() {
            return Err(Refused::Closed);
        }
        let key = self.store.relay_key();
        let invitation = Invitation::check(invitation, key.as_ref(), now).map_err(Refused::of)?;
        if self.store.is_revoked(invitation.id) {
            return Err(Refused::Revoked);
        }
        if !self.store.redeem(invitation.id, invitation.expires, now).await? {
            return Err(Refused::Used);
        }
        Pass::new(invitation, key.as_ref(), now).map_err(Refused::of)
    }

    /// Takes an invitation back: from now on neither it nor the pass that was made of it lets anybody in. What its guest
    /// subscribed goes on.
    ///
    /// # Errors
    /// There is nothing to take back, or it can't be written down.
    pub async fn revoke(&self, invitation: InvitationId, now: Timestamp) -> Result<(), NotRevoked> {
        let made = invitation.time();
        let over = made.checked_add(LONGEST + pass::LASTS).unwrap_or(Timestamp::MAX);
        // Nobody keeps which were made; but none is of the future, unless the clock was set back.
        if now.checked_add(A_DAY).is_ok_and(|soon| made > soon) || over <= now {
            return Err(NotRevoked::Unknown);
        }
        Ok(self.store.revoke(invitation, over, now).await?)
    }

    /// Whether they may change every subscription.
    pub fn is_member(&self, owner: &Owner) -> bool {
        self.access.load().sign_in().is_some_and(|sign_in| sign_in.has_member(owner))
    }

    fn guest(&self, pass: &str, now: Timestamp) -> Result<Guest, Refused> {
        let guest = Pass::check(pass, self.store.relay_key().as_ref(), now).map_err(Refused::of)?;
        if self.store.is_revoked(guest.id) { Err(Refused::Revoked) } else { Ok(guest) }
    }

    async fn person(&self, sign_in: &SignIn, token: &str, now: Timestamp) -> Result<Person, Refused> {
        match sign_in.check(token, now, &self.keys.ring()) {
            Err(Unsure::NeedsKey(_)) => {}
            Err(Unsure::Refused(refused)) => return Err(refused),
            Ok(person) => return Ok(person),
        }
        if self.keys.fetch(Asker::SignIn, sign_in.keys_at()).await.is_err() {
            return Err(Refused::Unavailable);
        }
        // What names none of the keys that were fetched a moment ago is signed with none that Entra has.
        sign_in.check(token, now, &self.keys.ring()).map_err(|unsure| match unsure {
            Unsure::NeedsKey(why) => Refused::of(why),
            Unsure::Refused(refused) => refused,
        })
    }
}

#[cfg(test)]
mod tests;
