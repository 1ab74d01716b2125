//! Attaché: an agent for each customer that a company can trust.
//!
//! A planner reads a customer's context bundle, calls typed tools under a
//! policy layer, and writes every decision to a journal that people review.
//! This crate is the way in for developers: [`Attache::builder`] puts the parts
//! together, each of which can be replaced.
//!
//! ```
//! use attache::{Attache, Bundle};
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let attache = Attache::builder().build()?;
//! let bundle = Bundle::parse(br#"{
//!   "version": 1,
//!   "customer": { "id": "cus_1" },
//!   "trigger": { "kind": "message", "channel": "chat", "at": "2026-11-20T09:00:00Z", "text": "I want to talk to a human." },
//!   "consent": { "ai_interaction": true }
//! }"#)?;
//! let report = attache.run(bundle.into(), None).await?;
//! assert_eq!(report.ended.outcome, attache::Outcome::Escalated);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).map_err(|e| e.to_string())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The rooms are crates of their own, re-exported here: [`context`] (who the
//! customer is), [`policies`] and [`guards`] (what may be done), [`tools`] and
//! [`channels`] (what can be done), [`prompts`] (how it is said), [`journal`] (what was done),
//! [`planner`], [`models`] and [`engine`] (who decides).

mod builder;

pub use attache_channels as channels;
pub use attache_context as context;
pub use attache_crm as crm;
#[cfg(feature = "embed")]
pub use attache_embed as embed;
pub use attache_engine as engine;
pub use attache_guards as guards;
pub use attache_journal as journal;
pub use attache_kb as kb;
pub use attache_log as log;
pub use attache_models as models;
pub use attache_planner as planner;
pub use attache_policies as policies;
pub use attache_prompts as prompts;
pub use attache_server as server;
pub use attache_tools as tools;

pub use attache_context::Bundle;
pub use attache_engine::{Engine, Report};
pub use attache_journal::{Event, MemoryStore, Outcome, Verdict};
pub use attache_tools::{CallCx, Draft, Escalate, NoFault, Read, Tool, ToolFault, Write};
pub use builder::{Attache, BuildError, Builder};
