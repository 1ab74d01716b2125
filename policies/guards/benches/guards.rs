//! What the guards cost on the hot path: each message and each tool output.

use attache_guards::{
    CustomerSentiment, KnownValue, PatternPii, PiiDetector, PiiKind, Pseudonyms, SentimentDetector, wants_human,
};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

/// A ticket of about 1.5 KB with an address and a phone number at its end.
fn ticket() -> String {
    "Hello team, I have been trying to set up the calendar sync for our maintenance crew since Monday and it is \
     still not working. I followed the guide and every time I press connect the page says that something went \
     wrong. My colleague tried the same thing with his own account and he sees the very same message. We need \
     this by Friday because our auditors are coming and I would hate to tell them that the schedule is lost. "
        .repeat(3)
        + "The schedule has 120 work orders for 14 technicians, and the export of last week shows only 80 of them. \
           Could you please tell me what to do, or send somebody who knows the product? My number is \
           +1 415 555 2671 and my email is dana@northwind.example. Thanks, Dana Whitfield"
}

/// A tool output of about 3 KB, as JSON text.
fn output() -> String {
    let row = |id: u32| {
        format!(
            r#"{{"id":"tick_{id}","subject":"Calendar sync stopped","status":"open","created_at":"2026-10-{:02}T09:12:00Z","body":"The sync between our calendar and the work orders stops after a few minutes, and the technicians see the schedule of yesterday.","assignee":"queue_{}","priority":2}}"#,
            id % 28 + 1,
            id % 7
        )
    };
    let rows: Vec<_> = (1_001..1_012).map(row).collect();
    format!(
        r#"{{"customer":{{"name":"Dana Whitfield","email":"dana@northwind.example"}},"tickets":[{}]}}"#,
        rows.join(",")
    )
}

fn guards(c: &mut Criterion) {
    let (ticket, output) = (ticket(), output());
    let known: Vec<_> = [
        (PiiKind::Person, "Dana Whitfield"),
        (PiiKind::Email, "dana@northwind.example"),
        (PiiKind::Phone, "+1 415 555 2671"),
        (PiiKind::Organization, "Northwind"),
    ]
    .map(|(kind, value)| KnownValue { kind, value: value.to_owned() })
    .into();

    c.bench_function("ticket_sentiment", |b| b.iter(|| CustomerSentiment.assess(black_box(&ticket))));
    c.bench_function("ticket_pii", |b| b.iter(|| PatternPii.find(black_box(&ticket))));
    c.bench_function("ticket_wants_human", |b| b.iter(|| wants_human(black_box(&ticket))));
    c.bench_function("ticket_all", |b| {
        b.iter(|| {
            let text = black_box(&ticket);
            (CustomerSentiment.assess(text), PatternPii.find(text), wants_human(text))
        });
    });
    c.bench_function("pseudonyms_new", |b| b.iter(|| Pseudonyms::new(black_box(&known))));
    let mut run = Pseudonyms::new(&known);
    c.bench_function("output_hide", |b| b.iter(|| run.hide(black_box(&output), &PatternPii)));
    c.bench_function("output_pii", |b| b.iter(|| PatternPii.candidates(black_box(&output))));
    let hidden = run.hide(&output, &PatternPii);
    c.bench_function("output_restore", |b| b.iter(|| run.restore(black_box(&hidden))));
}

criterion_group!(benches, guards);
criterion_main!(benches);
