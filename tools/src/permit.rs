//! The right to call a tool once.

use crate::EffectKind;
use attache_journal::{CallId, Digest, PolicyDecided, Receipt, RunId, ToolCalled, Verdict};

/// The right to make one call. It comes from a verdict and an intent that are
/// both durable, and from nothing else, so no effect happens without a record
/// of why it was allowed.
///
/// ```compile_fail
/// // Nobody makes a permit by hand.
/// let permit = attache_tools::Permit { key: todo!() };
/// ```
#[derive(Debug)]
pub struct Permit {
    run: RunId,
    call: CallId,
    tool: String,
    key: Digest,
}

/// Why there is no permit.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PermitRefused {
    /// The verdict is about another call.
    #[error("the verdict is about another call")]
    OtherCall,
    /// The verdict or the intent is not durable yet.
    #[error("the verdict is not durable yet")]
    NotDurable,
    /// The verdict does not allow it.
    #[error("the verdict is {0}")]
    Verdict(Verdict),
}

impl Permit {
    /// Grants a call: `decided` and `called` are entries of the run that
    /// `receipt` says are durable, by their places.
    ///
    /// A tool that only drafts may also run when the verdict is `review`: the
    /// draft is what gets reviewed.
    ///
    /// # Errors
    /// [`PermitRefused`] if the record does not allow this call.
    pub fn grant(
        effect: EffectKind,
        run: &RunId,
        (decided_seq, decided): (u64, &PolicyDecided),
        (called_seq, called): (u64, &ToolCalled),
        receipt: &Receipt,
    ) -> Result<Self, PermitRefused> {
        if decided.call.as_ref() != Some(&called.call) || decided.action != called.tool {
            return Err(PermitRefused::OtherCall);
        }
        match decided.verdict {
            Verdict::Allow | Verdict::Redact => {}
            Verdict::Review if effect == EffectKind::Draft => {}
            verdict @ (Verdict::Review | Verdict::Escalate | Verdict::Deny) => {
                return Err(PermitRefused::Verdict(verdict));
            }
        }
        if !receipt.covers(run, decided_seq) || !receipt.covers(run, called_seq) {
            return Err(PermitRefused::NotDurable);
        }
        Ok(Self { run: run.clone(), call: called.call.clone(), tool: called.tool.clone(), key: called.key.clone() })
    }

    /// The run.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The call.
    #[must_use]
    pub fn call(&self) -> &CallId {
        &self.call
    }

    /// The tool.
    #[must_use]
    pub fn tool(&self) -> &str {
        &self.tool
    }

    pub(crate) fn key(&self) -> &Digest {
        &self.key
    }
}

#[cfg(test)]
mod tests;
