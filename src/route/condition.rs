//! Conditions in CEL over `payload`, `event` and `headers`, checked when they are written, not when they are used.

mod paths;

use std::{cell::OnceCell, collections::HashMap};

use cel::{
    Context, Program,
    common::ast::{EntryExpr, Expr, IdedEntryExpr, IdedExpr},
};
use serde_json::{Value, json};

pub use self::paths::Required;
use crate::{
    config::problem::did_you_mean,
    event::{Event, Parts},
};

/// What a condition may look at.
const VARIABLES: [&str; 3] = ["payload", "event", "headers"];

/// Longest condition that is compiled, in bytes; those people write are a tenth of it.
const MOST_BYTES: usize = 4096;

/// Deepest tree that is evaluated: well within a worker thread's 2 MiB of stack.
const MOST_DEEP: usize = 64;

/// Enough for the parser on the longest text it gets: it takes some 20 KiB a level where nothing is optimised.
const PARSER_STACK: usize = 256 << 20;

/// A compiled condition.
#[derive(Debug)]
pub struct Condition {
    program: Program,
    looked_at: Parts,
    required: Option<Required>,
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found}; {cure}")]
pub struct BadCondition {
    /// What was found, with its place in the text.
    pub found: String,
    /// What would be right.
    pub cure: String,
}

impl Condition {
    /// Compiles a CEL expression and refuses names and functions that do not exist.
    ///
    /// # Errors
    /// The first mistake, with its column.
    pub fn compile(text: &str) -> Result<Self, BadCondition> {
        if text.len() > MOST_BYTES {
            let found = format!("the condition is {} bytes long", text.len());
            return Err(BadCondition { found, cure: format!("keep it below {MOST_BYTES}") });
        }
        // The parser and the tree's own drop recurse, so a hostile text needs more stack than this thread may have.
        let compile = || {
            let builder = std::thread::Builder::new().name("cel".to_owned()).stack_size(PARSER_STACK);
            std::thread::scope(|scope| builder.spawn_scoped(scope, || parse(text)).ok()?.join().ok())
        };
        compile().unwrap_or_else(|| {
            let found = "the condition can't be compiled".to_owned();
            Err(BadCondition { found, cure: "write a shorter one".to_owned() })
        })
    }

    /// Whether the condition holds. One that can't be answered, such as for a field that the payload lacks, does not.
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        matches!(self.program.execute(facts.context()), Ok(cel::Value::Bool(true)))
    }

    /// The parts of a payload that it looks at.
    pub fn looked_at(&self) -> &Parts {
        &self.looked_at
    }

    /// What must stand in a payload for it to hold, as far as that can be told from its form: so those that can't hold
    /// need not be asked.
    pub fn required(&self) -> Option<&Required> {
        self.required.as_ref()
    }
}

fn parse(text: &str) -> Result<Condition, BadCondition> {
    let program = Program::compile(text).map_err(|errors| {
        let first = errors.errors.first();
        let (line, column) = first.map_or((1, 1), |error| error.pos);
        let what = first.map_or("can't be read", |error| error.msg.as_str());
        // Where its own limit is reached, the parser says so in the words of its code.
        let what = if what.contains('{') { "it is nested too deeply" } else { what.lines().next().unwrap_or_default() };
        BadCondition {
            found: format!("the condition is not CEL at {line}:{column} ({what})"),
            cure: "write it as payload.ref == \"refs/heads/main\"".to_owned(),
        }
    })?;
    let deepest = depth(program.expression());
    if deepest > MOST_DEEP {
        let found = format!("the condition is {deepest} operations deep");
        return Err(BadCondition { found, cure: format!("keep it below {MOST_DEEP}") });
    }
    check_names(&program)?;
    let looked_at = paths::looked_at(program.expression());
    let required = paths::required(program.expression());
    Ok(Condition { program, looked_at, required })
}

/// How deep the expression's tree is.
fn depth(expression: &IdedExpr) -> usize {
    1 + parts(expression).into_iter().map(depth).max().unwrap_or(0)
}

fn check_names(program: &Program) -> Result<(), BadCondition> {
    let mut bound = Vec::new();
    bound_names(program.expression(), &mut bound);
    let references = program.references();
    let mut variables = references.variables();
    variables.sort_unstable();
    for name in variables {
        if !VARIABLES.contains(&name) && !bound.iter().any(|bound| bound == name) {
            let cure = match did_you_mean(name, VARIABLES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("begin with `payload.`, `event.` or `headers.`, as in `payload.{name}`"),
            };
            return Err(BadCondition { found: format!("the condition's `{name}` is not known"), cure });
        }
    }
    let mut functions = references.functions();
    functions.sort_unstable();
    for name in functions {
        let is_operator = !name.starts_with(|c: char| c.is_alphabetic());
        if !is_operator && !FUNCTIONS.contains(&name) && !is_date_part(name) {
            let cure = match did_you_mean(name, FUNCTIONS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("use one of: {}", FUNCTIONS.join(", ")),
            };
            return Err(BadCondition { found: format!("the condition's function `{name}` is not known"), cure });
        }
    }
    Ok(())
}

/// The functions of CEL's standard library that the crate has.
const FUNCTIONS: [&str; 22] = [
    "all",
    "bool",
    "bytes",
    "contains",
    "double",
    "duration",
    "endsWith",
    "exists",
    "exists_one",
    "filter",
    "has",
    "int",
    "map",
    "matches",
    "max",
    "min",
    "size",
    "startsWith",
    "string",
    "timestamp",
    "type",
    "uint",
];

/// `getFullYear` and its like, too many to list in a message.
fn is_date_part(name: &str) -> bool {
    name.starts_with("get")
}

/// Names that the expression binds itself, as `c` in `payload.commits.exists(c, c.distinct)`.
fn bound_names(expression: &IdedExpr, bound: &mut Vec<String>) {
    if let Expr::Comprehension(comprehension) = &expression.expr {
        bound.push(comprehension.iter_var.clone());
        bound.extend(comprehension.iter_var2.clone());
        bound.push(comprehension.accu_var.clone());
    }
    for part in parts(expression) {
        bound_names(part, bound);
    }
}

/// The expressions that an expression is made of.
fn parts(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Comprehension(comprehension) => vec![
            &comprehension.iter_range,
            &comprehension.accu_init,
            &comprehension.loop_cond,
            &comprehension.loop_step,
            &comprehension.result,
        ],
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Map(map) => map.entries.iter().flat_map(entry).collect(),
        Expr::Struct(fields) => fields.entries.iter().flat_map(entry).collect(),
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
    }
}

fn entry(entry: &IdedEntryExpr) -> Vec<&IdedExpr> {
    match &entry.expr {
        EntryExpr::MapEntry(pair) => vec![&pair.key, &pair.value],
        EntryExpr::StructField(field) => vec![&field.value],
    }
}

/// What conditions can look at, for one event; turned into CEL's values only when the first condition asks.
pub struct Facts<'a> {
    event: &'a Event,
    payload: &'a Value,
    context: OnceCell<Context<'static, 'static>>,
}

impl std::fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Facts").field("event", &self.event).finish_non_exhaustive()
    }
}

impl<'a> Facts<'a> {
    /// The facts of an event with its payload parsed, as far as conditions look at it.
    pub fn new(event: &'a Event, payload: &'a Value) -> Self {
        Self { event, payload, context: OnceCell::new() }
    }

    /// The payload, or as much of it as conditions look at.
    pub fn payload(&self) -> &Value {
        self.payload
    }

    /// The event's type.
    pub fn event(&self) -> &Event {
        self.event
    }

    fn context(&self) -> &Context<'static, 'static> {
        self.context.get_or_init(|| {
            let event = self.event;
            let about = json!({
                "type": event.kind.to_string(),
                "name": event.kind.name(),
                "action": event.kind.action(),
                "source": event.source,
                "delivery_id": event.delivery_id,
                "received_at": event.received_at.to_string(),
            });
            let headers: Value = event.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            let mut context = Context::default();
            context.add_variable_from_value("payload", to_cel(self.payload));
            context.add_variable_from_value("event", to_cel(&about));
            context.add_variable_from_value("headers", to_cel(&headers));
            context
        })
    }
}

/// JSON as CEL: whole numbers become `int`, so that `payload.number == 5` is true of 5.
fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(yes) => (*yes).into(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => int.into(),
            (_, Some(uint)) => uint.into(),
            _ => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(list) => list.iter().map(to_cel).collect::<Vec<_>>().into(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), to_cel(value))).collect::<HashMap<_, _>>().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Codings, Encoding, EventType, RawBody};

    fn holds(condition: &str, payload: Value) -> bool {
        let event = Event {
            source: "ci".parse().unwrap(),
            kind: EventType::new("push", None),
            delivery_id: None,
            received_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            headers: vec![("x-env".into(), "prod".into())],
            encoding: Encoding::Json,
            codings: Codings::default(),
            body: RawBody(bytes::Bytes::new()),
        };
        Condition::compile(condition).unwrap().holds(&Facts::new(&event, &payload))
    }

    #[test]
    fn conditions_see_payload_event_and_headers() {
        assert!(holds("payload.ref == 'refs/heads/main'", json!({"ref": "refs/heads/main"})));
        assert!(holds("payload.n == 5 && payload.n > 4", json!({"n": 5})));
        assert!(holds("event.type == 'push' && headers['x-env'] == 'prod'", json!({})));
        assert!(holds(
            "payload.commits.exists(c, c.message.contains('fix'))",
            json!({"commits": [{"message": "a fix"}]})
        ));
        assert!(holds("payload.ref.startsWith('refs/tags/') || size(payload.ref) > 3", json!({"ref": "refs"})));
        assert!(holds("has(payload.a) && payload.a.b == null", json!({"a": {"b": null}})));
    }

    #[test]
    fn a_condition_that_cannot_be_answered_does_not_hold() {
        assert!(!holds("payload.missing.deeper == 1", json!({})));
        assert!(!holds("payload.n", json!({"n": "yes"})));
        assert!(!holds("payload.n > 'a'", json!({"n": 1})));
    }

    #[test]
    fn typos_are_told_with_the_word_that_was_meant() {
        let error = |text: &str| Condition::compile(text).unwrap_err().to_string();
        assert_eq!(error("paylod.ref == 1"), "the condition's `paylod` is not known; did you mean `payload`?");
        assert!(error("ref == 1").contains("`payload.ref`"));
        assert!(error("payload.ref.startWith('a')").contains("did you mean `startsWith`?"));
        assert!(error("payload.ref ==").starts_with("the condition is not CEL at 1:"), "{}", error("payload.ref =="));
        assert!(error("payload.commits.exists(c, d.x)").contains("`d` is not known"));
    }

    #[test]
    fn deep_nesting_is_refused_and_not_a_crash() {
        assert!(Condition::compile(&"(".repeat(3000)).is_err());
        assert!(Condition::compile(&"x".repeat(5000)).is_err());
        assert!(Condition::compile(&format!("1{}", "+1".repeat(2000))).is_err());
        assert!(Condition::compile(&"!".repeat(4000)).is_err());
        assert!(Condition::compile(&format!("payload{} == 1", ".a".repeat(1900))).is_err());
    }
}
