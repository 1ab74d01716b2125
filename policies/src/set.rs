//! Loading rules: everything that can be wrong with them is found here.

use crate::fact::Answers;
use crate::history::{EVENTS, Leaf};
use crate::lower::{Lowered, Places, id, located, lower, owner};
use crate::request::Lexicon;
use crate::rule::Rule;
use crate::slice::{Slice, SliceKind, slices};
use crate::{ActionSpec, Effect, PolicyFault, PolicyFile, kept, schema};
use attache_journal::Digest;
use cedar_policy::PolicyId;
use include_dir::{Dir, include_dir};
use std::collections::{BTreeMap, HashMap};

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
        let Lowered { policies, leaves, places } = match kept::lowered(&files, &tools) {
            Some(lowered) => lowered,
            None => fresh(&files, &tools, &schema)?,
        };
        let (rules, by_policy) = read(&policies, &files, &places)?;
        let lexicon = Lexicon::new().map_err(PolicyFault::action)?;
        let slices = slices(&policies, &lexicon, tools, &leaves).map_err(PolicyFault::action)?;
        for leaf in &leaves {
            let id = owner(&leaf.id);
            let about_facts = slices.values().any(|slice| {
                matches!(slice.kind, SliceKind::Fact)
                    && (slice.permits.policy(&id).is_some() || slice.forbids.policy(&id).is_some())
            });
            if let (true, Some((file, place))) = (about_facts, located(&id, &files, &places)) {
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

/// Lowers the files now.
fn fresh(files: &[&PolicyFile], tools: &schema::Tools, schema: &str) -> Result<Lowered, PolicyFault> {
    // Most rules read no input. Whatever is wrong without the inputs is
    // looked at again with them.
    let reads_input = files.iter().any(|file| file.text.contains("input"));
    let brief = (!reads_input).then(|| lower(files, &tools.schema(false)).ok()).flatten();
    brief.map_or_else(|| lower(files, schema), Ok)
}

fn embedded(dir: &Dir<'_>, extension: &str) -> Vec<PolicyFile> {
    dir.files()
        .filter(|file| file.path().extension().is_some_and(|found| found == extension))
        .map(|file| PolicyFile::new(file.path().to_string_lossy(), file.contents_utf8().unwrap_or_default()))
        .collect()
}

/// Reads what the annotations say.
fn read(
    policies: &cedar_policy::PolicySet,
    files: &[&PolicyFile],
    places: &Places,
) -> Result<(Vec<Rule>, HashMap<PolicyId, usize>), PolicyFault> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut by_policy = HashMap::new();
    let mut seen: HashMap<String, String> = HashMap::new();
    for (index, (file, places)) in files.iter().zip(places).enumerate() {
        for (position, place) in places.iter().enumerate() {
            let id = id(index, position);
            let policy =
                policies.policy(&id).ok_or_else(|| PolicyFault::at(file, place.start, "this rule got lost"))?;
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

#[cfg(test)]
mod tests;
