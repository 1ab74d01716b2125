//! WHAT MAY be done: rules, verdicts and the history they see.
//!
//! A [`PolicySet`] is a set of rule files in Dogwood, a superset of Cedar, checked
//! against a schema that is generated from the tools. It answers three questions:
//! may the agent engage, may it call this tool with this input, and what may be
//! done with this fact. Every answer is a pure function of the rules, the
//! request and the customer's history, and names the rules that made it.
//!
//! - **Deny by default, deny wins.** Without a `permit` the verdict is `deny`. A
//!   `forbid` that fires gives its `@verdict`; the strictest of all wins.
//! - **Errors deny.** Cedar skips a rule that errs; a `forbid` that is skipped is
//!   a hole. Here any error is a `deny` by `policy_error`.
//! - **Faults are found at load**, with file, line and column: a rule without an
//!   id, a word that does not exist, a tool that nobody has.
//!
//! The shipped rules are in `rules/`, their examples in `tests/`; a project
//! overrides them file by file ([`PolicySet::overlay`]).
//!
//! ```
//! use attache_policies::{Case, PolicyRequest, PolicySet};
//! use attache_journal::{SentimentLabel, Verdict};
//!
//! let set = PolicySet::embedded(&[])?;
//! let case = Case { sentiment: SentimentLabel::Negative, ..Case::default() };
//! let decision = set.decide(&PolicyRequest::new("engage", &case, "2026-11-23T09:00:00Z".parse()?));
//! assert_eq!(decision.verdict, Verdict::Escalate);
//! assert_eq!(decision.policies, ["negative_sentiment"]);
//! assert_eq!(decision.queue.as_deref(), Some("retention"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decide;
mod examples;
mod fact;
mod fault;
mod history;
mod kept;
mod lower;
mod model;
mod request;
mod rule;
mod schema;
mod set;
mod slice;
mod source;

pub use examples::{TestResult, run_tests};
pub use fault::PolicyFault;
pub use kept::lower_shipped;
pub use model::{
    ActionSpec, Case, Effect, FactAction, PolicyDecision, PolicyFile, PolicyRequest, RuleTrace, Sink, SinkOrigin,
    TextFacts,
};
pub use rule::Rule;
pub use set::PolicySet;
