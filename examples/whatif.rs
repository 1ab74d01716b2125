//! How long a policy what-if takes: N runs in a durable journal, decided again.
//!
//! `cargo run --release --example whatif -- 10000`
#![expect(clippy::print_stdout, reason = "the figure is what is asked for")]

use attache::context::CustomerId;
use attache::engine::{Looked, RunError};
use attache::log::{LogOptions, LogStore};
use attache::policies::{PolicyFile, PolicySet};
use attache::{Attache, Bundle};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Handle;

const BUNDLES: [&[u8]; 4] = [
    include_bytes!("bundles/usage-gap.json"),
    include_bytes!("bundles/frustrated-prospect.json"),
    include_bytes!("bundles/tier1-question.json"),
    include_bytes!("bundles/pricing-three-times.json"),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(10_000), |count| count.parse())?;
    let data = std::env::temp_dir().join(format!("attache-whatif-{}", std::process::id()));
    let store = Arc::new(LogStore::open(&data, LogOptions::default())?);
    let attache = Arc::new(Attache::builder().store(store).build()?);
    let bundles: Vec<Arc<Bundle>> =
        BUNDLES.iter().map(|text| Bundle::parse(text).map(Arc::new)).collect::<Result<_, _>>()?;
    let mut runs = Vec::new();
    let made = Instant::now();
    for start in (0..count).step_by(64) {
        let some: Vec<_> = (start..count.min(start + 64))
            .filter_map(|place| {
                let mut bundle = (**bundles.get(place % bundles.len())?).clone();
                bundle.customer.id = CustomerId::new(format!("cus_{place}")).ok()?;
                let attache = attache.clone();
                Some(tokio::spawn(async move { attache.run(Arc::new(bundle), None).await }))
            })
            .collect();
        for run in some {
            runs.push(run.await??.run);
        }
    }
    println!("{} runs made in {:.1} s", runs.len(), made.elapsed().as_secs_f64());
    let strict = r#"@id("no_outreach") @verdict("escalate") @queue("sales") @reason("not any more")
        forbid (principal, action == Attache::Action::"engage", resource) when { context.case.outreach };"#;
    for (name, own) in [("same rules", vec![]), ("stricter gate", vec![PolicyFile::new("mine.dw", strict)])] {
        let policy = PolicySet::load(&PolicySet::overlay(&own), &attache::planner::actions(attache.registry()))?;
        let (mut decisions, mut differ) = (0, 0);
        let started = Instant::now();
        attache.engine().what_if(&runs, &policy, &Handle::current(), |_, looked| {
            if let Looked::Again(found) = looked {
                decisions += found.decisions;
                differ += found.flips.len();
            }
            Ok::<(), RunError>(())
        })?;
        println!("{name}: {decisions} decisions, {differ} differ, {:.2} s", started.elapsed().as_secs_f64());
    }
    drop(attache);
    // Scratch, whatever came out.
    let _ = std::fs::remove_dir_all(&data);
    Ok(())
}
