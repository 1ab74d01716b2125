//! Specifics and unsayable facts planted in clean drafts.
//!
//! A clean draft is put together from 14 openings, 14 bodies over the sources
//! below and 7 closings, each figure in one of several usual spellings. A
//! planted one has one more sentence of 40 with a value that no source holds, or
//! that states a fact which may not be said, before, between or after.

use super::*;
use crate::FactValues;
use attache_journal::Permission;
use serde_json::json;

const SOURCES: &[&str] = &[
    "Exports are limited to 50,000 rows each. Larger exports can be split by date or scheduled nightly.",
    "Refunds are paid within 5 business days to the card that was charged. Ask billing@northwind.example.",
    "A plan can be changed at any time at https://app.northwind.example/plans; the change counts from the next invoice.",
    "plan Growth, seats 25, price {\"minor\":49000,\"currency\":\"EUR\"}, renewal 2026-12-03",
    "Dana Whitfield dana@northwind.example",
    "Our support team answers from 9 to 17 on working days.",
    "What the customer wrote: my export of 80000 rows failed twice on 12 November.",
];
const OPENINGS: &[&str] = &[
    "Hi Dana,",
    "Hello Dana,",
    "Dear Dana,",
    "Hi Dana, thanks for writing to us.",
    "Good morning Dana,",
    "Thank you for the details.",
    "Thanks for your patience!",
    "Hi there,",
    "Sorry for the trouble with the export.",
    "Dear Ms. Whitfield,",
    "Hello, and thanks for getting in touch.",
    "Thank you for reaching out about your export.",
    "Hi Dana Whitfield,",
    "Welcome back!",
];
const BODIES: &[&str] = &[
    "Exports are limited to 50,000 rows each.",
    "An export can hold 50000 rows.",
    "Your export of 80,000 rows is over the limit of 50k rows.",
    "Larger exports can be split by date.",
    "You can schedule exports nightly.",
    "You have 25 seats on the Growth plan.",
    "Your twenty-five seats stay as they are.",
    "The plan costs 490 € today.",
    "The price is EUR 490.00.",
    "It renews on December 3, 2026.",
    "It renews on 3 December.",
    "You can change the plan at https://app.northwind.example/plans.",
    "The export failed twice on November 12.",
    "Refunds are paid within 5 business days; ask billing@northwind.example.",
];
const CLOSINGS: &[&str] = &[
    "",
    "Kind regards, the support team",
    "Let us know whether that helps.",
    "We are here from 9 to 17.",
    "Is there anything else?",
    "1. Open the export page.\n2. Choose two dates.\n3. Press Export.",
    "Many thanks, your support team",
];
const PLANTED: &[&str] = &[
    "The limit is 60,000 rows.",
    "It costs $35 more.",
    "You get 20% off.",
    "That is 1.250,00 € a year.",
    "We will refund the full amount.",
    "It renews on March 4.",
    "Your call is on 2026-11-30.",
    "See https://northwind-help.example/limits.",
    "Write to ceo@elsewhere.example.",
    "Call us at +1 415 555 2671.",
    "Ask for Mr. Pemberton.",
    "My colleague James Caldwell will help.",
    "It takes 14 days.",
    "It takes fourteen days.",
    "You get three free months.",
    "We guarantee that it works.",
    "Your account has been credited to your satisfaction.",
    "I have cancelled your plan.",
    "We will call you tomorrow.",
    "It is free of charge.",
    "We have waived the fee.",
    "You get a discount.",
    "The change counts from 1 January 2027.",
    "There are 12 open tickets.",
    "About 3 million people use it.",
    "The upgrade costs 99 euros.",
    "You may export 75k rows.",
    "Only 4 seats are in use.",
    "It was down on 14/11/2026.",
    "Visit www.other-company.example today.",
    "Please pay to account number 99887766.",
    "Since 2019 this was so.",
    "We have extended your trial.",
    "The fix ships in six weeks.",
    "You are owed £15.",
    "Your company Ironbridge Labs of 340 employees qualifies.",
    "You visited the pricing page three times.",
    "We saw nine visits to the pricing page.",
    "Your churn score is 87.",
    "Your budget of 12.5k is enough.",
];

/// A clean draft: `number` picks its parts.
fn clean(number: usize) -> [&'static str; 4] {
    [
        OPENINGS[number % OPENINGS.len()],
        BODIES[number * 5 % BODIES.len()],
        BODIES[(number / 3 + 4) % BODIES.len()],
        CLOSINGS[number / 2 % CLOSINGS.len()],
    ]
}

/// Whether the check stops a draft.
fn stops(text: &str) -> bool {
    let (visits, churn, budget) = (json!(3), json!(87), json!(12_500));
    let unsaid = [("pricing.visits", &visits), ("score.churn", &churn), ("crm.budget", &budget)];
    let values = FactValues::new(unsaid.map(|(key, value)| (key, value, Permission::Usable)), &[]);
    !unfounded(text, SOURCES).is_empty() || !values.stated(text).is_empty()
}

#[test]
fn planted_specifics_are_found_and_clean_drafts_pass() {
    let drafts: Vec<String> = (0..240).map(|number| clean(number).join("\n")).collect();
    let blocked: Vec<_> = drafts.iter().filter(|draft| stops(draft)).collect();
    let planted: Vec<(&str, String)> = (0..520)
        .map(|number| {
            let seed = PLANTED[number % PLANTED.len()];
            let mut parts = clean(number * 7 + number / PLANTED.len()).to_vec();
            parts.insert(1 + number / 40 % 3, seed);
            (seed, parts.join(if number % 2 == 0 { "\n" } else { " " }))
        })
        .collect();
    let missed: Vec<_> = planted.iter().filter(|(_, draft)| !stops(draft)).map(|(seed, _)| seed).collect();
    println!(
        "planted {} found {} clean {} blocked {}",
        planted.len(),
        planted.len() - missed.len(),
        drafts.len(),
        blocked.len()
    );
    assert!(missed.len() * 100 <= planted.len(), "{} missed: {missed:?}", missed.len());
    assert!(blocked.len() * 50 <= drafts.len(), "{} blocked: {blocked:#?}", blocked.len());
}
