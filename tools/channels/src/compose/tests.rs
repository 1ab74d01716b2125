use super::*;
use attache_context::Channel;

pub(crate) fn message() -> Outgoing {
    Outgoing {
        channel: Channel::Email,
        name: None,
        to: "dana@example.com".to_owned(),
        subject: "Your team".to_owned(),
        body: "Open Settings, then Team.".to_owned(),
        at: jiff::Timestamp::UNIX_EPOCH,
        answers: None,
        outreach: false,
        shown: false,
        run: attache_journal::RunId::new("run_1"),
    }
}

fn composed(composer: &Composer, message: &Outgoing) -> String {
    String::from_utf8(composer.compose(message, &Digest::of(&[b"key"])).unwrap()).unwrap()
}

#[test]
fn mail_is_signed_by_the_domain() {
    // The 32 bytes 0..32, in base64.
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let composer = Composer::new("Team <team@example.com>").unwrap().sign("example.com", "s1", key).unwrap();
    let mail = composed(&composer, &message());
    let mail = mail.replace("\r\n ", " ").replace("\r\n\t", " ");
    let header = mail.lines().find(|line| line.to_lowercase().starts_with("dkim-signature:")).unwrap();
    for part in ["a=ed25519-sha256", "d=example.com", "s=s1", "c=relaxed/relaxed", "h=from:to:subject:date:message-id"]
    {
        assert!(header.contains(part), "{part} in {header}");
    }
    assert!(Composer::new("Team <team@example.com>").unwrap().sign("example.com", "s1", "no key").is_err());
}

#[test]
fn headers_that_are_too_long_to_sign_are_refused_and_do_not_break_the_signer() {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let composer = Composer::new("Team <team@example.com>").unwrap().sign("example.com", "s1", key).unwrap();
    let long = Outgoing { subject: "ü".repeat(20_000), ..message() };
    assert!(composer.compose(&long, &Digest::of(&[b"key"])).is_err());
    let most = Outgoing { subject: "x".repeat(3_000), name: Some("n".repeat(10_000)), ..message() };
    assert!(composed(&composer, &most).contains("DKIM") || composed(&composer, &most).contains("dkim"));
}

#[test]
fn nothing_that_comes_from_outside_makes_a_header() {
    let composer = Composer::new("Team <team@example.com>").unwrap();
    let hostile = Outgoing {
        name: Some("x\r\nBcc: a@example.com".to_owned()),
        subject: "x\r\nBcc: b@example.com".to_owned(),
        ..message()
    };
    let mail = composed(&composer, &hostile);
    let head = mail.split("\r\n\r\n").next().unwrap();
    assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
    let elsewhere = Outgoing { to: "a@example.com\r\nRCPT TO:<b@example.com>".to_owned(), ..message() };
    assert!(composer.compose(&elsewhere, &Digest::of(&[b"key"])).is_err());
}

#[test]
fn an_address_for_unsubscribing_is_https() {
    let composer = || Composer::new("Team <team@example.com>").unwrap();
    for wrong in ["http://example.com", "https://example.com/>x", "javascript:alert(1)", ""] {
        assert!(composer().unsubscribe_at(wrong).is_err(), "{wrong}");
    }
}
