use super::*;
use attache_journal::Json;

fn run() -> RunId {
    RunId::new("run_1")
}

fn decided(verdict: Verdict) -> PolicyDecided {
    PolicyDecided {
        findings: Vec::new(),
        action: "send".into(),
        call: Some(CallId::new("call_1")),
        verdict,
        policies: Vec::new(),
        reasons: Vec::new(),
        redact: Vec::new(),
        queue: None,
        reason_code: None,
        alerts: Vec::new(),
        approvers: 1,
        policy_digest: Digest::of(&[]),
    }
}

fn called() -> ToolCalled {
    ToolCalled { tool: "send".into(), call: CallId::new("call_1"), input: Json::null(), key: Digest::of(&[b"key"]) }
}

/// The verdict is entry 4, the intent entry 5.
fn grant(
    effect: EffectKind,
    decided: &PolicyDecided,
    called: &ToolCalled,
    receipt: &Receipt,
) -> Result<Permit, PermitRefused> {
    Permit::grant(effect, &run(), (4, decided), (5, called), receipt)
}

fn durable() -> Receipt {
    Receipt::for_store(run(), 6)
}

#[test]
fn a_permit_is_for_the_call_that_was_decided_on() {
    let permit = grant(EffectKind::Write, &decided(Verdict::Allow), &called(), &durable()).unwrap();
    assert_eq!(*permit.run(), run());
    assert_eq!(*permit.call(), CallId::new("call_1"));
    assert_eq!(permit.tool(), "send");
    assert_eq!(*permit.key(), Digest::of(&[b"key"]));
}

#[test]
fn each_effect_needs_its_verdict() {
    for effect in EffectKind::ALL {
        for verdict in Verdict::ALL {
            let granted = grant(effect, &decided(verdict), &called(), &durable());
            let may = match verdict {
                Verdict::Allow | Verdict::Redact => true,
                Verdict::Review => effect == EffectKind::Draft,
                Verdict::Escalate | Verdict::Deny => false,
            };
            match granted {
                Ok(_) => assert!(may, "{effect} after {verdict}"),
                Err(refused) => {
                    assert!(!may, "{effect} after {verdict}: {refused}");
                    assert_eq!(refused, PermitRefused::Verdict(verdict));
                    assert_eq!(refused.to_string(), format!("the verdict is {verdict}"));
                }
            }
        }
    }
}

#[test]
fn a_verdict_about_another_call_grants_nothing() {
    let good = decided(Verdict::Allow);
    let others = [
        PolicyDecided { call: Some(CallId::new("call_2")), ..good.clone() },
        PolicyDecided { call: None, ..good.clone() },
        PolicyDecided { action: "read".into(), ..good.clone() },
        PolicyDecided { action: "engage".into(), call: None, ..good },
    ];
    for other in others {
        for effect in EffectKind::ALL {
            assert_eq!(grant(effect, &other, &called(), &durable()).unwrap_err(), PermitRefused::OtherCall);
        }
    }
}

#[test]
fn both_entries_must_be_durable() {
    let allow = decided(Verdict::Allow);
    for next in 0..6 {
        let refused = grant(EffectKind::Read, &allow, &called(), &Receipt::for_store(run(), next)).unwrap_err();
        assert_eq!(refused, PermitRefused::NotDurable, "{next} entries are durable");
    }
    // Whichever of the two comes last.
    let early = Receipt::for_store(run(), 5);
    let swapped = Permit::grant(EffectKind::Read, &run(), (5, &allow), (4, &called()), &early);
    assert_eq!(swapped.unwrap_err(), PermitRefused::NotDurable);
    let first = Permit::grant(EffectKind::Read, &run(), (0, &allow), (1, &called()), &Receipt::for_store(run(), 2));
    assert!(first.is_ok());
}

#[test]
fn a_receipt_of_another_run_grants_nothing() {
    let other = Receipt::for_store(RunId::new("run_2"), 6);
    let refused = grant(EffectKind::Read, &decided(Verdict::Allow), &called(), &other).unwrap_err();
    assert_eq!(refused, PermitRefused::NotDurable);
}
