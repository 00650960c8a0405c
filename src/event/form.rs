//! A form: one field of it that is JSON, or all of its fields.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use serde_json::{Map, Value, map::Entry};

use super::{BadPayload, Charset, json};

/// The field that holds the whole payload, where a provider posts JSON in a form.
const PAYLOAD: &str = "payload";

/// The JSON in the field `payload`; where there is none, an object with every field as text.
pub(super) fn parse(body: &[u8], charset: Charset) -> Result<Value, BadPayload> {
    let fields = fields(body, charset)?;
    match fields.iter().find(|(name, value)| name == PAYLOAD && json::begins(value)) {
        Some((_, text)) => json::parse(text),
        None => Ok(Value::Object(object(fields))),
    }
}

/// Names and values, decoded, in their order.
fn fields(body: &[u8], charset: Charset) -> Result<Vec<(String, String)>, BadPayload> {
    let mut fields = Vec::new();
    let mut at = 0;
    for field in body.split(|byte| *byte == b'&') {
        let mut halves = field.splitn(2, |byte| *byte == b'=');
        let mut text = || {
            let half = decoded(halves.next().unwrap_or_default());
            let text = charset.decode(&half).map(Cow::into_owned);
            // Counted in what was sent: the place inside the decoded value tells nobody where to look.
            text.map_err(
                |error| if let BadPayload::NotUtf8 { .. } = error { BadPayload::NotUtf8 { at } } else { error },
            )
        };
        if !field.is_empty() {
            fields.push((text()?, text()?));
        }
        at += field.len() + 1;
    }
    Ok(fields)
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).collect()
}

/// A name that stands more than once gets the list of its values.
fn object(fields: Vec<(String, String)>) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, text) in fields {
        match object.entry(name) {
            Entry::Vacant(place) => {
                place.insert(text.into());
            }
            Entry::Occupied(mut place) => super::encoding::repeat(place.get_mut(), text.into()),
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Result<Value, BadPayload> {
        parse(body.as_bytes(), Charset::default())
    }

    #[test]
    fn json_in_the_payload_field_is_the_payload() {
        assert_eq!(read("x=1&payload=%7B%22a%22%3A+1%7D").unwrap(), json!({"a": 1}));
        assert_eq!(read("payload=+%5B7%5D").unwrap(), json!([7]));
        assert!(matches!(read("payload=%7B"), Err(BadPayload::NotJson { .. })));
    }

    #[test]
    fn plain_fields_become_texts_and_repeated_ones_lists() {
        let body = "app=shop&user=ada%40example.com&tag=a&tag=b+c&tag=&&done&a%3Db=%zz";
        let object = json!({
            "app": "shop", "user": "ada@example.com", "tag": ["a", "b c", ""], "done": "", "a=b": "%zz",
        });
        assert_eq!(read(body).unwrap(), object);
        assert_eq!(read("payload=hello").unwrap(), json!({"payload": "hello"}));
    }

    #[test]
    fn a_field_that_is_no_utf_8_is_told_by_its_place() {
        assert_eq!(read("a=1&b=x%FF"), Err(BadPayload::NotUtf8 { at: 4 }));
        assert_eq!(parse(b"b=x%E9", Charset::parse("latin1").unwrap()).unwrap(), json!({"b": "xé"}));
    }
}
