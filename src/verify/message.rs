//! What is signed, put together from a webhook by the scheme's template. The body is pointed to and not copied.

use std::borrow::Cow;

use http::HeaderMap;
use url::Url;

use super::{address::asked_for, header, why::Why};
use crate::{
    config::scheme::{Part, Template},
    event::{Charset, Codings, Encoding, Webhook},
};

/// The form's only field of this name. `Content-Type` is not signed, so a body that would be read as anything but the
/// form that is signed is refused; else a signed form could be hidden inside a body that says something else.
fn form_field<'a>(webhook: &'a Webhook, field: &str) -> Result<Cow<'a, [u8]>, Why> {
    if !is_read_as(&webhook.headers, &[Encoding::Form]) {
        let found = "is not that of a plain form, over a field of which the signature is made".to_owned();
        return Err(Why::Malformed { at: "content-type".to_owned(), found });
    }
    let mut fields = form_urlencoded::parse(&webhook.body.0).filter(|(name, _)| name == field);
    match (fields.next(), fields.next()) {
        (Some((_, Cow::Borrowed(value))), None) => Ok(Cow::Borrowed(value.as_bytes())),
        (Some((_, Cow::Owned(value))), None) => Ok(Cow::Owned(value.into_bytes())),
        _ => {
            let found = format!("has not just one field `{field}`, over which the signature is made");
            Err(Why::Malformed { at: "the body".to_owned(), found })
        }
    }
}

/// Whether the body would be read in one of these ways, just as it was sent: not inflated, and as UTF-8.
pub(super) fn is_read_as(headers: &HeaderMap, encodings: &[Encoding]) -> bool {
    let plain =
        |codings: Codings| codings.compressions.is_empty() && codings.charset.unwrap_or_default() == Charset::default();
    Encoding::of(headers).is_some_and(|encoding| encodings.contains(&encoding))
        && Codings::of(headers).is_some_and(plain)
}

/// The parts in their order; where there is none, the secret stands.
pub(super) struct Message<'a>(Vec<Option<Cow<'a, [u8]>>>);

impl<'a> Message<'a> {
    /// What is signed of this webhook, which has `time` where the scheme has a timestamp.
    pub(super) fn of(
        webhook: &'a Webhook,
        template: &'a Template,
        time: Option<&'a [u8]>,
        public_url: Option<&Url>,
    ) -> Result<Self, Why> {
        let part = |part: &'a Part| match part {
            Part::Literal(text) => Ok(Some(Cow::Borrowed(text.as_bytes()))),
            Part::Body => Ok(Some(Cow::Borrowed(&*webhook.body.0))),
            Part::Timestamp => Ok(Some(Cow::Borrowed(time.unwrap_or_default()))),
            Part::Method => Ok(Some(Cow::Borrowed(webhook.method.as_str().as_bytes()))),
            Part::Secret => Ok(None),
            Part::Header(name) => header::only(&webhook.headers, name).map(|value| Some(Cow::Borrowed(value))),
            Part::Url => match public_url {
                Some(url) => Ok(Some(Cow::Owned(asked_for(url, &webhook.target).into_bytes()))),
                // The settings are not compiled without one.
                None => Err(Why::Missing { looked_at: vec!["server.public_url".to_owned()] }),
            },
            Part::Form(field) => form_field(webhook, field).map(Some),
        };
        template.0.iter().map(part).collect::<Result<_, _>>().map(Self)
    }

    /// The parts with this secret among them.
    pub(super) fn with<'s>(&'s self, secret: &'s [u8]) -> Vec<&'s [u8]> {
        self.0.iter().map(|part| part.as_deref().unwrap_or(secret)).collect()
    }

    /// All in one piece, as public keys want it; copied unless it is one already.
    pub(super) fn whole(&self) -> Cow<'_, [u8]> {
        match self.0.as_slice() {
            [Some(one)] => Cow::Borrowed(one),
            parts => Cow::Owned(parts.iter().flatten().map(|part| &**part).collect::<Vec<_>>().concat()),
        }
    }
}
