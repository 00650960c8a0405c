use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::profile::Profiles;

async fn ask(request: Request<Body>) -> (StatusCode, Value) {
    let router = router(Profiles::read([]).unwrap().usual().clone());
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn question(template: &str, payload: &str) -> Request<Body> {
    let question = json!({"provider": "bakery", "event": "order", "payload": payload, "template": template});
    post_with(&[("host", "127.0.0.1:8765"), ("content-type", "application/json")], question.to_string())
}

fn post_with(headers: &[(&str, &str)], body: String) -> Request<Body> {
    let request = Request::post("/preview/render");
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(Body::from(body)).unwrap()
}

fn get(address: &str) -> Request<Body> {
    Request::get(address).header("host", "localhost:8765").body(Body::empty()).unwrap()
}

const GOOD: &str = r#"{"summary": "Order", "body": [{"type": "TextBlock", "text": "For {{payload.name}}"}]}"#;

#[tokio::test]
async fn a_payload_and_a_template_become_the_body_that_would_be_posted() {
    let (status, answer) = ask(question(GOOD, r#"{"name": "Mona"}"#)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["body"]["attachments"][0]["content"]["body"][0]["text"], "For Mona");
    assert_eq!((&answer["most_bytes"], &answer["fallback"]), (&json!(28_672), &json!(false)));
    assert_eq!(answer["bytes"], answer["body"].to_string().len());
    assert_eq!((&answer["problems"], &answer["notes"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn mistakes_come_back_with_line_and_caret() {
    let (_, answer) = ask(question("{\n{{titel payload.x}}", "{}")).await;
    assert_eq!(answer["body"], Value::Null);
    let problem = answer["problems"][0].as_str().unwrap();
    assert!(problem.starts_with("template:2:1: there is no helper `titel`") && problem.ends_with('^'), "{problem}");
    let (_, answer) = ask(question(&GOOD.replace("\"text\"", "\"colour\": 1, \"text\""), r#"{"name": "x"}"#)).await;
    assert_eq!(answer["fallback"], true);
    let problem = answer["problems"][0].as_str().unwrap();
    assert!(problem.contains("did you mean `color`?\n    1 | "), "{problem}");
    let (_, answer) = ask(question(GOOD, "{}")).await;
    assert!(answer["notes"][0].as_str().unwrap().contains("`payload.name` is not there"), "{answer}");
    let (_, answer) = ask(question(GOOD, "{\n\"name\" 1}")).await;
    assert!(answer["payload_problems"][0].as_str().unwrap().starts_with("line 2, column 8"), "{answer}");
}

#[tokio::test]
async fn the_samples_of_the_menu_begin_with_the_template_that_their_event_gets() {
    let (_, menu) = ask(get("/preview/samples")).await;
    let menu = menu.as_array().unwrap();
    assert!(menu.contains(&json!({"provider": "github", "name": "pull_request.merged"})));
    // Each compiles all templates; some of every provider are looked at.
    for entry in menu.iter().step_by(29) {
        let (provider, name) = (entry["provider"].as_str().unwrap(), entry["name"].as_str().unwrap());
        let (status, start) = ask(get(&format!("/preview/samples/{provider}/{name}"))).await;
        assert_eq!(status, StatusCode::OK, "{provider}/{name}");
        assert!(start["name"].as_str().unwrap().starts_with(provider), "{start}");
        let question: Question = serde_json::from_value(json!({
            "provider": start["provider"], "event": start["event"], "payload": start["payload"], "template": start["template"],
        }))
        .unwrap();
        let answer = answer(Profiles::read([]).unwrap().usual(), &question);
        assert_eq!((answer.problems, answer.notes), (Vec::new(), Vec::new()), "{provider}/{name}");
    }
    assert_eq!(ask(get("/preview/samples/github/nothing")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_a_page_of_this_machine_may_ask() {
    let body = question(GOOD, "{}").into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let json = ("content-type", "application/json");
    let here = ("host", "127.0.0.1:8765");
    for (headers, wanted) in [
        (vec![here, json], StatusCode::OK),
        (vec![here, json, ("origin", "http://127.0.0.1:8765")], StatusCode::OK),
        (vec![("host", "[::1]:8765"), json], StatusCode::OK),
        (vec![("host", "evil.example:8765"), json], StatusCode::FORBIDDEN),
        (vec![("host", "127.0.0.1.evil.example"), json], StatusCode::FORBIDDEN),
        (vec![("host", "127.0.0.1:8765:evil"), json], StatusCode::FORBIDDEN),
        (vec![json], StatusCode::FORBIDDEN),
        (vec![here, json, ("origin", "http://evil.example")], StatusCode::FORBIDDEN),
        (vec![here, json, ("origin", "null")], StatusCode::FORBIDDEN),
        (vec![here, ("content-type", "text/plain")], StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (vec![here], StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        assert_eq!(ask(post_with(&headers, body.clone())).await.0, wanted, "{headers:?}");
    }
    let foreign = Request::get("/preview/samples").header("host", "evil.example").body(Body::empty()).unwrap();
    assert_eq!(ask(foreign).await.0, StatusCode::FORBIDDEN);
    let large = post_with(&[here, json], format!("{{\"payload\": \"{}\"}}", "x".repeat(MOST_BYTES)));
    assert_eq!(ask(large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ask(post_with(&[here, json], "{}".to_owned())).await.0, StatusCode::BAD_REQUEST);
}
