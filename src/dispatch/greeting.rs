//! Cards that the relay posts to a channel of its own accord, of which nothing is stored: a test, and a code to type.

use jiff::Timestamp;

use super::{Dispatch, cards, encoded, now::Now};
use crate::{
    card::Card,
    deliver::judge::Tried,
    delivery::{Attempt, Verdict},
    lane::quota::{Ask, GroupKey},
    render::Words,
    store::StoreError,
    subscription::{Code, Subscription},
};

type Greeted = Result<Result<(Verdict, Attempt), Timestamp>, StoreError>;

impl Dispatch {
    /// Posts a card that says that the subscription works.
    ///
    /// # Errors
    /// The instant from which the destination's quota has room for it.
    pub async fn test(&self, subscription: &Subscription) -> Greeted {
        self.greet(subscription, |words| cards::test_card(subscription, words)).await
    }

    /// Posts a code, which whoever sees the channel types into the page.
    ///
    /// # Errors
    /// As [`Self::test`].
    pub async fn post_code(&self, subscription: &Subscription, code: &Code) -> Greeted {
        self.greet(subscription, |words| cards::code_card(subscription, code, words)).await
    }

    async fn greet(&self, subscription: &Subscription, card: impl FnOnce(&Words) -> Card + Send) -> Greeted {
        let now = Now::of(&*self.clock);
        let rules = self.rules.load_full();
        let destination = &subscription.destination;
        let ask = Ask { lane: destination.id(), urgent: true };
        let (group, windows) = (GroupKey::of(destination), rules.windows(destination));
        if let Err(until) = self.acquire_as(&group, windows, ask, now.steady).await? {
            return Ok(Err(now.wall_at(until)));
        }
        let locale = rules.locale(&subscription.source, &subscription.look);
        let body = encoded(&rules, subscription, &card(locale.words()));
        let expires_at = now.wall + rules.delivery.ttl;
        let (posted, judgement) = self.post(&rules, destination, body, Tried::default(), expires_at).await?;
        if judgement.verdict == Verdict::Accepted {
            self.takes_cards(destination.id()).await?;
        }
        Ok(Ok((judgement.verdict, posted.attempt(judgement.reason))))
    }
}
