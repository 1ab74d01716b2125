//! Loading rules: everything that can be wrong with them is found here.

use crate::fact::Answers;
use crate::history::{EVENTS, Leaf};
use crate::request::Lexicon;
use crate::rule::Rule;
use crate::slice::{Slice, SliceKind, slices};
use crate::{ActionSpec, Effect, PolicyFault, PolicyFile, schema, source};
use attache_journal::Digest;
use cedar_policy::{PolicyId, Schema};
use dogwood_language::{
    Distincter, LoweredPolicySet, ParsedPolicySet, PolicySchema, ServiceSchema, ValidationError, ValidationWarning,
    Validator, lower_many,
};
use include_dir::{Dir, include_dir};
use miette::Diagnostic as _;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
static TESTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests");

/// A checked set of rules. It is shared between threads and never changes; a
/// project that reloads its rules makes a new one.
#[derive(Debug)]
pub struct PolicySet {
    pub(crate) rules: Vec<Rule>,
    /// The place of each rule in the order of a decision.
    pub(crate) ranks: Vec<usize>,
    pub(crate) by_policy: HashMap<PolicyId, usize>,
    pub(crate) slices: HashMap<String, Slice>,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) lexicon: Lexicon,
    pub(crate) schema: Schema,
    pub(crate) answers: Answers,
    digest: Digest,
    files: Vec<PolicyFile>,
}

impl PolicySet {
    /// The shipped rules for these tools.
    ///
    /// # Errors
    /// A [`PolicyFault`] if a tool's description is at fault.
    pub fn embedded(actions: &[ActionSpec]) -> Result<Self, PolicyFault> {
        Self::load(&Self::shipped(), actions)
    }

    /// These rules for these tools. The order of the files does not matter.
    ///
    /// # Errors
    /// The first [`PolicyFault`]. The old set stays in force: this makes a new one.
    pub fn load(files: &[PolicyFile], actions: &[ActionSpec]) -> Result<Self, PolicyFault> {
        let tools = schema::tools(actions)?;
        let mut files: Vec<&PolicyFile> = files.iter().collect();
        files.sort_by_key(|file| &file.name);
        for pair in files.windows(2) {
            if let [first, second] = pair
                && first.name == second.name
            {
                return Err(PolicyFault::at(second, 0, "two files have this name"));
            }
        }
        let schema = tools.schema(true);
        // Most rules read no input. Whatever is wrong without the inputs is
        // looked at again with them.
        let reads_input = files.iter().any(|file| file.text.contains("input"));
        let brief = (!reads_input).then(|| lower(&files, &tools.schema(false)).ok()).flatten();
        let lowered = match brief {
            Some(lowered) => lowered,
            None => lower(&files, &schema)?,
        };
        let (rules, by_policy) = read(&lowered.set, &files, &lowered.places)?;
        let leaves = leaves(&lowered.set, &files, &lowered.places)?;
        let lexicon = Lexicon::new(lowered.set.cedar_schema()).map_err(PolicyFault::action)?;
        let slices = slices(&lowered.set, &lexicon, tools.shapes(), &leaves).map_err(PolicyFault::action)?;
        for leaf in &leaves {
            let id = PolicyId::new(owner(&leaf.field.id));
            let about_facts = slices.values().any(|slice| {
                matches!(slice.kind, SliceKind::Fact)
                    && (slice.permits.policy(&id).is_some() || slice.forbids.policy(&id).is_some())
            });
            if let (true, Some((file, place))) = (about_facts, located(&id, &files, &lowered.places)) {
                return Err(PolicyFault::at(
                    file,
                    place.start,
                    "history is not asked about facts; name the actions that this rule is for",
                ));
            }
        }

        let mut order: Vec<usize> = (0..rules.len()).collect();
        order.sort_by(|a, b| {
            let rank = |index: &usize| rules.get(*index).map(Rule::rank);
            rank(a).cmp(&rank(b))
        });
        let mut ranks = vec![0; rules.len()];
        for (rank, index) in order.into_iter().enumerate() {
            if let Some(slot) = ranks.get_mut(index) {
                *slot = rank;
            }
        }
        let parts: Vec<&[u8]> = files
            .iter()
            .flat_map(|file| [file.name.as_bytes(), file.text.as_bytes()])
            .chain([EVENTS.as_bytes(), schema.as_bytes()])
            .collect();
        Ok(Self {
            digest: Digest::of(&parts),
            rules,
            ranks,
            by_policy,
            slices,
            leaves,
            lexicon,
            schema: lowered.set.cedar_schema().clone(),
            answers: Answers::default(),
            files: files.into_iter().cloned().collect(),
        })
    }

    /// The shipped rule files.
    #[must_use]
    pub fn shipped() -> Vec<PolicyFile> {
        embedded(&RULES, "dw")
    }

    /// The examples of the shipped rules, for [`run_tests`](crate::run_tests).
    #[must_use]
    pub fn shipped_tests() -> Vec<PolicyFile> {
        embedded(&TESTS, "toml")
    }

    /// The shipped rule files with a project's: a file of the same name takes the
    /// place of the shipped one, an empty one takes it away.
    #[must_use]
    pub fn overlay(files: &[PolicyFile]) -> Vec<PolicyFile> {
        let mut all: BTreeMap<String, PolicyFile> =
            Self::shipped().into_iter().map(|file| (file.name.clone(), file)).collect();
        all.extend(files.iter().map(|file| (file.name.clone(), file.clone())));
        all.into_values().collect()
    }

    /// The digest of the files, their names and the schema they were checked against.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The files that it was made of, by name.
    #[must_use]
    pub fn files(&self) -> &[PolicyFile] {
        &self.files
    }

    /// The rules, by file and then in the order of the file.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }
}

fn embedded(dir: &Dir<'_>, extension: &str) -> Vec<PolicyFile> {
    dir.files()
        .filter(|file| file.path().extension().is_some_and(|found| found == extension))
        .map(|file| PolicyFile::new(file.path().to_string_lossy(), file.contents_utf8().unwrap_or_default()))
        .collect()
}

/// The places of the rules of each file.
type Places = Vec<Vec<Range<usize>>>;

struct Lowered {
    set: LoweredPolicySet,
    places: Places,
}

/// Parses, lowers and checks the files. What a library finds is given a file and a place.
fn lower(files: &[&PolicyFile], schema: &str) -> Result<Lowered, PolicyFault> {
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
    Ok(Lowered { set, places })
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

/// Reads what the annotations say.
fn read(
    set: &LoweredPolicySet,
    files: &[&PolicyFile],
    places: &Places,
) -> Result<(Vec<Rule>, HashMap<PolicyId, usize>), PolicyFault> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut by_policy = HashMap::new();
    let mut seen: HashMap<String, String> = HashMap::new();
    for (index, (file, places)) in files.iter().zip(places).enumerate() {
        for (position, place) in places.iter().enumerate() {
            let id = PolicyId::new(format!("{}_{position}", prefix(index)));
            let policy =
                set.as_cedar().policy(&id).ok_or_else(|| PolicyFault::at(file, place.start, "this rule got lost"))?;
            let effect = match policy.effect() {
                cedar_policy::Effect::Permit => Effect::Permit,
                cedar_policy::Effect::Forbid => Effect::Forbid,
            };
            let rule = Rule::read(file, place, effect, policy.annotations())?;
            let here = format!("{}:{}", file.name, rule.line);
            if let Some(first) = seen.insert(rule.id.clone(), here) {
                return Err(PolicyFault::at(file, place.start, format!("the id `{}` is taken by {first}", rule.id)));
            }
            by_policy.insert(id, rules.len());
            rules.push(rule);
        }
    }
    Ok((rules, by_policy))
}

/// The leaves of history of all rules.
fn leaves(set: &LoweredPolicySet, files: &[&PolicyFile], places: &Places) -> Result<Vec<Leaf>, PolicyFault> {
    set.temporal_fields()
        .map(|field| {
            Leaf::new(field).map_err(|message| match located(&PolicyId::new(owner(&field.id)), files, places) {
                Some((file, place)) => PolicyFault::at(file, place.start, message),
                None => PolicyFault::action(message),
            })
        })
        .collect()
}

/// The namespace of a file's rules in the lowered set.
fn prefix(index: usize) -> String {
    format!("f{index}")
}

/// The id of the policy that a leaf belongs to.
pub(crate) fn owner(leaf: &str) -> &str {
    leaf.rsplit_once("__temporal_").map_or(leaf, |(policy, _)| policy)
}

/// Where a policy of the lowered set comes from.
fn located<'a>(
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

#[cfg(test)]
mod tests;
