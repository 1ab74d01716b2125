//! A draft: the literal text, and why it exists.

mod why;

use super::queue::left;
use super::{Signed, page, shown, told};
use crate::api::{
    Asked, At, Filled, approve_at, ask_why, give, leave, open, put_aside, review_draft, take_back, waiting,
};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_context::{Bundle, FactKind, Trigger};
use attache_engine::{Changed, Part, Review};
use attache_journal::{
    Decision, Digest, DraftCreated, DraftId, DraftState, Entry, Event, Evidence, Outcome, Right, RunId, Support,
};
use attache_tools::KbHits;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};
use std::ops::Range;
use std::sync::Arc;
use tera::Context;

#[derive(Deserialize)]
pub(crate) struct Decided {
    csrf: String,
    decision: Decision,
    digest: Digest,
    #[serde(default)]
    code: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    body: String,
}

/// A piece of the text: a sentence with the numbers of what it rests on, or what
/// stands between sentences.
#[derive(Debug, PartialEq, Serialize)]
struct Piece {
    text: String,
    sentence: bool,
    /// A guard found something in it that stands on nothing or may not be said.
    flagged: bool,
    rests_on: Vec<usize>,
}

/// One thing that the text rests on.
#[derive(Serialize)]
struct Ground {
    number: usize,
    label: String,
    permission: String,
    source: String,
    quote: String,
}

#[derive(Serialize)]
struct Verdict {
    action: String,
    verdict: String,
    reasons: Vec<String>,
    rules: Vec<RuleText>,
}

#[derive(Serialize)]
struct RuleText {
    id: String,
    source: String,
}

/// Something of a draft that is not what it was, word by word.
#[derive(Serialize)]
struct Difference {
    part: Part,
    name: String,
    pieces: Vec<Word>,
}

/// A piece of a comparison.
#[derive(Serialize)]
struct Word {
    tag: &'static str,
    text: String,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, At(draft): At<String>) -> Response {
    shown(&desk, draft_page(&desk, &who, &DraftId::new(draft), None).await)
}

pub(crate) async fn decide(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    At(draft): At<String>,
    Filled(form): Filled<Decided>,
) -> Response {
    let id = DraftId::new(draft);
    match taken(&desk, &who, &id, form).await {
        Ok(next) => Redirect::to(&next).into_response(),
        Err(problem) => shown(&desk, draft_page(&desk, &who, &id, Some(problem)).await),
    }
}

/// Takes the decision and gives the page to go on with.
async fn taken(desk: &Arc<Desk>, who: &Who, id: &DraftId, form: Decided) -> Result<String, Problem> {
    who.gave(&form.csrf)?;
    let undo = SignedDuration::from_secs(desk.parts.settings.undo_seconds.into());
    if form.decision == Decision::Approve && !undo.is_zero() {
        let at = desk.parts.clock.now().saturating_add(undo).map_err(Problem::ours)?;
        return approve_at(desk, who, id, form.digest, at).await.map(|()| format!("/?undo={id}"));
    }
    let (_, created) = desk.parts.engine.draft(id).await?;
    let reason = [form.code.trim(), form.reason.trim()].into_iter().filter(|part| !part.is_empty());
    let reason = reason.collect::<Vec<_>>().join(": ");
    if !form.decision.sends() && reason.is_empty() {
        return Err(Problem::refused(ask_why(form.decision)));
    }
    let edit = form.decision == Decision::Edit;
    let body = form.body.replace("\r\n", "\n");
    let review = Review {
        by: who.name.clone(),
        decision: form.decision,
        digest: form.digest,
        reason: (!reason.is_empty()).then_some(reason),
        subject: (edit && form.subject != created.subject).then_some(form.subject),
        body: (edit && body != created.body).then_some(body),
    };
    if edit && review.subject.is_none() && review.body.is_none() {
        return Err(Problem::refused("nothing is changed: approve it as it is, or change something"));
    }
    let report = review_draft(desk, who, id.clone(), review).await?;
    Ok(match (report.ended.outcome, waiting(desk, &report.run).await?) {
        (Outcome::Escalated, _) => format!("/handoffs/{}", report.run),
        (Outcome::Drafted, Some(next)) if form.decision == Decision::Revise => format!("/drafts/{next}"),
        _ => "/".to_owned(),
    })
}

/// What is arranged about a draft by a form.
#[derive(Deserialize)]
pub(crate) struct Arranging {
    csrf: String,
    act: Act,
    #[serde(default)]
    minutes: u32,
    #[serde(default)]
    reason: String,
    digest: Option<Digest>,
    until: Option<Timestamp>,
}

/// What a form arranges.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Cancel,
    Leave,
    Release,
    Schedule,
    Snooze,
    Take,
}

pub(crate) async fn arrange(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    At(draft): At<String>,
    Filled(form): Filled<Arranging>,
) -> Response {
    let id = DraftId::new(draft);
    let leaves = matches!(form.act, Act::Leave);
    match arranged(&desk, &who, &id, form).await {
        // Nobody looks at what follows, and a page that is opened claims the draft.
        Ok(()) if leaves => StatusCode::NO_CONTENT.into_response(),
        Ok(()) => Redirect::to(&format!("/drafts/{id}")).into_response(),
        Err(problem) => shown(&desk, draft_page(&desk, &who, &id, Some(problem)).await),
    }
}

async fn arranged(desk: &Desk, who: &Who, id: &DraftId, form: Arranging) -> Result<(), Problem> {
    who.gave(&form.csrf)?;
    let minutes = SignedDuration::from_mins(form.minutes.into());
    let then = desk.parts.clock.now().saturating_add(minutes).map_err(Problem::ours)?;
    match form.act {
        Act::Cancel => take_back(desk, who, id).await,
        Act::Leave => leave(desk, who, id, form.until).await,
        Act::Release => give(desk, who, id, None).await,
        Act::Schedule => {
            let digest = form.digest.ok_or_else(|| Problem::refused("digest: say what you saw"))?;
            approve_at(desk, who, id, digest, then).await
        }
        Act::Snooze => put_aside(desk, who, id, then, form.reason).await,
        Act::Take => give(desk, who, id, Some(who.name.clone())).await,
    }
}

/// What an edit would change, word by word.
pub(crate) async fn diff(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    At(draft): At<String>,
    Filled(form): Filled<Decided>,
) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    who.gave(&form.csrf)?;
    let (_, created) = desk.parts.engine.draft(&DraftId::new(draft)).await?;
    let mut context = Context::new();
    context.insert("subject", &words(&created.subject, &form.subject));
    context.insert("body", &words(&created.body, &form.body.replace("\r\n", "\n")));
    Ok(Html(desk.pages.render("diff.html", &context).map_err(told)?).into_response())
}

/// What of a draft is not as it was when somebody opened it.
#[derive(Deserialize)]
pub(crate) struct Since {
    digest: Digest,
}

/// How a draft stands at this moment, for whoever has its page open.
pub(crate) async fn now(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    At(draft): At<String>,
    Asked(since): Asked<Since>,
) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    let id = DraftId::new(draft);
    let mut context = Context::new();
    let (run, created) = desk.parts.engine.draft(&id).await?;
    let entries = desk.parts.store.entries(&run).await?;
    context.insert("stale", &(created.digest != since.digest));
    context.insert("decided_now", &decided(&entries, &id));
    stands(&desk, &who, &id, Vec::new(), &mut context).await?;
    Ok(Html(desk.pages.render("now.html", &context).map_err(told)?).into_response())
}

/// Who has a draft, what has changed of it, and why it would not leave now.
async fn stands(
    desk: &Desk,
    who: &Who,
    id: &DraftId,
    refused: Vec<Changed>,
    context: &mut Context,
) -> Result<(), Problem> {
    let arranged = desk.docket.of(id, desk.parts.clock.now());
    context.insert("elsewhere", &arranged.claimed.as_ref().filter(|claim| claim.by != who.name).map(|claim| &claim.by));
    context.insert("arranged", &arranged);
    let summary = desk.parts.store.draft(id).await?;
    let pending = summary.is_some_and(|summary| summary.state == DraftState::Pending);
    let (mut changed, mut obstacles) = (refused, Vec::new());
    if pending {
        if changed.is_empty() {
            changed = desk.parts.engine.changed(id).await?;
        }
        obstacles = desk.parts.engine.obstacles(id).await?;
    }
    let changed: Vec<Difference> = changed
        .into_iter()
        .map(|changed| Difference { part: changed.part, pieces: words(&changed.was, &changed.is), name: changed.name })
        .collect();
    context.insert("pending", &pending);
    context.insert("changed", &changed);
    context.insert("obstacles", &obstacles);
    Ok(())
}

async fn draft_page(desk: &Desk, who: &Who, id: &DraftId, wrong: Option<Problem>) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    let (run, draft) = desk.parts.engine.draft(id).await?;
    let entries = desk.parts.store.entries(&run).await?;
    let summary = desk.parts.store.draft(id).await?;
    let pending = summary.as_ref().is_some_and(|summary| summary.state == DraftState::Pending);
    if pending && who.may(Right::Review).is_ok() {
        open(desk, who, id, draft.digest.clone()).await?;
    }
    let now = desk.parts.clock.now();
    let mut context = Context::new();
    context.insert("run", run.as_str());
    context.insert("draft", &draft);
    context.insert("digest", &draft.digest.as_str().chars().take(8).collect::<String>());
    let (approved_by, approvers) = desk.parts.engine.approvals(id).await?;
    context.insert("mine", &approved_by.contains(&who.name));
    context.insert("approved_by", &approved_by);
    context.insert("approvers", &approvers);
    versions(&entries, &draft, &mut context);
    let refused = wrong.as_ref().map(|problem| problem.changed.clone()).unwrap_or_default();
    stands(desk, who, id, refused, &mut context).await?;
    context.insert("due", &summary.map_or(String::new(), |summary| left(desk, now, summary.due)));
    context.insert("wrong", &wrong.as_ref().map(|problem| &problem.detail));
    context.insert("decided", &decided(&entries, id));
    tell(desk, &entries, &draft, now, &mut context);
    if let Some(Event::RunStarted(started)) = entries.first().and_then(|first| first.event.as_ref()) {
        let bundle = &started.bundle;
        context.insert("trend_line", &why::trend(bundle, &entries));
        context.insert("history", &why::history(desk, bundle, &run).await?);
        context.insert("checks", &why::checks(desk, bundle, now).await?);
        let leaves = desk.docket.of(id, now).scheduled.map(|scheduled| why::local(bundle, scheduled.at));
        context.insert("leaves", &leaves);
    }
    others(desk, who, id, &mut context).await?;
    let mut response = page(desk, who, "draft.html", context)?;
    if let Some(problem) = wrong {
        *response.status_mut() = problem.status;
    }
    Ok(response)
}

/// The version that a person sent back for this one, with their words, and the
/// one that stands in this one's place.
fn versions(entries: &[Entry], draft: &DraftCreated, context: &mut Context) {
    let created = |wanted: &dyn Fn(&DraftCreated) -> bool| {
        entries.iter().find_map(|entry| match &entry.event {
            Some(Event::DraftCreated(created)) if wanted(created) => Some(created),
            _ => None,
        })
    };
    if let Some(before) = created(&|one| Some(&one.draft) == draft.replaces.as_ref()) {
        context.insert("before", before.draft.as_str());
        context.insert("subject", &words(&before.subject, &draft.subject));
        context.insert("body", &words(&before.body, &draft.body));
        context.insert("asked", &decided(entries, &before.draft));
    }
    if let Some(after) = created(&|one| one.replaces.as_ref() == Some(&draft.draft)) {
        context.insert("after", after.draft.as_str());
    }
}

/// Who else opened it: two who decide at once should know of each other.
async fn others(desk: &Desk, who: &Who, id: &DraftId, context: &mut Context) -> Result<(), Problem> {
    let seen = desk.parts.store.entries(&RunId::new(format!("review_{id}"))).await?;
    let mut names: Vec<String> = seen
        .iter()
        .filter_map(|entry| match &entry.actor {
            attache_journal::Actor::Human(name) if *name != who.name => Some(name.clone()),
            _ => None,
        })
        .collect();
    names.sort();
    names.dedup();
    context.insert("others", &names);
    Ok(())
}

/// Why the draft exists.
fn tell(desk: &Desk, entries: &[Entry], draft: &DraftCreated, now: Timestamp, context: &mut Context) {
    let mut grounds: Vec<&Evidence> = draft.evidence.iter().collect();
    grounds.extend(draft.support.iter().flat_map(|support| &support.evidence));
    grounds.sort();
    grounds.dedup();
    let (mut verdicts, mut bundle, mut flagged) = (Vec::new(), None, Vec::new());
    for entry in entries {
        match &entry.event {
            Some(Event::RunStarted(started)) => bundle = Some(Arc::clone(&started.bundle)),
            Some(Event::Assessed(assessed)) => {
                context.insert("sentiment", &format!("{}, {:+.2}", assessed.sentiment.label, assessed.sentiment.score));
                context.insert("trend", &assessed.trend.map(|trend| format!("{trend:+.2}")));
            }
            Some(Event::PolicyDecided(decided)) => {
                if decided.call.as_ref() == Some(&draft.call) {
                    flagged.extend(decided.findings.iter().map(|finding| finding.start..finding.end));
                }
                verdicts.push(Verdict {
                    action: decided.action.clone(),
                    verdict: decided.verdict.to_string(),
                    reasons: decided.reasons.clone(),
                    rules: rules(desk, &decided.policies),
                });
            }
            _ => {}
        }
    }
    let offset = draft.subject.chars().count() + 1;
    context.insert("pieces", &pieces(&draft.body, offset, &draft.support, &grounds, &flagged));
    context.insert("verdicts", &verdicts);
    if let Some(bundle) = bundle {
        let told: Vec<_> =
            grounds.iter().enumerate().map(|(i, evidence)| ground(i + 1, evidence, &bundle, entries, now)).collect();
        context.insert("grounds", &told);
        context.insert("customer", bundle.customer.name.as_deref().unwrap_or(bundle.customer.id.as_str()));
        let id = utf8_percent_encode(bundle.customer.id.as_str(), NON_ALPHANUMERIC);
        context.insert("customer_id", &id.to_string());
        context.insert("trigger", &trigger(&bundle));
        if let Trigger::Signal { evidence, .. } = &bundle.trigger {
            context.insert("events", evidence);
        }
        context.insert("trigger_at", &bundle.trigger.at().to_string());
        let moods = bundle.of(FactKind::Sentiment).iter();
        context.insert("moods", &moods.map(|fact| format!("{}: {}", fact.key, fact.value)).collect::<Vec<_>>());
    }
}

fn rules(desk: &Desk, ids: &[String]) -> Vec<RuleText> {
    let source = |id: &String| {
        let rule = desk.parts.engine.policy().rules().find(|rule| rule.id == *id);
        rule.map_or_else(|| "no rule of that name is in force now".to_owned(), |rule| rule.source.clone())
    };
    ids.iter().map(|id| RuleText { id: id.clone(), source: source(id) }).collect()
}

fn trigger(bundle: &Bundle) -> String {
    match &bundle.trigger {
        Trigger::Message { text, .. } => text.clone(),
        Trigger::Manual { note, .. } => note.clone(),
        Trigger::Signal { signal, .. } => signal.replace('_', " "),
        Trigger::StageChange { from, to, .. } => format!("moved from {from} to {to}"),
    }
}

fn ground(number: usize, evidence: &Evidence, bundle: &Bundle, entries: &[Entry], now: Timestamp) -> Ground {
    match evidence {
        Evidence::Fact { key, permission } => {
            let fact = bundle.facts().find(|(_, fact)| fact.key == *key).map(|(_, fact)| fact);
            let value = fact.map(|fact| fact.value.as_str().map_or_else(|| fact.value.to_string(), str::to_owned));
            let source = fact.map(|fact| {
                format!("{}, {}, {} days old, {}", fact.source, fact.system, fact.age_days(now), fact.sensitivity)
            });
            Ground {
                number,
                label: format!("{key}: {}", value.unwrap_or_default()),
                permission: permission.to_string(),
                source: source.unwrap_or_default(),
                quote: String::new(),
            }
        }
        Evidence::Passage(cited) => Ground {
            number,
            label: cited.doc.clone(),
            permission: String::new(),
            source: format!("article, characters {} to {}", cited.start, cited.end),
            quote: passage(entries, &format!("{}#{}-{}", cited.doc, cited.start, cited.end)).unwrap_or_default(),
        },
    }
}

/// The text of a passage that the run read.
fn passage(entries: &[Entry], id: &str) -> Option<String> {
    entries.iter().find_map(|entry| match &entry.event {
        Some(Event::ToolReturned(returned)) => {
            let found: KbHits = serde_json::from_str(returned.output.as_ref()?.as_str()).ok()?;
            found.hits.into_iter().find(|hit| hit.id == id).map(|hit| hit.passage)
        }
        _ => None,
    })
}

/// The body cut where sentences begin and end; `offset` is where it begins in
/// what spans count.
fn pieces(
    body: &str,
    offset: usize,
    support: &[Support],
    grounds: &[&Evidence],
    flagged: &[Range<usize>],
) -> Vec<Piece> {
    let characters: Vec<char> = body.chars().collect();
    let text = |from: usize, to: usize| characters.get(from..to).unwrap_or_default().iter().collect::<String>();
    let between = |text| Piece { text, sentence: false, flagged: false, rests_on: Vec::new() };
    let (mut pieces, mut at) = (Vec::new(), 0);
    for sentence in support {
        let start = sentence.start.saturating_sub(offset).clamp(at, characters.len());
        let end = sentence.end.saturating_sub(offset).clamp(start, characters.len());
        if start > at {
            pieces.push(between(text(at, start)));
        }
        if end > start {
            let number = |evidence: &Evidence| grounds.iter().position(|ground| *ground == evidence).map(|i| i + 1);
            let rests_on = sentence.evidence.iter().filter_map(number).collect();
            let flagged = flagged.iter().any(|found| found.start < sentence.end && sentence.start < found.end);
            pieces.push(Piece { text: text(start, end), sentence: true, flagged, rests_on });
        }
        at = end;
    }
    if at < characters.len() {
        pieces.push(between(text(at, characters.len())));
    }
    pieces
}

/// Who decided what last, if somebody did.
fn decided(entries: &[Entry], id: &DraftId) -> Option<String> {
    entries.iter().rev().find_map(|entry| match &entry.event {
        Some(Event::ReviewDecided(decided)) if decided.draft == *id => {
            let why = decided.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            Some(format!("{} by {} at {}{why}", decided.decision, decided.by, entry.at))
        }
        _ => None,
    })
}

fn words(before: &str, after: &str) -> Vec<Word> {
    let diff = TextDiff::from_words(before, after);
    let change = |change: similar::Change<&str>| Word {
        tag: match change.tag() {
            ChangeTag::Delete => "del",
            ChangeTag::Equal => "",
            ChangeTag::Insert => "ins",
        },
        text: change.value().to_owned(),
    };
    diff.iter_all_changes().map(change).collect()
}

#[cfg(test)]
mod tests;
