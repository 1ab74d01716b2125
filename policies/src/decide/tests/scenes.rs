//! Situations by chance, the same in every run.

use super::*;

/// Deterministic chance.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }

    pub(super) fn coin(&mut self) -> bool {
        self.roll(2) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }

    pub(super) fn case(&mut self) -> Case {
        Case {
            playbook: self.pick(&["support", "success"]).into(),
            stage: self.pick(&Stage::ALL),
            purpose: self.pick(&Purpose::ALL),
            channel: self.pick(&Channel::ALL),
            trigger: self.pick(&crate::schema::TRIGGERS).into(),
            signal: self.pick(&["", "usage_drop"]).into(),
            sentiment: self.pick(&SentimentLabel::ALL),
            mood: self.roll(200) as i64 - 100,
            emotion: self.pick(&Emotion::ALL),
            wants_human: self.coin(),
            account_value: self.pick(&[0, 999_999, 1_000_000]),
            consent: Consent { ai_interaction: self.coin(), marketing_email: self.coin(), profiling: self.coin() },
            hour: self.roll(25) as i64 - 1,
            first_contact: self.coin(),
            with_person: self.coin(),
            wrote_since: self.coin(),
            outreach: self.coin(),
            approved: self.coin(),
            by_run: self.coin(),
            customer: self.pick(&["cus_1", "cus \"2\"\n"]).into(),
        }
    }

    pub(super) fn fact(&mut self) -> Fact {
        Fact {
            key: self.pick(&["company.industry", "odd \"key\""]).into(),
            value: Value::Null,
            source: self.pick(&Source::ALL),
            system: self.pick(&["crm", "web"]).into(),
            observed_at: now() - SignedDuration::from_hours(24 * self.roll(800) as i64),
            purposes: Purpose::ALL.into_iter().filter(|_| self.coin()).collect(),
            sensitivity: self.pick(&Sensitivity::ALL),
        }
    }

    pub(super) fn scene(&mut self, action: &str) -> Scene {
        let pii = ["email", "iban", "password", "phone"];
        Scene {
            action: action.into(),
            case: self.case(),
            text: TextFacts {
                pii: pii.into_iter().filter(|_| self.roll(3) == 0).map(str::to_owned).collect(),
                unsayable: if self.roll(3) == 0 { vec!["score.churn".into()] } else { Vec::new() },
                unfounded: ["price", "promise"].into_iter().filter(|_| self.roll(3) == 0).map(str::to_owned).collect(),
                citations: self.roll(3) as u32,
                unread: self.roll(2) as u32,
                unsupported: self.roll(2) as u32,
                asked_before: self.roll(4) == 0,
                foreign: ["customer", "email"].into_iter().filter(|_| self.roll(4) == 0).map(str::to_owned).collect(),
                discloses_ai: self.coin(),
                internal: self.coin(),
                length: self.roll(900) as u32,
            },
            sinks: (0..self.roll(3))
                .map(|_| Sink { pointer: self.pick(&["/to", "/amount"]).into(), origin: self.pick(&SinkOrigin::ALL) })
                .collect(),
            history: (0..self.roll(9))
                .map(|_| Past {
                    at: now() - SignedDuration::from_mins(self.roll(20_000) as i64),
                    action: self.pick(&["ask_customer", "send_email", "reply", "gone_tool"]).into(),
                    outreach: self.roll(3) > 0,
                })
                .collect(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Scene {
    pub(super) action: String,
    pub(super) case: Case,
    pub(super) text: TextFacts,
    pub(super) sinks: Vec<Sink>,
    pub(super) history: Vec<Past>,
}

impl Scene {
    pub(super) fn request(&self) -> PolicyRequest<'_> {
        PolicyRequest {
            text: Some(&self.text),
            sinks: &self.sinks,
            history: &self.history,
            ..PolicyRequest::new(&self.action, &self.case, now())
        }
    }
}
