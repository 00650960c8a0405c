//! Subscriptions that people ask for on the pages: asked for twice, as after an answer that was lost, there is one.

use std::sync::Arc;

use super::{Request, SubscribeError, Subscriptions};
use crate::subscription::{Asked, Chips, Subscription};

/// Subscriptions of one owner, at most.
const MOST_OF_ONE: usize = 100;

/// What somebody who asked for a subscription has now.
#[derive(Debug, Clone)]
pub enum Answered {
    /// One that was not there before.
    New(Arc<Subscription>),
    /// The one that they had asked for already, with the same choices.
    There(Arc<Subscription>),
}

impl Subscriptions {
    /// Adds the subscription that somebody asks for, unless it is there. One that waited for its code is proved by being
    /// asked for without.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub async fn ask(&self, request: Request, asked: Asked) -> Result<Answered, SubscribeError> {
        let _alone = self.changing.lock().await;
        let owner = asked.owner.clone();
        let wanted = Subscription { asked: Some(asked), ..self.compile(request)? };
        let all = self.store.subscriptions();
        let mine = || all.iter().filter(|one| one.is_asked_by(&owner));
        if let Some(there) = mine().find(|one| is_same(one, &wanted)) {
            if there.is_proved() || !wanted.is_proved() {
                return Ok(Answered::There(there.clone()));
            }
            let prove = |old: Subscription| {
                let asked = old.asked.map(|asked| Asked { unproved: None, ..asked });
                Ok(Subscription { asked, ..old })
            };
            return Ok(Answered::There(self.put_changed(there.id, prove).await?));
        }
        if mine().count() >= MOST_OF_ONE {
            return Err(SubscribeError::Enough);
        }
        Ok(Answered::New(self.put_new(wanted).await?))
    }
}

/// Whether both are of the same source, for the same channel, with the same choices.
fn is_same(one: &Subscription, two: &Subscription) -> bool {
    fn chips(of: &Subscription) -> Option<&Chips> {
        of.asked.as_ref().map(|asked| &asked.chips)
    }
    one.source == two.source
        && one.destination.id() == two.destination.id()
        && one.events == two.events
        && chips(one) == chips(two)
        && one.restraint == two.restraint
        && one.name == two.name
}
