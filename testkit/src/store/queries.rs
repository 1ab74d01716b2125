//! The promises about summaries, history, handovers and drafts.

use super::{START, append, customer, entries, runs, time};
use crate::{RunWriter, drafted_run, handed_run, review, sample_run, sent};
use attache_journal::{
    Batch, CallId, Decision, DraftFilter, DraftId, DraftState, DraftSummary, Outcome, Past, RunFilter, RunId, Store,
};
use jiff::Timestamp;

pub(super) async fn nothing(store: &impl Store) {
    assert!(entries(store, "run_0").await.is_empty(), "an unknown run has no entries");
    assert!(runs(store, RunFilter::default()).await.is_empty(), "an empty store has no runs");
    let history = store.history(&customer("ada"), Timestamp::MIN).await;
    assert_eq!(history, Ok(Vec::new()), "an unknown customer has no history");
    assert_eq!(store.drafts(&DraftFilter::default()).await, Ok(Vec::new()), "an empty store has no drafts");
    let empty = store.append(Batch { run: RunId::new("run_0"), entries: Vec::new() }).await;
    assert!(empty.is_ok_and(|receipt| !receipt.covers(&RunId::new("run_0"), 0)), "an empty batch says nothing");
    assert!(runs(store, RunFilter::default()).await.is_empty(), "an empty batch makes no run");
}

pub(super) async fn listing(store: &impl Store) {
    // run_b and run_c start at the same moment.
    let starts = [("run_a", "ada", 9), ("run_b", "bob", 10), ("run_c", "ada", 10), ("run_d", "ada", 8)];
    for (run, customer, hour) in starts {
        let mut writer = RunWriter::of(store, customer, run, &format!("2026-11-20T{hour:02}:00:00Z")).await;
        let take = if run == "run_a" { 4 } else { usize::MAX };
        append(store, writer.batch(sample_run(customer).into_iter().take(take))).await;
    }
    let all = RunFilter::default;
    let of_ada = RunFilter { customer: Some(customer("ada")), ..all() };
    let since = RunFilter { since: Some(time("2026-11-20T09:00:00Z")), ..all() };
    assert_eq!(runs(store, all()).await, ["run_c", "run_b", "run_a", "run_d"], "newest first, then by id backwards");
    assert_eq!(runs(store, of_ada.clone()).await, ["run_c", "run_a", "run_d"], "one customer's");
    assert_eq!(runs(store, since).await, ["run_c", "run_b", "run_a"], "that moment included");
    assert_eq!(runs(store, RunFilter { unfinished: true, ..all() }).await, ["run_a"], "those that have not ended");
    assert_eq!(runs(store, RunFilter { limit: Some(2), ..all() }).await, ["run_c", "run_b"], "the newest two");
    assert_eq!(
        runs(store, RunFilter { limit: Some(2), ..of_ada.clone() }).await,
        ["run_c", "run_a"],
        "the newest two of one"
    );
    assert_eq!(runs(store, RunFilter { limit: Some(0), ..all() }).await, [""; 0], "none");
    let after = |run: &str, hour| Some((time(&format!("2026-11-20T{hour:02}:00:00Z")), RunId::new(run)));
    let next = RunFilter { after: after("run_b", 10), ..all() };
    assert_eq!(runs(store, next.clone()).await, ["run_a", "run_d"], "what is listed after one");
    assert_eq!(runs(store, RunFilter { limit: Some(1), ..next.clone() }).await, ["run_a"], "the next one");
    let gone = RunFilter { after: after("run_bb", 10), ..all() };
    assert_eq!(runs(store, gone).await, ["run_b", "run_a", "run_d"], "after one that there is not");
    let between = RunFilter { since: Some(time("2026-11-20T10:00:01Z")), ..next };
    assert_eq!(runs(store, between).await, [""; 0], "none is both");
    let resolved = RunFilter { outcome: Some(Outcome::Resolved), ..all() };
    assert_eq!(runs(store, resolved.clone()).await, ["run_c", "run_b", "run_d"], "those that came to rest so");
    let escalated = RunFilter { outcome: Some(Outcome::Escalated), ..all() };
    assert_eq!(runs(store, escalated).await, [""; 0], "nobody was handed over");
    // The last entry of each is nine seconds after its first, of run_a three.
    let changed = |at| RunFilter { changed_since: Some(time(at)), ..all() };
    assert_eq!(runs(store, changed("2026-11-20T09:00:03Z")).await, ["run_c", "run_b", "run_a"], "as of that moment");
    assert_eq!(runs(store, changed("2026-11-20T09:00:04Z")).await, ["run_c", "run_b"], "not what rested before it");
    let few = RunFilter { limit: Some(1), ..changed("2026-11-20T08:00:00Z") };
    assert_eq!(runs(store, few).await, ["run_c"], "the newest of what changed");
    for filter in
        [all(), resolved, of_ada.clone(), changed("2026-11-20T09:00:04Z"), RunFilter { limit: Some(2), ..all() }]
    {
        let listed = runs(store, filter.clone()).await.len();
        assert_eq!(store.count_runs(&filter).await, Ok(listed), "as many are counted as listed: {filter:?}");
    }
    let ended = store.runs(&RunFilter { limit: Some(1), ..all() }).await.expect("runs can be listed");
    let ended = ended.first().expect("there is one");
    assert_eq!((ended.entries, ended.outcome), (10, Some(Outcome::Resolved)), "the summary is that of all entries");
    assert_eq!(ended.usage.input_tokens, 200, "both model calls are counted");
}

pub(super) async fn history(store: &impl Store) {
    for (run, who, day) in [("run_2", "ada", 20), ("run_1", "ada", 21), ("run_3", "bob", 21)] {
        let mut writer = RunWriter::of(store, who, run, &format!("2026-11-{day}T09:00:00Z")).await;
        append(store, writer.batch(sample_run(who))).await;
    }
    // The ninth entry is the message.
    let past =
        |day| Past { at: time(&format!("2026-11-{day}T09:00:08Z")), action: "reply".to_owned(), outreach: false };
    let ask = async |who: &str, since: &str| store.history(&customer(who), time(since)).await;
    assert_eq!(ask("ada", "2026-01-01T00:00:00Z").await, Ok(vec![past(20), past(21)]), "oldest first");
    assert_eq!(ask("ada", "2026-11-21T09:00:08Z").await, Ok(vec![past(21)]), "that moment included");
    assert_eq!(ask("ada", "2026-11-21T09:00:09Z").await, Ok(Vec::new()), "nothing before it");
    assert_eq!(ask("bob", "2026-01-01T00:00:00Z").await, Ok(vec![past(21)]), "nobody else's");
    assert_eq!(ask("ad", "2026-01-01T00:00:00Z").await, Ok(Vec::new()), "not by a part of the id");
}

pub(super) async fn handed_over(store: &impl Store) {
    let runs = [("run_2", "ada", 20), ("run_1", "ada", 21), ("run_3", "bob", 21), ("run_4", "ada", 22)];
    let mut again = None;
    for (run, who, day) in runs {
        let mut writer = RunWriter::of(store, who, run, &format!("2026-11-{day}T09:00:00Z")).await;
        append(store, writer.batch(handed_run(who))).await;
        again = Some(writer);
    }
    append(store, RunWriter::of(store, "ada", "run_5", START).await.batch(sample_run("ada"))).await;
    let ask = async |who: &str, since: &str| {
        let runs = store.handed_over(&customer(who), time(since)).await.expect("they can be listed");
        runs.iter().map(|run| run.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ask("ada", "2026-01-01T00:00:00Z").await, ["run_4", "run_1", "run_2"], "newest first, no other run");
    assert_eq!(ask("ada", "2026-11-21T09:00:00Z").await, ["run_4", "run_1"], "that moment included");
    assert_eq!(ask("bob", "2026-01-01T00:00:00Z").await, ["run_3"], "nobody else's");
    assert_eq!(ask("ad", "2026-01-01T00:00:00Z").await, [""; 0], "not by a part of the id");
    let mut again = again.expect("there are runs");
    append(store, again.batch([review("run_4", "call_2", Decision::Approve)])).await;
    assert_eq!(ask("ada", "2026-01-01T00:00:00Z").await, ["run_1", "run_2"], "one that goes on rests with nobody");
}

pub(super) async fn drafts(store: &impl Store) {
    let due = "2026-11-23T09:00:00Z";
    for (run, steps) in [("created", 9), ("requested", 11), ("approved", 11), ("sent", 11), ("rejected", 11)] {
        let mut writer = RunWriter::of(store, "ada", run, START).await;
        append(store, writer.batch(drafted_run("ada", run, "call_2", due).into_iter().take(steps))).await;
        let decision = if run == "rejected" { Decision::Reject } else { Decision::Approve };
        if ["approved", "sent", "rejected"].contains(&run) {
            append(store, writer.batch([review(run, "call_2", decision)])).await;
        }
        if run == "sent" {
            append(store, writer.batch([sent("call_3", true)])).await;
        }
    }
    let found = store.drafts(&DraftFilter::default()).await.expect("drafts can be listed");
    let first = found.first().expect("there are drafts");
    assert_eq!(first.run.as_str(), "created", "the one due first is in front");
    assert_eq!((first.queue.as_str(), first.due), ("", first.created_at), "nobody was asked about it");
    assert!(found.iter().skip(1).all(|draft| draft.queue == "success" && draft.due == time(due)), "these were asked");
    assert!(found.is_sorted_by_key(|draft| (draft.due, draft.draft.clone())), "by due time, then by id");
    let state = |run: &str| {
        let id = DraftId::of(&RunId::new(run), &CallId::new("call_2"));
        found.iter().find(|draft| draft.draft == id).map(|draft| draft.state)
    };
    assert_eq!(state("created"), Some(DraftState::Pending), "created");
    assert_eq!(state("requested"), Some(DraftState::Pending), "requested");
    assert_eq!(state("approved"), Some(DraftState::Approved), "approved");
    assert_eq!(state("sent"), Some(DraftState::Sent), "sent");
    assert_eq!(state("rejected"), Some(DraftState::Rejected), "rejected");
    drafts_asked_for(store, &found).await;
    for draft in &found {
        assert_eq!(store.draft(&draft.draft).await, Ok(Some(draft.clone())), "one draft is as in the list");
    }
    assert_eq!(store.draft(&DraftId::new("none")).await, Ok(None), "a draft that nobody made");
    for run in store.runs(&RunFilter::default()).await.expect("runs can be listed") {
        assert_eq!(store.run(&run.run).await, Ok(Some(run)), "one run is as in the list");
    }
    assert_eq!(store.run(&RunId::new("none")).await, Ok(None), "a run that nobody began");
    let unfinished = runs(store, RunFilter { unfinished: true, ..RunFilter::default() }).await;
    assert_eq!(unfinished, ["sent", "rejected", "created", "approved"], "a decision sets a run going again");
}

/// What a filter takes of `all` drafts, which are in their order.
async fn drafts_asked_for(store: &impl Store, all: &[DraftSummary]) {
    let backwards: Vec<_> = all.iter().rev().cloned().collect();
    let place = |draft: &DraftSummary| Some((draft.due, draft.draft.clone()));
    let whole = DraftFilter::default;
    let mut filters = vec![DraftFilter { last_first: true, ..whole() }];
    for at in all {
        for last_first in [false, true] {
            filters.push(DraftFilter { after: place(at), last_first, ..whole() });
            filters.push(DraftFilter { after: place(at), last_first, limit: Some(2), ..whole() });
            filters.push(DraftFilter { state: Some(at.state), last_first, ..whole() });
            filters.push(DraftFilter { due_before: Some(at.due), last_first, ..whole() });
            filters.push(DraftFilter { due_before: Some(at.due), after: place(at), last_first, ..whole() });
        }
    }
    for filter in filters {
        let order = if filter.last_first { backwards.as_slice() } else { all };
        let expected: Vec<_> = order.iter().filter(|draft| filter.admits(draft)).cloned().collect();
        let expected = expected.get(..filter.limit.unwrap_or(usize::MAX).min(expected.len())).unwrap_or_default();
        assert_eq!(store.drafts(&filter).await.as_deref(), Ok(expected), "{filter:?}");
        assert_eq!(store.count_drafts(&filter).await, Ok(expected.len()), "{filter:?}");
    }
    let pending = DraftFilter { state: Some(DraftState::Pending), ..whole() };
    let two = store.drafts(&pending).await.expect("drafts can be listed");
    assert_eq!(two.iter().map(|draft| draft.run.as_str()).collect::<Vec<_>>(), ["created", "requested"], "by state");
    let overdue = DraftFilter { due_before: two.get(1).map(|draft| draft.due), ..pending };
    assert_eq!(store.count_drafts(&overdue).await, Ok(1), "that moment not included");
}
