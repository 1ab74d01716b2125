use super::*;

fn bundle(facts: &str) -> Bundle {
    serde_json::from_str(&format!(
        r#"{{"version":1,"customer":{{"id":"cus_1","name":"Dana van Whitfield","emails":["dana@x.example"],"phones":["+1 415 555 2671"]}},
        "trigger":{{"kind":"manual","at":"2026-11-20T09:12:00Z","note":""}},"identity":[{facts}]}}"#
    ))
    .unwrap()
}

fn fact(key: &str, value: &str, sensitivity: &str) -> String {
    format!(
        r#"{{"key":"{key}","value":{value},"source":"first_party","system":"crm","observed_at":"2026-10-01T00:00:00Z","purposes":["support"],"sensitivity":"{sensitivity}"}}"#
    )
}

#[test]
fn takes_identifiers_and_no_plain_words() {
    let facts = [
        fact("company.name", "\"Northwind\"", "internal"),
        fact("plan.name", "\"Enterprise\"", "internal"),
        fact("billing.email", "\"billing@x.example\"", "internal"),
        fact("home_address", "\"1 Main Street, Springfield\"", "personal"),
        fact("mood", "\"happy\"", "personal"),
        fact("contact", "\"eve@x.example\"", "personal"),
        fact("backup", "\"eve@y.example\"", "internal"),
        fact("where", "\"Hauptstraße 5, 10115 Berlin\"", "special"),
        fact("seats.phone", "12", "internal"),
        fact("manager_name", "\"Al Bo\"", "personal"),
        fact("also.name", "\"Dana van Whitfield\"", "personal"),
    ];
    let known: Vec<_> =
        known_values(&bundle(&facts.join(","))).into_iter().map(|known| (known.kind.as_str(), known.value)).collect();
    let known: Vec<_> = known.iter().map(|(kind, value)| (*kind, value.as_str())).collect();
    assert_eq!(
        known,
        [
            ("person", "Dana van Whitfield"),
            ("person", "Dana"),
            ("person", "Whitfield"),
            ("email", "dana@x.example"),
            ("phone", "+1 415 555 2671"),
            ("organization", "Northwind"),
            ("email", "billing@x.example"),
            ("address", "1 Main Street, Springfield"),
            ("email", "eve@x.example"),
            ("address", "Hauptstraße 5, 10115 Berlin"),
            ("person", "Al Bo"),
        ]
    );
}
