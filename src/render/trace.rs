//! From a byte of what was rendered back to the template, or the partial, that wrote it.
//!
//! The templates are rendered once more, with a mark before each piece of them that names the piece. So what the place of
//! a mistake is does not rest on a search for words. Done only for what has failed.

use std::collections::BTreeMap;

use handlebars::{Handlebars, Template, template::TemplateElement};

use super::{
    Locale, RenderInput, budget, helpers,
    marks::{PIECE, PIECE_END},
    output::Output,
};
use crate::name::TemplateName;

/// How often larger than a document it may be with its marks.
const ROOM: usize = 8;

/// The templates with a mark before each piece.
pub(super) struct Tracer {
    registry: Handlebars<'static>,
    pieces: Vec<Piece>,
}

#[derive(Clone)]
struct Piece {
    template: String,
    place: (usize, usize),
    is_text: bool,
}

/// A place in a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) template: String,
    pub(super) place: (usize, usize),
    /// Whether that is the place itself, and not only that of the piece it is in.
    pub(super) sure: bool,
}

impl Tracer {
    pub(super) fn new(templates: &std::collections::HashMap<String, Template>) -> Self {
        let mut tracer = Self { registry: helpers::registry(&Locale::default().words), pieces: Vec::new() };
        budget::register(&mut tracer.registry);
        for (name, template) in templates {
            let marked = tracer.mark(name, template);
            tracer.registry.register_template(name, marked);
        }
        tracer
    }

    fn mark(&mut self, name: &str, template: &Template) -> Template {
        let mut marked = template.clone();
        // Without a mapping: what is asked of it is asked of the pieces.
        (marked.elements, marked.mapping) = (Vec::new(), Vec::new());
        for (element, mapping) in template.elements.iter().zip(&template.mapping) {
            let mut element = element.clone();
            let is_text = matches!(element, TemplateElement::RawString(_));
            if let TemplateElement::HelperBlock(block) = &mut element {
                block.template = block.template.take().map(|inner| self.mark(name, &inner));
                block.inverse = block.inverse.take().map(|inner| self.mark(name, &inner));
            }
            let mark = format!("{PIECE}{}{PIECE_END}", self.pieces.len());
            self.pieces.push(Piece { template: name.to_owned(), place: (mapping.0, mapping.1), is_text });
            marked.elements.extend([TemplateElement::RawString(mark), element]);
        }
        marked
    }

    /// Where the byte `at` of the document that this template renders to comes from. `texts` are the templates' own.
    pub(super) fn origin(
        &self,
        name: &TemplateName,
        input: &RenderInput,
        at: usize,
        texts: &BTreeMap<String, super::TemplateFile>,
    ) -> Option<Origin> {
        let mut output = Output::with_room(ROOM);
        budget::begin();
        self.registry.render_with_context_to_write(name.as_str(), input.context(), &mut output).ok()?;
        let (index, written) = piece_at(&output.into_text(), at)?;
        let piece = self.pieces.get(index)?;
        let exact = match texts.get(&piece.template) {
            Some(file) if piece.is_text => advance(&file.text, piece.place, &written),
            _ => None,
        };
        let place = exact.unwrap_or(piece.place);
        Some(Origin { template: piece.template.clone(), place, sure: exact.is_some() || !piece.is_text })
    }
}

/// The piece that wrote the byte `at` of the text without its marks, and what it had written up to and with that one.
fn piece_at(marked: &str, at: usize) -> Option<(usize, String)> {
    let (mut seen, mut found) = (0, None);
    for stretch in marked.split(PIECE).skip(1) {
        let (number, text) = stretch.split_once(PIECE_END)?;
        let index = number.parse().ok()?;
        // At the very end there is no byte more: the last piece that wrote something is meant.
        if !text.is_empty() && at >= seen {
            let end = text.char_indices().map(|(start, c)| start + c.len_utf8()).find(|end| *end > at - seen);
            found = Some((index, text.get(..end.unwrap_or(text.len()))?.to_owned()));
        }
        seen += text.len();
        if seen > at {
            break;
        }
    }
    found
}

/// The place of the last character of `written`, a template's own text that begins at `place` or after blanks there.
/// None where the template's text is another, as with `\{{`.
///
/// Blanks are not counted, since the engine takes some out and puts some in.
fn advance(text: &str, (line, column): (usize, usize), written: &str) -> Option<(usize, usize)> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let (mut line, mut column) = (line, column);
    let skipped: usize = text.get(start..)?.chars().take(column - 1).map(char::len_utf8).sum();
    let mut source = text.get(start + skipped..)?.chars();
    let mut last = None;
    for wanted in written.chars().filter(|c| !c.is_whitespace()) {
        loop {
            let c = source.next()?;
            let here = (line, column);
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
            if c == wanted {
                last = Some(here);
                break;
            }
            if !c.is_whitespace() {
                return None;
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_belongs_to_the_piece_that_wrote_it() {
        let marked = format!("{PIECE}0{PIECE_END}ab{PIECE}1{PIECE_END}{PIECE}2{PIECE_END}é!");
        let piece = |at| piece_at(&marked, at);
        assert_eq!(piece(1), Some((0, "ab".to_owned())));
        assert_eq!(piece(2), Some((2, "é".to_owned())));
        assert_eq!(piece(4), Some((2, "é!".to_owned())));
        assert_eq!(piece(5), Some((2, "é!".to_owned())), "behind the end is the last piece");
    }

    #[test]
    fn blanks_that_the_engine_took_out_or_put_in_move_nothing() {
        let text = "{{#if x}}\n  \"a\": [\n    1, 2]\n{{/if}}";
        assert_eq!(advance(text, (1, 10), "\"a\":[\n        1, 2"), Some((3, 8)));
        assert_eq!(advance("x \\{{y}}", (1, 1), "x {{"), None);
        assert_eq!(advance(text, (9, 1), "x"), None);
    }
}
