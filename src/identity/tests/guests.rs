use std::time::Duration;

use super::*;
use crate::{secret::Secret, store::EmbeddedStore};

const SETTINGS: &str = "[server]\npublic_url = \"https://hooks.octo.example\"\n[connector]\n";
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn setup() -> (Identity, Arc<ManualClock>) {
    let clock = clock();
    (identity(SETTINGS, Arc::new(MemoryStore::default()), &clock), clock)
}

/// What follows the page's address.
fn text(invited: &Invited) -> Secret {
    let (page, text) = invited.link.expose().split_once("#invite=").unwrap();
    assert_eq!(page, "https://hooks.octo.example/connector/tab");
    Secret::new(text)
}

async fn invited(identity: &Identity, clock: &ManualClock) -> Secret {
    text(&identity.invite(Some("github".parse().unwrap()), HOUR, clock.now()).await.unwrap())
}

#[tokio::test]
async fn an_invitation_is_exchanged_once_for_a_pass_that_holds_half_a_year() {
    let (identity, clock) = setup();
    let invited = identity.invite(Some("github".parse().unwrap()), HOUR, clock.now()).await.unwrap();
    let invitation = text(&invited);
    let pass = identity.redeem(invitation.expose(), clock.now()).await.unwrap();
    assert!(matches!(identity.redeem(invitation.expose(), clock.now()).await, Err(Refused::Used)));
    let who = identity.who(pass.text.expose(), clock.now()).await.unwrap();
    assert_eq!(who, Who::Guest(pass.guest));
    assert_eq!(who.owner(), Owner::Guest(invited.invitation.id));
    assert_eq!((who.source().map(SourceName::as_str), who.name()), (Some("github"), None));
    assert!(!identity.is_member(&who.owner()));
    clock.advance(180 * DAY - Duration::from_secs(1));
    assert!(identity.who(pass.text.expose(), clock.now()).await.is_ok());
    clock.advance(Duration::from_secs(1));
    assert!(matches!(identity.who(pass.text.expose(), clock.now()).await, Err(Refused::Over(_))));
}

#[tokio::test]
async fn of_many_who_use_an_invitation_at_once_one_gets_a_pass() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let identity = identity(SETTINGS, Arc::new(EmbeddedStore::open(folder.path()).unwrap()), &clock);
    let invitation = invited(&identity, &clock).await;
    let tries = (0..10).map(|_| identity.redeem(invitation.expose(), clock.now()));
    let passes = futures_util::future::join_all(tries).await;
    assert_eq!(passes.iter().filter(|pass| pass.is_ok()).count(), 1);
}

#[tokio::test]
async fn an_invitation_is_used_up_and_a_pass_still_good_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = || Arc::new(EmbeddedStore::open(folder.path()).unwrap());
    let before = identity(SETTINGS, store(), &clock);
    let invitation = invited(&before, &clock).await;
    let pass = before.redeem(invitation.expose(), clock.now()).await.unwrap();
    drop(before);
    let after = identity(SETTINGS, store(), &clock);
    assert!(matches!(after.redeem(invitation.expose(), clock.now()).await, Err(Refused::Used)));
    assert!(after.who(pass.text.expose(), clock.now()).await.is_ok());
}

#[tokio::test]
async fn an_invitation_that_is_taken_back_lets_nobody_in_used_or_not_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = || Arc::new(EmbeddedStore::open(folder.path()).unwrap());
    let before = identity(SETTINGS, store(), &clock);
    let [used, open, other] = [(); 3].map(|()| before.invite(None, HOUR, clock.now()));
    let (used, open, other) = (used.await.unwrap(), open.await.unwrap(), other.await.unwrap());
    let [gone, kept] = [&used, &other].map(text);
    let gone = before.redeem(gone.expose(), clock.now()).await.unwrap();
    let kept = before.redeem(kept.expose(), clock.now()).await.unwrap();
    for invited in [&used, &open] {
        before.revoke(invited.invitation.id, clock.now()).await.unwrap();
    }
    assert!(matches!(before.who(gone.text.expose(), clock.now()).await, Err(Refused::Revoked)));
    drop(before);
    let after = identity(SETTINGS, store(), &clock);
    assert!(matches!(after.redeem(text(&open).expose(), clock.now()).await, Err(Refused::Revoked)));
    clock.advance(180 * DAY - Duration::from_secs(1));
    assert!(matches!(after.who(gone.text.expose(), clock.now()).await, Err(Refused::Revoked)));
    assert!(after.who(kept.text.expose(), clock.now()).await.is_ok());
}

#[tokio::test]
async fn an_id_that_can_be_of_no_invitation_is_not_taken_back() {
    let (identity, clock) = setup();
    let old = InvitationId::new(clock.now() - 211 * DAY);
    for id in [old, InvitationId::from_u128(0), InvitationId::from_u128(u128::MAX)] {
        assert!(matches!(identity.revoke(id, clock.now()).await, Err(NotRevoked::Unknown)), "{id}");
    }
}

#[tokio::test]
async fn neither_an_invitation_nor_a_pass_is_taken_for_the_other() {
    let (identity, clock) = setup();
    let (one, two) = (invited(&identity, &clock).await, invited(&identity, &clock).await);
    let pass = identity.redeem(one.expose(), clock.now()).await.unwrap();
    let pass = pass.text.expose();
    assert_eq!(reason(identity.who(two.expose(), clock.now()).await), "the pass: is not signed by this relay for that");
    assert!(matches!(identity.redeem(pass, clock.now()).await, Err(Refused::Unbelieved(_))));
    assert!(identity.redeem(two.expose(), clock.now()).await.is_ok(), "nothing used it up");
}

#[tokio::test]
async fn an_invitation_that_is_over_is_refused_and_need_not_be_remembered() {
    let (identity, clock) = setup();
    let invitation = invited(&identity, &clock).await;
    clock.advance(HOUR);
    let refused = identity.redeem(invitation.expose(), clock.now()).await.unwrap_err();
    assert!(matches!(refused, Refused::Over(Why::Expired { .. })), "{refused}");
}

#[tokio::test]
async fn what_another_relay_signed_is_refused() {
    let ((here, clock), (elsewhere, _)) = (setup(), setup());
    let invitation = invited(&elsewhere, &clock).await;
    assert!(matches!(here.redeem(invitation.expose(), clock.now()).await, Err(Refused::Unbelieved(_))));
    invited(&here, &clock).await;
    assert!(matches!(here.redeem(invitation.expose(), clock.now()).await, Err(Refused::Unbelieved(_))));
    let pass = elsewhere.redeem(invitation.expose(), clock.now()).await.unwrap();
    assert!(here.who(pass.text.expose(), clock.now()).await.is_err());
    for nothing in ["", ".", "..", "a.b", "Bearer", "ä.ö"] {
        assert!(here.who(nothing, clock.now()).await.is_err(), "{nothing}");
    }
}

#[tokio::test]
async fn what_stands_in_the_way_of_an_invitation_is_said_with_its_cure() {
    let (identity, clock) = setup();
    let refusal = async |source: Option<&str>, lasts: Duration| {
        let source = source.map(|name| name.parse().unwrap());
        identity.invite(source, lasts, clock.now()).await.unwrap_err().to_string()
    };
    assert_eq!(refusal(Some("gihub"), HOUR).await, "there is no source `gihub`; did you mean `github`?");
    assert_eq!(refusal(Some("jenkins"), HOUR).await, "there is no source `jenkins`; use one of: ci, github");
    for lasts in [Duration::ZERO, 30 * DAY + Duration::from_secs(1)] {
        assert!(refusal(None, lasts).await.contains("at most 30 days"));
    }
    identity.access.store(Arc::new(access(&format!("{SETTINGS}sources = [\"github\"]"))));
    assert!(refusal(Some("ci"), HOUR).await.contains("is not on offer; add it to `connector.sources`"));
    identity.access.store(Arc::new(access("[connector]")));
    assert!(refusal(None, HOUR).await.contains("`server.public_url` is not set"));
    identity.access.store(Arc::new(access("")));
    assert!(refusal(None, HOUR).await.contains("add `[connector]`"));
    assert!(identity.store.relay_key().is_none(), "nothing was made for what failed");
}

#[tokio::test]
async fn debug_output_holds_no_link_and_no_pass() {
    let (identity, clock) = setup();
    let made = identity.invite(None, HOUR, clock.now()).await.unwrap();
    let pass = identity.redeem(text(&made).expose(), clock.now()).await.unwrap();
    let shown = format!("{made:?} {pass:?} {identity:?}");
    let (said, mac) = pass.text.expose().split_once('.').unwrap();
    for secret in [text(&made).expose(), said, mac, identity.store.relay_key().unwrap().expose()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
