use crate::{
    config::{handshake::RawHandshake, problem::Problem},
    provider::Provider,
};

/// The keys of the first handshake that have problems, sorted.
fn wrong_keys(handshake: &str) -> Vec<String> {
    let text = format!("title = \"Mine\"\nverify = \"none\"\n[[handshake]]\n{handshake}");
    let problems = Provider::parse("mine".parse().unwrap(), "mine.toml", &text).err();
    let key = |problem: Problem| {
        assert!(!problem.found.is_empty() && !problem.cure.is_empty(), "{problem}");
        problem.key.strip_prefix("handshake[0].").unwrap_or_else(|| panic!("{problem}")).to_owned()
    };
    let mut keys: Vec<String> = problems.into_iter().flatten().map(key).collect();
    keys.sort();
    keys
}

#[test]
fn every_mistake_of_a_handshake_is_told_at_once() {
    let wrong = r#"
method = "GET"
verified = true
when = { "/a~2" = "x", "?kind" = 7 }
answer = { text = "?a", json = { b = [1], c = { hmac = "/x", other = 1 } }, status = 302, headers = { "X Y" = "=1" } }
capture = "/secret"
confirm = "X-Url"
"#;
    assert_eq!(
        wrong_keys(wrong),
        [
            "answer",
            "answer.headers.X Y",
            "answer.json.b",
            "answer.json.c",
            "answer.status",
            "capture",
            "confirm",
            "verified",
            "when./a~2",
            "when.?kind",
        ]
    );
    assert_eq!(wrong_keys("method = \"PUT\"\nanswer = {}"), ["method", "when"]);
    assert_eq!(wrong_keys("method = \"HEAD\"\nanswer = {}"), Vec::<String>::new());
}

#[test]
fn what_would_be_dangerous_is_refused() {
    let dangerous = r#"
method = "POST"
verified = false
when = { "/type" = "hello" }
secret = "/token"
answer = { json = { echo = "/challenge", proof = { hmac = "?challenge" } } }
confirm = "/url"
"#;
    assert_eq!(wrong_keys(dangerous), ["answer.json.echo", "answer.json.proof", "confirm", "secret", "when./type"]);
    let captured = "capture = \"X-Secret\"\nanswer = { status = 204, text = \"=x\" }";
    assert_eq!(wrong_keys(captured), ["answer.status", "capture", "when"]);
}

#[test]
fn a_handshake_reads_back_as_it_was_written() {
    let table = serde_json::json!({
        "method": "POST", "verified": null, "when": {"/type": "x"}, "secret": "?s",
        "answer": {"status": 200, "text": {"hmac": "/a"}, "json": null, "headers": {"X-A": "=b"}},
        "capture": null, "confirm": "/u",
    });
    let raw: RawHandshake = serde_json::from_value(table.clone()).unwrap();
    assert_eq!(serde_json::to_value(raw).unwrap(), table);
}
