//! From rule files to policies of Cedar. What is wrong with a file is found here.

use crate::history::{EVENTS, Leaf};
use crate::{PolicyFault, PolicyFile, source};
use cedar_policy::PolicyId;
use dogwood_language::{
    Distincter, LoweredPolicySet, ParsedPolicySet, PolicySchema, ServiceSchema, ValidationError, ValidationWarning,
    Validator, lower_many,
};
use miette::Diagnostic as _;
use std::ops::Range;
use std::sync::Arc;

/// The places of the rules of each file.
pub(crate) type Places = Vec<Vec<Range<usize>>>;

/// Rules as decisions are made by them.
pub(crate) struct Lowered {
    pub(crate) policies: cedar_policy::PolicySet,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) places: Places,
}

/// Parses, lowers and checks the files. What a library finds is given a file and a place.
pub(crate) fn lower(files: &[&PolicyFile], schema: &str) -> Result<Lowered, PolicyFault> {
    let (set, places) = checked(files, schema)?;
    let schema = Arc::new(set.cedar_schema().clone());
    let leaves = set.temporal_fields().map(|field| {
        Leaf::new(field, &schema).map_err(|message| match located(&owner(&field.id), files, &places) {
            Some((file, place)) => PolicyFault::at(file, place.start, message),
            None => PolicyFault::action(message),
        })
    });
    Ok(Lowered { policies: set.as_cedar().clone(), leaves: leaves.collect::<Result<_, _>>()?, places })
}

/// As the library has them.
pub(crate) fn checked(files: &[&PolicyFile], schema: &str) -> Result<(LoweredPolicySet, Places), PolicyFault> {
    let ours = |fault: dogwood_language::Error| PolicyFault::action(fault.to_string());
    let service = ServiceSchema::builder().event_schema_str(EVENTS).build().map_err(ours)?;
    let schema = PolicySchema::from_cedarschema_str(schema).map_err(ours)?;
    let mut places = Vec::with_capacity(files.len());
    let mut parsed = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        let set = ParsedPolicySet::parse(&file.text, &service).map_err(|fault| PolicyFault::of(file, &fault))?;
        let found = source::rules(file)?;
        if found.len() != set.policy_count() {
            return Err(PolicyFault::at(file, 0, "the rules of this file cannot be told apart"));
        }
        let distincter: Distincter = prefix(index).parse().map_err(ours)?;
        places.push(found);
        parsed.push((set, distincter));
    }
    let entries: Vec<_> = parsed.iter().map(|(set, name)| (set, name.clone())).collect();
    let set = if entries.is_empty() {
        ParsedPolicySet::parse("", &service).and_then(|set| set.lower(&schema)).map_err(ours)?
    } else {
        lower_many(&entries, &schema).map_err(|fault| {
            // The fault does not say whose it is: ask each file alone.
            files
                .iter()
                .zip(&parsed)
                .find_map(|(file, (set, _))| Some(PolicyFault::of(file, &set.lower(&schema).err()?)))
                .unwrap_or_else(|| ours(fault))
        })?
    };
    if set.provider_fields().next().is_some() {
        return Err(PolicyFault::action("rules have no information providers (`guardrail { … }`)"));
    }
    check(&set, files, &places)?;
    Ok((set, places))
}

/// Checks the rules against the schema; a warning is a fault as well, since each
/// of them means a rule that does not do what it says.
fn check(set: &LoweredPolicySet, files: &[&PolicyFile], places: &Places) -> Result<(), PolicyFault> {
    let result = Validator::new().validate(set);
    let unknown = |message: String| PolicyFault::action(message);
    if let Some(fault) = result.validation_errors().next() {
        let text = match fault {
            ValidationError::Cedar { src, .. } | ValidationError::Extension { src, .. } => Some(src),
            _ => None,
        };
        let found = text.and_then(|text| files.iter().zip(places).find(|(file, _)| *file.text == **text));
        return Err(match found {
            Some((file, places)) => narrowed(file, places, fault),
            None => unknown(fault.to_string()),
        });
    }
    if let Some(fault) = result.validation_warnings().next() {
        let place = match fault {
            ValidationWarning::Cedar(fault) => located(fault.policy_id(), files, places),
            _ => None,
        };
        return Err(match place {
            Some((file, place)) => PolicyFault::at(file, place.start, plain(&fault.to_string())),
            None => unknown(fault.to_string()),
        });
    }
    Ok(())
}

/// A message without the id that lowering gave the rule, which nobody knows.
fn plain(message: &str) -> String {
    let rest = message.strip_prefix("for policy `").and_then(|rest| rest.split_once("`"));
    rest.map_or(message, |(_, rest)| rest.trim_start_matches([':', ',', ' '])).to_owned()
}

/// A finding of the validator. Where it points at a whole rule, its message often
/// quotes the words at fault, and those have a place.
fn narrowed(file: &PolicyFile, places: &[Range<usize>], fault: &ValidationError) -> PolicyFault {
    let message = plain(&fault.to_string());
    let offset = fault.labels().and_then(|mut labels| labels.next()).map_or(0, |label| label.offset());
    let rule = places.iter().find(|place| place.start == offset).and_then(|place| file.text.get(place.clone()));
    let within = rule.and_then(|rule| message.split('`').skip(1).step_by(2).find_map(|quoted| rule.find(quoted)));
    let help = fault.help().map(|help| format!(" ({help})")).unwrap_or_default();
    PolicyFault::at(file, offset.saturating_add(within.unwrap_or(0)), format!("{message}{help}"))
}

/// The namespace of a file's rules in the lowered set.
fn prefix(file: usize) -> String {
    format!("f{file}")
}

/// The id of a policy in the lowered set, by its file and its place there.
pub(crate) fn id(file: usize, position: usize) -> PolicyId {
    PolicyId::new(format!("{}_{position}", prefix(file)))
}

/// The id of the policy that a leaf belongs to.
pub(crate) fn owner(leaf: &str) -> PolicyId {
    PolicyId::new(leaf.rsplit_once("__temporal_").map_or(leaf, |(policy, _)| policy))
}

/// Where a policy of the lowered set comes from.
pub(crate) fn located<'a>(
    id: &PolicyId,
    files: &[&'a PolicyFile],
    places: &'a Places,
) -> Option<(&'a PolicyFile, &'a Range<usize>)> {
    let id: &str = id.as_ref();
    let (file, rule) = id.strip_prefix('f')?.split_once('_')?;
    let file: usize = file.parse().ok()?;
    let place = places.get(file)?.get(rule.parse::<usize>().ok()?)?;
    Some((files.get(file)?, place))
}
