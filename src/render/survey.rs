//! Finds its way in a payload of which nothing is known: what it is about, how it stands, where it leads.

mod facts;
mod leaves;
mod names;
mod parties;

use serde_json::Value;

use self::{
    facts::is_opaque,
    leaves::{Leaf, leaves},
    names::{GRADES, KINDS, LINKS, STATES, TEXTS, TITLES, words},
};
pub(super) use self::{
    facts::{How, fact_leaves, facts},
    parties::{Party, actor, place},
};
use super::{
    helpers::severity,
    text::{first_line, one_line, truncate, web_address},
};

/// Objects in which a title may stand; what stands deeper is about something else.
const DEEPEST_TITLE: usize = 3;
/// Words of a text that is worth a paragraph.
const FEWEST_WORDS: usize = 3;

/// What it is about, as one line; empty where nothing says.
pub(super) fn title(payload: &Value) -> String {
    title_among(&leaves(payload))
}

/// The values that `title`, `text`, `status` and `link` find.
pub(super) struct Found<'a> {
    pub(super) title: Option<&'a Value>,
    pub(super) text: Option<&'a Value>,
    pub(super) status: Option<&'a Value>,
    pub(super) link: Option<&'a Value>,
}

/// Finds them all.
pub(super) fn find(payload: &Value) -> Found<'_> {
    let leaves = leaves(payload);
    Found {
        title: called(&leaves).map(|leaf| leaf.value),
        text: text_leaf(&leaves).map(|leaf| leaf.value),
        status: status_leaf(&leaves).map(|leaf| leaf.value),
        link: link_leaf(&leaves).map(|(leaf, _)| leaf.value),
    }
}

fn title_among(leaves: &[Leaf<'_>]) -> String {
    let line = |text: &str| truncate(&one_line(first_line(text)), 160);
    if let Some(text) = called(leaves).and_then(Leaf::text) {
        return line(text);
    }
    let kind = KINDS.iter().find_map(|name| among(leaves, name).filter(|leaf| leaf.depth <= 1)).and_then(Leaf::text);
    line(&words(kind.unwrap_or_default()))
}

/// The value of the best name for a title: of the event's own ones, else of what stands beside it.
fn called<'b, 'a>(leaves: &'b [Leaf<'a>]) -> Option<&'b Leaf<'a>> {
    let in_row = |row: &[&str], beside: bool, deepest: usize| {
        let fits = |leaf: &&Leaf<'a>| leaf.beside == beside && leaf.depth <= deepest && is_said(leaf);
        row.iter().find_map(|name| leaves.iter().filter(fits).find(|leaf| leaf.name == *name))
    };
    let own = |(index, row): (usize, &&[&str])| in_row(row, false, if index == 0 { usize::MAX } else { DEEPEST_TITLE });
    let found = TITLES.iter().enumerate().find_map(own);
    found.or_else(|| TITLES.iter().find_map(|row| in_row(row, true, DEEPEST_TITLE)))
}

/// What describes it, if that is more than its title says.
pub(super) fn text(payload: &Value) -> String {
    let leaves = leaves(payload);
    let text = text_leaf(&leaves).and_then(Leaf::text).unwrap_or_default();
    // Datadog fences Markdown with `%%%`.
    truncate(text.trim_matches('%').trim(), 600)
}

fn text_leaf<'b, 'a>(leaves: &'b [Leaf<'a>]) -> Option<&'b Leaf<'a>> {
    let title = title_among(leaves);
    let is_more = |text: &str| one_line(text) != title && text.split_whitespace().count() >= FEWEST_WORDS;
    let of_name = |name: &&str| {
        let mut own = leaves.iter().filter(|leaf| !leaf.beside && leaf.name == **name && is_said(leaf));
        own.find(|leaf| leaf.text().is_some_and(is_more))
    };
    TEXTS.iter().find_map(of_name)
}

/// How it stands, in its own word.
pub(super) fn status(payload: &Value) -> String {
    one_line(status_leaf(&leaves(payload)).and_then(Leaf::text).unwrap_or_default())
}

fn status_leaf<'b, 'a>(leaves: &'b [Leaf<'a>]) -> Option<&'b Leaf<'a>> {
    let found = STATES.iter().find_map(|row| word(leaves, row))?;
    let is_good = found.text().is_some_and(|word| severity(word) == "good");
    Some(if is_good { bad_news(leaves).unwrap_or(found) } else { found })
}

/// A check may be done, `"status": "SUCCESS"`, and what it found be bad: a state near the root that says so.
fn bad_news<'b, 'a>(leaves: &'b [Leaf<'a>]) -> Option<&'b Leaf<'a>> {
    let states = STATES.first()?;
    let own =
        |leaf: &&Leaf<'a>| !leaf.beside && !leaf.in_list && leaf.depth <= 2 && states.contains(&leaf.name.as_str());
    leaves.iter().filter(own).find(|leaf| leaf.text().is_some_and(|text| severity(text) == "critical"))
}

/// How grave it is, in its own word.
pub(super) fn grade(payload: &Value) -> String {
    one_line(word(&leaves(payload), GRADES).and_then(Leaf::text).unwrap_or_default())
}

/// The word nearest to the root that goes by one of the names.
fn word<'b, 'a>(leaves: &'b [Leaf<'a>], names: &[&str]) -> Option<&'b Leaf<'a>> {
    let rank = |leaf: &Leaf<'_>| names.iter().position(|name| leaf.name == *name);
    let found = leaves.iter().filter(|leaf| !leaf.beside).filter_map(|leaf| {
        let text = leaf.text().filter(|text| text.chars().count() <= 30 && text.contains(char::is_alphabetic))?;
        Some((leaf.depth, rank(leaf)?, text, leaf))
    });
    found
        .filter(|(_, _, text, _)| web_address(text).is_none())
        .min_by_key(|(depth, rank, ..)| (*depth, *rank))
        .map(|(.., leaf)| leaf)
}

/// Where it leads: the address of the best name, else the first; none for a picture's or an API's.
pub(super) fn link(payload: &Value) -> Option<String> {
    link_leaf(&leaves(payload)).map(|(_, address)| address)
}

fn link_leaf<'b, 'a>(leaves: &'b [Leaf<'a>]) -> Option<(&'b Leaf<'a>, String)> {
    let mut addresses: Vec<(&Leaf<'_>, String)> =
        leaves.iter().filter_map(|leaf| Some((leaf, web_address(leaf.text()?)?))).collect();
    addresses.sort_by_key(|(leaf, _)| leaf.beside);
    let shown = |address: &str| {
        !["/api/", "/rest/", "/_apis/", "://api.", "avatar", "gravatar", ".png", ".jpg", ".svg"]
            .iter()
            .any(|part| address.contains(part))
    };
    let of_name = |wanted: &str, beside: bool| {
        addresses.iter().find(|(leaf, address)| leaf.beside == beside && leaf.name == wanted && shown(address))
    };
    let named = |beside: bool| LINKS.iter().find_map(|name| of_name(name, beside));
    named(false).or_else(|| named(true)).or_else(|| addresses.iter().find(|(_, address)| shown(address))).cloned()
}

fn among<'b, 'a>(leaves: &'b [Leaf<'a>], name: &str) -> Option<&'b Leaf<'a>> {
    leaves.iter().find(|leaf| leaf.name == name && is_said(leaf))
}

/// Whether people would say it: a text that is no address and no digest.
fn is_said(leaf: &Leaf<'_>) -> bool {
    leaf.text().is_some_and(|text| web_address(text).is_none() && !is_opaque(text) && !text.starts_with("refs/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_known_however_they_are_written() {
        let payload =
            json!({"data": {"HtmlUrl": "https://octo.example/1", "Alert-Name": "Disk full", "currentState": "open"}});
        assert_eq!(link(&payload).as_deref(), Some("https://octo.example/1"));
        assert_eq!(title(&payload), "Disk full");
        assert_eq!(status(&payload), "open");
    }

    #[test]
    fn what_stands_beside_the_event_is_not_what_it_is_about() {
        let payload = json!({
            "repository": {"title": "tides", "status": "active", "html_url": "https://octo.example/tides"},
            "change": {"title": "Fix neap tides", "status": {"name": "In review"}, "link": "https://octo.example/7"},
        });
        assert_eq!(title(&payload), "Fix neap tides");
        assert_eq!(status(&payload), "In review");
        assert_eq!(link(&payload).as_deref(), Some("https://octo.example/7"));
    }

    #[test]
    fn bad_news_outdoes_good_news() {
        let payload =
            json!({"status": "SUCCESS", "qualityGate": {"status": "ERROR"}, "builds": [{"status": "failed"}]});
        assert_eq!(status(&payload), "ERROR");
        assert_eq!(status(&json!({"status": "ok", "previous": {"status": "down"}})), "ok");
    }

    #[test]
    fn the_kind_of_an_event_is_its_title_at_last() {
        assert_eq!(
            title(&json!({"type": "invoice.payment_failed", "data": {"object": {"id": "in_1"}}})),
            "Invoice payment failed"
        );
    }

    #[test]
    fn a_text_is_more_than_two_words() {
        assert_eq!(text(&json!({"title": "t", "service": {"summary": "Tide gauge"}})), "");
        assert_eq!(text(&json!({"title": "t", "details": "It rose too fast."})), "It rose too fast.");
    }
}
