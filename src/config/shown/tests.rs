use super::*;

#[test]
fn every_key_is_told_with_what_it_means() {
    let text = "[server]\nundo_seconds = 3\n[mail.smtp]\nhost = \"mail.example\"\n[server.oidc]\n\
        issuer = \"https://id.example\"\nclient_id = \"attache\"\nroles = { desk = [\"reviewer\"] }\n";
    let config: Config = toml::from_str(text).unwrap();
    let shown = config.shown();
    let of = |key: &str| shown.iter().find(|setting| setting.key == key).unwrap_or_else(|| panic!("{key}"));
    assert_eq!((of("server.undo_seconds").value.as_str(), of("server.undo_seconds").changed), ("3", true));
    assert_eq!((of("server.session_hours").value.as_str(), of("server.session_hours").changed), ("12", false));
    assert_eq!((of("mail.smtp.host").value.as_str(), of("mail.smtp.host").changed), ("mail.example", true));
    assert_eq!((of("slack.webhook_env").value.as_str(), of("slack.webhook_env").changed), ("", false));
    assert!(of("project.kb").meaning.starts_with("Articles that are read"), "{}", of("project.kb").meaning);
    assert!(
        of("server.oidc.roles.desk").meaning.contains("members of a group"),
        "{}",
        of("server.oidc.roles.desk").meaning
    );
    assert_eq!(of("tracing.endpoint").value, "");
    assert!(shown.iter().all(|setting| setting.key != "model.openai"), "it is not written out");
    let unexplained: Vec<_> = shown.iter().filter(|setting| setting.meaning.is_empty()).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
}
