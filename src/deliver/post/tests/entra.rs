//! Posts with Entra's tokens.

use futures_util::future::join_all;

use super::*;
use crate::{clock::ManualClock, config::entra::Entra, name::EntraName};

const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
const REFUSED: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
const FIRST: &str = "HTTP/1.1 200 OK\r\ncontent-length: 72\r\n\r\n{\"token_type\":\"Bearer\",\"expires_in\":3600,\"access_token\":\"token-hunter1\"}";
const SECOND: &str = "HTTP/1.1 200 OK\r\ncontent-length: 72\r\n\r\n{\"token_type\":\"Bearer\",\"expires_in\":3600,\"access_token\":\"token-hunter2\"}";
const NO_CLIENT: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 66\r\n\r\n{\"error\":\"invalid_client\",\"error_description\":\"no secret hunter3\"}";

/// A destination, who gives tokens for it, and who posts.
struct Set {
    flow: Server,
    giver: Server,
    clock: Arc<ManualClock>,
    poster: Poster,
    name: EntraName,
}

impl Set {
    async fn new(giver: Script, flow: Script) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-23T08:00:00Z".parse().unwrap()));
        let poster = Poster::new(&way(rules(true), Proxies::None), clock.clone()).unwrap();
        let (giver, flow) = (Server::start(giver).await, Server::start(flow).await);
        Self { flow, giver, clock, poster, name: "prod".parse().unwrap() }
    }

    fn entra(&self, secret: &str) -> Arc<Entra> {
        Arc::new(Entra::new(
            "octo.example",
            "app-1",
            secret,
            &format!("http://{}", self.giver.address),
            "https://flow.example/",
        ))
    }

    async fn post_to(&self, query: &str, entra: Option<&Arc<Entra>>) -> Posted {
        let url = WebhookUrl::stored(format!("http://{}/workflows/1{query}", self.flow.address));
        let applicant = Applicant { name: &self.name, entra };
        let body = Bytes::from_static(b"{}");
        self.poster.post_as(applicant, &url, &[], body, "application/json", PATIENT).await
    }

    async fn post(&self) -> Posted {
        self.post_to("", Some(&self.entra("very secret"))).await
    }

    /// The tokens that came with the posts.
    fn tokens(&self) -> Vec<String> {
        let requests = self.flow.requests();
        let token = |text: &String| {
            text.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or("none").to_owned()
        };
        requests.iter().map(token).collect()
    }
}

fn status(posted: &Posted) -> u16 {
    posted.reply.as_ref().unwrap().status
}

#[tokio::test]
async fn a_token_is_asked_for_sent_as_bearer_and_kept_until_shortly_before_its_end() {
    let set = Set::new(Script::InTurn(&[FIRST, SECOND]), Script::Answer(ACCEPTED)).await;
    assert_eq!(status(&set.post().await), 202);
    set.clock.advance(Duration::from_secs(3299));
    assert_eq!(status(&set.post().await), 202);
    let asked = set.giver.requests();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("POST /octo.example/oauth2/v2.0/token HTTP/1.1\r\n"), "{asked:?}");
    assert!(
        asked[0].ends_with(
            "\r\n\r\ngrant_type=client_credentials&client_id=app-1&client_secret=very+secret&scope=https%3A%2F%2Fflow.example%2F%2F.default"
        ),
        "{asked:?}"
    );
    set.clock.advance(Duration::from_secs(1));
    set.post().await;
    assert_eq!(set.tokens(), ["Bearer token-hunter1", "Bearer token-hunter1", "Bearer token-hunter2"]);
    assert!(!format!("{:?}", set.poster).contains("hunter"), "{:?}", set.poster);
}

#[tokio::test]
async fn a_kept_token_that_is_refused_is_replaced_once_and_a_fresh_one_not_at_all() {
    let set = Set::new(Script::InTurn(&[FIRST, SECOND]), Script::InTurn(&[ACCEPTED, REFUSED, ACCEPTED])).await;
    for _ in 0..2 {
        assert_eq!(status(&set.post().await), 202);
    }
    assert_eq!(set.tokens(), ["Bearer token-hunter1", "Bearer token-hunter1", "Bearer token-hunter2"]);

    let set = Set::new(Script::InTurn(&[FIRST, SECOND]), Script::Answer(REFUSED)).await;
    assert_eq!(status(&set.post().await), 401, "fresh, so it is the flow that does not let the application in");
    assert_eq!((set.giver.requests().len(), set.flow.requests().len()), (1, 1));
    assert_eq!(status(&set.post().await), 401);
    assert_eq!((set.giver.requests().len(), set.flow.requests().len()), (2, 3));
}

#[tokio::test]
async fn an_echo_of_the_token_is_not_shown() {
    let echo = "HTTP/1.1 400 Bad\r\ncontent-length: 25\r\n\r\nno use for: token-hunter1";
    let set = Set::new(Script::Answer(FIRST), Script::Answer(echo)).await;
    let posted = set.post().await;
    assert!(!format!("{posted:?}").contains("hunter1"), "{posted:?}");
}

#[tokio::test]
async fn without_a_token_nothing_is_posted_and_entras_code_alone_is_told() {
    let set = Set::new(Script::Answer(NO_CLIENT), Script::Answer(ACCEPTED)).await;
    let posted = set.post().await;
    let why = "no token from Entra: status 401, invalid_client";
    assert_eq!(posted.reply, Err(Failure::Token(why.to_owned())));
    assert_eq!(posted.attempt(Reason::TokenUnavailable).answer, why);
    let gone = set.post_to("", None).await;
    assert!(matches!(&gone.reply, Err(Failure::Token(why)) if why.contains("[entra.prod]")), "{gone:?}");
    assert!(set.flow.requests().is_empty());
}

#[tokio::test]
async fn what_is_no_answer_of_entras_is_no_token() {
    for (script, wanted) in [
        (Script::Reset, "no token from Entra: the connection broke off before an answer"),
        (
            Script::Answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"),
            "no token from Entra: the answer holds no token",
        ),
        (Script::Endless("HTTP/1.1 200 OK\r\n\r\n"), "no token from Entra: the answer is longer than 65536 bytes"),
        (
            Script::Answer("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"),
            "no token from Entra: status 302",
        ),
    ] {
        let set = Set::new(script, Script::Answer(ACCEPTED)).await;
        assert_eq!(set.post().await.reply, Err(Failure::Token(wanted.to_owned())));
        assert!(set.flow.requests().is_empty());
    }
}

#[tokio::test]
async fn a_url_that_is_signed_gets_no_token() {
    let set = Set::new(Script::Answer(FIRST), Script::Answer(ACCEPTED)).await;
    let posted = set.post_to("?sig=very-secret-signature", Some(&set.entra("very secret"))).await;
    assert_eq!((status(&posted), set.tokens()), (202, vec!["none".to_owned()]));
    assert!(set.giver.requests().is_empty());
}

#[tokio::test]
async fn many_posts_at_once_ask_once_and_other_settings_ask_anew() {
    let set = Set::new(Script::InTurn(&[FIRST, SECOND]), Script::Answer(ACCEPTED)).await;
    join_all((0..5).map(|_| set.post())).await;
    assert_eq!((set.giver.requests().len(), set.flow.requests().len()), (1, 5));
    set.post_to("", Some(&set.entra("another"))).await;
    assert_eq!(set.tokens().last().unwrap(), "Bearer token-hunter2");
    assert!(set.giver.requests()[1].contains("client_secret=another&"));
}
