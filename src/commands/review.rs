//! `attache review`.

use super::{block_on, json};
use crate::app::{App, Wants};
use crate::cli::{DecisionArgs, Global, Review};
use crate::failure::Failure;
use crate::tell;
use attache::context::CustomerId;
use attache::engine::Review as Decided;
use attache::journal::{
    Decision, Digest, DraftCreated, DraftFilter, DraftId, DraftState, DraftSummary, Event, Evidence, Finding,
    RunFilter, Store,
};
use comfy_table::{Table, presets};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::io::{Read, Write};

pub(crate) fn run(global: &Global, review: &Review, out: &mut dyn Write) -> Result<(), Failure> {
    // Before the store is opened: a person may take their time to type.
    let typed = match review {
        Review::Edit { body: Some(body), .. } if body == "-" => {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text)?;
            Some(text)
        }
        Review::Edit { body, .. } => body.clone(),
        Review::List { .. } | Review::Show { .. } | Review::Approve { .. } | Review::Escalate { .. } => None,
        Review::Reject { .. } | Review::Revise { .. } | Review::Withdraw { .. } => None,
    };
    let app = App::open(global, Wants::default())?;
    block_on(async {
        match review {
            Review::List { all } => list(global, &app, *all, out).await,
            Review::Show { draft } => show(global, &app, &DraftId::new(draft.as_str()), out).await,
            Review::Approve { decision } => decide(global, &app, decision, Decision::Approve, None, None, out).await,
            Review::Escalate { decision } => decide(global, &app, decision, Decision::Escalate, None, None, out).await,
            Review::Reject { decision } => decide(global, &app, decision, Decision::Reject, None, None, out).await,
            Review::Revise { decision } => decide(global, &app, decision, Decision::Revise, None, None, out).await,
            Review::Withdraw { decision } => decide(global, &app, decision, Decision::Withdraw, None, None, out).await,
            Review::Edit { decision, subject, body } => {
                if subject.is_none() && body.is_none() {
                    return Err(Failure::refused("nothing is edited: give --subject or --body"));
                }
                decide(global, &app, decision, Decision::Edit, subject.clone(), typed.clone(), out).await
            }
        }
    })
}

async fn list(global: &Global, app: &App, all: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let state = (!all).then_some(DraftState::Pending);
    let drafts = app.log.drafts(&DraftFilter { state, ..DraftFilter::default() }).await?;
    if drafts.is_empty() && !global.json {
        return Ok(writeln!(out, "no draft awaits a person")?);
    }
    let obstacles = obstacles(app, &drafts).await?;
    if global.json {
        #[derive(serde::Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            draft: &'a DraftSummary,
            /// Why it would not leave any more if it were approved now.
            obstacles: &'a [String],
        }
        let none = Vec::new();
        return drafts
            .iter()
            .try_for_each(|draft| json(out, &Line { draft, obstacles: obstacles.get(&draft.draft).unwrap_or(&none) }));
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["draft", "queue", "due", "customer", "state"]);
    for draft in &drafts {
        let state = match draft.state {
            DraftState::Pending if obstacles.contains_key(&draft.draft) => "pending, may not leave any more",
            state => state.as_str(),
        };
        table.add_row([
            draft.draft.as_str(),
            &draft.queue,
            &draft.due.to_string(),
            &tell::customer(draft.customer.as_ref()),
            state,
        ]);
    }
    Ok(writeln!(out, "{table}")?)
}

/// Why pending drafts would not leave any more. Only where something came in of
/// the customer since is a draft decided on again.
async fn obstacles(app: &App, drafts: &[DraftSummary]) -> Result<BTreeMap<DraftId, Vec<String>>, Failure> {
    let pending = || drafts.iter().filter(|draft| draft.state == DraftState::Pending);
    let mut newest: BTreeMap<CustomerId, Timestamp> = BTreeMap::new();
    if let Some(since) = pending().map(|draft| draft.created_at).min() {
        for run in app.log.runs(&RunFilter { since: Some(since), ..RunFilter::default() }).await? {
            if let Some(customer) = run.customer {
                let at = newest.entry(customer).or_insert(run.started_at);
                *at = run.started_at.max(*at);
            }
        }
    }
    let mut found = BTreeMap::new();
    for draft in pending() {
        let since = draft.customer.as_ref().and_then(|customer| newest.get(customer));
        if since.is_some_and(|at| *at > draft.created_at) {
            let reasons = app.attache.engine().obstacles(&draft.draft).await?;
            if !reasons.is_empty() {
                found.insert(draft.draft.clone(), reasons);
            }
        }
    }
    Ok(found)
}

async fn show(global: &Global, app: &App, id: &DraftId, out: &mut dyn Write) -> Result<(), Failure> {
    let (run, draft) = app.attache.engine().draft(id).await?;
    if global.json {
        return json(out, &draft);
    }
    tell::heading(out, &format!("{} of run {run}", draft.draft))?;
    writeln!(out, "  to      {} by {}", tell::printable(&draft.to), draft.channel)?;
    writeln!(out, "  subject {}", tell::printable(&draft.subject))?;
    tell::text(out, &draft.body)?;
    for evidence in &draft.evidence {
        tell::aside(out, &format!("  rests on {}", named(evidence)))?;
    }
    for support in &draft.support {
        let rests: Vec<_> = support.evidence.iter().map(named).collect();
        let rests = if rests.is_empty() { "nothing".to_owned() } else { rests.join(", ") };
        let words = words(&draft, support.start, support.end);
        let line = format!("    [{}..{}] {words:?} rests on {rests}", support.start, support.end);
        tell::aside(out, &tell::printable(&line))?;
    }
    for entry in app.attache.entries(&run).await? {
        if let Some(Event::PolicyDecided(decided)) = &entry.event
            && decided.call.as_ref() == Some(&draft.call)
        {
            let why =
                format!("  {} by {}: {}", decided.verdict, decided.policies.join(", "), decided.reasons.join("; "));
            tell::aside(out, &tell::printable(&why))?;
            for finding in &decided.findings {
                tell::aside(out, &tell::printable(&format!("    {}", found(&draft, finding))))?;
            }
        }
        if let Some(Event::ReviewDecided(decided)) = &entry.event
            && decided.draft == *id
        {
            let reason = decided.reason.iter().map(|reason| format!(": {reason}")).collect::<String>();
            writeln!(out, "  {} by {}{}", decided.decision, tell::printable(&decided.by), tell::printable(&reason))?;
            if let Some(subject) = &decided.subject {
                writeln!(out, "  subject {}", tell::printable(subject))?;
            }
            if let Some(body) = &decided.body {
                tell::text(out, body)?;
            }
        }
    }
    let state = app.log.draft(id).await?.map(|summary| summary.state);
    if state.is_some_and(|state| state != DraftState::Pending) {
        return Ok(());
    }
    for changed in app.attache.engine().changed(id).await? {
        let line = format!("  changed {} was {}, is {}", changed.name, changed.was, changed.is);
        writeln!(out, "{}", tell::printable(&line))?;
    }
    for reason in app.attache.engine().obstacles(id).await.unwrap_or_default() {
        writeln!(out, "  may not leave any more: {}", tell::printable(&reason))?;
    }
    writeln!(out, "  digest  {}", draft.digest)?;
    tell::aside(out, &format!("attache review approve {id} --digest {}", draft.digest))?;
    Ok(())
}

/// A finding with the words it points at: `unfounded price [40..45] "$ 300"`.
fn found(draft: &DraftCreated, finding: &Finding) -> String {
    let words = words(draft, finding.start, finding.end);
    format!("{} {} [{}..{}] {words:?}", finding.guard, finding.what, finding.start, finding.end)
}

/// A fact with its label, or the place of a passage.
fn named(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Fact { key, permission } => format!("fact {key} ({permission})"),
        Evidence::Passage(c) => format!("{} [{}..{}]", c.doc, c.start, c.end),
    }
}

/// The words of a place in subject and body.
fn words(draft: &DraftCreated, start: usize, end: usize) -> String {
    let whole = format!("{}\n{}", draft.subject, draft.body);
    whole.chars().skip(start).take(end.saturating_sub(start)).collect()
}

async fn decide(
    global: &Global,
    app: &App,
    args: &DecisionArgs,
    decision: Decision,
    subject: Option<String>,
    body: Option<String>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let id = DraftId::new(args.draft.as_str());
    let digest = match &args.digest {
        Some(digest) => Digest::new(digest.as_str()),
        // Whoever gives none decides on the draft as it is now.
        None => app.attache.engine().draft(&id).await?.1.digest,
    };
    let reason = args.reason.clone();
    let review = Decided { by: args.by.clone(), decision, digest, reason, subject, body };
    let report = app.attache.engine().review(&id, review).await;
    app.announce().await;
    let report = report?;
    let entries = app.attache.entries(&report.run).await?;
    if global.json {
        return super::json_lines(out, &entries);
    }
    if !global.quiet {
        let since = entries.iter().rposition(|entry| matches!(entry.event, Some(Event::ReviewDecided(_))));
        tell::run(out, entries.get(since.unwrap_or_default()..).unwrap_or_default())?;
    }
    Ok(())
}
