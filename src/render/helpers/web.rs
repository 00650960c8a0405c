//! Helpers for addresses, and for texts that travel encoded.

use base64::{Engine, engine::general_purpose};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::HelperDoc;
use crate::render::{marks, text};

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "url_encode",
        usage: "{{url_encode text}}",
        gives: "The text as it may stand in a part of an address.",
        example: ["{{url_encode payload}}", r#""a b/ü""#, "a%20b%2F%C3%BC"],
        values: (1, 1),
        run: |args| Ok(utf8_percent_encode(&args.text(0), NON_ALPHANUMERIC).to_string().into()),
    },
    HelperDoc {
        name: "url_host",
        usage: "{{url_host address}}",
        gives: "The host of an http address; nothing where it is none.",
        example: ["{{url_host payload}}", r#""https://ci.octo.example:8443/job/1""#, "ci.octo.example"],
        values: (1, 1),
        run: |args| {
            let address = text::web_address(&args.text(0)).and_then(|address| url::Url::parse(&address).ok());
            Ok(address.as_ref().and_then(url::Url::host_str).unwrap_or_default().into())
        },
    },
    HelperDoc {
        name: "base64",
        usage: "{{base64 text}}",
        gives: "The text that stands there in base64; nothing where it is none, or no text.",
        example: ["{{base64 payload}}", r#""dGhlIHRoaW5n""#, "the thing"],
        values: (1, 1),
        run: |args| {
            let text = args.text(0);
            let standard = general_purpose::STANDARD_PAD_INDIFFERENT.decode(text.trim());
            let bytes = standard.or_else(|_| general_purpose::URL_SAFE_PAD_INDIFFERENT.decode(text.trim()));
            let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
            // What was hidden in it was not there when the marks were taken out of the payload.
            Ok(marks::strip(&text).into())
        },
    },
];
