//! Places in a template's own text: what keeps it from being Handlebars, and where in a tag a word stands.

use handlebars::{Template, TemplateError, TemplateErrorReason, template::TemplateElement};

/// Line and column, both from 1, the column in characters.
pub(super) type Place = (usize, usize);

/// A mistake: where, what was found, what would be right.
pub(super) fn explain(text: &str, error: &TemplateError) -> (Place, String, String) {
    let place = error.pos().unwrap_or((1, 1));
    if let TemplateErrorReason::MismatchingClosedHelper(opened, closing) = error.reason() {
        let found = format!("`{{{{#{opened}}}}}` is closed by `{{{{/{closing}}}}}`");
        return (place, found, format!("close it with `{{{{/{opened}}}}}`"));
    }
    match unfinished(text) {
        Some(Unfinished::Tag(at)) => (
            place_of(text, at),
            "a `{{` has no `}}`".to_owned(),
            "look for a missing `}}` or a missing quote".to_owned(),
        ),
        Some(Unfinished::Block(at, name)) => {
            let cure = format!("write `{{{{/{name}}}}}` behind what stands in it");
            (place_of(text, at), format!("`{{{{#{name}}}}}` is not closed"), cure)
        }
        None => {
            let cure = "look for a `{{#…}}` without its `{{/…}}`, a missing `}}` or a missing quote";
            (place, "this is not Handlebars".to_owned(), cure.to_owned())
        }
    }
}

enum Unfinished<'a> {
    Tag(usize),
    Block(usize, &'a str),
}

/// The first tag that does not end before the next one begins, else the innermost block that is not closed.
fn unfinished(text: &str) -> Option<Unfinished<'_>> {
    let mut open = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find("{{").map(|found| from + found) {
        let rest = text.get(at + 2..)?;
        let comment = ["!--", "~!--"].into_iter().find(|start| rest.starts_with(start));
        let end = match comment {
            Some(_) => rest.find("--}}").or_else(|| rest.find("--~}}")),
            None => rest.find("}}").filter(|end| !rest.get(1..*end).is_some_and(|inner| inner.contains("{{"))),
        };
        let Some(end) = end else { return Some(Unfinished::Tag(at)) };
        let tag = rest.get(..end)?.trim_matches(['~', '{']);
        if let Some(block) = tag.strip_prefix('#') {
            open.push((at, block.split_whitespace().next().unwrap_or_default().trim_end_matches('~')));
        } else if tag.starts_with('/') {
            open.pop();
        }
        from = at + 2 + end;
    }
    open.pop().map(|(at, name)| Unfinished::Block(at, name))
}

/// Whether the tag at this place goes on below its line, so that the tag's place says little.
pub(super) fn has_many_lines(text: &str, (line, column): Place) -> bool {
    let rest = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    !rest.chars().skip(column.saturating_sub(1)).collect::<String>().contains("}}")
}

/// Where a word, such as a path or a helper's name, stands in the tag that begins at `tag`. The tag's own place where it
/// is not found.
pub(super) fn within(text: &str, tag: Place, word: &str) -> Place {
    let found = byte_of(text, tag).and_then(|start| {
        let rest = text.get(start..)?;
        let inner = rest.get(..rest.find("}}").unwrap_or(rest.len()))?;
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@' | '[' | ']' | '"');
        let stands_alone = |at: usize| {
            let before = inner.get(..at).and_then(|text| text.chars().next_back());
            let after = inner.get(at + word.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(is_part) && !after.is_some_and(|c| is_part(c) || c == '=')
        };
        let (at, _) = inner.match_indices(word).find(|(at, _)| stands_alone(*at))?;
        Some(start + at)
    });
    found.map_or(tag, |at| place_of(text, at))
}

/// Gives every `{{else if …}}` its place. The engine has none for it, and what has no place would be passed over.
pub(super) fn place_chains(template: &mut Template, text: &str) {
    for (element, mapping) in template.elements.iter_mut().zip(&template.mapping) {
        let TemplateElement::HelperBlock(block) = element else { continue };
        if let Some(chained) = block.inverse.as_mut().filter(|inverse| inverse.mapping.len() < inverse.elements.len()) {
            let mut place = mapping.clone();
            if let Some((line, column)) = chained.elements.first().and_then(|element| else_before(element, text)) {
                (place.0, place.1) = (line, column);
            }
            chained.mapping.resize(chained.elements.len(), place);
        }
        block.template.iter_mut().chain(&mut block.inverse).for_each(|inner| place_chains(inner, text));
    }
}

/// Where the tag begins that stands before what a chained block holds.
fn else_before(chained: &TemplateElement, text: &str) -> Option<Place> {
    let TemplateElement::HelperBlock(block) = chained else { return None };
    let inner = block.template.as_ref()?.mapping.first()?;
    let before = text.get(..byte_of(text, (inner.0, inner.1))?)?;
    Some(place_of(text, before.rfind("{{")?))
}

/// The place of a byte.
fn place_of(text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or(text);
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (before.matches('\n').count() + 1, column)
}

fn byte_of(text: &str, (line, column): Place) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let inner: usize = text.get(start..)?.chars().take(column.checked_sub(1)?).map(char::len_utf8).sum();
    Some(start + inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_its_own_tag_and_not_as_a_part_of_another() {
        let text = "é {{titl}}\n{{> partials/card {}\n  title=(titl payload.titl)\n  x=titl}}";
        assert_eq!(within(text, (2, 1), "titl"), (3, 10));
        assert_eq!(within(text, (1, 3), "titl"), (1, 5));
        assert_eq!(within(text, (2, 1), "nowhere"), (2, 1));
        assert_eq!(within(text, (9, 9), "titl"), (9, 9));
    }
}
