use super::*;

fn problems(toml: &str) -> String {
    let text = format!("title = \"Mine\"\nverify = \"none\"\n[[handshake]]\n{toml}");
    let read = crate::provider::Provider::parse("mine".parse().unwrap(), "mine.toml", &text);
    let problems = read
        .map(|_| String::new())
        .map_err(|problems| problems.iter().map(|problem| format!("{problem}\n")).collect::<String>());
    problems.unwrap_or_else(|problems| problems)
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
    insta::assert_snapshot!(problems(wrong), @"");
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
    insta::assert_snapshot!(problems(dangerous), @"");
    insta::assert_snapshot!(problems("capture = \"X-Secret\"\nanswer = { status = 204, text = \"=x\" }"), @"");
    insta::assert_snapshot!(problems("method = \"PUT\"\nanswer = {}"), @"");
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
