use super::*;
use attache_journal::{MemoryStore, RunFilter, RunSummary};
use attache_testkit::{RunWriter, block_on, drafted_run};

const DUE: &str = "2026-11-23T09:00:00Z";

async fn filled(count: usize) -> MemoryStore {
    let store = MemoryStore::new();
    for number in 0..count {
        let run = format!("run_{number}");
        let mut writer = RunWriter::of(&store, "ada", &run, "2026-11-20T09:00:00Z").await;
        store.append(writer.batch(drafted_run("ada", &run, "call_2", DUE))).await.unwrap();
    }
    store
}

async fn read(store: &MemoryStore, limit: usize) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let asked = Page { cursor, limit: Some(limit) };
        let filter = RunFilter {
            after: asked.after_run(store, None).await.unwrap(),
            limit: Some(asked.ask().unwrap()),
            ..RunFilter::default()
        };
        let got = page(asked.ask().unwrap(), store.runs(&filter).await.unwrap(), |run: &RunSummary| run.run.as_str());
        pages.push(got.items.into_iter().map(|run| run.run.to_string()).collect());
        cursor = got.next;
        if cursor.is_none() {
            return pages;
        }
    }
}

#[test]
fn pages_follow_each_other_without_gap_or_repeat() {
    block_on(async {
        let pages = [vec!["run_4", "run_3"], vec!["run_2", "run_1"], vec!["run_0"]];
        assert_eq!(read(&filled(5).await, 2).await, pages);
        assert_eq!(read(&filled(4).await, 2).await, [vec!["run_3", "run_2"], vec!["run_1", "run_0"]]);
        assert_eq!(read(&filled(0).await, 2).await, [Vec::<String>::new()]);
    });
}

#[test]
fn a_limit_or_cursor_that_cannot_be_is_refused() {
    block_on(async {
        let store = filled(1).await;
        for limit in [0, 201] {
            assert_eq!(Page { cursor: None, limit: Some(limit) }.ask().unwrap_err().code, "refused", "{limit}");
        }
        let gone = Page { cursor: Some("gone".into()), limit: None };
        assert_eq!(gone.after_run(&store, None).await.unwrap_err().code, "refused");
        assert_eq!(gone.after_draft(&store).await.unwrap_err().code, "refused");
    });
}
