//! A call on its way from a wish to an action: admitted, checked, corrected.

use crate::Program;
use crate::context::{Basis, Context};
use crate::run::Spent;
use attache_guards::{PiiSpan, SpecificKind, asks_again, discloses_ai, ground, other_ids};
use attache_journal::{CallId, Evidence, Fault, Finding, Permission, Retry, Support};
use attache_policies::{Sink, TextFacts};
use attache_tools::{Admitted, Audience, InputFault, Preview, Registered};
use serde_json::Value;

/// Who wants a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// A person approved the draft.
    Approval,
    /// The model, under its own id for it.
    Model(String),
    /// The run itself: it hands over, or tells the customer.
    System,
}

/// A call that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) origin: Origin,
    pub(crate) tool: String,
    pub(crate) arguments: String,
}

/// A call that its tool takes.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) admitted: Admitted,
    /// The input as a tree, for policy.
    pub(crate) input: Value,
    pub(crate) text: Option<TextFacts>,
    pub(crate) evidence: Vec<Evidence>,
    /// What each sentence of its text rests on.
    pub(crate) support: Vec<Support>,
    /// What guards point at in its text.
    pub(crate) findings: Vec<Finding>,
    pub(crate) sinks: Vec<Sink>,
    /// Whether policy had something taken out of its text.
    pub(crate) redacted: bool,
}

/// Admits a call: the tool exists and is offered, placeholders are restored,
/// the input is valid, and the deed was not done before.
pub(crate) fn check(call: &Call, program: &Program, context: &Context, spent: &Spent) -> Result<Checked, Fault> {
    let offered = match call.origin {
        Origin::Model(_) => program.playbook.tools.contains(&call.tool),
        Origin::Approval | Origin::System => true,
    };
    let tool = program.registry.get(&call.tool).filter(|_| offered).ok_or_else(|| Fault {
        code: "unknown_tool".into(),
        retry: Retry::Never,
        feedback: format!("there is no such tool; yours are {}", program.playbook.tools.join(", ")),
    })?;
    let (arguments, invented) = match call.origin {
        Origin::Model(_) => restored(&call.arguments, context)?,
        Origin::Approval | Origin::System => (call.arguments.clone(), None),
    };
    let mut admitted = tool.admit(&arguments)?;
    // What a text says is for policy, which is told of the placeholder.
    if let Some(invented) = invented.filter(|_| admitted.preview.is_none()) {
        return Err(InputFault { pointer: String::new(), message: invented }.into());
    }
    if call.origin != Origin::Approval
        && context.first_contact
        && let Some(preview) = &admitted.preview
        && preview.audience == Audience::Customer
        && preview.discloses
        && !discloses_ai(&preview.body)
    {
        let body = format!("{}\n\n{}", preview.body.trim_end(), program.disclosure);
        admitted = with_text(tool, &admitted, preview.body_field, &body)?;
    }
    if matches!(call.origin, Origin::Model(_)) {
        spent.not_done_before(&call.tool, &admitted)?;
    }
    Ok(facts(tool, admitted, program, context))
}

/// The call again without the personal data of these kinds in its text; `None`
/// if it has no text to take them out of.
pub(crate) fn redacted(
    call: &Call,
    checked: &Checked,
    kinds: &[String],
    program: &Program,
    context: &Context,
) -> Option<Result<Checked, Fault>> {
    let tool = program.registry.get(&call.tool)?;
    let preview = checked.admitted.preview.as_ref()?;
    let clean = |text: &str| without(text, &program.guards.pii.find(text), kinds);
    let mut admitted = with_text(tool, &checked.admitted, preview.body_field, &clean(&preview.body));
    if let (Some(field), Ok(done)) = (preview.subject_field, &admitted) {
        admitted = with_text(tool, done, field, &clean(&preview.subject));
    }
    Some(admitted.map(|admitted| facts(tool, admitted, program, context)).map_err(Fault::from))
}

/// The admitted call with another text in a field of its input.
fn with_text(tool: &Registered, admitted: &Admitted, field: &str, text: &str) -> Result<Admitted, InputFault> {
    let mut input = admitted.input.to_value();
    if let Value::Object(fields) = &mut input {
        fields.insert(field.to_owned(), text.into());
    }
    tool.admit(&input.to_string())
}

/// The arguments with what the placeholders stand for, and why one stands for nothing.
fn restored(arguments: &str, context: &Context) -> Result<(String, Option<String>), Fault> {
    // A `<` may be written as an escape.
    if !arguments.contains('<') && !arguments.contains("\\u003") {
        return Ok((arguments.to_owned(), None));
    }
    let invalid = |e| InputFault { pointer: String::new(), message: format!("not JSON: {e}") };
    let mut value: Value = serde_json::from_str(arguments).map_err(invalid)?;
    let mut invented = None;
    for_each_text(&mut value, &mut |text| match context.pseudonyms.restore(text) {
        Ok(original) => *text = original,
        Err(e) => {
            invented.get_or_insert(e.to_string());
            *text = e.restored;
        }
    });
    Ok((value.to_string(), invented))
}

/// Calls `f` on each string of a JSON value.
pub(crate) fn for_each_text(value: &mut Value, f: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => f(text),
        Value::Array(items) => items.iter_mut().for_each(|item| for_each_text(item, f)),
        Value::Object(fields) => fields.values_mut().for_each(|field| for_each_text(field, f)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn facts(tool: &Registered, admitted: Admitted, program: &Program, context: &Context) -> Checked {
    let input = admitted.input.to_value();
    let mut checked = Checked {
        input,
        text: None,
        evidence: Vec::new(),
        support: Vec::new(),
        findings: Vec::new(),
        sinks: Vec::new(),
        redacted: false,
        admitted,
    };
    if let Some(preview) = checked.admitted.preview.clone() {
        text_facts(&preview, program, context, &mut checked);
    }
    let sink = |pointer: &String| Sink {
        pointer: pointer.clone(),
        origin: context.origin_of(checked.input.pointer(pointer).unwrap_or(&Value::Null)),
    };
    checked.sinks = tool.spec().sinks.iter().map(sink).collect();
    checked
}

fn text_facts(preview: &Preview, program: &Program, context: &Context, checked: &mut Checked) {
    let whole = format!("{}\n{}", preview.subject, preview.body);
    let mut unsayable = Vec::new();
    let mut evidence = Vec::new();
    for stated in context.stated(&whole, Permission::Mentionable) {
        evidence.push(Evidence::Fact { key: stated.key, permission: Permission::Mentionable });
    }
    for stated in context.stated(&whole, Permission::Usable) {
        let key = stated.key;
        match preview.audience {
            Audience::Customer => {
                let finding =
                    Finding { guard: "unsayable".into(), what: key.clone(), start: stated.start, end: stated.end };
                checked.findings.push(finding);
                unsayable.push(key);
            }
            Audience::Staff => {
                let permission = context.permission(&key);
                evidence.push(Evidence::Fact { key, permission });
            }
        }
    }
    let valid: Vec<_> = preview.citations.iter().filter(|c| context.passages.contains_key(c)).cloned().collect();
    unsayable.sort();
    unsayable.dedup();
    let pii = program.guards.pii.find(&whole);
    let sources = context.sources(program, preview.audience == Audience::Staff);
    let texts: Vec<&str> = sources.iter().map(|source| &*source.text).collect();
    let cited = |source: usize| match sources.get(source) {
        Some(Basis { evidence: Some(Evidence::Passage(citation)), .. }) => valid.contains(citation),
        Some(basis) => basis.supports,
        None => false,
    };
    let grounding = ground(&whole, &pii, &texts, cited, context.bundle.trigger.message().unwrap_or_default());
    for found in &grounding.unfounded {
        let what = found.kind.to_string();
        checked.findings.push(Finding { guard: "unfounded".into(), what, start: found.start, end: found.end });
    }
    // Nobody can have told whom no source knows.
    let strange = |kind| matches!(kind, SpecificKind::Email | SpecificKind::Identifier | SpecificKind::Name);
    let strangers = grounding.unfounded.iter().filter(|found| strange(found.kind));
    let mut foreign: Vec<Finding> = strangers
        .map(|found| Finding {
            guard: "foreign".into(),
            what: found.kind.to_string(),
            start: found.start,
            end: found.end,
        })
        .collect();
    foreign.extend(other_ids(&whole, context.bundle.customer.id.as_str()).into_iter().map(|(start, end)| Finding {
        guard: "foreign".into(),
        what: "customer".into(),
        start,
        end,
    }));
    checked.findings.extend(foreign.iter().cloned());
    let unsupported = grounding.unsupported.iter().filter_map(|place| grounding.sentences.get(*place));
    let unsupported = unsupported.map(|sentence| Finding {
        guard: "unsupported".into(),
        what: "sentence".into(),
        start: sentence.start,
        end: sentence.end,
    });
    checked.findings.extend(unsupported);
    let held = |index: &usize| sources.get(*index).and_then(|source| source.evidence.clone());
    let support = grounding.sentences.iter().map(|sentence| {
        let evidence = sentence.sources.iter().filter_map(held).collect();
        Support { start: sentence.start, end: sentence.end, evidence }
    });
    checked.support = support.collect();
    let facts = TextFacts {
        unfounded: grounding.unfounded.iter().map(|found| found.kind.to_string()).collect(),
        foreign: foreign.into_iter().map(|found| found.what).collect(),
        pii: pii.iter().map(|span| span.kind.to_string()).collect(),
        unsayable,
        citations: count(valid.len()),
        unread: count(preview.citations.len() - valid.len()),
        unsupported: count(grounding.unsupported.len()),
        asked_before: preview.audience == Audience::Customer && asks_again(&preview.body, &context.asked()),
        discloses_ai: discloses_ai(&whole),
        internal: context.internal,
        length: count(whole.chars().count()),
    };
    evidence.extend(valid.into_iter().map(Evidence::Passage));
    evidence.sort();
    evidence.dedup();
    checked.text = Some(facts);
    checked.evidence = evidence;
}

fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

fn without(text: &str, spans: &[PiiSpan], kinds: &[String]) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans.iter().filter(|span| kinds.iter().any(|kind| kind == span.kind.as_str())) {
        out.extend(characters.get(from..span.start).unwrap_or_default());
        out.push_str(&format!("[{} removed]", span.kind.as_str().replace('_', " ")));
        from = span.end;
    }
    out.extend(characters.get(from..).unwrap_or_default());
    out
}
