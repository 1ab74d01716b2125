//! What rules ask of the past.
//!
//! A `temporal { … }` clause of a rule is a *leaf*: a truth about the customer's
//! history that is bound to `context.ID` before Cedar decides. The two common
//! leaves, "it happened within" and "it happened so often within", are compiled;
//! every other goes to Dogwood's interpreter, which is the reference. A test
//! holds them to the same answers.

use attache_journal::Past;
use cedar_policy::Schema;
use dogwood_language::temporal_ast::{AggExprKind, CmpOp, Condition, ConditionKind, Predicate, Term};
use dogwood_language::{Event, InMemoryTemporalEngine, TemporalEngine as _, TemporalField, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What rules can know of the past: that an action was done, when, and whether
/// we spoke first. A rule looks back 90 days at most.
pub(crate) const EVENTS: &str = "max_window = 90d\n\
    decision event <A>::request { }\n\
    event <A>::response { outreach: Bool }\n";

const NAMESPACE: [&str; 2] = ["Attache", "Action"];

/// A leaf of a rule.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Leaf {
    /// What it is bound to in the context of a request.
    pub(crate) id: String,
    truth: Truth,
}

/// How its truth is found.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Truth {
    /// It is a common one.
    Compiled(Program),
    /// It is any other, with the schema that it was checked against.
    #[serde(skip)]
    Interpreted(Box<(TemporalField, Arc<Schema>)>),
}

impl Leaf {
    /// # Errors
    /// Why the leaf cannot be had: it compares the past with something that the
    /// past does not have, and would silently never hold.
    pub(crate) fn new(field: &TemporalField, schema: &Arc<Schema>) -> Result<Self, &'static str> {
        let condition = &field.condition.condition;
        if reads_request(condition) {
            return Err("history has no input, principal or resource to compare with; \
                        put what concerns this request into `when { … }`");
        }
        let interpreted = || Truth::Interpreted(Box::new((field.clone(), Arc::clone(schema))));
        Ok(Self { id: field.id.clone(), truth: compile(condition).map_or_else(interpreted, Truth::Compiled) })
    }

    /// Whether the leaf avoids the interpreter.
    #[cfg(test)]
    pub(crate) fn is_compiled(&self) -> bool {
        matches!(self.truth, Truth::Compiled(_))
    }
}

/// The values of `leaves` for a decision about `action` at `now`.
pub(crate) fn evaluate<'a>(
    leaves: &[&'a Leaf],
    action: &str,
    history: &[Past],
    now: Timestamp,
) -> Result<Vec<(&'a str, bool)>, String> {
    if leaves.is_empty() {
        return Ok(Vec::new());
    }
    let timeline = Timeline::new(history, now);
    let interpreted = leaves.iter().filter_map(|leaf| match &leaf.truth {
        Truth::Interpreted(leaf) => Some((leaf.0.clone(), &*leaf.1)),
        Truth::Compiled(_) => None,
    });
    let (interpreted, schemas): (Vec<_>, Vec<_>) = interpreted.unzip();
    // They were lowered together: the schema of one is that of all.
    let bindings = match schemas.first() {
        None => BTreeMap::new(),
        Some(schema) => {
            let mut engine = InMemoryTemporalEngine::new();
            engine.prepare(&interpreted, schema, &[]).map_err(|fault| fault.to_string())?;
            for event in timeline.events(action) {
                engine.observe(&event);
            }
            engine.evaluate()?
        }
    };
    leaves
        .iter()
        .map(|leaf| {
            let id = leaf.id.as_str();
            let holds = match &leaf.truth {
                Truth::Compiled(program) => program.holds(&timeline),
                Truth::Interpreted(_) => bindings.get(id).copied().ok_or("a leaf of history has no value")?,
            };
            Ok((id, holds))
        })
        .collect()
}

/// A history in the order and with the clock that the interpreter asks for:
/// seconds that strictly increase, nothing after the decision.
pub(crate) struct Timeline<'a> {
    points: Vec<(i64, &'a Past)>,
    now: i64,
}

impl<'a> Timeline<'a> {
    pub(crate) fn new(history: &'a [Past], now: Timestamp) -> Self {
        let now = now.as_second();
        // An event from a clock ahead of ours counts as having just happened.
        let mut points: Vec<_> = history.iter().map(|past| (past.at.as_second().min(now), past)).collect();
        points.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| order(a.1).cmp(&order(b.1))));
        let mut last = i64::MIN;
        for (at, _) in &mut points {
            *at = (*at).max(last.saturating_add(1));
            last = *at;
        }
        Self { points, now: now.max(last.saturating_add(1)) }
    }

    /// The history as responses, then the decision as a request.
    pub(crate) fn events(&self, action: &str) -> impl Iterator<Item = Event> {
        let past = self.points.iter().map(|(at, past)| {
            Event::builder_for(&NAMESPACE, &past.action, "response")
                .timestamp(*at)
                .logged_field("outreach", Value::Bool(past.outreach))
                .build()
        });
        let decision = Event::builder_for(&NAMESPACE, action, "request").timestamp(self.now).build();
        past.chain(std::iter::once(decision))
    }

    /// When the decision is made on this clock.
    #[cfg(test)]
    pub(crate) fn now(&self) -> i64 {
        self.now
    }
}

/// Makes the timeline independent of the order in which a history is given.
fn order(past: &Past) -> (Timestamp, &str, bool) {
    (past.at, &past.action, past.outreach)
}

/// A compiled leaf.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Program {
    Both(Box<Program>, Box<Program>),
    Count { seconds: i64, event: Pattern, is: Relation, bound: i64 },
    Formerly { seconds: i64, event: Pattern },
    Not(Box<Program>),
}

/// How a count is to its bound.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Relation {
    AtMost,
    Below,
    AtLeast,
    Above,
    Equal,
    Unequal,
}

/// Which events of the past it speaks of.
#[derive(Debug, Deserialize, Serialize)]
struct Pattern {
    action: String,
    outreach: Option<bool>,
}

impl Program {
    fn holds(&self, timeline: &Timeline<'_>) -> bool {
        match self {
            Self::Both(left, right) => left.holds(timeline) && right.holds(timeline),
            Self::Not(inner) => !inner.holds(timeline),
            Self::Formerly { seconds, event } => event.matches(timeline, *seconds).next().is_some(),
            Self::Count { seconds, event, is, bound } => {
                let count = i64::try_from(event.matches(timeline, *seconds).count()).unwrap_or(i64::MAX);
                match is {
                    Relation::AtMost => count <= *bound,
                    Relation::Below => count < *bound,
                    Relation::AtLeast => count >= *bound,
                    Relation::Above => count > *bound,
                    Relation::Equal => count == *bound,
                    Relation::Unequal => count != *bound,
                }
            }
        }
    }
}

impl Pattern {
    fn matches<'a>(&'a self, timeline: &'a Timeline<'_>, seconds: i64) -> impl Iterator<Item = ()> + 'a {
        timeline
            .points
            .iter()
            .rev()
            .take_while(move |(at, _)| timeline.now.saturating_sub(*at) <= seconds)
            .filter(|(_, past)| {
                past.action == self.action && self.outreach.is_none_or(|wanted| wanted == past.outreach)
            })
            .map(|_| ())
    }
}

fn compile(condition: &Condition) -> Option<Program> {
    match &condition.kind {
        ConditionKind::And { left, right } => Some(Program::Both(Box::new(compile(left)?), Box::new(compile(right)?))),
        ConditionKind::Not { inner } => Some(Program::Not(Box::new(compile(inner)?))),
        ConditionKind::Formerly { within, body } => {
            let ConditionKind::Predicate(predicate) = &body.kind else {
                return None;
            };
            Some(Program::Formerly { seconds: within.interval().seconds(), event: pattern(predicate)? })
        }
        ConditionKind::Comparison { op, left, right } => match (left, right) {
            (Term::Agg(count), Term::Integer(bound)) => counted(&count.kind, relation(*op), *bound),
            (Term::Integer(bound), Term::Agg(count)) => counted(&count.kind, mirrored(relation(*op)), *bound),
            _ => None,
        },
        _ => None,
    }
}

/// `count for (t: Timepoint). where (formerly within W (P && tp(t)))`, which is
/// what `count_within(W, P)` expands to.
fn counted(count: &AggExprKind, is: Relation, bound: i64) -> Option<Program> {
    let AggExprKind::Count { for_vars, body } = count else {
        return None;
    };
    let [domain] = for_vars.as_slice() else {
        return None;
    };
    let ConditionKind::Formerly { within, body } = &body.kind else {
        return None;
    };
    let ConditionKind::And { left, right } = &body.kind else {
        return None;
    };
    let (ConditionKind::Predicate(predicate), ConditionKind::Tp { var }) = (&left.kind, &right.kind) else {
        return None;
    };
    if var.name() != domain.name() {
        return None;
    }
    let seconds = within.interval().seconds();
    Some(Program::Count { seconds, event: pattern(predicate)?, is, bound })
}

fn pattern(predicate: &Predicate) -> Option<Pattern> {
    if predicate.namespace != NAMESPACE || predicate.kind != "response" {
        return None;
    }
    let outreach = match predicate.args.as_slice() {
        [] => None,
        [only] if only.name == "outreach" => match only.value {
            Term::Bool(wanted) => Some(wanted),
            _ => return None,
        },
        _ => return None,
    };
    Some(Pattern { action: predicate.action.clone(), outreach })
}

fn relation(op: CmpOp) -> Relation {
    match op {
        CmpOp::Le => Relation::AtMost,
        CmpOp::Lt => Relation::Below,
        CmpOp::Ge => Relation::AtLeast,
        CmpOp::Gt => Relation::Above,
        CmpOp::Eq => Relation::Equal,
        CmpOp::NotEq => Relation::Unequal,
    }
}

/// What the bound is to the count.
fn mirrored(is: Relation) -> Relation {
    match is {
        Relation::AtMost => Relation::AtLeast,
        Relation::Below => Relation::Above,
        Relation::AtLeast => Relation::AtMost,
        Relation::Above => Relation::Below,
        Relation::Equal => Relation::Equal,
        Relation::Unequal => Relation::Unequal,
    }
}

/// Whether a condition compares with a field of the request.
fn reads_request(condition: &Condition) -> bool {
    match &condition.kind {
        ConditionKind::And { left, right }
        | ConditionKind::Or { left, right }
        | ConditionKind::Since { left, right, .. } => reads_request(left) || reads_request(right),
        ConditionKind::Not { inner }
        | ConditionKind::Formerly { body: inner, .. }
        | ConditionKind::Previous { body: inner, .. }
        | ConditionKind::Exists { body: inner, .. } => reads_request(inner),
        ConditionKind::Predicate(predicate) => {
            predicate.args.iter().any(|argument| term_reads_request(&argument.value))
        }
        ConditionKind::Comparison { left, right, .. } => term_reads_request(left) || term_reads_request(right),
        ConditionKind::Tp { .. } => false,
        // Gone after expansion; if one is left nothing is known of it.
        ConditionKind::Call(_) | ConditionKind::SigilRef { .. } | ConditionKind::Refine { .. } => true,
    }
}

fn term_reads_request(term: &Term) -> bool {
    match term {
        Term::ContextField(_) | Term::ScopeField(_) => true,
        Term::Array(items) => items.iter().any(term_reads_request),
        Term::Arith { left, right, .. } => term_reads_request(left) || term_reads_request(right),
        Term::Agg(aggregate) => match &aggregate.kind {
            AggExprKind::Sum { body, .. } | AggExprKind::Count { body, .. } => reads_request(body),
            AggExprKind::Call(_) => true,
        },
        Term::Entity { .. }
        | Term::Integer(_)
        | Term::Decimal(_)
        | Term::String(_)
        | Term::Bool(_)
        | Term::Var(_)
        | Term::Wildcard => false,
        Term::ParamRef(_) | Term::BinderRef(_) => true,
    }
}

#[cfg(test)]
mod tests;
