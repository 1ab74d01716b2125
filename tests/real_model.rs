//! A real language model plans whole runs: wire, schema and recovery are
//! asserted, never what so small a model decides.
//!
//! Skipped unless `ATTACHE_REAL_MODEL_URL` names an OpenAI-compatible server;
//! `cargo xtask test` starts one.

use attache::journal::{Event, Verdict};
use attache::models::{ModelSpec, OpenAi, OpenAiConfig, Planning, Profile};
use attache::planner::{Run, replay};
use attache::{Attache, Bundle};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_real_model_plans_a_run_to_an_end_that_replays() {
    let Ok(url) = std::env::var("ATTACHE_REAL_MODEL_URL") else {
        eprintln!("skipped: ATTACHE_REAL_MODEL_URL is not set; `cargo xtask test` starts a server and sets it");
        return;
    };
    // A short budget: the model is small, and whatever it does must end.
    let playbook = include_str!("../agents/playbooks/support.toml").to_owned()
        + "\n[budget]\nmodel_calls = 3\nfaults = 1\noutput_tokens = 120\n";
    for (planning, stream) in
        [(Planning::Action, false), (Planning::Action, true), (Planning::Tools, false), (Planning::Tools, true)]
    {
        let model = OpenAi::new(OpenAiConfig {
            base_url: url.clone(),
            models: vec![ModelSpec::named("smollm2")],
            profile: Profile::LlamaCpp,
            planning: Some(planning),
            stream,
            temperature: Some(0.0),
            seed: Some(7),
            ..OpenAiConfig::default()
        })
        .unwrap();
        let attache = Attache::builder().playbook("support.toml", &*playbook).model(Arc::new(model)).build().unwrap();
        let bundle = Bundle::parse(include_bytes!("../examples/bundles/tier1-question.json")).unwrap();
        let report = attache.run(Arc::new(bundle), None).await.unwrap();
        let entries = attache.entries(&report.run).await.unwrap();
        let asked: Vec<_> = entries
            .iter()
            .filter_map(|entry| match entry.event.as_ref().unwrap() {
                Event::ModelCalled(called) => Some(called),
                _ => None,
            })
            .collect();
        assert!(!asked.is_empty(), "{planning:?}: the model was asked");
        assert!(asked.iter().all(|called| called.usage.input_tokens > 0 || called.fault.is_some()), "{planning:?}");
        for entry in &entries {
            if let Some(Event::PolicyDecided(decided)) = &entry.event {
                assert!(
                    decided.verdict != Verdict::Deny || !decided.policies.is_empty(),
                    "every decision names its rules"
                );
            }
        }
        let program = attache.engine().program_of(&entries).unwrap();
        assert_eq!(replay(&mut Run::new(report.run.clone(), program), attache.policy(), &entries), []);
    }
}
