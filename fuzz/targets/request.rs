//! A request as the inputs of several targets have it: lines of `Name: value`, an empty line, the body.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Lines that are no header are passed over, as the HTTP library would have refused them.
pub(crate) fn read(request: &[u8]) -> (HeaderMap, &[u8]) {
    let end = request.windows(2).position(|two| two == b"\n\n").unwrap_or(request.len());
    let (head, rest) = request.split_at(end);
    let mut headers = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    (headers, rest.strip_prefix(b"\n\n").unwrap_or_default())
}
