use super::*;

const CERTIFICATE: &str =
    "https://sns.eu-north-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

/// A message by the invented key, which names this certificate.
fn message(kind: &str, certificate: &str) -> Webhook {
    let signer = verifier(json!({"scheme": "sns"}), &[TOPIC, PRIVATE]);
    let body = json!({"Type": kind, "Subject": "red", "Message": "build 41\nfailed", "Token": "t",
        "SubscribeURL": "https://sns.example/", "SigningCertURL": certificate});
    signed(&signer, "/hooks/ci", &body.to_string())
}

/// A certificate over the invented key that holds for these years.
fn certificate_pem(years: std::ops::Range<i32>) -> String {
    let key = rcgen::KeyPair::from_pem(PRIVATE).unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["sns.example".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
    params.self_signed(&key).unwrap().pem()
}

#[test]
fn a_message_of_sns_is_checked_with_the_certificate_it_names() {
    let verifier = verifier(json!({"scheme": "sns"}), &[TOPIC]);
    let keys = keyring(CERTIFICATE, certificate_pem(2026..2028).as_bytes());
    let fetch = |why: &str| format!("fetch {CERTIFICATE}: {why}");
    let unknown = fetch("no key of sns.eu-north-1.amazonaws.com is known");
    for kind in ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"] {
        assert_eq!(plain(&verifier, message(kind, CERTIFICATE)), unknown);
        assert_eq!(verdict(&verifier, message(kind, CERTIFICATE), &keys), "ok", "{kind}");
    }
    let expired = keyring(CERTIFICATE, certificate_pem(2020..2026).as_bytes());
    assert_eq!(
        verdict(&verifier, message("Notification", CERTIFICATE), &expired),
        fetch("the address in SigningCertURL holds a certificate that is not valid at this time")
    );
    let garbage = keyring(CERTIFICATE, b"<html>");
    let refused = verdict(&verifier, message("Notification", CERTIFICATE), &garbage);
    assert_eq!(refused, fetch("the address in SigningCertURL holds no certificate"));
    let signed = ["Message", "MessageId", "Subject", "Timestamp", "Type", "Signature"];
    for field in signed {
        let mut webhook = message("Notification", CERTIFICATE);
        let mut body: Value = serde_json::from_slice(&webhook.body.0).unwrap();
        body[field] = json!("QUJD");
        webhook.body = RawBody(body.to_string().into());
        let refused = verdict(&verifier, webhook, &keys);
        assert_eq!(refused, fetch("Signature fits none of the source's secrets"), "{field}");
    }
}

#[test]
fn a_certificate_is_taken_from_no_other_host_or_path() {
    let verifier = verifier(json!({"scheme": "sns"}), &[TOPIC]);
    let name = "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";
    for address in [
        format!("http://sns.eu-north-1.amazonaws.com/{name}"),
        format!("https://sns.eu-north-1.amazonaws.com.evil.example/{name}"),
        format!("https://evil.example/sns.eu-north-1.amazonaws.com/{name}"),
        format!("https://sns.a.b.amazonaws.com/{name}"),
        format!("https://sns.eu.amazonaws.com/{name}"),
        format!("https://xsns.eu-north-1.amazonaws.com/{name}"),
        format!("https://u@sns.eu-north-1.amazonaws.com/{name}"),
        format!("https://sns.eu-north-1.amazonaws.com:8443/{name}"),
        format!("https://sns.eu-north-1.amazonaws.com/{name}?x=1"),
        format!("https://sns.eu-north-1.amazonaws.com/bucket/{name}"),
        "https://sns.eu-north-1.amazonaws.com/SimpleNotificationService-short.pem".to_owned(),
        "https://bucket.s3.amazonaws.com/a.pem".to_owned(),
        String::new(),
    ] {
        let refused = plain(&verifier, message("Notification", &address));
        assert_eq!(refused, "SigningCertURL: is no address of SNS' certificates", "{address}");
    }
    let why = "no key of sns.eu-north-1.amazonaws.com.cn is known";
    let china = CERTIFICATE.replace(".com/", ".com.cn/");
    assert_eq!(plain(&verifier, message("Notification", &china)), format!("fetch {china}: {why}"));
}

#[test]
fn a_signed_body_that_would_be_read_as_something_else_is_refused() {
    let sns = verifier(json!({"scheme": "sns"}), &[TOPIC, PUBLIC, PRIVATE]);
    let form = json!({"scheme": "hmac", "header": "X-S", "signed": "{form:payload}"});
    let form = verifier(form, &["s"]);
    let plain_form = "application/x-www-form-urlencoded";
    let signed_form = |content_type: &'static str| {
        let mut webhook = webhook("/hooks/ci", "payload=%7B%7D");
        webhook.headers.insert("content-type", HeaderValue::from_static(plain_form));
        form.sign(&mut webhook, "id-1", now()).unwrap();
        webhook.headers.insert("content-type", HeaderValue::from_static(content_type));
        webhook
    };
    assert_eq!(plain(&form, signed_form(plain_form)), "ok");
    assert_eq!(plain(&form, signed_form("application/x-www-form-urlencoded; charset=utf-8")), "ok");
    for other in ["application/json", "text/plain", "application/x-www-form-urlencoded; charset=utf-16le"] {
        assert!(plain(&form, signed_form(other)).starts_with("content-type:"), "{other}");
    }
    let mut inflated = signed_form(plain_form);
    inflated.headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    assert!(plain(&form, inflated).starts_with("content-type:"));
    let mut twice = signed_form(plain_form);
    twice.body = RawBody(Bytes::from_static(b"payload=%7B%7D&payload=%7B%22forged%22%3A1%7D"));
    assert!(plain(&form, twice).starts_with("the body:"));
    for (content_type, believed) in
        [("text/plain; charset=UTF-8", true), ("application/json", true), (plain_form, false)]
    {
        let mut message = message("Notification", CERTIFICATE);
        message.headers.insert("content-type", HeaderValue::from_static(content_type));
        assert_eq!(plain(&sns, message) == "ok", believed, "{content_type}");
    }
}

#[test]
fn only_the_topics_of_the_source_are_believed() {
    let spec = json!({"scheme": "sns", "tolerance": "1h"});
    let sent = || message("Notification", "");
    let with_key = verifier(spec.clone(), &[TOPIC, PUBLIC]);
    assert_eq!(plain(&with_key, sent()), "ok");
    let elsewhere = verifier(spec.clone(), &["arn:aws:sns:eu-north-1:000000000000:other", PUBLIC]);
    assert_eq!(plain(&elsewhere, sent()), "TopicArn fits none of the source's secrets");
    assert_eq!(
        made(&spec, &[PUBLIC], None).unwrap_err(),
        [
            "f.toml: secrets: name no topic whose messages are to be believed; add the topic's ARN, beginning with `arn:aws:sns:`"
        ]
    );
    assert!(made(&spec, &["hunter2"], None).is_err_and(|problems| !problems[0].contains("hunter2")));
    let stale = with_key.check(sent(), now() + Duration::from_secs(3601), &Keyring::default()).unwrap_err();
    assert!(matches!(stale, Unproved::Refused(refused) if refused.reason() == Reason::TimestampStale));
    let mut raw = sent();
    raw.body = RawBody(Bytes::from_static(b"build 41 failed"));
    assert_eq!(plain(&with_key, raw), "the body: is no message of SNS; turn raw message delivery off");
}
