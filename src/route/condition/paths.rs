//! Which parts of a payload a condition looks at, and what must stand there: read off its form, without running it.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use super::{bound_names, parts};
use crate::event::Parts;

/// A text that must stand at a path of the payload, or one of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Required {
    /// As a JSON pointer.
    pub pointer: String,
    /// Any one of these.
    pub texts: Vec<String>,
}

/// The parts of a payload that the expression looks at.
pub(super) fn looked_at(expression: &IdedExpr) -> Parts {
    let mut bound = Vec::new();
    bound_names(expression, &mut bound);
    if bound.iter().any(|name| name == PAYLOAD) {
        return Parts::whole().clone();
    }
    let mut found = Parts::default();
    look(expression, &mut found);
    found
}

const PAYLOAD: &str = "payload";

fn look(expression: &IdedExpr, found: &mut Parts) {
    match path(expression) {
        Some(path) => found.add(path),
        None => parts(expression).into_iter().for_each(|part| look(part, found)),
    }
}

/// The path that is `payload.a.b` or `payload["a"].b`; none for anything else.
fn path(expression: &IdedExpr) -> Option<Vec<&str>> {
    match &expression.expr {
        Expr::Ident(name) => (name == PAYLOAD).then(Vec::new),
        Expr::Select(select) => {
            let mut path = path(&select.operand)?;
            path.push(&select.field);
            Some(path)
        }
        Expr::Call(call) if call.func_name == operators::INDEX => {
            let [of, name] = call.args.as_slice() else { return None };
            let mut path = path(of)?;
            path.push(text(name)?);
            Some(path)
        }
        _ => None,
    }
}

fn text(expression: &IdedExpr) -> Option<&str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// The first part of `this && that && …` that says which text must stand at a path. Where it does not, the whole does
/// not hold, whatever the other parts come to.
pub(super) fn required(expression: &IdedExpr) -> Option<Required> {
    let Expr::Call(call) = &expression.expr else { return None };
    let [one, other] = call.args.as_slice() else { return None };
    match call.func_name.as_str() {
        operators::LOGICAL_AND => required(one).or_else(|| required(other)),
        operators::EQUALS => {
            let (path, text) = path(one).zip(text(other)).or_else(|| path(other).zip(text(one)))?;
            Some(Required { pointer: pointer(&path), texts: vec![text.to_owned()] })
        }
        operators::IN => {
            let Expr::List(list) = &other.expr else { return None };
            let texts: Option<Vec<String>> = list.elements.iter().map(|item| text(item).map(str::to_owned)).collect();
            Some(Required { pointer: pointer(&path(one)?), texts: texts? })
        }
        _ => None,
    }
}

fn pointer(path: &[&str]) -> String {
    path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Condition;
    use super::*;

    fn looked_at(pointers: &[&str]) -> Parts {
        let mut parts = Parts::default();
        pointers.iter().for_each(|pointer| parts.add_pointer(pointer));
        parts
    }

    #[test]
    fn what_a_condition_looks_at_is_read_off_its_form() {
        for (condition, pointers) in [
            ("payload.ref == 'refs/heads/main'", &["/ref"] as &[_]),
            ("event.type == 'push'", &[]),
            ("payload.a.b > 1 || has(payload.c.d) && payload['e/f'].g == null", &["/a/b", "/c/d", "/e~1f/g"]),
            ("payload.commits.exists(c, c.message.contains(payload.word))", &["/commits", "/word"]),
            ("size(payload.list[0].names) > 2", &["/list"]),
            ("payload[event.name].x == 1", &[""]),
            ("size(payload) == 0", &[""]),
            ("[1].exists(payload, payload == 1)", &[""]),
        ] {
            let condition = Condition::compile(condition).unwrap();
            assert_eq!(condition.looked_at(), &looked_at(pointers), "{condition:?}");
        }
    }

    #[test]
    fn what_must_stand_in_a_payload_is_known_where_all_else_would_not_save_the_condition() {
        let required = |condition: &str| Condition::compile(condition).unwrap().required().cloned();
        let texts = |pointer: &str, texts: &[&str]| {
            Some(Required { pointer: pointer.to_owned(), texts: texts.iter().map(|text| (*text).to_owned()).collect() })
        };
        assert_eq!(required("payload.a.b == 'x'"), texts("/a/b", &["x"]));
        assert_eq!(required("'x' == payload['a/b'] && payload.n > 3"), texts("/a~1b", &["x"]));
        assert_eq!(required("payload.n > 3 && (payload.b in ['x', 'y'] && true)"), texts("/b", &["x", "y"]));
        for other in [
            "payload.a == 'x' || payload.n == 1",
            "!(payload.a == 'x')",
            "payload.a == 1",
            "payload.a in payload.b",
            "payload.a in ['x', payload.b]",
        ] {
            assert_eq!(required(other), None, "{other}");
        }
    }
}
