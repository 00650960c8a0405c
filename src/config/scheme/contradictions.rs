//! Settings of one scheme that can't all be meant, each with what would be right.

use super::{By, Part, SchemeSpec, SecretEncoding, SignedSpec, TimeIn, Under};
use crate::config::{header::Header, problem::Problem};

/// Notes what can't be meant. The caller drops a scheme that has problems.
pub(super) fn refuse(spec: SignedSpec, under: &Under<'_>, problems: &mut Vec<Problem>) -> SchemeSpec {
    let all = about_time(&spec).into_iter().chain(about_keys(&spec));
    problems.extend(all.filter(|(wrong, ..)| *wrong).map(|(_, key, found, cure)| under.problem(key, found, cure)));
    SchemeSpec::Signed(Box::new(spec))
}

/// Whether what is signed with its time by one of two alternatives could be sent again without it, by the other: the
/// key is the same, and time and body, written together, are to the other a body. Only a body that must be JSON can't
/// begin or end with a time.
pub(super) fn may_lose_its_time(one: &SignedSpec, other: &SignedSpec) -> bool {
    let [timed, bare] = if covers_a_time(one) { [one, other] } else { [other, one] };
    let alike = (timed.by, timed.encoding, &timed.header) == (bare.by, bare.encoding, &bare.header);
    let of_the_body = bare.signed.0.as_slice() == [Part::Body];
    let must_be_json = bare
        .when
        .iter()
        .any(|(name, value)| name.0 == http::header::CONTENT_TYPE && value.eq_ignore_ascii_case("application/json"));
    alike && covers_a_time(timed) && timed.signed.has(&Part::Body) && of_the_body && !must_be_json
}

fn covers_a_time(spec: &SignedSpec) -> bool {
    let in_header = spec.timestamp.as_ref().is_some_and(|timestamp| match &timestamp.within {
        TimeIn::Header(name) => spec.signed.has(&Part::Header(name.0.clone())),
        TimeIn::Field(_) | TimeIn::Body(_) => false,
    });
    in_header || spec.signed.has(&Part::Timestamp)
}

/// Whether it is wrong, the key, what was found, what would be right.
type Contradiction = (bool, &'static str, &'static str, &'static str);

fn about_time(spec: &SignedSpec) -> [Contradiction; 6] {
    let within = spec.timestamp.as_ref().map(|timestamp| &timestamp.within);
    let in_body = matches!(within, Some(TimeIn::Body(_)));
    let signs_time = spec.signed.has(&Part::Timestamp);
    let judged = spec.tolerance.is_some();
    let signs = |name: &Header| signs_time || spec.signed.has(&Part::Header(name.0.clone()));
    let covered = match within {
        None => true,
        Some(TimeIn::Header(name)) => signs(name),
        Some(TimeIn::Field(_)) => signs_time,
        Some(TimeIn::Body(_)) => spec.signed.has(&Part::Body),
    };
    [
        (
            judged && within.is_none(),
            "tolerance",
            "there is no `timestamp` that it could be about",
            "add `timestamp`, as { header = \"X-Timestamp\" }, or take `tolerance` out",
        ),
        (
            signs_time && within.is_none(),
            "signed",
            "has {timestamp}, and no `timestamp` says where that stands",
            "add `timestamp`, as { header = \"X-Timestamp\" }, or write {header:NAME} in place of {timestamp}",
        ),
        (
            signs_time && in_body,
            "signed",
            "has {timestamp}, which stands in the body, and that is not read before its signature was found good",
            "take {timestamp} out, or say a `timestamp` in a header",
        ),
        (
            within.is_some() && !judged && !signs_time,
            "timestamp",
            "is never used: there is no `tolerance`, and {timestamp} is not in `signed`",
            "add `tolerance`, as \"5m\", or take `timestamp` out",
        ),
        (
            judged && !covered,
            "timestamp",
            "is not signed, so whoever sends an old webhook again can write a new time",
            "put {timestamp} into `signed` (for one in the body, {body}), or take `timestamp` and `tolerance` out",
        ),
        (
            matches!(within, Some(TimeIn::Field(_))) && spec.separator.is_none(),
            "timestamp",
            "is one item of a list, and no `separator` says that the header is one",
            "add `separator`, as \",\"",
        ),
    ]
}

fn about_keys(spec: &SignedSpec) -> [Contradiction; 7] {
    let public = matches!(spec.by, By::PublicKey(_));
    let signs_secret = spec.signed.has(&Part::Secret);
    let of_public_key = matches!(spec.secret_encoding, SecretEncoding::Spki | SecretEncoding::Pem);
    [
        (
            matches!(spec.by, By::Hash(_)) && !signs_secret,
            "signed",
            "has no {secret}, and a hash without one can be made by anybody",
            "add {secret} where the provider puts it, or write scheme = \"hmac\"",
        ),
        (public && signs_secret, "signed", "has {secret}, and what a public key checks has none", "take {secret} out"),
        (
            !public && of_public_key,
            "secret_encoding",
            "is one of public keys, and this scheme's secret is none",
            "use one of: text, hex, base64; or write scheme = \"public-key\"",
        ),
        (
            public && spec.secret_encoding == SecretEncoding::Text,
            "secret_encoding",
            "a public key is not plain text",
            "use one of: hex, base64, spki, pem",
        ),
        (
            !public && spec.key.is_some(),
            "key",
            "only public keys are published",
            "take it out, or write scheme = \"public-key\"",
        ),
        (
            spec.key.is_some() && spec.captured,
            "secret",
            "the key is fetched, and said to come from a handshake too",
            "take `key` or `secret` out",
        ),
        (
            spec.key.is_some() && !spec.secret_prefix.is_empty(),
            "secret_prefix",
            "is about secrets, and the key is fetched",
            "take it out",
        ),
    ]
}
