//! What was done to a body on its way, and undoing it under a bound.

use std::{
    borrow::Cow,
    io::{self, BufRead, BufReader, ErrorKind, Read},
};

use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use http::{HeaderMap, header};

use super::{BadPayload, Charset};

/// Bytes that a body may have once inflated, and between two codings. GitHub sends the greatest bodies there are: at
/// most 25 MB (docs.github.com, "Webhook events and payloads").
pub const MOST_INFLATED: usize = 25 << 20;
/// Codings in a row; nobody sends more, and each costs its share.
const MOST_CODINGS: usize = 2;
/// Bytes read at once.
const CHUNK: usize = 8 << 10;

/// What was done to a body on its way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Codings {
    /// The charset that `Content-Type` names.
    pub charset: Option<Charset>,
    /// As `Content-Encoding` lists them: in the order in which they were done.
    pub compressions: Vec<Compression>,
}

/// One way to make a body smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// `gzip`, of one member.
    Gzip,
    /// `deflate`: zlib as it should be, or raw as some send it.
    Deflate,
    /// `br`.
    Brotli,
}

impl Codings {
    /// By the headers; none where they name a charset or a coding that is not read, or too many of them.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let charset = match charset_label(headers) {
            Some(label) => Some(Charset::parse(&label)?),
            None => None,
        };
        let mut compressions = Vec::new();
        for value in headers.get_all(header::CONTENT_ENCODING) {
            for word in value.to_str().ok()?.split(',') {
                match word.trim().to_ascii_lowercase().as_str() {
                    "" | "identity" => {}
                    "gzip" | "x-gzip" => compressions.push(Compression::Gzip),
                    "deflate" => compressions.push(Compression::Deflate),
                    "br" => compressions.push(Compression::Brotli),
                    _ => return None,
                }
            }
        }
        (compressions.len() <= MOST_CODINGS).then_some(Self { charset, compressions })
    }
}

fn charset_label(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters = kind.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, label) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(label.trim().trim_matches('"').to_owned())
}

/// The body as it was before it was compressed. A body with nothing in it is nothing, whatever it is said to be.
pub(super) fn inflate<'a>(compressions: &[Compression], body: &'a [u8]) -> Result<Cow<'a, [u8]>, BadPayload> {
    if compressions.is_empty() || body.is_empty() {
        return Ok(Cow::Borrowed(body));
    }
    let mut reader: Box<dyn Read + 'a> = Box::new(body);
    for compression in compressions.iter().rev() {
        let layer = open(*compression, reader).map_err(|_| BadPayload::NotInflated)?;
        // Between two codings too: a flood that the second one swallows would cost as much.
        reader = Box::new(Bounded { inner: layer, left: MOST_INFLATED });
    }
    let mut inflated = Vec::new();
    match reader.read_to_end(&mut inflated) {
        Ok(_) => Ok(Cow::Owned(inflated)),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => Err(BadPayload::TooLarge),
        Err(_) => Err(BadPayload::NotInflated),
    }
}

fn open<'a>(compression: Compression, mut inner: Box<dyn Read + 'a>) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match compression {
        Compression::Gzip => Box::new(OneMember(GzDecoder::new(BufReader::with_capacity(CHUNK, inner)))),
        Compression::Brotli => {
            let mut brotli = Decompressor::new(inner, CHUNK);
            // A large window is no part of `br`, and would let a few bytes ask for a gigabyte.
            brotli.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
            Box::new(brotli)
        }
        Compression::Deflate => {
            let mut head = Vec::new();
            inner.by_ref().take(2).read_to_end(&mut head)?;
            let is_zlib = matches!(*head, [method, check]
                if method & 0xf == 8 && u16::from_be_bytes([method, check]).is_multiple_of(31));
            let whole = BufReader::with_capacity(CHUNK, io::Cursor::new(head).chain(inner));
            if is_zlib { Box::new(ZlibDecoder::new(whole)) } else { Box::new(DeflateDecoder::new(whole)) }
        }
    })
}

/// gzip without anything behind its end. It may have many members, but no sender makes more than one, and a body of
/// empty ones would cost far more than its size.
struct OneMember<R>(GzDecoder<R>);

impl<R: BufRead> Read for OneMember<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        if read == 0 && !buffer.is_empty() && !self.0.get_mut().fill_buf()?.is_empty() {
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(read)
    }
}

/// Fails once more than so many bytes come out.
struct Bounded<R> {
    inner: R,
    left: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read).ok_or_else(|| io::Error::from(ErrorKind::FileTooLarge))?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression as Level,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use http::HeaderValue;

    use super::*;

    /// `{"a": 1}` as the reference encoder of Brotli would store it: one metablock, not compressed, and the end.
    const BROTLI: &[u8] = b"\x8b\x03\x80{\"a\": 1}\x03";

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Level::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(body: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Level::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn raw(body: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Level::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn inflated(compressions: &[Compression], body: &[u8]) -> Result<Vec<u8>, BadPayload> {
        inflate(compressions, body).map(Cow::into_owned)
    }

    fn codings(kind: &'static str, content_encodings: &[&'static str]) -> Option<Codings> {
        let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
        for value in content_encodings {
            headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        Codings::of(&headers)
    }

    #[test]
    fn every_coding_is_undone() {
        let body = b"{\"a\": 1}";
        assert_eq!(inflated(&[], body).unwrap(), body);
        assert_eq!(inflated(&[Compression::Gzip], &gzip(body)).unwrap(), body);
        assert_eq!(inflated(&[Compression::Deflate], &zlib(body)).unwrap(), body);
        assert_eq!(inflated(&[Compression::Deflate], &raw(body)).unwrap(), body);
        assert_eq!(inflated(&[Compression::Brotli], BROTLI).unwrap(), body);
        assert_eq!(inflated(&[Compression::Deflate, Compression::Gzip], &gzip(&zlib(body))).unwrap(), body);
        assert_eq!(inflated(&[Compression::Gzip], b"").unwrap(), b"");
    }

    #[test]
    fn a_body_that_was_cut_or_is_something_else_is_refused() {
        let long: Vec<u8> = (0..9000_u32).flat_map(u32::to_le_bytes).collect();
        for (compression, whole) in [
            (Compression::Gzip, gzip(&long)),
            (Compression::Deflate, zlib(&long)),
            (Compression::Deflate, raw(&long)),
            (Compression::Brotli, BROTLI.to_vec()),
        ] {
            for cut in [1, 2, whole.len() / 2, whole.len() - 1] {
                let cut = whole.get(..cut).unwrap();
                assert_eq!(inflated(&[compression], cut), Err(BadPayload::NotInflated), "{compression:?}");
            }
            assert_eq!(inflated(&[compression], b"{\"a\": 1}"), Err(BadPayload::NotInflated), "{compression:?}");
        }
    }

    #[test]
    fn a_bomb_is_given_up_at_the_bound() {
        let full = vec![0; MOST_INFLATED];
        assert_eq!(inflated(&[Compression::Gzip], &gzip(&full)).unwrap().len(), MOST_INFLATED);
        let bomb = gzip(&[full.as_slice(), &[0]].concat());
        assert_eq!(inflated(&[Compression::Gzip], &bomb), Err(BadPayload::TooLarge));
        assert_eq!(inflated(&[Compression::Gzip, Compression::Gzip], &gzip(&bomb)), Err(BadPayload::TooLarge));
    }

    #[test]
    fn each_layer_has_the_bound_of_its_own() {
        let mut bounded = Bounded { inner: io::repeat(0), left: 9 };
        assert_eq!(bounded.read_to_end(&mut Vec::new()).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn what_stands_behind_the_end_of_gzip_is_refused() {
        let two = [gzip(b"{}"), gzip(b"")].concat();
        assert_eq!(inflated(&[Compression::Gzip], &two), Err(BadPayload::NotInflated));
    }

    #[test]
    fn the_headers_say_what_was_done_and_what_is_not_known_is_none() {
        assert_eq!(codings("application/json", &["identity", ""]), Some(Codings::default()));
        let two = codings("text/plain; Charset=\"UTF-8\"", &["X-Gzip, br"]).unwrap();
        assert_eq!(two.compressions, [Compression::Gzip, Compression::Brotli]);
        assert_eq!(two.charset, Some(Charset::default()));
        assert_eq!(codings("text/plain", &["deflate", "br"]).unwrap().compressions.len(), 2);
        assert_eq!(codings("text/plain", &["gzip, gzip", "gzip"]), None);
        assert_eq!(codings("text/plain", &["zstd"]), None);
        assert_eq!(codings("text/plain; charset=klingon", &[]), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_inflated_or_refused_without_a_panic(body: Vec<u8>) {
            for compression in [Compression::Gzip, Compression::Deflate, Compression::Brotli] {
                drop(inflate(&[compression], &body));
            }
        }
    }
}
