//! The shipped rules as they were lowered before: a process that starts need not
//! parse them, nor check again what a test has checked.
//!
//! `lowered/` is written by `cargo xtask lower-rules` and is taken for the very
//! files that it was made of, for whatever tools there are: the shipped rules read
//! no input, so a tool beside the known ones is to them as any other of its effect.

use crate::history::{EVENTS, Leaf};
use crate::lower::{self, Lowered};
use crate::schema::{self, Tools};
use crate::{PolicyFault, PolicyFile, PolicySet, source};
use attache_journal::Digest;
use serde::{Deserialize, Serialize};

/// The rules as Cedar reads them, in the order of the files.
const POLICIES: &str = include_str!("../lowered/policies.cedar");
/// What they ask of history, and what all this was made of.
const HISTORY: &str = include_str!("../lowered/history.json");

#[derive(Deserialize, Serialize)]
struct History {
    /// The digest of the files, of what they were lowered with, and of what they were lowered to.
    of: Digest,
    leaves: Vec<Leaf>,
}

/// What was made of these files; nothing if it was made of others.
pub(crate) fn lowered(files: &[&PolicyFile], tools: &Tools) -> Option<Lowered> {
    let History { of, leaves } = serde_json::from_str(HISTORY).ok()?;
    if !tools.are_as_known() || of != digest(files, POLICIES).ok()? {
        return None;
    }
    let places: Vec<_> = files.iter().map(|file| source::rules(file)).collect::<Result<_, _>>().ok()?;
    let read: cedar_policy::PolicySet = POLICIES.parse().ok()?;
    let mut policies = cedar_policy::PolicySet::new();
    let ids = places.iter().enumerate().flat_map(|(file, places)| (0..places.len()).map(move |at| lower::id(file, at)));
    for (number, id) in ids.enumerate() {
        // So Cedar calls what has no name of its own.
        let policy = read.policy(&cedar_policy::PolicyId::new(format!("policy{number}")))?;
        policies.add(policy.new_id(id)).ok()?;
    }
    (policies.num_of_policies() == read.num_of_policies()).then_some(Lowered { policies, leaves, places })
}

/// The files of `lowered/`, by their names, as the shipped rules make them. For `cargo xtask lower-rules`.
///
/// # Errors
/// A [`PolicyFault`] of the shipped rules; among them, that one asks history what must be interpreted.
#[doc(hidden)]
pub fn lower_shipped() -> Result<[(&'static str, String); 2], PolicyFault> {
    let mut files = PolicySet::shipped();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let files: Vec<_> = files.iter().collect();
    let Lowered { policies, leaves, places } = lower::lower(&files, &schema::tools(&[])?.schema(false))?;
    let mut text = "// The rules of `rules/` as Cedar reads them. Written by `cargo xtask lower-rules`.\n".to_owned();
    for (file, places) in places.iter().enumerate() {
        for at in 0..places.len() {
            let policy = policies.policy(&lower::id(file, at));
            let policy = policy.ok_or_else(|| PolicyFault::action(format!("rule {at} of file {file} got lost")))?;
            text.push_str(&format!("\n{policy}\n"));
        }
    }
    let history = History { of: digest(&files, &text)?, leaves };
    let mut history = serde_json::to_string_pretty(&history).map_err(|fault| PolicyFault::action(fault.to_string()))?;
    history.push('\n');
    Ok([("policies.cedar", text), ("history.json", history)])
}

/// The digest of files, of what they are lowered with, and of what they are lowered to.
fn digest(files: &[&PolicyFile], policies: &str) -> Result<Digest, PolicyFault> {
    let schema = schema::tools(&[])?.schema(false);
    let files = files.iter().flat_map(|file| [file.name.as_bytes(), file.text.as_bytes()]);
    let with = [EVENTS.as_bytes(), schema.as_bytes(), policies.as_bytes()];
    Ok(Digest::of(&files.chain(with).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests;
