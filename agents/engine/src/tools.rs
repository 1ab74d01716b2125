//! Calling a tool: timeout, retries, and what a fault means.

use crate::Clock;
use attache_journal::{Fault, Json, Retry};
use attache_planner::PendingCall;
use attache_tools::{EffectKind, Permit};
use backon::{BackoffBuilder, ExponentialBuilder};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// How often a transient fault is tried again.
const RETRIES: usize = 2;

/// Calls a tool until it answers or its fault is not transient. Gives the
/// result and the number of tries.
pub(crate) async fn call(call: &PendingCall<'_>, permit: &Permit, clock: &dyn Clock) -> (Result<Json, Fault>, u32) {
    let mut pauses =
        ExponentialBuilder::default().with_min_delay(Duration::from_millis(50)).with_max_times(RETRIES).build();
    let spec = call.tool().spec();
    let mut attempts = 0;
    loop {
        attempts += 1;
        let mut result = once(call, permit, clock).await;
        match &mut result {
            // Refused now, and perhaps done by a try before, which went unanswered.
            Err(fault) if attempts > 1 && spec.effect == EffectKind::Write && fault.retry == Retry::Never => {
                fault.retry = Retry::AfterCheck;
                return (result, attempts);
            }
            Err(fault) if fault.retry == Retry::Safe => match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return (result, attempts),
            },
            _ => return (result, attempts),
        }
    }
}

async fn once(call: &PendingCall<'_>, permit: &Permit, clock: &dyn Clock) -> Result<Json, Fault> {
    let spec = call.tool().spec();
    // Whether it was done is unknown when it neither answers nor fails. Doing
    // it again is harmless for reads and for those that honour the key.
    let unknown = match spec.effect {
        EffectKind::Draft | EffectKind::Escalate | EffectKind::Read => Retry::Safe,
        EffectKind::Write if spec.repeat_safe => Retry::Safe,
        EffectKind::Write => Retry::AfterCheck,
    };
    let answer = call.tool().call(call.input(), permit, call.scope(clock.now()));
    match tokio::time::timeout(spec.timeout, AssertUnwindSafe(answer).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Fault {
            code: "panicked".into(),
            // It would break down again, and a write may have been done before it did.
            retry: if spec.effect == EffectKind::Write { Retry::AfterCheck } else { Retry::Never },
            feedback: "the tool broke down".into(),
        }),
        Err(_) => Err(Fault {
            code: "timeout".into(),
            retry: unknown,
            feedback: format!("no answer within {} ms", spec.timeout.as_millis()),
        }),
    }
}
