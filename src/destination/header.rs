//! Request headers that a destination wants with each post, such as a shared secret that a flow looks for.

use super::WebhookUrl;
use crate::secret::Secret;
use http::{HeaderName, HeaderValue, header};

/// Headers of one destination, at most.
pub const MOST_HEADERS: usize = 20;
/// Bytes of a value, at most.
const LONGEST: usize = 8 * 1024;

/// Those that belong to the connection, to a proxy or to the body that is posted.
const NOT_OURS: &[HeaderName] = &[
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
const NOT_OURS_EITHER: [&str; 2] = ["keep-alive", "proxy-connection"];

/// A header whose value is a secret.
#[derive(Debug, Clone)]
pub struct Header {
    name: HeaderName,
    value: Secret,
}

/// Why a header is not taken. Never quotes a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHeader {
    /// It has no name, or what stands there is none.
    #[error("a header has no name that HTTP knows; write it as 'X-Alert-Secret: value'")]
    Name,
    /// It belongs to the connection or the body.
    #[error("the header `{0}` is the relay's own to set; leave it out")]
    NotOurs(HeaderName),
    /// Its value is empty, too long, or holds what no header may.
    #[error("the value of the header `{0}` is empty, over 8 KiB, or not plain ASCII text; correct it")]
    Value(HeaderName),
    /// Two of one name.
    #[error("the header `{0}` is there twice; give it once")]
    Twice(HeaderName),
    /// More than anybody needs.
    #[error("there are {0} headers; give at most 20")]
    TooMany(usize),
    /// A flow that is open to anyone refuses it.
    #[error(
        "the URL has a `sig`, and a flow that is open to anyone refuses posts with `Authorization`; leave the header out, or use a URL without `sig`"
    )]
    Authorization,
}

impl PartialEq for Header {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value.is(other.value.expose().as_bytes())
    }
}

impl Header {
    /// From `Name: value`.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn parse(text: &str) -> Result<Self, BadHeader> {
        let (name, value) = text.split_once(':').ok_or(BadHeader::Name)?;
        Self::new(name.trim(), value.trim())
    }

    /// From its name and its value.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn new(name: &str, value: &str) -> Result<Self, BadHeader> {
        let name = HeaderName::try_from(name).map_err(|_| BadHeader::Name)?;
        if NOT_OURS.contains(&name) || NOT_OURS_EITHER.contains(&name.as_str()) {
            return Err(BadHeader::NotOurs(name));
        }
        let plain = value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
        if value.is_empty() || value.len() > LONGEST || !plain {
            return Err(BadHeader::Value(name));
        }
        Ok(Self { name, value: Secret::new(value) })
    }

    /// Its name, in lower case.
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// Its value, to post or to store; never to print.
    pub fn expose(&self) -> &str {
        self.value.expose()
    }

    /// Its value as it is sent, marked so that nothing on the way keeps or prints it.
    pub fn value(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(self.value.expose()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Whether these headers fit each other and the URL.
///
/// # Errors
/// The first thing that does not.
pub fn check(headers: &[Header], url: &WebhookUrl) -> Result<(), BadHeader> {
    if headers.len() > MOST_HEADERS {
        return Err(BadHeader::TooMany(headers.len()));
    }
    for (number, header) in headers.iter().enumerate() {
        if headers.iter().skip(number + 1).any(|other| other.name == header.name) {
            return Err(BadHeader::Twice(header.name.clone()));
        }
    }
    let has_authorization = headers.iter().any(|one| one.name == header::AUTHORIZATION);
    if has_authorization && url.is_signed() { Err(BadHeader::Authorization) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_and_a_secret() {
        let header = Header::parse("X-Alert-Secret:  hunter2: and more ").unwrap();
        assert_eq!((header.name().as_str(), header.expose()), ("x-alert-secret", "hunter2: and more"));
        assert!(header.value().unwrap().is_sensitive());
        assert!(!format!("{header:?}").contains("hunter2"));
    }

    #[test]
    fn what_the_connection_and_the_body_need_is_not_for_others_to_set() {
        for name in
            ["Host", "content-type", "Content-Length", "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding"]
        {
            assert!(matches!(Header::parse(&format!("{name}: x")), Err(BadHeader::NotOurs(_))), "{name}");
        }
        for name in ["Upgrade", "Proxy-Authorization", "Proxy-Connection", "Expect", "Content-Encoding"] {
            assert!(matches!(Header::parse(&format!("{name}: x")), Err(BadHeader::NotOurs(_))), "{name}");
        }
        for bad in ["hunter2", ": hunter2", "X Y: hunter2", "X-A:", "X-A: a\r\nX-B: hunter2", "X-A: hünter2"] {
            let error = Header::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("nter2"), "{error}");
        }
        assert!(Header::parse(&format!("X-A: {}", "x".repeat(LONGEST + 1))).is_err());
    }

    #[test]
    fn no_authorization_goes_to_a_url_that_is_signed() {
        let headers = |names: &[&str]| -> Vec<_> { names.iter().map(|name| Header::new(name, "x").unwrap()).collect() };
        let url = |query: &str| WebhookUrl::stored(format!("https://x.logic.azure.com/workflows/1{query}"));
        let with = headers(&["authorization", "x-a"]);
        assert_eq!(check(&with, &url("?sv=1.0&sig=abc")), Err(BadHeader::Authorization));
        assert_eq!(check(&with, &url("?SIG=abc")), Err(BadHeader::Authorization));
        assert_eq!(check(&with, &url("?api-version=1")), Ok(()));
        assert_eq!(check(&headers(&["x-a"]), &url("?sig=abc")), Ok(()));
        assert!(matches!(check(&headers(&["x-a", "X-A"]), &url("")), Err(BadHeader::Twice(_))));
        let many: Vec<String> = (0..21).map(|number| format!("x-{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(check(&headers(&many), &url("")), Err(BadHeader::TooMany(21)));
    }
}
