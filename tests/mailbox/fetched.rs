//! Mail that lies in a mailbox. Skipped unless there is a real IMAP server.

use crate::office::{self, Office};
use crate::{PASS, QUESTION, Served, attache, command, mail};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

fn imap(port: u16, user: &str, more: &str) -> String {
    format!(
        "[mail.imap]\nhost = \"127.0.0.1\"\nport = {port}\nencryption = \"none\"\nusername = \"{user}\"\n\
         timeout_seconds = 10\n{more}\n"
    )
}

/// Whose mailbox it is: nobody's before this test.
fn user(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

/// Blocking work beside the tasks that serve.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_taken_once_whether_it_waited_or_comes_and_marked_when_its_run_is_durable() {
    let Some(office) = Office::find() else { return };
    let mut seat = office.sign_in(&user("waited"));
    seat.deliver(&mail("<one@grindlebeck.example>", PASS, QUESTION));
    let mut served = Served::with(&imap(office.plain, &user("waited"), "")).await;
    served.answers(1).await;
    let mut seat = aside(move || {
        seat.wait("INBOX", &["\\Seen"]);
        seat
    })
    .await;
    // The server tells of what comes: nobody waits two minutes for it.
    let answered = format!("In-Reply-To: {}", served.id(0));
    seat.deliver(&mail("<two@grindlebeck.example>", &answered, "I want to talk to a human."));
    // The same message, which somebody posts too; and what no person wrote.
    seat.deliver(&mail("<one@grindlebeck.example>", PASS, QUESTION));
    seat.deliver(&mail("<auto@grindlebeck.example>", "Auto-Submitted: auto-replied", QUESTION));
    assert_eq!(
        served.post("d1", &mail("<two@grindlebeck.example>", &answered, "I want to talk to a human.")).await.0,
        202
    );
    let mut seat = aside(move || {
        seat.wait("INBOX", &["\\Seen"; 4]);
        seat
    })
    .await;
    // What is refused is flagged for a person, and holds nothing up.
    let forged = "Authentication-Results: mx.brightwater.example; dmarc=fail header.from=grindlebeck.example";
    seat.deliver(&mail("<forged@grindlebeck.example>", forged, QUESTION));
    let nested: String =
        (0..1_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    seat.deliver(&mail("<deep@grindlebeck.example>", PASS, &nested));
    seat.deliver(&mail("<large@grindlebeck.example>", PASS, &"x".repeat(20_000_000)));
    aside(move || {
        let (seen, flagged) = ("\\Seen", "\\Flagged \\Seen");
        seat.wait("INBOX", &[seen, seen, seen, seen, flagged, flagged, flagged]);
    })
    .await;
    let runs = served.runs().await;
    assert_eq!(runs.len(), 2, "{runs:?}");
    assert_eq!(runs[0][0]["event"]["bundle"]["customer"]["id"], "cus_1003");
    assert_eq!(runs[1][0]["event"]["conversation"], runs[0][0]["run"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_before_the_mark_begins_no_second_run() {
    let Some(office) = Office::find() else { return };
    let tap = office::between(&office, Some("UID STORE"));
    let mut seat = office.sign_in(&user("killed"));
    seat.deliver(&mail("<one@grindlebeck.example>", PASS, QUESTION));
    let mut served = Served::with(&imap(tap.port, &user("killed"), "")).await;
    let port = tap.port;
    aside(move || tap.heard.recv_timeout(Duration::from_secs(30)).unwrap()).await;
    // It is taken and nobody has heard of it.
    served.kill();
    assert_eq!(seat.marks("INBOX"), [""]);
    let settings = served.dir.path().join("company/attache.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace(&format!("port = {port}"), &format!("port = {}", office.plain))).unwrap();
    served.start();
    aside(move || seat.wait("INBOX", &["\\Seen"])).await;
    served.answers(1).await;
    let runs = served.runs().await;
    assert_eq!(runs.len(), 1, "{runs:?}");
    // The kill may fall into the sending of the answer. Then nobody knows whether it
    // left, and the customer hears that a person goes on: another message.
    let left = served.sink.seen.count();
    let ids: BTreeSet<_> = (0..left).map(|at| served.id(at)).collect();
    assert_eq!(ids.len(), left, "no message leaves twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_made_anew() {
    let Some(office) = Office::find() else { return };
    let between = office::between(&office, None);
    let mut seat = office.sign_in(&user("broken"));
    let mut served = Served::with(&imap(between.port, &user("broken"), "")).await;
    for (id, count) in [("<one@grindlebeck.example>", 1), ("<two@grindlebeck.example>", 2)] {
        seat.deliver(&mail(id, PASS, QUESTION));
        seat = aside(move || {
            seat.wait("INBOX", &vec!["\\Seen"; count]);
            seat
        })
        .await;
        between.cut();
    }
    assert_eq!(served.runs().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_signs_in_by_tls_and_moves_what_it_took_and_the_doctor_says_whether_it_can() {
    let Some(office) = Office::find() else { return };
    let mut seat = office.sign_in(&user("moved"));
    seat.ask("CREATE Taken");
    for (at, (encryption, port)) in [("tls", office.tls), ("starttls", office.plain)].into_iter().enumerate() {
        let more = format!("ca = \"{}\"\nmove_to = \"Taken\"", office.certificate);
        let settings = imap(port, &user("moved"), &more).replace("\"none\"", &format!("\"{encryption}\""));
        let settings = settings.replace("host = \"127.0.0.1\"", "host = \"localhost\"");
        let mut served = Served::with(&settings).await;
        seat.deliver(&mail(&format!("<m{at}@grindlebeck.example>"), PASS, QUESTION));
        seat = aside(move || {
            seat.wait("Taken", &vec!["\\Seen"; at + 1]);
            // A server may show it in both for a moment.
            seat.wait("INBOX", &[]);
            seat
        })
        .await;
        served.kill();
        seat.ask("SELECT Taken");
        let examined = attache(served.dir.path(), &["doctor", "--json"]).await;
        assert_eq!(found(&examined, "mailbox")["state"], "ok", "{}", command::out(&examined));
        assert_eq!(found(&examined, "mail hook")["state"], "ok");
        // Without the certificate nobody is believed.
        let file = served.dir.path().join("company/attache.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("ca = ")).collect();
        std::fs::write(&file, without.join("\n")).unwrap();
        let examined = attache(served.dir.path(), &["doctor", "--json"]).await;
        let mailbox = found(&examined, "mailbox");
        assert_eq!(mailbox["state"], "fault", "{mailbox}");
        assert!(mailbox["message"].as_str().unwrap().contains("no secure connection"), "{mailbox}");
    }
    let served = Served::with(&imap(office.plain, &user("moved"), "mailbox = \"None\"")).await;
    let examined = attache(served.dir.path(), &["doctor", "--json"]).await;
    assert_eq!(examined.status.code(), Some(4));
    let message = found(&examined, "mailbox")["message"].clone();
    assert_eq!(message, json!("open the mailbox: the mail server says NO"));
}

fn found(examined: &std::process::Output, check: &str) -> Value {
    let text = command::out(examined);
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.find(|line| line["check"] == check).unwrap_or_else(|| json!({ "absent": text }))
}
