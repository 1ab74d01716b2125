use super::*;
use proptest::prelude::*;

pub(crate) fn with_facts(facts: &str) -> Bundle {
    let json = format!(
        r#"{{"version":1,"customer":{{"id":"c"}},"trigger":{{"kind":"manual","at":"2026-11-20T09:00:00Z","note":"n"}},"identity":{facts}}}"#
    );
    Bundle::parse(json.as_bytes()).unwrap()
}

const GOOD: &str = r#"{"version":1,"customer":{"id":"cus_1","emails":["a@b.example"]},
  "trigger":{"kind":"message","channel":"email","at":"2026-11-20T09:12:00Z","text":"hi"},
  "identity":[{"key":"k","value":1,"source":"first_party","system":"crm","observed_at":"2026-10-01T00:00:00Z","purposes":["support"],"sensitivity":"internal"}]}"#;

fn fault(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from} is not in the sample");
    Bundle::parse(GOOD.replace(from, to).as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_good_bundle_is_read() {
    let bundle = Bundle::parse(GOOD.as_bytes()).unwrap();
    assert_eq!(bundle.customer.id.as_str(), "cus_1");
    assert!(!bundle.consent.ai_interaction, "consent that is not there was not given");
}

#[test]
fn every_fault_has_its_place() {
    let cases = [
        (r#""version":1"#, r#""version":2"#, "/version: version 2 is not known, 1 is"),
        (r#""key":"k""#, r#""key":"K k""#, "/identity/0/key: expected 1 to 128 of a-z, 0-9, `.`, `_` and `-`"),
        (r#""a@b.example""#, r#""nobody""#, "/customer/emails/0: expected an address like name@host"),
        (
            r#""id":"cus_1""#,
            r#""id":"cus_1","timezone":"Middle/Earth""#,
            "/customer/timezone: expected a name of the IANA database, such as `Europe/Berlin`",
        ),
        (r#""value":1"#, r#""value":1,"value":2"#, "/identity/0/value: the key stands here twice"),
        (r#""system":"crm""#, r#""system":7"#, "/identity/0/system: invalid type: integer `7`, expected a string"),
        (
            r#""sensitivity":"internal""#,
            r#""sensitivity":"secret""#,
            "/identity/0/sensitivity: unknown variant `secret`, expected one of `public`, `internal`, `personal`, `special`",
        ),
        (
            r#""text":"hi""#,
            r#""txt":"hi""#,
            "/trigger/txt: unknown field `txt`, expected one of `kind`, `at`, `note`, `channel`, `text`, `signal`, `evidence`, `from`, `to`",
        ),
        (
            r#""text":"hi""#,
            r#""text":"hi","note":"x""#,
            "/trigger: a trigger of this kind has no `note`, it has channel and text",
        ),
        (r#","text":"hi""#, "", "/trigger: missing field `text`"),
        (r#""value":1"#, r#""value":1e999"#, "3:38: number out of range"),
        (r#""value":1"#, r#""value":NaN"#, "3:34: expected value"),
    ];
    for (from, to, expected) in cases {
        assert_eq!(fault(from, to), expected, "{from} -> {to}");
    }
}

#[test]
fn what_is_after_the_document_is_a_fault() {
    let json = format!("{GOOD} {{}}");
    assert!(Bundle::parse(json.as_bytes()).unwrap_err().to_string().contains("trailing characters"));
}

#[test]
fn size_count_and_depth_are_bounded() {
    let big = vec![b' '; MAX_BYTES + 1];
    assert_eq!(Bundle::parse(&big).unwrap_err().to_string(), "/: a bundle has at most 1048576 bytes, this has 1048577");
    let one = r#"{"key":"k","value":1,"source":"inferred","system":"s","observed_at":"2026-10-01T00:00:00Z","purposes":[],"sensitivity":"public"}"#;
    let many = GOOD.replace(r#""identity":["#, &format!(r#""intent":[{}],"identity":["#, vec![one; 1_000].join(",")));
    assert_eq!(
        Bundle::parse(many.as_bytes()).unwrap_err().to_string(),
        "/: a bundle has at most 1000 facts, this has 1001"
    );
    let deep = GOOD.replace(r#""value":1"#, &format!(r#""value":{}1{}"#, "[".repeat(200), "]".repeat(200)));
    assert!(Bundle::parse(deep.as_bytes()).unwrap_err().to_string().contains("recursion limit"));
}

proptest! {
    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = Bundle::parse(&bytes);
    }

    #[test]
    fn no_mutation_of_a_good_bundle_panics(at in 0..GOOD.len(), byte in any::<u8>()) {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes[at] = byte;
        if let Ok(bundle) = Bundle::parse(&bytes) {
            let again = serde_json::to_vec(&bundle).unwrap();
            prop_assert_eq!(Bundle::parse(&again).unwrap(), bundle);
        }
    }
}
