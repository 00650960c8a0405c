//! Refuses what would be dangerous: to let a stranger's request be looked into before it is proved, be signed with the
//! source's secret, or have the relay ask another address.

use super::{AnswerBody, HandshakeSpec, Method, Piece, understand::Notes};
use crate::config::provider::Place;

impl HandshakeSpec {
    pub(super) fn refuse_dangers(&self, notes: &mut Notes<'_>) {
        if self.verified && self.method != Method::Post {
            let cure = "write verified = false, or leave it out; only a POST is signed";
            notes.add("verified", "is true for a method that proves nothing", cure);
        }
        if self.method == Method::Post && self.when.is_empty() {
            notes.add(
                "when",
                "is missing, so that every webhook would fit and none be an event",
                "say what must stand where",
            );
        }
        if self.capture.is_some() && self.method != Method::Post {
            notes.add("capture", "stands at a method that brings no secret", "write method = \"POST\"");
        }
        if self.capture.is_some() && self.verified {
            let cure = "write verified = false: there is nothing yet to prove it with";
            notes.add("capture", "is of a handshake that must be proved first", cure);
        }
        if self.verified {
            return;
        }
        if self.confirm.is_some() {
            notes.add("confirm", "would ask an address that anyone may name", "write verified = true");
        }
        for (at, place) in self.places() {
            if matches!(place, Place::Body(_)) {
                let cure = "look at a header or the query, or write verified = true for a POST";
                notes.add(&at, "looks into a body that is not proved", cure);
            }
        }
        for (at, piece) in self.pieces() {
            if matches!(piece, Piece::Hmac(_)) {
                notes.add(&at, "would sign whatever anyone sends", "write verified = true, or take `hmac` out");
            }
        }
    }

    fn pieces(&self) -> Vec<(String, &Piece)> {
        let mut pieces: Vec<(String, &Piece)> =
            self.headers.iter().map(|(name, piece)| (format!("answer.headers.{}", name.0), piece)).collect();
        match &self.body {
            AnswerBody::Empty => {}
            AnswerBody::Text(piece) => pieces.push(("answer.text".to_owned(), piece)),
            AnswerBody::Json(members) => {
                pieces.extend(members.iter().map(|(name, piece)| (format!("answer.json.{name}"), piece)));
            }
        }
        pieces
    }

    /// Every place that is looked at or echoed, with its key.
    pub(crate) fn places(&self) -> Vec<(String, &Place)> {
        let mut places: Vec<(String, &Place)> =
            self.when.iter().map(|(place, _)| (format!("when.{place}"), place)).collect();
        places.extend(self.secret.iter().map(|place| ("secret".to_owned(), place)));
        places.extend(self.pieces().into_iter().filter_map(|(at, piece)| Some((at, piece.place()?))));
        places
    }
}
