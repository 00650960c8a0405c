//! Adds of one owner come one after the other: whoever asks again waits for what became of the first, its code and all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::OwnedMutexGuard;

use crate::person::Owner;

/// Who is adding a subscription, or waits to.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<Owner, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// Returns when it is this owner's turn, which lasts as long as what is returned is held.
    pub async fn wait(&self, owner: &Owner) -> OwnedMutexGuard<()> {
        let turn = self.of(owner);
        turn.lock_owned().await
    }

    fn of(&self, owner: &Owner) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = all.get(owner).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        all.insert(owner.clone(), Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::name::InvitationId;

    #[tokio::test]
    async fn an_owner_waits_for_their_own_turn_alone_and_nobody_is_remembered() {
        let turns = Turns::default();
        let (mona, lisa) = (Owner::Guest(InvitationId::from_u128(1)), Owner::Guest(InvitationId::from_u128(2)));
        let first = turns.wait(&mona).await;
        assert!(turns.wait(&mona).now_or_never().is_none());
        assert!(turns.wait(&lisa).now_or_never().is_some());
        drop(first);
        assert!(turns.wait(&mona).now_or_never().is_some());
        drop(turns.wait(&lisa).await);
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
