use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    issuer::{CLIENT, Issuer, Key, MONA, TENANT, unsigned},
    *,
};

/// Somebody else's ids.
const OTHER: &str = "0f6e3c1a-1111-4222-8333-0000000000dd";

/// A relay that believes an issuer, which publishes the old key.
struct Setup {
    issuer: Issuer,
    identity: Identity,
    clock: Arc<ManualClock>,
    key: Key,
}

impl Setup {
    async fn start() -> Self {
        let (issuer, clock, key) = (Issuer::start().await, clock(), Key::old());
        issuer.publish([key.published()]);
        let identity = identity(&issuer.settings(), Arc::new(MemoryStore::default()), &clock);
        Self { issuer, identity, clock, key }
    }

    fn claims(&self) -> Value {
        self.issuer.claims(self.clock.now().as_second())
    }

    /// A good token's claims, but for this one.
    fn but(&self, claim: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[claim] = value;
        claims
    }

    async fn who(&self, token: &str) -> Result<Who, Refused> {
        self.identity.who(token, self.clock.now()).await
    }

    async fn with(&self, claims: &Value) -> Result<Who, Refused> {
        self.who(&self.key.token(claims)).await
    }

    async fn refusal(&self, claims: &Value) -> String {
        reason(self.with(claims).await)
    }
}

fn claim(name: &str, wanted: &str) -> String {
    format!("the token's claim `{name}` is not {wanted}")
}

#[tokio::test]
async fn a_good_token_says_who_somebody_is() {
    let setup = Setup::start().await;
    let who = setup.with(&setup.claims()).await.unwrap();
    assert_eq!(who.owner().to_string(), format!("entra:{TENANT}/{MONA}"));
    assert_eq!((who.name(), who.source()), (Some("Mona L"), None));
    assert!(setup.identity.is_member(&who.owner()));
    let shouted = setup.with(&setup.but("oid", json!(OTHER.to_uppercase()))).await.unwrap();
    assert_eq!(shouted.owner().to_string(), format!("entra:{TENANT}/{OTHER}"));
    assert!(!setup.identity.is_member(&shouted.owner()));
    let odd = setup.with(&setup.but("name", json!(" Mo\u{0}na\n"))).await.unwrap();
    assert_eq!(odd.name(), Some("Mona"));
    assert_eq!(setup.issuer.asked(), 1, "its keys are kept");
}

#[tokio::test]
async fn a_token_of_version_1_is_for_the_applications_uri() {
    let setup = Setup::start().await;
    let mut claims = setup.but("iss", json!(format!("https://sts.windows.net/{TENANT}/")));
    claims["aud"] = json!(format!("api://hooks.octo.example/{CLIENT}"));
    claims["ver"] = json!("1.0");
    assert!(setup.with(&claims).await.is_ok());
    let mut key = setup.key.published();
    key["issuer"] = json!(format!("{}/{{tenantid}}/v2.0", setup.issuer.authority));
    setup.issuer.publish([key]);
    setup.clock.advance(Duration::from_secs(24 * 3600));
    claims["exp"] = json!(setup.clock.now().as_second() + 60);
    assert!(setup.with(&claims).await.is_ok(), "its key is published for tokens of version 2");
}

#[tokio::test]
async fn a_token_for_another_application_is_refused() {
    let setup = Setup::start().await;
    for aud in [json!(OTHER), json!(format!("api://evil.example/{CLIENT}")), json!([OTHER]), json!(7), Value::Null] {
        assert_eq!(setup.refusal(&setup.but("aud", aud)).await, claim("aud", "this application"));
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let setup = Setup::start().await;
    let authority = &setup.issuer.authority;
    for iss in [
        format!("{authority}/{OTHER}/v2.0"),
        format!("{authority}/{TENANT}/v2.0/"),
        format!("https://evil.example/{TENANT}/v2.0"),
        format!("https://sts.windows.net/{OTHER}/"),
        String::new(),
    ] {
        assert_eq!(setup.refusal(&setup.but("iss", json!(iss))).await, claim("iss", "the directory's issuer"));
    }
}

#[tokio::test]
async fn a_token_of_a_directory_that_is_not_allowed_is_refused() {
    let setup = Setup::start().await;
    let mut claims = setup.but("tid", json!(OTHER));
    claims["iss"] = json!(format!("{}/{OTHER}/v2.0", setup.issuer.authority));
    assert!(matches!(setup.with(&claims).await, Err(Refused::Stranger)));
    for tid in [json!("common"), json!(format!("{TENANT}/v2.0/../{TENANT}")), Value::Null] {
        assert_eq!(setup.refusal(&setup.but("tid", tid)).await, claim("tid", "the id of a directory"));
    }
    assert_eq!(setup.refusal(&setup.but("oid", json!("mona"))).await, claim("oid", "the id of a person"));
}

#[tokio::test]
async fn a_token_without_the_scope_is_refused() {
    let setup = Setup::start().await;
    for scp in [json!("User.Read"), json!("access_as_user_too"), json!(["access_as_user"]), Value::Null] {
        assert_eq!(setup.refusal(&setup.but("scp", scp)).await, claim("scp", "one with `access_as_user`"));
    }
}

#[tokio::test]
async fn a_token_that_is_over_is_refused_after_a_minutes_grace() {
    let setup = Setup::start().await;
    let token = setup.key.token(&setup.claims());
    setup.clock.advance(Duration::from_secs(3660));
    assert!(setup.who(&token).await.is_ok());
    setup.clock.advance(Duration::from_secs(1));
    assert!(matches!(setup.who(&token).await, Err(Refused::Over(Why::Expired { .. }))));
    assert_eq!(setup.refusal(&setup.but("exp", json!("soon"))).await, claim("exp", "a time"));
    let mut endless = setup.claims();
    endless.as_object_mut().unwrap().remove("exp");
    assert_eq!(setup.refusal(&endless).await, claim("exp", "there"));
}

#[tokio::test]
async fn a_token_that_does_not_hold_yet_is_refused() {
    let setup = Setup::start().await;
    let now = setup.clock.now().as_second();
    assert!(setup.with(&setup.but("nbf", json!(now + 60))).await.is_ok());
    let refused = setup.with(&setup.but("nbf", json!(now + 61))).await;
    assert!(matches!(refused, Err(Refused::Unbelieved(Why::Future { .. }))));
}

#[tokio::test]
async fn a_token_that_nobody_signed_is_refused() {
    let setup = Setup::start().await;
    for alg in ["none", "None", "nOnE", ""] {
        let token = unsigned(&json!({"alg": alg, "kid": "old"}), &setup.claims());
        assert_eq!(reason(setup.who(&format!("{token}.")).await), "the token: is not signed with RS256", "{alg}");
    }
    let stripped = setup.key.token(&setup.claims());
    let (stripped, _) = stripped.rsplit_once('.').unwrap();
    let refused = reason(setup.who(&format!("{stripped}.")).await);
    assert_eq!(refused, "the token: is not signed by the key that it names");
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let setup = Setup::start().await;
    let published = setup.key.published();
    let secrets = [setup.key.public(), published["n"].as_str().unwrap().as_bytes().to_vec()];
    for (alg, secret) in [("HS256", &secrets[0]), ("HS256", &secrets[1]), ("RS256", &secrets[0])] {
        let token = unsigned(&json!({"alg": alg, "kid": "old"}), &setup.claims());
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).unwrap();
        mac.update(token.as_bytes());
        let token = format!("{token}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        assert!(matches!(setup.who(&token).await, Err(Refused::Unbelieved(Why::Malformed { .. }))), "{alg}");
    }
}

#[tokio::test]
async fn a_token_by_another_key_of_the_same_name_is_refused_and_the_issuer_is_not_asked_for_it() {
    let setup = Setup::start().await;
    assert!(setup.with(&setup.claims()).await.is_ok());
    setup.clock.advance(Duration::from_secs(120));
    let forger = Key { id: "old", ..Key::new() };
    let refused = reason(setup.who(&forger.token(&setup.claims())).await);
    assert_eq!(refused, "the token: is not signed by the key that it names");
    let nameless = unsigned(&json!({"alg": "RS256"}), &setup.claims());
    assert_eq!(reason(setup.who(&format!("{nameless}.AAAA")).await), "the token: names no key");
    assert_eq!(setup.issuer.asked(), 1);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_and_then_refused_without_asking_for_a_minute() {
    let setup = Setup::start().await;
    assert!(setup.with(&setup.claims()).await.is_ok());
    let unknown = Key::new();
    let nobodys = "the issuer publishes no key such as the token says it is signed with";
    setup.clock.advance(Duration::from_secs(61));
    for _ in 0..20 {
        assert_eq!(reason(setup.who(&unknown.token(&setup.claims())).await), nobodys);
    }
    assert_eq!(setup.issuer.asked(), 2);
    setup.clock.advance(Duration::from_secs(61));
    assert_eq!(reason(setup.who(&unknown.token(&setup.claims())).await), nobodys);
    assert_eq!(setup.issuer.asked(), 3);
}

#[tokio::test]
async fn many_who_sign_in_at_once_ask_the_issuer_once() {
    let setup = Setup::start().await;
    let token = setup.key.token(&setup.claims());
    let all = futures_util::future::join_all((0..20).map(|_| setup.who(&token))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(setup.issuer.asked(), 1);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_makes_nobody_a_forger_and_is_left_alone_for_a_while() {
    let setup = Setup::start().await;
    setup.issuer.publish([]);
    for _ in 0..5 {
        assert!(matches!(setup.with(&setup.claims()).await, Err(Refused::Unavailable)));
    }
    assert_eq!(setup.issuer.asked(), 1);
    setup.issuer.publish([setup.key.published()]);
    setup.clock.advance(Duration::from_secs(30));
    assert!(setup.with(&setup.claims()).await.is_ok());
}

#[tokio::test]
async fn a_key_that_the_issuer_swapped_is_taken_up_when_it_is_first_used() {
    let setup = Setup::start().await;
    let (old, new) = (&setup.key, Key::new());
    assert!(setup.with(&setup.claims()).await.is_ok());
    setup.issuer.publish([new.published()]);
    setup.clock.advance(Duration::from_secs(61));
    assert!(setup.who(&old.token(&setup.claims())).await.is_ok(), "nobody asked yet");
    assert!(setup.who(&new.token(&setup.claims())).await.is_ok());
    assert!(setup.who(&old.token(&setup.claims())).await.is_err());
    assert_eq!(setup.issuer.asked(), 2);
}

#[tokio::test]
async fn a_key_that_the_issuer_took_back_is_believed_for_a_day_at_most() {
    let setup = Setup::start().await;
    assert!(setup.with(&setup.claims()).await.is_ok());
    setup.issuer.publish([Key::new().published()]);
    setup.clock.advance(Duration::from_secs(24 * 3600 - 1));
    assert!(setup.with(&setup.claims()).await.is_ok());
    setup.clock.advance(Duration::from_secs(1));
    assert!(setup.with(&setup.claims()).await.is_err());
    assert_eq!(setup.issuer.asked(), 2);
}

#[tokio::test]
async fn a_key_that_is_published_for_another_directory_is_refused() {
    let setup = Setup::start().await;
    let authority = &setup.issuer.authority;
    let with_issuer = async |issuer: String| {
        let mut key = setup.key.published();
        key["issuer"] = json!(issuer);
        setup.issuer.publish([key]);
        setup.clock.advance(Duration::from_secs(24 * 3600));
        setup.with(&setup.claims()).await
    };
    assert!(with_issuer(format!("{authority}/{{tenantid}}/v2.0")).await.is_ok());
    assert!(with_issuer(format!("{authority}/{TENANT}/v2.0")).await.is_ok());
    for other in [format!("{authority}/{OTHER}/v2.0"), "https://evil.example/{tenantid}/v2.0".to_owned()] {
        let refused = reason(with_issuer(other).await);
        assert_eq!(refused, claim("iss", "the issuer that its key is for"));
    }
}

#[tokio::test]
async fn new_settings_count_at_once() {
    let setup = Setup::start().await;
    assert!(setup.with(&setup.claims()).await.is_ok());
    setup.identity.access.store(Arc::new(access(&setup.issuer.settings().replace(TENANT, OTHER))));
    assert!(matches!(setup.with(&setup.claims()).await, Err(Refused::Stranger)));
    setup.identity.access.store(Arc::new(access("[connector]")));
    assert_eq!(setup.refusal(&setup.claims()).await, "there is a token, and no [connector.sign_in]");
    setup.identity.access.store(Arc::new(access("")));
    assert!(matches!(setup.with(&setup.claims()).await, Err(Refused::Closed)));
}
