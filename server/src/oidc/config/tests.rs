use super::*;

fn config(text: &str) -> OidcConfig {
    let text = format!(r#"{{"issuer": "https://id.example", "client_id": "attache", {text}}}"#);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_address_is_an_account_of_its_domain_alone() {
    let config = config(r#""domain": "example.com", "accounts": {"boss@other.example": "dana"}"#);
    config.check().unwrap();
    assert_eq!(config.account("Lena@Example.com").as_deref(), Some("lena"));
    assert_eq!(config.account("Boss@other.example").as_deref(), Some("dana"));
    for stranger in
        ["lena@evil.example", "lena@example.com.evil.example", "lena", "", "@", "a@evil.example@example.org"]
    {
        assert_eq!(config.account(stranger), None, "{stranger}");
    }
}

#[test]
fn a_subject_names_itself_or_is_named_and_case_tells_two_apart() {
    let config = config(r#""claim": "sub", "accounts": {"auth0|7": "lena"}"#);
    config.check().unwrap();
    assert_eq!(config.account("auth0|7").as_deref(), Some("lena"));
    assert_ne!(config.account("AUTH0|7").as_deref(), Some("lena"));
    assert_eq!(config.account("f3a9").as_deref(), Some("f3a9"));
    assert_eq!(config.account("lena@example.com"), None, "an address names nobody without its domain");
}

#[test]
fn groups_say_what_for_only_where_roles_are_set() {
    let with = config(r#""claim": "sub", "roles": {"desk": ["reviewer"], "ops": ["agent-operator", "reviewer"]}"#);
    let of = |groups: &[&str]| with.roles(groups.iter().copied());
    assert_eq!(of(&["desk", "other", "ops"]), Some(BTreeSet::from([Role::AgentOperator, Role::Reviewer])));
    assert_eq!(of(&["Desk"]), Some(BTreeSet::new()));
    assert_eq!(config(r#""claim": "sub""#).roles(["desk"].into_iter()), None);
}

#[test]
fn settings_under_which_nobody_or_the_wrong_one_comes_in_are_refused() {
    for (text, says) in [
        (r#""label": "Go""#, "nobody could sign in"),
        (r#""domain": "@example.com""#, "domain"),
        (r#""claim": """#, "claim"),
        (r#""accounts": {"a@b.example": "no name"}"#, "`no name`"),
    ] {
        let fault = config(text).check().unwrap_err().to_string();
        assert!(fault.contains(says), "{text}: {fault}");
    }
}
