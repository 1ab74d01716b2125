//! The schema that rules are checked against, generated from the tools.

use crate::{ActionSpec, PolicyFault, SinkOrigin};
use attache_context::{Channel, FactKind, Purpose, Sensitivity, Source, Stage};
use attache_journal::{Emotion, SentimentLabel};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The kinds of trigger, as `Attache::Trigger` in rules.
pub(crate) const TRIGGERS: [&str; 4] = ["manual", "message", "signal", "stage_change"];

/// The groups of actions: the effects that a tool can have.
pub(crate) const EFFECTS: [&str; 4] = ["draft", "escalate", "read", "write"];

/// The actions that are no tools.
pub(crate) const FIXED: [&str; 3] = ["engage", "mention", "see"];

/// The tools that the shipped rules speak of, with their effects. They are
/// actions even where a registry lacks them, so that the shipped rules load
/// everywhere; without a tool nobody can ask for them.
const KNOWN: [(&str, &str); 13] = [
    ("ask_customer", "write"),
    ("crm_lookup", "read"),
    ("draft_email", "draft"),
    ("draft_headline", "draft"),
    ("draft_summary", "draft"),
    ("escalate_to_human", "escalate"),
    ("file_summary", "write"),
    ("kb_search", "read"),
    ("kb_search_internal", "read"),
    ("notify_customer", "write"),
    ("publish_headline", "write"),
    ("reply", "write"),
    ("send_email", "write"),
];

/// References in a JSON Schema are followed this deep.
const MAX_DEPTH: usize = 16;

/// The tools of a schema, each with its effect and the shape of its input.
pub(crate) struct Tools(BTreeMap<String, (String, Shape)>);

/// What Cedar can express of a JSON Schema.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Bool,
    Long,
    Record(Vec<Field>),
    Strings,
    Text,
}

/// A property of an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) optional: bool,
    /// Absent if Cedar cannot express it: no rule can read it then.
    pub(crate) shape: Option<Shape>,
}

impl Shape {
    /// A value of this shape that says nothing: for examples that are not about the input.
    pub(crate) fn blank(&self) -> Value {
        match self {
            Self::Bool => Value::Bool(false),
            Self::Long => Value::from(0),
            Self::Strings => Value::Array(Vec::new()),
            Self::Text => Value::String(String::new()),
            Self::Record(fields) => fields
                .iter()
                .filter(|field| !field.optional)
                .filter_map(|field| Some((field.name.clone(), field.shape.as_ref()?.blank())))
                .collect::<Map<_, _>>()
                .into(),
        }
    }
}

/// Looks at these tools, and those that every schema has.
pub(crate) fn tools(actions: &[ActionSpec]) -> Result<Tools, PolicyFault> {
    let mut tools = BTreeMap::new();
    for spec in actions {
        if FIXED.contains(&spec.name.as_str()) || EFFECTS.contains(&spec.name.as_str()) {
            return Err(PolicyFault::action(format!("a tool must not be called `{}`", spec.name)));
        }
        // The name stands in rules and in what Cedar prints of them.
        if spec.name.is_empty() || spec.name.contains(|char: char| "\"\\(){}".contains(char) || char.is_whitespace()) {
            return Err(PolicyFault::action(format!("`{}` is no name for a tool", spec.name)));
        }
        if !EFFECTS.contains(&spec.effect.as_str()) {
            return Err(PolicyFault::action(format!(
                "`{}` has the unknown effect `{}`, expected one of {}",
                spec.name,
                spec.effect,
                EFFECTS.join(", ")
            )));
        }
        let shape = match shape(&spec.input_schema, &spec.input_schema, 0) {
            Some((shape @ Shape::Record(_), false)) => shape,
            _ => {
                return Err(PolicyFault::action(format!("the input of `{}` must be an object", spec.name)));
            }
        };
        if tools.insert(spec.name.clone(), (spec.effect.clone(), shape)).is_some() {
            return Err(PolicyFault::action(format!("two tools are called `{}`", spec.name)));
        }
    }
    for (name, effect) in KNOWN {
        tools.entry(name.to_owned()).or_insert_with(|| (effect.to_owned(), Shape::Record(Vec::new())));
    }

    Ok(Tools(tools))
}

impl Tools {
    /// The name, the effect and the shape of the input of each tool.
    pub(crate) fn all(self) -> impl Iterator<Item = (String, String, Shape)> {
        self.0.into_iter().map(|(name, (effect, shape))| (name, effect, shape))
    }

    /// Whether each tool that the shipped rules speak of has the effect that they take it to have.
    pub(crate) fn are_as_known(&self) -> bool {
        KNOWN.iter().all(|(name, effect)| self.0.get(*name).is_some_and(|(found, _)| found == effect))
    }

    /// The schema. Without `inputs` the inputs have no fields, which is enough
    /// for rules that read none and spares most of the text.
    ///
    /// Names are quoted where that is possible, and tools that look alike are
    /// one declaration: Cedar takes 20 µs for each bare word, on every load.
    pub(crate) fn schema(&self, inputs: bool) -> String {
        let mut text = String::from("namespace Attache {\nentity Agent;\nentity Customer;\n");
        enumeration(&mut text, "Channel", Channel::ALL.map(Channel::as_str));
        enumeration(&mut text, "Emotion", Emotion::ALL.map(Emotion::as_str));
        enumeration(&mut text, "FactKind", FactKind::ALL.map(FactKind::as_str));
        enumeration(&mut text, "Purpose", Purpose::ALL.map(Purpose::as_str));
        enumeration(&mut text, "Sensitivity", Sensitivity::ALL.map(Sensitivity::as_str));
        enumeration(&mut text, "Sentiment", SentimentLabel::ALL.map(SentimentLabel::as_str));
        enumeration(&mut text, "Sink", SinkOrigin::ALL.map(SinkOrigin::as_str));
        enumeration(&mut text, "Source", Source::ALL.map(Source::as_str));
        enumeration(&mut text, "Stage", Stage::ALL.map(Stage::as_str));
        enumeration(&mut text, "Trigger", TRIGGERS);
        text.push_str(
            r#"entity Fact = { "age_days": Long, "key": String, "kind": FactKind, "purposes": Set<Purpose>,
"sensitivity": Sensitivity, "source": Source, "system": String };
type Consent = { "ai_interaction": Bool, "marketing_email": Bool, "profiling": Bool };
type Case = { "account_value": Long, "approved": Bool, "by_run": Bool, "channel": Channel, "consent": Consent,
"emotion": Emotion, "first_contact": Bool, "hour": Long, "mood": Long, "outreach": Bool, "playbook": String, "purpose": Purpose,
"sentiment": Sentiment, "signal": String, "stage": Stage, "trigger": Trigger, "wants_human": Bool,
"with_person": Bool, "wrote_since": Bool };
type Text = { "asked_before": Bool, "citations": Long, "discloses_ai": Bool, "foreign": Set<String>,
"internal": Bool, "length": Long, "pii": Set<String>,
"unfounded": Set<String>, "unread": Long, "unsayable": Set<String>, "unsupported": Long };
"#,
        );
        line(&mut text, format_args!("action {};", EFFECTS.map(quoted).join(", ")));
        text.push_str(
            r#"action "engage" appliesTo { principal: [Agent], resource: [Customer], context: { "case": Case } };
action "mention", "see" appliesTo { principal: [Agent], resource: [Fact], context: { "case": Case } };
"#,
        );
        // Tools by what is said of them after their names.
        let mut alike: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, (effect, shape)) in &self.0 {
            let input = if inputs { cedar(shape) } else { "{}".to_owned() };
            let rest = format!(
                "in [Action::\"{effect}\"] appliesTo {{ principal: [Agent], resource: [Customer], \
                 context: {{ \"case\": Case, \"input\": {input}, \"nowhere\": Set<String>, \"sinks\": Set<Sink>, \
                 \"text\": Text, \"untrusted\": Set<String> }} }};"
            );
            alike.entry(rest).or_default().push(quoted(name));
        }
        for (rest, names) in alike {
            line(&mut text, format_args!("action {} {rest}", names.join(", ")));
        }
        text.push_str("}\n");
        text
    }
}

/// A type of Cedar whose values are these words and no others: a word in a rule
/// that is not among them is a fault at load, where a string would never match.
fn enumeration<const N: usize>(text: &mut String, name: &str, words: [&str; N]) {
    line(text, format_args!("entity {name} enum [{}];", words.map(quoted).join(", ")));
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = text.write_fmt(arguments);
    text.push('\n');
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}

fn cedar(shape: &Shape) -> String {
    match shape {
        Shape::Bool => "Bool".into(),
        Shape::Long => "Long".into(),
        Shape::Strings => "Set<String>".into(),
        Shape::Text => "String".into(),
        Shape::Record(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .filter_map(|field| {
                    let optional = if field.optional { "?" } else { "" };
                    Some(format!("{}{optional}: {}", quoted(&field.name), cedar(field.shape.as_ref()?)))
                })
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// The shape of a JSON Schema and whether it admits `null`.
fn shape(schema: &Value, root: &Value, depth: usize) -> Option<(Shape, bool)> {
    let deeper = depth.checked_add(1).filter(|depth| *depth < MAX_DEPTH)?;
    let schema = schema.as_object()?;
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return shape(root.pointer(reference.strip_prefix('#')?)?, root, deeper);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(options) = schema.get(choice).and_then(Value::as_array) {
            let (nulls, rest): (Vec<_>, Vec<_>) =
                options.iter().partition(|option| option.get("type").and_then(Value::as_str) == Some("null"));
            let [only] = rest.as_slice() else { return None };
            let (shape, nullable) = shape(only, root, deeper)?;
            return Some((shape, nullable || !nulls.is_empty()));
        }
    }
    let types: Vec<&str> = match schema.get("type")? {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let nullable = types.contains(&"null");
    let rest: Vec<_> = types.into_iter().filter(|name| *name != "null").collect();
    let [name] = rest.as_slice() else { return None };
    let shape = match *name {
        "boolean" => Shape::Bool,
        "integer" => Shape::Long,
        "string" => Shape::Text,
        "array" => match shape(schema.get("items")?, root, deeper)? {
            (Shape::Text, false) => Shape::Strings,
            _ => return None,
        },
        "object" => {
            let required: BTreeSet<&str> = schema
                .get("required")
                .and_then(Value::as_array)
                .map(|names| names.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default();
            let empty = Map::new();
            let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
            Shape::Record(
                properties
                    .iter()
                    .map(|(name, property)| {
                        let found = shape(property, root, deeper);
                        Field {
                            name: name.clone(),
                            optional: !required.contains(name.as_str())
                                || found.as_ref().is_some_and(|(_, nullable)| *nullable),
                            shape: found.map(|(shape, _)| shape),
                        }
                    })
                    .collect(),
            )
        }
        _ => return None,
    };
    Some((shape, nullable))
}

#[cfg(test)]
mod tests;
