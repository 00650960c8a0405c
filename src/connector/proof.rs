//! Proof that a pasted URL is of a channel that somebody sees: a card with a code is posted there, and they type it.

use std::sync::Arc;

use http::StatusCode;

use super::{
    Connector,
    refusal::{Refusal, too_many},
};
use crate::{
    delivery::Verdict,
    http::problem::Problem,
    person::Owner,
    subscribe::{SubscribeError, Typed},
    subscription::{Code, Subscription, Unproved},
};

impl Connector {
    /// Posts another code to a subscription's channel; the one before it holds no longer.
    pub(super) async fn send_code(&self, owner: &Owner, one: &Subscription) -> Result<Arc<Subscription>, Refusal> {
        let now = self.clock.now();
        self.allowances.spend(owner, one.destination.id(), now).map_err(|wait| {
            let detail = "enough codes were posted for now; look for the last card in the channel, or wait";
            Problem {
                retry_after: Some(wait.as_secs().max(1)),
                ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "codes", detail)
            }
        })?;
        let code = Code::new(rand::random());
        // On disk before it is posted, so that what is typed finds what was sent.
        let unproved = Unproved { code: code.clone(), sent_at: now, tries: 0 };
        let subscription = self.subscriptions.expect_code(one.id, unproved).await?;
        let posted = self.dispatch.post_code(&subscription, &code).await.map_err(SubscribeError::from)?;
        match posted {
            Ok((Verdict::Accepted, _)) => Ok(subscription),
            Ok((_, attempt)) => {
                let detail = format!("the card with the code did not arrive: {}", attempt.reason.meaning());
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not_posted", detail).into())
            }
            Err(at) => Err(too_many(at, now).into()),
        }
    }

    /// Takes a code that was typed.
    pub(super) async fn prove(&self, one: &Subscription, typed: &str) -> Result<(), Refusal> {
        let wrong = |detail: String| Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong_code", detail).into());
        match self.subscriptions.typed(one.id, typed).await? {
            Typed::Right | Typed::Proved => Ok(()),
            Typed::Wrong { left: 0 } | Typed::Over => {
                wrong("this code holds no longer; have another one posted to the channel".to_owned())
            }
            Typed::Wrong { left } => {
                let tries = if left == 1 { "one more try".to_owned() } else { format!("{left} more tries") };
                wrong(format!("that is not the code on the newest card; you have {tries}"))
            }
        }
    }
}
