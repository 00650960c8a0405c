//! The phrases that the program itself writes into cards, in English, which is what languages are looked up by.

macro_rules! phrases {
    ($($name:ident = $text:literal;)*) => {
        $(pub(crate) const $name: &str = $text;)*

        /// All of them.
        #[cfg(test)]
        pub(in crate::render) const ALL: &[&str] = &[$($text),*];
    };
}

phrases! {
    // Helpers.
    AGO = "{length} ago";
    MORE = "… and {number} more";
    MORE_OF = "… and {number} more {noun}";
    YES = "yes";
    NO = "no";
    // The card that goes out where a template failed.
    STATUS = "Status";
    EVENT = "Event";
    DELIVERY = "Delivery";
    OPEN = "Open";
    FAILED = "Shown plainly because the template failed: {why}";
    // What is said of a card that had to be made to fit.
    AND_MORE = "and {number} more";
    SHORTENED = "Shortened to fit into Teams.";
    SHORTENED_LINKED = "Shortened to fit into Teams. Follow the link for the rest.";
    // What stands over those in a digest that grew too old for a card of their own.
    PAST_THEIR_TIME = "Too old for a card of their own";
    // The card of `subscription test`.
    CAN_POST = "teams-relay can post here";
    WILL_ARRIVE = "Events of {source} will arrive in this channel for {name}.";
    THIS_SUBSCRIPTION = "this subscription";
    // The card with a code, which somebody who subscribes has to type.
    SUBSCRIBES = "Somebody wants cards to be posted to this channel";
    TYPE_CODE = "To allow cards about {source} here, type this code on the page. It holds for 15 minutes. If nobody here asked for it, do nothing.";
}

/// Units of time; they stand in a table of their own, since they are too short to be told from other words.
#[cfg(test)]
pub(in crate::render) const UNITS: [&str; 5] = ["d", "h", "min", "s", "ms"];
