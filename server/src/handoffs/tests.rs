use super::*;
use attache_journal::{Actor, MemoryStore, StaffAct, StaffActed};
use attache_testkit::{RunWriter, block_on, handed_run};

async fn hand_over(store: &MemoryStore, run: &str, start: &str) {
    let mut writer = RunWriter::of(store, "ada", run, start).await;
    store.append(writer.batch(handed_run("ada"))).await.unwrap();
}

async fn act(store: &MemoryStore, handoffs: &Handoffs, run: &str, act: StaffAct) {
    let run = RunId::new(run);
    let mut writer = RunWriter::new(Handoff::beside(&run).as_str(), None, "2026-11-20T12:00:00Z");
    let acted = (Actor::Human("lena".to_owned()), StaffActed { act }.into());
    store.append(writer.batch([acted])).await.unwrap();
    handoffs.note(store, &run).await.unwrap();
}

async fn told(store: &MemoryStore, handoffs: &Handoffs, most: usize) -> (usize, Vec<(String, HandoffState)>) {
    let (count, open) = handoffs.open(store, most).await.unwrap();
    (count, open.into_iter().map(|(run, handoff)| (run.run.to_string(), handoff.state)).collect())
}

#[test]
fn what_is_closed_is_gone_and_what_is_handed_over_later_is_there() {
    block_on(async {
        let (store, handoffs) = (MemoryStore::new(), Handoffs::default());
        hand_over(&store, "run_1", "2026-11-20T09:00:00Z").await;
        hand_over(&store, "run_2", "2026-11-20T10:00:00Z").await;
        let open = |run: &str| (run.to_owned(), HandoffState::Open);
        assert_eq!(told(&store, &handoffs, 10).await, (2, vec![open("run_2"), open("run_1")]));
        act(&store, &handoffs, "run_1", StaffAct::HandoffAccepted { run: RunId::new("run_1") }).await;
        act(&store, &handoffs, "run_2", StaffAct::HandoffClosed { run: RunId::new("run_2") }).await;
        let accepted = ("run_1".to_owned(), HandoffState::Accepted);
        assert_eq!(told(&store, &handoffs, 10).await, (1, vec![accepted.clone()]));
        // It began before what was seen last, and was handed over after it.
        hand_over(&store, "run_0", "2026-11-20T10:00:05Z").await;
        assert_eq!(told(&store, &handoffs, 10).await, (2, vec![open("run_0"), accepted]));
        assert_eq!(told(&store, &handoffs, 1).await, (2, vec![open("run_0")]));
        // Another process reads the same.
        assert_eq!(told(&store, &Handoffs::default(), 0).await, (2, Vec::new()));
    });
}
