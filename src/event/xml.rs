//! XML as a tree that templates and conditions can walk, made without anything that could expand.
//!
//! `<build id="7"><step>a</step><step>b</step></build>` is `{"build": {"@id": "7", "step": ["a", "b"]}}`. Text beside
//! attributes or elements stands under `#text`; white space around a text is dropped; names keep their prefix. An
//! element that may stand once or more is a list only where it stands more than once.

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesRef, BytesStart, Event},
};
use serde_json::{Map, Value, map::Entry};

use super::{Charset, encoding::repeat};

/// Elements in elements; lists in lists go about as deep in JSON.
const MOST_DEPTH: usize = 128;
/// Bytes in which an XML declaration must end to be looked at.
const DECLARATION: usize = 200;

/// Why the payload is no tree. Holds a position, never content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload can't be read as XML (byte {at}): {why}")]
pub struct NotXml {
    /// Near which byte of the text, from 0.
    pub at: usize,
    /// What stands there.
    pub why: &'static str,
}

/// The charset that an XML declaration names, as old senders write it instead of a header.
pub(super) fn declared_charset(body: &[u8]) -> Option<Charset> {
    let head = body.get(..DECLARATION.min(body.len()))?;
    let head = head.split(|byte| *byte == b'>').next().and_then(|head| std::str::from_utf8(head).ok())?;
    let (_, label) = head.trim_start().strip_prefix("<?xml")?.split_once("encoding")?;
    let label = label.trim_start().strip_prefix('=')?.trim_start();
    let quote = label.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    // `utf-16` is what .NET declares, whatever it then writes.
    Charset::parse(label.strip_prefix(quote)?.split(quote).next()?).filter(|charset| charset.holds_ascii())
}

/// An object with one member: the root element.
pub(super) fn parse(text: &str) -> Result<Value, NotXml> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree::default();
    loop {
        let event = reader.read_event();
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let taken = match event {
            // What the reader says may quote the text.
            Err(_) => Err("it is not well formed"),
            Ok(Event::Eof) => return tree.finish().map_err(|why| NotXml { at, why }),
            Ok(event) => tree.take(&event),
        };
        taken.map_err(|why| NotXml { at, why })?;
    }
}

/// The elements that are open, and the root once it is closed.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Map<String, Value>>,
}

#[derive(Default)]
struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
}

impl Tree {
    fn take(&mut self, event: &Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::Start(start) | Event::Empty(start) => self.start(start),
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.text(resolved(reference)?.as_str()),
            Event::DocType(_) => Err("it has a DOCTYPE, which is not read"),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), &'static str> {
        if self.open.len() == MOST_DEPTH {
            return Err("at most 128 levels of elements are read");
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err("it has a second root element");
        }
        let mut members = Map::new();
        let mut attributes = start.attributes();
        // The reader's own check compares each attribute with all before it.
        for attribute in attributes.with_checks(false) {
            let attribute = attribute.map_err(|_| "an attribute is not well formed")?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|_| "an attribute has an entity that is not one of XML's five")?;
            if members.insert(format!("@{}", attribute.key.as_ref()), value.into()).is_some() {
                return Err("an attribute stands twice");
            }
        }
        self.open.push(Element { name: start.name().as_ref().to_owned(), members, text: String::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), &'static str> {
        let element = self.open.pop().ok_or("an element ends that did not begin")?;
        let (name, value) = element.closed();
        let members = match self.open.last_mut() {
            Some(parent) => &mut parent.members,
            None => self.root.insert(Map::new()),
        };
        match members.entry(name) {
            Entry::Vacant(place) => {
                place.insert(value);
            }
            Entry::Occupied(mut place) => repeat(place.get_mut(), value),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), &'static str> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err("text stands outside of the root element"),
        }
        Ok(())
    }

    fn finish(self) -> Result<Value, &'static str> {
        if !self.open.is_empty() {
            return Err("it ends before its elements do");
        }
        self.root.map(Value::Object).ok_or("it has no element")
    }
}

impl Element {
    fn closed(self) -> (String, Value) {
        let Self { name, mut members, text } = self;
        let text = text.trim();
        if members.is_empty() {
            return (name, text.into());
        }
        if !text.is_empty() {
            members.insert("#text".to_owned(), text.into());
        }
        (name, Value::Object(members))
    }
}

/// The letter that a reference stands for: a number, or one of the five that XML itself has.
fn resolved(reference: &BytesRef<'_>) -> Result<String, &'static str> {
    match reference.resolve_char_ref() {
        Ok(Some(letter)) => Ok(letter.to_string()),
        Ok(None) => {
            resolve_xml_entity(reference).map(str::to_owned).ok_or("it has an entity that is not one of XML's five")
        }
        Err(_) => Err("it has a character reference to no character"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(text: &str) -> &'static str {
        parse(text).unwrap_err().why
    }

    #[test]
    fn elements_attributes_and_texts_become_a_tree() {
        let text = r#"<?xml version="1.0"?><!-- c --><ci:build xmlns:ci="urn:x" id='7 &lt; 8'>
            <step>a</step> <step> b &amp; &#x41;&#66; </step><step/><note lang="en">done</note>
            <raw><![CDATA[<b> & ]]></raw><mixed>one<b/>two</mixed></ci:build>"#;
        let tree = json!({"ci:build": {
            "@xmlns:ci": "urn:x", "@id": "7 < 8",
            "step": ["a", "b & AB", ""],
            "note": {"@lang": "en", "#text": "done"},
            "raw": "<b> &",
            "mixed": {"b": "", "#text": "onetwo"},
        }});
        assert_eq!(parse(text).unwrap(), tree);
    }

    #[test]
    fn nothing_is_expanded_and_nothing_fetched() {
        let bomb = r#"<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>"#;
        assert!(refused(bomb).contains("DOCTYPE"));
        assert!(refused(r#"<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>"#).contains("DOCTYPE"));
        assert!(refused("<a>&nbsp;</a>").contains("entity"));
        assert!(refused("<a b='&c;'/>").contains("entity"));
        assert!(refused("<a>&#xd800;</a>").contains("character reference"));
    }

    #[test]
    fn what_is_not_one_whole_tree_is_refused() {
        for text in
            ["<a>", "<a></b>", "</a>", "<a/><b/>", "<a/>x", "hello", "<?xml version='1.0'?>", "<a b=c/>", "<a & />"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(refused("<a b='1' b='2'/>").contains("twice"));
    }

    #[test]
    fn elements_are_read_128_deep_and_no_deeper() {
        let nested = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
        assert!(parse(&nested(128)).is_ok());
        assert!(refused(&nested(129)).contains("128"));
    }

    #[test]
    fn an_error_names_a_place_and_quotes_nothing() {
        let error = parse("<a>ok</a><password>hunter2</password>").unwrap_err();
        assert!(error.to_string().contains("byte 19") && !error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn a_declaration_may_name_the_charset() {
        let declared = |text: &str| declared_charset(text.as_bytes()).map(Charset::as_str);
        assert_eq!(declared("<?xml version='1.0' encoding='ISO-8859-1'?><a/>"), Some("windows-1252"));
        assert_eq!(declared("<?xml version=\"1.0\" encoding = \"utf-8\"?>"), Some("UTF-8"));
        assert_eq!(declared("<a encoding='latin1'/>"), None);
        assert_eq!(declared("<?xml version='1.0' encoding='utf-16'?>"), None);
        assert_eq!(declared("<?xml encoding"), None);
    }
}
