//! What Adaptive Card 1.4 knows and Teams shows: each element's properties, and how each property is to be read.

/// How a property's value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text in which Teams reads Markdown.
    Markdown,
    /// Text that is shown as it is.
    Plain,
    /// The same within a line, where the blanks at its ends part it from its neighbours.
    Run,
    /// An absolute http or https address.
    Address,
    /// True or false.
    Flag,
    /// A whole number.
    Number,
    /// One of these words, in any case.
    Word(&'static [&'static str]),
    /// A size: a word, a number, or pixels such as `24px`.
    Size,
    /// A list of elements.
    Elements,
    /// A list of things of this type; `type` may be left out in it.
    List(&'static str),
    /// One `Action.OpenUrl`.
    Action,
}

use Kind::{Action, Address, Elements, Flag, List, Markdown, Number, Plain, Run, Size, Word};

const COLOR: Kind = Word(&["default", "dark", "light", "accent", "good", "warning", "attention"]);
const FONT: Kind = Word(&["default", "monospace"]);
const ALIGN: Kind = Word(&["left", "center", "right"]);
const VERTICAL: Kind = Word(&["top", "center", "bottom"]);
const TEXT_SIZE: Kind = Word(&["default", "small", "medium", "large", "extraLarge"]);
const WEIGHT: Kind = Word(&["default", "lighter", "bolder"]);
const STYLE: Kind = Word(&["default", "emphasis", "good", "attention", "warning", "accent"]);
const SPACING: Kind = Word(&["default", "none", "small", "medium", "large", "extraLarge", "padding"]);
const IMAGE_SIZE: Kind = Word(&["auto", "stretch", "small", "medium", "large"]);

/// A type with the properties of its own, and the one without which it shows nothing.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) properties: &'static [(&'static str, Kind)],
    pub(crate) needs: &'static str,
    /// Whether it takes the properties that all elements have.
    pub(crate) is_element: bool,
}

/// The properties that all elements have.
pub(crate) const COMMON: &[(&str, Kind)] =
    &[("id", Plain), ("isVisible", Flag), ("separator", Flag), ("spacing", SPACING), ("height", Size)];

/// Everything that may stand in a card.
pub(crate) const KNOWN: &[Known] = &[
    Known {
        name: "TextBlock",
        properties: &[
            ("text", Markdown),
            ("color", COLOR),
            ("fontType", FONT),
            ("horizontalAlignment", ALIGN),
            ("isSubtle", Flag),
            ("maxLines", Number),
            ("size", TEXT_SIZE),
            ("weight", WEIGHT),
            ("wrap", Flag),
        ],
        needs: "text",
        is_element: true,
    },
    Known {
        name: "RichTextBlock",
        properties: &[("inlines", List("TextRun")), ("horizontalAlignment", ALIGN)],
        needs: "inlines",
        is_element: true,
    },
    Known {
        name: "TextRun",
        properties: &[
            ("text", Run),
            ("color", COLOR),
            ("fontType", FONT),
            ("highlight", Flag),
            ("isSubtle", Flag),
            ("italic", Flag),
            ("selectAction", Action),
            ("size", TEXT_SIZE),
            ("strikethrough", Flag),
            ("underline", Flag),
            ("weight", WEIGHT),
        ],
        needs: "text",
        is_element: false,
    },
    Known {
        name: "Image",
        properties: &[
            ("url", Address),
            ("altText", Plain),
            ("backgroundColor", Plain),
            ("horizontalAlignment", ALIGN),
            ("selectAction", Action),
            ("size", IMAGE_SIZE),
            ("style", Word(&["default", "person"])),
            ("width", Size),
        ],
        needs: "url",
        is_element: true,
    },
    Known {
        name: "ImageSet",
        properties: &[("images", List("Image")), ("imageSize", IMAGE_SIZE)],
        needs: "images",
        is_element: true,
    },
    Known {
        name: "Container",
        properties: &[
            ("items", Elements),
            ("bleed", Flag),
            ("minHeight", Size),
            ("selectAction", Action),
            ("style", STYLE),
            ("verticalContentAlignment", VERTICAL),
        ],
        needs: "items",
        is_element: true,
    },
    Known {
        name: "ColumnSet",
        properties: &[
            ("columns", List("Column")),
            ("bleed", Flag),
            ("horizontalAlignment", ALIGN),
            ("minHeight", Size),
            ("selectAction", Action),
            ("style", STYLE),
        ],
        needs: "columns",
        is_element: true,
    },
    Known {
        name: "Column",
        properties: &[
            ("items", Elements),
            ("bleed", Flag),
            ("minHeight", Size),
            ("selectAction", Action),
            ("style", STYLE),
            ("verticalContentAlignment", VERTICAL),
            ("width", Size),
        ],
        needs: "items",
        is_element: true,
    },
    Known { name: "FactSet", properties: &[("facts", List("Fact"))], needs: "facts", is_element: true },
    Known { name: "Fact", properties: &[("title", Markdown), ("value", Markdown)], needs: "value", is_element: false },
    Known { name: "ActionSet", properties: &[("actions", List("Action.OpenUrl"))], needs: "actions", is_element: true },
    Known {
        name: "Action.OpenUrl",
        properties: &[
            ("title", Plain),
            ("url", Address),
            ("iconUrl", Address),
            ("id", Plain),
            ("style", Word(&["default", "positive", "destructive"])),
        ],
        needs: "url",
        is_element: false,
    },
];

/// The types that may stand in a list of elements.
pub(crate) const ELEMENTS: &[&str] =
    &["TextBlock", "RichTextBlock", "Image", "ImageSet", "Container", "ColumnSet", "FactSet", "ActionSet"];

/// The words that a size may be.
pub(crate) const SIZES: &[&str] = &["auto", "stretch"];

/// Whether a text is a length such as `24px`; of more than four digits there is no screen.
pub(crate) fn is_pixels(text: &str) -> bool {
    text.strip_suffix("px").is_some_and(|n| (1..=4).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
}

/// What is known of a type.
pub(crate) fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

impl Known {
    /// How a property of this type is read.
    pub(crate) fn property(&self, name: &str) -> Option<Kind> {
        self.all_properties().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }

    /// Every property it takes.
    pub(crate) fn all_properties(&self) -> impl Iterator<Item = (&'static str, Kind)> {
        let common = if self.is_element { COMMON } else { &[] };
        self.properties.iter().chain(common).copied()
    }
}
