//! A payload on disk: kept headers, how the body is to be read, and the body as it was sent, compressed.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::codec::{EventRow, damaged, instant, other_version, source};
use crate::{
    event::{Charset, Codings, Compression, Encoding, Event, RawBody},
    name::EventId,
    store::StoreError,
};

/// The version that is written. Version 1, of stores before bodies could be text, XML or compressed, is read too.
const VERSION: u8 = 2;

/// What stands before the compressed body.
#[derive(Serialize, Deserialize)]
struct Head {
    headers: Vec<(String, String)>,
    encoding: EncodingRow,
    charset: Option<String>,
    compressions: Vec<CompressionRow>,
    size: u64,
}

#[derive(Serialize, Deserialize)]
enum EncodingRow {
    Json,
    Form,
    Text,
    Xml,
}

#[derive(Serialize, Deserialize)]
enum CompressionRow {
    Gzip,
    Deflate,
    Brotli,
}

/// The same in version 1.
#[derive(Serialize, Deserialize)]
struct FirstHead {
    headers: Vec<(String, String)>,
    form: bool,
    size: u64,
}

impl From<FirstHead> for Head {
    fn from(FirstHead { headers, form, size }: FirstHead) -> Self {
        let encoding = if form { EncodingRow::Form } else { EncodingRow::Json };
        Self { headers, encoding, charset: None, compressions: Vec::new(), size }
    }
}

/// The payload's bytes of an event.
pub(super) fn encode_payload(event: &Event) -> Result<Vec<u8>, StoreError> {
    let head = Head {
        headers: event.headers.clone(),
        encoding: match event.encoding {
            Encoding::Json => EncodingRow::Json,
            Encoding::Form => EncodingRow::Form,
            Encoding::Text => EncodingRow::Text,
            Encoding::Xml => EncodingRow::Xml,
        },
        charset: event.codings.charset.map(|charset| charset.as_str().to_owned()),
        compressions: event.codings.compressions.iter().map(CompressionRow::of).collect(),
        size: event.body.0.len() as u64,
    };
    let bytes = postcard::to_extend(&head, vec![VERSION]);
    let mut bytes = bytes.map_err(|error| StoreError::Failed { why: error.to_string() })?;
    bytes.extend_from_slice(&lz4_flex::block::compress(&event.body.0));
    Ok(bytes)
}

/// An event whole, of its row and its payload's bytes.
pub(super) fn event(id: EventId, row: &EventRow, payload: &[u8]) -> Result<Event, StoreError> {
    let what = || format!("the payload of event {id}");
    let (head, packed) = split(payload, what)?;
    // LZ4 makes at most 255 bytes of one, so a size beyond that is damage and not a wish for memory.
    let size = usize::try_from(head.size).ok().filter(|size| *size <= packed.len().saturating_mul(255));
    let size = size.ok_or_else(|| damaged(what(), format!("a size of {} bytes can't be", head.size)))?;
    let body = lz4_flex::block::decompress(packed, size).map_err(|error| damaged(what(), error.to_string()))?;
    if body.len() != size {
        return Err(damaged(what(), format!("{} bytes instead of {size}", body.len())));
    }
    let charset = |name: String| {
        Charset::parse(&name).ok_or_else(|| damaged(what(), format!("the charset `{name}` is not known")))
    };
    Ok(Event {
        source: source(&row.source, || format!("event {id}"))?,
        kind: row.kind(),
        delivery_id: row.delivery_id.clone(),
        received_at: instant(row.received_at),
        headers: head.headers,
        encoding: match head.encoding {
            EncodingRow::Json => Encoding::Json,
            EncodingRow::Form => Encoding::Form,
            EncodingRow::Text => Encoding::Text,
            EncodingRow::Xml => Encoding::Xml,
        },
        codings: Codings {
            charset: head.charset.map(charset).transpose()?,
            compressions: head.compressions.iter().map(CompressionRow::compression).collect(),
        },
        body: RawBody(Bytes::from(body)),
    })
}

fn split(bytes: &[u8], what: impl Fn() -> String) -> Result<(Head, &[u8]), StoreError> {
    let unread = |error: postcard::Error| damaged(what(), error.to_string());
    match bytes.split_first() {
        Some((1, row)) => {
            let (head, rest) = postcard::take_from_bytes::<FirstHead>(row).map_err(unread)?;
            Ok((head.into(), rest))
        }
        Some((&VERSION, row)) => postcard::take_from_bytes(row).map_err(unread),
        Some((other, _)) => Err(other_version(what(), *other, VERSION)),
        None => Err(damaged(what(), "it is empty".into())),
    }
}

impl CompressionRow {
    fn of(compression: &Compression) -> Self {
        match compression {
            Compression::Gzip => Self::Gzip,
            Compression::Deflate => Self::Deflate,
            Compression::Brotli => Self::Brotli,
        }
    }

    fn compression(&self) -> Compression {
        match self {
            Self::Gzip => Compression::Gzip,
            Self::Deflate => Compression::Deflate,
            Self::Brotli => Compression::Brotli,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::EventType, outcome::Reason};

    fn sent(body: &'static [u8]) -> Event {
        Event {
            source: "ci".parse().unwrap(),
            kind: EventType::new("build", Some("failed")),
            delivery_id: None,
            received_at: instant(1_760_000_000_123),
            headers: vec![("x-build".into(), "7".into())],
            encoding: Encoding::Form,
            codings: Codings::default(),
            body: RawBody(Bytes::from_static(body)),
        }
    }

    fn read(sent: &Event, payload: &[u8]) -> Result<Event, StoreError> {
        event(EventId::from_u128(9), &EventRow::new(sent, &[], Some(Reason::NoSubscription)), payload)
    }

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        for body in [b"" as &[u8], b"a", &[7; 4000], b"payload=%7B%7D"] {
            for encoding in [Encoding::Json, Encoding::Form, Encoding::Text, Encoding::Xml] {
                for charset in [None, Some(Charset::default()), Charset::parse("latin1"), Charset::parse("utf-16")] {
                    let compressions = vec![Compression::Deflate, Compression::Brotli, Compression::Gzip];
                    let event = Event { encoding, codings: Codings { charset, compressions }, ..sent(body) };
                    assert_eq!(read(&event, &encode_payload(&event).unwrap()).unwrap(), event);
                }
            }
        }
    }

    #[test]
    fn a_payload_with_a_byte_changed_or_cut_is_never_read_as_something_else_in_size() {
        let event = sent(&[3; 900]);
        let bytes = encode_payload(&event).unwrap();
        assert!(read(&event, bytes.get(..bytes.len() - 1).unwrap()).is_err());
        let mut longer = bytes.clone();
        longer.extend_from_slice(&[0; 3]);
        assert!(read(&event, &longer).is_err());
        let error = read(&event, &[&[9], bytes.as_slice()].concat()).unwrap_err().to_string();
        assert!(error.contains("version 9"), "{error}");
    }

    #[test]
    fn payloads_of_version_one_are_read() {
        for (form, encoding) in [(false, Encoding::Json), (true, Encoding::Form)] {
            let event = Event { encoding, ..sent(b"payload=%7B%7D") };
            let head = FirstHead { headers: event.headers.clone(), form, size: event.body.0.len() as u64 };
            let mut bytes = postcard::to_extend(&head, vec![1]).unwrap();
            bytes.extend_from_slice(&lz4_flex::block::compress(&event.body.0));
            assert_eq!(read(&event, &bytes).unwrap(), event);
        }
    }

    /// As written by the last version that knew nothing else.
    #[test]
    fn the_bytes_of_version_one_stand() {
        let bytes = hex::decode("010107782d6275696c64013701022078 79".replace(' ', "")).unwrap();
        assert_eq!(read(&sent(b"xy"), &bytes).unwrap(), sent(b"xy"));
    }

    /// The form is a promise to the disks out there: where this fails, raise [`VERSION`] and read all.
    #[test]
    fn the_form_of_version_two_stands() {
        let codings = Codings { charset: Charset::parse("latin1"), compressions: vec![Compression::Brotli] };
        let event = Event { encoding: Encoding::Xml, codings, ..sent(b"xy") };
        let bytes = hex::encode(encode_payload(&event).unwrap());
        assert_eq!(bytes, "020107782d6275696c64013703010c77696e646f77732d31323532010202207879");
    }
}
