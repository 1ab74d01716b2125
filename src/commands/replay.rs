//! `attache replay`.

use super::log::wanted;
use super::{bar, block_on, json};
use crate::app::{open_log_of, overrides, policy_of, with_model};
use crate::cli::Global;
use crate::config::{Project, files};
use crate::failure::Failure;
use crate::tell;
use attache::Attache;
use attache::engine::{Looked, Replanned};
use attache::journal::{RunId, Store};
use attache::planner::{Course, Filed, Flip, Load, WhatIf};
use comfy_table::{Table, presets};
use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::{Value, json as object};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Handle;

/// How many rows a table has at most; `--json` has them all.
const ROWS: usize = 100;

/// What is asked.
pub(crate) struct Asked<'a> {
    pub(crate) runs: &'a [String],
    pub(crate) since: Option<Timestamp>,
    pub(crate) policies: Option<&'a Path>,
    pub(crate) prompts: Option<&'a Path>,
    pub(crate) playbooks: Option<&'a Path>,
    pub(crate) model: Option<&'a str>,
    pub(crate) expect_same: bool,
}

impl Asked<'_> {
    /// Whether a model is asked again.
    fn plans(&self) -> bool {
        self.model.is_some() || self.prompts.is_some() || self.playbooks.is_some()
    }
}

/// What stored runs would decide now, from their own records.
pub(crate) fn run(global: &Global, asked: &Asked<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    let project = Project::read(global.config.as_deref())?;
    let mut builder = overrides(&project, Attache::builder())?;
    for (name, text) in laid_over(asked.prompts, "tera")? {
        builder = builder.prompt(&name, text);
    }
    for (name, text) in laid_over(asked.playbooks, "toml")? {
        builder = builder.playbook(&name, text);
    }
    if asked.plans() {
        builder = with_model(builder, &project, asked.model)?;
    }
    let log = Arc::new(open_log_of(global, &project)?);
    // No knowledge base, no CRM and no outbox: nothing can be called.
    let attache = builder.store(log.clone()).build()?;
    let other = match asked.policies {
        Some(dir) => Some(policy_of(dir, attache.registry())?),
        None => None,
    };
    let policy = other.as_ref().unwrap_or(attache.policy());
    let mut report = Report::new(global, asked);
    block_on(async {
        let runs = wanted(&*log, asked.runs, asked.since).await?;
        report.bar.set_length(runs.len() as u64);
        if asked.plans() {
            for run in &runs {
                let entries = log.entries(run).await?;
                let looked = attache.engine().replan(run, &entries, policy).await?;
                report.planned(run, looked, out)?;
            }
            return report.end_planned(out);
        }
        attache.engine().what_if(&runs, policy, &Handle::current(), |run, looked| report.decided(run, looked, out))?;
        report.end_decided(out)
    })
}

/// The files of a folder that is named; it must be there.
fn laid_over(dir: Option<&Path>, extension: &str) -> Result<BTreeMap<String, String>, Failure> {
    match dir {
        Some(dir) if !dir.is_dir() => Err(Failure::refused(format!("{}: no such folder", dir.display()))),
        Some(dir) => files(dir, extension),
        None => Ok(BTreeMap::new()),
    }
}

/// What is told, run by run and at the end.
struct Report<'a> {
    global: &'a Global,
    asked: &'a Asked<'a>,
    bar: ProgressBar,
    runs: usize,
    decisions: usize,
    unreached: usize,
    differ: usize,
    unmatched: usize,
    skipped: usize,
    before: Load,
    after: Load,
    rows: Vec<Vec<String>>,
    drafts: Vec<Vec<String>>,
    /// Flips by rule, stage and outcome.
    by_rule: BTreeMap<[String; 3], u64>,
}

impl<'a> Report<'a> {
    fn new(global: &'a Global, asked: &'a Asked<'a>) -> Self {
        Self {
            global,
            asked,
            bar: bar(global, "deciding again {bar:40} {pos}/{len} {per_sec} {eta}"),
            runs: 0,
            decisions: 0,
            unreached: 0,
            differ: 0,
            unmatched: 0,
            skipped: 0,
            before: Load::default(),
            after: Load::default(),
            rows: Vec::new(),
            drafts: Vec::new(),
            by_rule: BTreeMap::new(),
        }
    }

    /// The result, if there is one; tells why there is none.
    fn had<T>(&mut self, run: &RunId, looked: Looked<T>, out: &mut dyn Write) -> Result<Option<T>, Failure> {
        self.bar.inc(1);
        let (why, message) = match looked {
            Looked::Again(it) => {
                self.runs += 1;
                return Ok(Some(it));
            }
            Looked::Erased => ("erased", "the customer's data was erased".to_owned()),
            Looked::NoPlaybook(message) => ("no_playbook", message),
        };
        self.skipped += 1;
        if self.global.json {
            json(out, &object!({ "kind": "skipped", "run": run, "why": why, "message": message }))?;
        } else {
            self.bar.suspend(|| writeln!(out, "skipped {run}: {message}"))?;
        }
        Ok(None)
    }

    fn decided(&mut self, run: &RunId, looked: Looked<WhatIf>, out: &mut dyn Write) -> Result<(), Failure> {
        let Some(found) = self.had(run, looked, out)? else { return Ok(()) };
        self.decisions += found.decisions;
        self.unreached += found.unreached;
        self.differ += found.flips.len();
        found.before.count(&mut self.before);
        found.after.count(&mut self.after);
        let stage = found.stage.map_or("", |stage| stage.as_str());
        let outcome = turn(found.before.stands(), found.after.stands());
        for flip in &found.flips {
            let (came, went) = flip.rules();
            if self.global.json {
                let line = object!({
                    "kind": "decision", "run": run, "seq": flip.seq, "stage": stage, "action": flip.action(),
                    "told": told(flip), "came": came, "went": went, "facts": flip.facts(),
                    "before": found.before.stands(), "after": found.after.stands(),
                    "recorded": flip.recorded, "now": flip.now,
                });
                json(out, &line)?;
                continue;
            }
            let signed =
                |sign: char, rules: &[String]| rules.iter().map(|rule| format!("{sign}{rule}")).collect::<Vec<_>>();
            let rules = [signed('+', &came), signed('-', &went)].concat();
            for rule in &rules {
                *self.by_rule.entry([rule.clone(), stage.to_owned(), outcome.clone()]).or_default() += 1;
            }
            if self.rows.len() < ROWS {
                let place = format!("{run} {}", flip.seq);
                self.rows.push(vec![place, stage.to_owned(), told(flip), rules.join(" "), outcome.clone()]);
            }
        }
        self.tell_drafts(&found.before, &found.after);
        if self.global.json && (!found.flips.is_empty() || found.before != found.after) {
            json(out, &run_line(run, stage, &found.before, &found.after))?;
        }
        Ok(())
    }

    fn planned(&mut self, run: &RunId, looked: Looked<Replanned>, out: &mut dyn Write) -> Result<(), Failure> {
        let Some(found) = self.had(run, looked, out)? else { return Ok(()) };
        let (before, after) = (found.before.stands(), found.after.stands());
        self.differ += usize::from(before != after || found.before.reason_code != found.after.reason_code);
        self.unmatched += found.unmatched.len();
        found.before.count(&mut self.before);
        found.after.count(&mut self.after);
        let calls: Vec<Value> = found
            .unmatched
            .iter()
            .map(|missing| object!({ "tool": missing.call.tool, "input": missing.call.input, "assumed": missing.assumed }))
            .collect();
        if self.global.json {
            let mut line = run_line(run, "", &found.before, &found.after);
            if let Some(line) = line.as_object_mut() {
                line.remove("stage");
                line.insert("unmatched".to_owned(), calls.into());
                line.insert("usage".to_owned(), object!(found.usage));
            }
            return json(out, &line);
        }
        let missing: Vec<_> = found
            .unmatched
            .iter()
            .map(|m| if m.assumed { format!("({})", m.call.tool) } else { m.call.tool.clone() })
            .collect();
        if self.rows.len() < ROWS {
            self.rows.push(vec![run.to_string(), turn(&why(&found.before), &why(&found.after)), missing.join(" ")]);
        }
        Ok(())
    }

    fn tell_drafts(&mut self, before: &Course, after: &Course) {
        for (id, was, is) in changed(before, after) {
            if self.drafts.len() < ROWS {
                let gone = if after.needs.is_some() { "open" } else { "not made" };
                let said = |filed: Option<&Filed>| filed.map_or_else(|| gone.to_owned(), filed_words);
                let was = was.map_or_else(|| "not made".to_owned(), filed_words);
                self.drafts.push(vec![id.clone(), turn(&was, &said(is))]);
            }
        }
    }

    fn end_decided(self, out: &mut dyn Write) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        if self.global.json {
            let line = object!({
                "kind": "total", "runs": self.runs, "skipped": self.skipped, "decisions": self.decisions,
                "differ": self.differ, "unreached": self.unreached,
                "load": { "before": self.before, "after": self.after },
            });
            json(out, &line)?;
        } else {
            table(out, &["run", "stage", "decision", "rules", "outcome"], &self.rows, self.differ)?;
            let by_rule = self.by_rule.iter().map(|([rule, stage, outcome], count)| {
                vec![rule.clone(), stage.clone(), outcome.clone(), count.to_string()]
            });
            let by_rule: Vec<_> = by_rule.collect();
            table(out, &["rule", "stage", "outcome", "decisions"], &by_rule, by_rule.len())?;
            table(out, &["draft", "review"], &self.drafts, self.drafts.len())?;
            self.tell_load(out)?;
            if self.unreached > 0 {
                writeln!(out, "{} recorded decisions would not be come to", self.unreached)?;
            }
            self.tell_skipped(out)?;
            writeln!(out, "{} decisions, {} differ", self.decisions, self.differ)?;
        }
        self.expected("decisions differ")
    }

    fn end_planned(self, out: &mut dyn Write) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        if self.global.json {
            let line = object!({
                "kind": "total", "runs": self.runs, "skipped": self.skipped, "differ": self.differ,
                "unmatched": self.unmatched, "load": { "before": self.before, "after": self.after },
            });
            json(out, &line)?;
        } else {
            table(out, &["run", "outcome", "not in the record"], &self.rows, self.runs)?;
            self.tell_load(out)?;
            self.tell_skipped(out)?;
            if self.unmatched > 0 {
                let count = self.unmatched;
                writeln!(
                    out,
                    "{count} calls are not in the record and were not made; those in () are taken to succeed"
                )?;
            }
            writeln!(out, "{} runs, {} end otherwise", self.runs, self.differ)?;
        }
        self.expected("runs end otherwise")
    }

    fn tell_load(&self, out: &mut dyn Write) -> Result<(), Failure> {
        if self.before == self.after {
            return Ok(());
        }
        let mut rows = Vec::new();
        let kinds = [
            ("reviews", &self.before.reviews, &self.after.reviews),
            ("escalations", &self.before.escalations, &self.after.escalations),
            ("runs that end", &self.before.outcomes, &self.after.outcomes),
        ];
        for (kind, before, after) in kinds {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                let count = |load: &BTreeMap<String, u64>| load.get(name).copied().unwrap_or_default();
                let (was, is) = (count(before), count(after));
                let change = i128::from(is) - i128::from(was);
                rows.push(vec![kind.to_owned(), name.clone(), was.to_string(), is.to_string(), format!("{change:+}")]);
            }
        }
        table(out, &["load", "queue or outcome", "before", "after", "change"], &rows, rows.len())
    }

    fn tell_skipped(&self, out: &mut dyn Write) -> Result<(), Failure> {
        if self.skipped > 0 {
            writeln!(out, "{} runs were skipped", self.skipped)?;
        }
        Ok(())
    }

    fn expected(&self, what: &str) -> Result<(), Failure> {
        if self.asked.expect_same && self.differ > 0 {
            return Err(Failure::check(format!("{} {what}", self.differ)));
        }
        Ok(())
    }
}

fn run_line(run: &RunId, stage: &str, before: &Course, after: &Course) -> Value {
    let drafts: Vec<_> =
        changed(before, after).map(|(id, was, is)| object!({ "draft": id, "before": was, "after": is })).collect();
    object!({
        "kind": "run", "run": run, "stage": stage, "before": before, "after": after,
        "outcome": { "before": before.stands(), "after": after.stands() }, "drafts": drafts,
    })
}

/// The drafts of which policy says something else, with both.
fn changed<'c>(
    before: &'c Course,
    after: &'c Course,
) -> impl Iterator<Item = (&'c String, Option<&'c Filed>, Option<&'c Filed>)> {
    let ids: BTreeSet<&String> = before.drafts.keys().chain(after.drafts.keys()).collect();
    let both = ids.into_iter().map(|id| (id, before.drafts.get(id), after.drafts.get(id)));
    both.filter(|(_, was, is)| was != is)
}

fn filed_words(filed: &Filed) -> String {
    let verdict =
        |verdict: Option<_>| verdict.map_or_else(String::new, |verdict: attache::Verdict| verdict.to_string());
    let release = filed.release.map_or_else(String::new, |release| format!(", then {release}"));
    format!("{} by {}{release}", verdict(filed.verdict), filed.queue)
}

fn why(course: &Course) -> String {
    match &course.reason_code {
        Some(reason) => format!("{} ({reason})", course.stands()),
        None => course.stands().to_owned(),
    }
}

fn turn(was: &str, is: &str) -> String {
    if was == is { was.to_owned() } else { format!("{was} → {is}") }
}

fn table(out: &mut dyn Write, header: &[&str], rows: &[Vec<String>], all: usize) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row.iter().map(|cell| tell::printable(cell)));
    }
    writeln!(out, "{table}")?;
    if all > rows.len() {
        writeln!(out, "… and {} more; --json has them all", all - rows.len())?;
    }
    Ok(writeln!(out)?)
}

/// A flip in words.
fn told(flip: &Flip) -> String {
    if let Some((was, now)) = flip.verdicts() {
        return format!("{} {}", flip.action(), turn(was.as_str(), now.as_str()));
    }
    let facts: Vec<_> = flip.facts().iter().map(|fact| format!("{} {} → {}", fact.key, fact.was, fact.now)).collect();
    match (flip.action(), facts.is_empty()) {
        ("facts", true) => "facts: other rules decide".to_owned(),
        ("facts", false) => format!("facts: {}", facts.join(", ")),
        (kind, _) if kind == flip.now.kind() => format!("{kind} says something else"),
        (kind, _) => turn(kind, flip.now.kind()),
    }
}
