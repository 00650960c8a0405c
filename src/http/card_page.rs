//! What draws cards in a browser, for every door that shows some.

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// The files: name, media type, text.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    [
        ("card.css", CSS, include_str!("card_page/card.css")),
        ("card.js", JS, include_str!("card_page/card.js")),
        ("markdown.js", JS, include_str!("card_page/markdown.js")),
        ("message-card.js", JS, include_str!("card_page/message-card.js")),
        ("parts.js", JS, include_str!("card_page/parts.js")),
    ]
    .into_iter()
}
