//! What templates of texts are rendered over.

use super::extract::opening;
use super::words::sentences;
use attache_prompts::Brief;
use attache_tools::Passage;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The fields of the brief, and beside them what the tools returned.
#[derive(Serialize)]
pub(super) struct Data<'a> {
    #[serde(flatten)]
    pub(super) brief: &'a Brief,
    pub(super) passages: Vec<Shown<'a>>,
    /// What `crm_lookup` returned, or `null`.
    pub(super) crm: &'a Value,
    /// What may be said, by key; `_` stands for the dots in it.
    pub(super) say: BTreeMap<String, &'a Value>,
    /// What may only steer.
    pub(super) hint: BTreeMap<String, &'a Value>,
}

/// A passage with its parts that read well alone.
#[derive(Clone, Serialize)]
pub(super) struct Shown<'a> {
    #[serde(flatten)]
    passage: &'a Passage,
    /// Its first paragraph; empty if it begins with a list or a table.
    opening: &'a str,
    /// The first sentence of that.
    lead: &'a str,
}

impl<'a> Data<'a> {
    pub(super) fn new(brief: &'a Brief, hits: &'a [Passage], crm: &'a Value) -> Self {
        let facts = |may_say: bool| {
            let facts = brief.facts.iter().filter(move |fact| fact.may_say == may_say);
            facts.map(|fact| (fact.key.replace('.', "_"), &fact.value)).collect()
        };
        let shown = hits.iter().map(|passage| {
            let opening = opening(&passage.passage).unwrap_or_default();
            Shown { passage, opening, lead: sentences(opening).first().copied().unwrap_or_default() }
        });
        Self { brief, passages: shown.collect(), crm, say: facts(true), hint: facts(false) }
    }
}

/// The passages that a text rests on: the best two if its template looks at
/// passages, and any with a figure of the text that is not the customer's own.
pub(super) fn cite(text: &str, looked: bool, brief: &Brief, hits: &[Passage]) -> Vec<String> {
    let own: BTreeSet<String> = brief.facts.iter().flat_map(|fact| figures(&fact.value.to_string())).collect();
    let claimed: BTreeSet<String> = figures(text).difference(&own).cloned().collect();
    let cited = hits.iter().enumerate().filter(|(rank, hit)| {
        (looked && *rank < 2) || !figures(&hit.passage).is_disjoint(&claimed) || quotes(text, &hit.passage)
    });
    cited.map(|(_, hit)| hit.id.clone()).collect()
}

fn figures(text: &str) -> BTreeSet<String> {
    let runs = text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','));
    let figures = runs.map(|run| run.trim_matches(['.', ',']).to_owned());
    // A single digit stands in every list.
    figures.filter(|figure| figure.len() > 1).collect()
}

fn quotes(text: &str, passage: &str) -> bool {
    sentences(passage).iter().any(|sentence| sentence.len() > 30 && text.contains(sentence))
}

#[cfg(test)]
mod tests;
