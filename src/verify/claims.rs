//! What tokens of every kind say alike: for whom they are, and when they hold.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::why::Why;

/// How far the clocks of issuer and receiver may lie apart.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// What a token claims, once its signature holds.
pub(super) type Claims = Map<String, Value>;

/// A claim that is a text.
pub(super) fn text<'c>(claims: &'c Claims, name: &str) -> Option<&'c str> {
    claims.get(name).and_then(Value::as_str)
}

/// Whether it is for any of these.
pub(super) fn is_for(claims: &Claims, audiences: &[String]) -> bool {
    let is_ours = |meant: &str| audiences.iter().any(|audience| audience == meant);
    match claims.get("aud") {
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).any(is_ours),
        one => one.and_then(Value::as_str).is_some_and(is_ours),
    }
}

/// Whether it holds at this time. Whether it must say until when is for the caller to know.
pub(super) fn holds_at(claims: &Claims, now: Timestamp, must_end: bool) -> Result<(), Why> {
    let instant = |name: &str| -> Result<Option<Timestamp>, Why> {
        let Some(value) = claims.get(name) else { return Ok(None) };
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
        let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        time.map(Some).ok_or_else(|| Why::Claim { name: name.to_owned(), wanted: "a time".to_owned() })
    };
    match instant("exp")? {
        Some(end) if now.duration_since(end) > SKEW => {
            return Err(Why::Expired { by: now.duration_since(end).unsigned_abs() });
        }
        None if must_end => {
            return Err(Why::Claim { name: "exp".to_owned(), wanted: "there".to_owned() });
        }
        _ => {}
    }
    for start in [instant("nbf")?, instant("iat")?].into_iter().flatten() {
        let ahead = start.duration_since(now);
        if ahead > SKEW {
            return Err(Why::Future { by: ahead.unsigned_abs(), tolerance: SKEW.unsigned_abs() });
        }
    }
    Ok(())
}
