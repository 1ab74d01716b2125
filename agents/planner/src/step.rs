//! What a run wants next.

use crate::ModelRequest;
use crate::learned::learned;
use attache_context::Bundle;
use attache_journal::{
    Actor, DraftId, Event, FactPermission, Fault, Json, Outcome, PolicyDecided, Receipt, RunId, ToolCalled,
    ToolReturned,
};
use attache_policies::{Case, PolicySet};
use attache_tools::{CallScope, HandoffPackage, Permit, PermitRefused, Registered};
use jiff::Timestamp;

/// What a run wants next. Whoever drives it does it, appends the event that it
/// makes, and applies that event.
#[derive(Debug)]
pub enum Step<'a> {
    /// Ask the model, and record `model_called`.
    AskModel(ModelRequest<'a>),
    /// Record [`Run::assess`](crate::Run::assess).
    Assess,
    /// Nothing until a person decides on the draft.
    AwaitReview(&'a DraftId),
    /// Call the tool, once its intent is durable, and record `tool_returned`.
    CallTool(Box<PendingCall<'a>>),
    /// Record [`Run::decide`](crate::Run::decide).
    Decide,
    /// Nothing more: the run is over.
    Done(Outcome),
    /// Record this event, which follows from what is there.
    Record(Actor, Box<Event>),
}

/// A call whose intent is recorded.
#[derive(Debug)]
pub struct PendingCall<'a> {
    pub(crate) run: &'a RunId,
    pub(crate) tool: &'a Registered,
    pub(crate) decided: (u64, &'a PolicyDecided),
    pub(crate) called: (u64, &'a ToolCalled),
    pub(crate) bundle: &'a Bundle,
    pub(crate) case: Case,
    pub(crate) package: Option<HandoffPackage>,
    pub(crate) outreach: bool,
}

impl PendingCall<'_> {
    /// The tool.
    #[must_use]
    pub fn tool(&self) -> &Registered {
        self.tool
    }

    /// What policy said of it.
    #[must_use]
    pub fn decided(&self) -> &PolicyDecided {
        self.decided.1
    }

    /// The recorded intent.
    #[must_use]
    pub fn called(&self) -> &ToolCalled {
        self.called.1
    }

    /// The input.
    #[must_use]
    pub fn input(&self) -> &Json {
        &self.called.1.input
    }

    /// The right to make the call, if its verdict and intent are durable.
    ///
    /// # Errors
    /// [`PermitRefused`] if they are not, or do not allow it.
    pub fn permit(&self, receipt: &Receipt) -> Result<Permit, PermitRefused> {
        Permit::grant(self.tool.spec().effect, self.run, self.decided, self.called, receipt)
    }

    /// The event that it came back with this after so many tries, with what
    /// policy says of each value.
    #[must_use]
    pub fn returned(
        &self,
        policy: &PolicySet,
        now: Timestamp,
        result: Result<Json, Fault>,
        attempts: u32,
    ) -> ToolReturned {
        let facts = result.as_ref().map_or_else(|_| Vec::new(), |output| self.permissions(policy, now, output));
        let (output, fault) = match result {
            Ok(output) => (Some(output), None),
            Err(fault) => (None, Some(fault)),
        };
        let called = self.called();
        ToolReturned { tool: called.tool.clone(), call: called.call.clone(), output, fault, attempts, facts }
    }

    fn permissions(&self, policy: &PolicySet, now: Timestamp, output: &Json) -> Vec<FactPermission> {
        let spec = self.tool.spec();
        if spec.labels.emits.is_empty() {
            return Vec::new();
        }
        let facts = learned(spec, &output.to_value(), self.case.purpose, now);
        facts.iter().map(|(kind, fact)| policy.permit_fact(&self.case, *kind, fact, now)).collect()
    }

    /// What the call may know of its run.
    #[must_use]
    pub fn scope(&self, now: Timestamp) -> CallScope<'_> {
        CallScope { bundle: self.bundle, now, package: self.package.as_ref(), outreach: self.outreach }
    }
}
