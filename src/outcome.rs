//! What became of a webhook or a delivery, and why: one list of words for the store, the API, the metrics and the log.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $meaning:literal, $cure:literal;)*) => {
        /// Why something came to the end, or the wait, that it came to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $(#[doc = $meaning] $variant,)* }

        impl Reason {
            /// Every reason there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The one word for it, everywhere.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What it means, for people.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What to do about it, for people.
            pub const fn cure(self) -> &'static str {
                match self { $(Self::$variant => $cure,)* }
            }
        }

        impl std::str::FromStr for Reason {
            type Err = UnknownReason;
            fn from_str(word: &str) -> Result<Self, UnknownReason> {
                match word { $($word => Ok(Self::$variant),)* _ => Err(UnknownReason) }
            }
        }
    };
}

/// A word that is not on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a reason this version knows")]
pub struct UnknownReason;

reasons! {
    // What came of a webhook.
    Accepted = "accepted", "On disk, and on its way to at least one destination.", "Nothing.";
    Duplicate = "duplicate", "A delivery id, a signature or a body that was accepted before; not delivered again.", "Nothing; `event replay` sends it again.";
    NoSubscription = "no_subscription", "Genuine and stored, but no subscription wants it.", "Add a subscription, or leave it; `event replay` sends it then.";
    NotMapped = "not_mapped", "Genuine and stored, but a mapping of the source says to ignore it.", "Nothing, or change the source's `[[map]]`.";
    Handshake = "handshake", "A question that its provider asks before it sends events, answered; no event.", "Nothing.";
    HandshakeMalformed = "handshake_malformed", "A question of its provider that lacks what is to be answered, or holds what is not echoed.", "Look at what stands between sender and relay.";
    HandshakeRefused = "handshake_refused", "It brought a secret above the source's `captures`, or asked for an address that is not its provider's.", "If the secret is yours, raise `captures`; the log has its fingerprint.";
    KeyUnavailable = "key_unavailable", "The provider's public key could not be fetched; the sender was told to try again.", "Look at this machine's network, DNS and proxy.";
    UnknownSource = "unknown_source", "No source of that name.", "Create `sources/NAME.toml`, or correct the sender's address.";
    SourceDisabled = "source_disabled", "The source is switched off in its file.", "Set `enabled = true`, or stop the sender.";
    SourceExpired = "source_expired", "The source's `expires` has passed.", "Move `expires`, or stop the sender.";
    AddressNotAllowed = "address_not_allowed", "The sender's address is not in the source's `allow_from`.", "Add the address to `allow_from`; behind a proxy, set `server.trusted_proxies`.";
    MethodNotAllowed = "method_not_allowed", "Only POST is taken here.", "Send a POST.";
    UnsupportedMediaType = "unsupported_media_type", "Its `Content-Type`, `charset` or `Content-Encoding` is not one that is read.", "Send JSON, a form, text or XML; as it is, or as gzip, deflate or br.";
    TooManyHeaders = "too_many_headers", "More request headers than a webhook has.", "Look at what stands between sender and relay.";
    BodyTooLarge = "body_too_large", "Larger than `server.body_limit`, or than 25 MiB once inflated.", "Raise `server.body_limit`, or send less.";
    BodyTimeout = "body_timeout", "The sender took longer than `server.body_timeout`.", "Look at the sender's network, or raise the limit.";
    BodyIncomplete = "body_incomplete", "The connection ended before the body did.", "The sender will most likely try again.";
    Overloaded = "overloaded", "The bodies in hand fill `server.body_memory`; the sender was told to try again.", "Raise `server.body_memory`, or lower `server.body_limit`.";
    SignatureMissing = "signature_missing", "No signature or token where the provider puts one.", "Give the sender the source's secret.";
    SignatureInvalid = "signature_invalid", "The signature or token does not fit any secret of the source.", "Compare the sender's secret with the source's `secrets`.";
    TimestampStale = "timestamp_stale", "Signed too long ago, or too far in the future.", "Set the clocks of sender and relay.";
    SlowedDown = "slowed_down", "Its address failed verification too often; the sender was told to wait.", "`reject list` shows why it failed; mend the sender's secret, and saved settings open the door at once.";
    BodyMalformed = "body_malformed", "Genuine, but not what its `Content-Type` or `Content-Encoding` says.", "Mend the sender.";
    RateLimited = "rate_limited", "More webhooks than the source's `rate`; the sender was told to wait.", "Raise `rate`, or have the sender post less.";
    StoreFailed = "store_failed", "Could not be put on disk; the sender was told to try again.", "Free space or mend the disk, then restart.";
    StoreFull = "store_full", "The store has no room: it came to `store.max_size` or `store.min_free`; the sender was told to try again.", "See why deliveries wait, free space, or raise `store.max_size`; it ends by itself.";
    InternalFault = "internal_fault", "A fault of teams-relay; the log says where.", "Report it with the line of the log.";
    // What came of an attempt or a delivery.
    Delivered = "delivered", "The destination said yes.", "Nothing.";
    Digested = "digested", "Part of a digest that the destination said yes to.", "Nothing.";
    Throttled = "throttled", "Teams asked for fewer posts.", "Nothing; it waits as long as Teams asks. Put destinations of one owner into one `--quota-group`.";
    ServerError = "server_error", "The destination failed on its side.", "Nothing; it is tried again.";
    TimedOut = "timed_out", "No answer within `delivery.timeout`.", "Nothing; it is tried again. If it goes on, raise `delivery.timeout`.";
    ConnectionFailed = "connection_failed", "No connection, or it broke off.", "Look at this machine's network, DNS and proxy.";
    TokenUnavailable = "token_unavailable", "Entra gave no token for the destination.", "Look at the `[entra.NAME]` settings and at the app's secret; `event show` has Entra's code. It is tried again.";
    AddressRefused = "address_refused", "The host is not allowed, or leads to a private address or to teams-relay itself.", "Add the host to `destinations.allow_hosts` if it is yours.";
    Redirected = "redirected", "The destination answered with a redirect; none is followed.", "Subscribe with the URL that Teams gave.";
    CardRefused = "card_refused", "The destination does not take the card or the payload's shape.", "Try another profile, since flows differ in the shape they take; `render` shows what was posted.";
    TooLarge = "too_large", "The destination says that the card is too large.", "Shorten the template's card.";
    Unauthorized = "unauthorized", "The URL's signature is missing or wrong, or the trigger is not open to anyone.", "Its destination is paused. Open the flow's trigger to anyone, then `subscription resume`; or subscribe with the URL copied again, whole, or with `--entra`.";
    DestinationGone = "destination_gone", "The webhook or the flow was deleted, or its URL has ended.", "Its destination is paused. Make a new workflow, and subscribe with its URL.";
    DestinationOff = "destination_off", "The flow is switched off.", "Its destination is paused. Switch the flow on in Power Automate, then `subscription resume`.";
    BelowSeverity = "below_severity", "Matters less than the subscription's `--min-severity`; not posted.", "Nothing; `event replay` does not post it either.";
    Unchanged = "unchanged", "No change of state, and the subscription wants `--only-changes`; not posted.", "Nothing.";
    Unconfirmed = "unconfirmed", "A 200 whose body is not the success the connector promises; it may have been posted.", "Look into the channel; `dead replay` posts it again.";
    Unexpected = "unexpected", "An answer that is in no table.", "`event show` has the answer; report it.";
    RetriesExhausted = "retries_exhausted", "Every wait of `delivery.retry` was used.", "`event show` tells each attempt; when the cause is mended, `dead replay`.";
    Expired = "expired", "Older than `delivery.ttl`, or than its source's `ttl`.", "Raise `delivery.ttl`, or see why the lane was slow; `event replay` sends it again as long as it is young enough.";
    SubscriptionRemoved = "subscription_removed", "The subscription was removed while this waited.", "Nothing.";
    EventUnreadable = "event_unreadable", "The stored event can't be read back.", "Look into the log; the disk may be damaged.";
}

impl Reason {
    /// Whether it means that the destination takes nothing until somebody mends it.
    pub const fn shuts_destination(self) -> bool {
        matches!(self, Self::Unauthorized | Self::DestinationGone | Self::DestinationOff)
    }

    /// Whether it means that the destination failed on its side, or could not be reached, and may be back later.
    pub const fn is_outage(self) -> bool {
        matches!(self, Self::ServerError | Self::TimedOut | Self::ConnectionFailed | Self::TokenUnavailable)
    }

    /// The outcome that a webhook is counted under: the word itself, and `ignored` for all that nobody gets.
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::NoSubscription | Self::NotMapped => "ignored",
            other => other.as_str(),
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The books: what the relay took on, and what became of it. Kept by the store, true at every moment and over restarts.
///
/// The unit is the delivery; an event that nobody wants counts once, as ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Accounts {
    /// Everything taken on.
    pub accepted: u64,
    /// Posted, one card each.
    pub delivered: u64,
    /// Posted as part of a digest.
    pub digested: u64,
    /// Given up, with a reason.
    pub dead: u64,
    /// Wanted by nobody, or not by the subscription once it was seen what it says.
    pub ignored: u64,
    /// Still to be posted.
    pub waiting: u64,
}

impl Accounts {
    /// Whether everything taken on is accounted for.
    pub fn balance(&self) -> bool {
        self.accepted == self.delivered + self.digested + self.dead + self.ignored + self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_word_of_its_own_that_reads_back() {
        let mut words: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(*reason));
        }
    }

    #[test]
    fn the_readme_lists_every_reason_its_meaning_and_its_cure() {
        let readme = include_str!("../README.md");
        let table = readme.split_once("kept equal to src/outcome.rs by a test -->\n").unwrap().1;
        let table = table.split_once("<!-- /outcomes -->").unwrap().0.trim();
        let mut wanted = vec!["| word | meaning | what to do |".to_owned(), "|---|---|---|".to_owned()];
        wanted.extend(
            Reason::ALL.iter().map(|reason| format!("| `{reason}` | {} | {} |", reason.meaning(), reason.cure())),
        );
        assert_eq!(table, wanted.join("\n"));
    }
}
