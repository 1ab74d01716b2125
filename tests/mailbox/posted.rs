//! Mail that another system posts.

use crate::{KEY, PASS, QUESTION, Served, attache, command, mail};
use attache::channels::{Suppressions, WebhookKeys};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

fn started(run: &[Value]) -> &Value {
    &run[0]["event"]
}

#[tokio::test]
async fn a_message_that_comes_twice_begins_one_run_of_the_customer_whose_address_it_is() {
    let mut served = Served::with("").await;
    let question = mail("<one@grindlebeck.example>", PASS, QUESTION);
    assert_eq!(served.post("d1", &question).await.0, 202);
    assert_eq!(served.post("d1", &question).await.0, 202);
    // The same message by another way.
    assert_eq!(served.post("d2", &format!("Received: from elsewhere\r\n{question}")).await.0, 202);
    served.answers(1).await;
    let answer = served.sink.seen.message(0);
    assert!(answer.contains("In-Reply-To: <one@grindlebeck.example>") && answer.contains("owen@"), "{answer}");
    // Also after a restart.
    served.kill();
    served.start();
    assert_eq!(served.post("d3", &question).await.0, 202);
    let runs = served.runs().await;
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!(started(&runs[0])["bundle"]["customer"]["id"], "cus_1003");
    assert_eq!(served.sink.seen.count(), 1);
}

#[tokio::test]
async fn an_answer_to_our_mail_goes_on_with_its_conversation_whoever_vouches_for_it() {
    let mut served = Served::with("").await;
    assert_eq!(served.post("d1", &mail("<one@grindlebeck.example>", PASS, QUESTION)).await.0, 202);
    served.answers(1).await;
    let answered = format!("In-Reply-To: {}", served.id(0));
    let human = "I want to talk to a human.";
    assert_eq!(served.post("d2", &mail("<two@grindlebeck.example>", &answered, human)).await.0, 202);
    // Who is not written to names the same message and is somebody else.
    let other = mail("<three@evil.example>", &answered, human).replace("owen@grindlebeck", "owen@evil");
    assert_eq!(served.post("d3", &other).await.0, 202);
    // Nobody vouches for this one and it answers nothing: it is not the customer's.
    assert_eq!(served.post("d4", &mail("<four@grindlebeck.example>", "", human)).await.0, 202);
    let runs = served.runs().await;
    let first = &runs[0][0]["run"];
    let told =
        |run: &Vec<Value>| (started(run)["conversation"].clone(), started(run)["bundle"]["customer"]["id"].clone());
    let told: Vec<_> = runs.iter().map(told).collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(told[0], (Value::Null, json!("cus_1003")));
    assert_eq!(told[1], (first.clone(), json!("cus_1003")));
    for stranger in &told[2..] {
        assert!(stranger.1.as_str().unwrap().starts_with("mail_"), "{told:?}");
    }
    assert_eq!((&told[2].0, &told[3].0), (&Value::Null, &Value::Null));
    // What is answered next is the last message.
    let facts = started(&runs[1])["bundle"]["contextual"].as_array().unwrap().clone();
    let ids: Vec<_> = facts.iter().filter(|fact| fact["key"] == "mail.message_id").map(|fact| &fact["value"]).collect();
    assert_eq!(ids, [&json!("<two@grindlebeck.example>")]);
}

#[tokio::test]
async fn an_answer_to_what_we_wrote_first_begins_a_conversation_that_knows_it() {
    let mut served = Served::with("").await;
    served.kill();
    let (dir, gap) = (served.dir.path().to_owned(), command::bundle("usage-gap.json"));
    assert!(attache(&dir, &["run", &gap]).await.status.success());
    let listed = command::out(&attache(&dir, &["review", "list", "--json"]).await);
    let draft: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let approved = attache(&dir, &["review", "approve", draft["draft"].as_str().unwrap(), "--by", "dana"]).await;
    assert!(approved.status.success(), "{}", command::err(&approved));
    assert_eq!(served.sink.seen.count(), 1);
    served.start();
    let answered = format!("In-Reply-To: {}", served.id(0));
    for (id, text) in [("<one@oatmoor.example>", "I want to talk to a human."), ("<two@oatmoor.example>", "Today.")] {
        let reply = mail(id, &answered, text).replace("owen@grindlebeck.example", "bruno.keller@oatmoor.example");
        for delivery in ["d1", "d2"] {
            assert_eq!(served.post(delivery, &reply).await, (202, String::new()));
        }
    }
    let runs = served.runs().await;
    assert_eq!(runs.len(), 3, "{runs:?}");
    let bundle = &started(&runs[1])["bundle"];
    assert_eq!(bundle["customer"]["id"], "cus_1021");
    let facts = bundle["contextual"].as_array().unwrap();
    let wrote = facts.iter().find(|fact| fact["key"] == "conversation.1.we_answered").unwrap();
    assert!(wrote["value"].as_str().unwrap().len() > 100, "{wrote}");
    assert_eq!(started(&runs[2])["conversation"], runs[1][0]["run"]);
}

#[tokio::test]
async fn who_does_not_sign_or_is_late_is_refused() {
    let mut served = Served::with("").await;
    let question = mail("<one@grindlebeck.example>", PASS, QUESTION);
    let client = reqwest::Client::new();
    let now = Timestamp::now();
    let other = WebhookKeys::parse("whsec_YWJjZGVmZ2hpamtsbW5vcHFy").unwrap();
    let ours = WebhookKeys::parse(KEY).unwrap();
    let old = now - SignedDuration::from_mins(6);
    for (signature, at, kind, status) in [
        (None, now, "message/rfc822", 401),
        (Some(other.sign("d1", now, question.as_bytes())), now, "message/rfc822", 401),
        (Some(ours.sign("d1", old, question.as_bytes())), old, "message/rfc822", 401),
        (Some(ours.sign("d2", now, question.as_bytes())), now, "message/rfc822", 401),
        (Some(ours.sign("d1", now, b"another")), now, "message/rfc822", 401),
        (Some(ours.sign("d1", now, question.as_bytes())), now, "text/plain", 422),
    ] {
        let request = client.post(format!("{}/hooks/mail", served.url)).header("content-type", kind);
        let request = request.header("webhook-id", "d1").header("webhook-timestamp", at.as_second());
        let request = match signature {
            Some(signature) => request.header("webhook-signature", signature),
            None => request,
        };
        let answer = request.body(question.clone()).send().await.unwrap();
        let (seen, said) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert_eq!(seen, status, "{said}");
        assert!(said.contains("urn:attache:problem:"), "{said}");
    }
    assert!(served.runs().await.is_empty());
}

#[tokio::test]
async fn what_no_person_wrote_or_nobody_knows_who_begins_nothing() {
    let mut served = Served::with("").await;
    for (at, headers) in [
        "Auto-Submitted: auto-replied",
        "List-Unsubscribe: <mailto:leave@example.com>",
        "Precedence: bulk",
        "Return-Path: <>",
        "Authentication-Results: mx.brightwater.example; spf=pass; dmarc=fail (p=none) header.from=grindlebeck.example",
        "Authentication-Results: mx.brightwater.example; dmarc=pass header.from=evil.example",
    ]
    .into_iter()
    .enumerate()
    {
        let message = mail(&format!("<n{at}@grindlebeck.example>"), headers, QUESTION);
        assert_eq!(served.post(&format!("n{at}"), &message).await, (202, String::new()), "{headers}");
    }
    let own = mail("<own@x.example>", "", QUESTION).replace("owen@grindlebeck.example", "support@brightwater.example");
    assert_eq!(served.post("own", &own).await.0, 202);
    assert!(served.runs().await.is_empty());
    assert_eq!(served.sink.seen.count(), 0);
}

#[tokio::test]
async fn hostile_mail_is_refused_and_named() {
    let mut served = Served::with("").await;
    let (begin, _) = mail("<h@grindlebeck.example>", PASS, "")
        .split_once("Content-Type")
        .map(|(begin, rest)| (begin.to_owned(), rest.to_owned()))
        .unwrap();
    let nested: String =
        (0..5_000).map(|n| format!("Content-Type: multipart/mixed; boundary=\"b{n}\"\r\n\r\n--b{n}\r\n")).collect();
    let within = "Content-Type: message/rfc822\r\n\r\n".repeat(200_000);
    let parts = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", "--b\r\n\r\nx\r\n".repeat(500_000));
    let html = format!("Content-Type: text/html\r\n\r\n{}", "<div>".repeat(20_000));
    for (what, says) in
        [(nested, "too many parts"), (within, "too many parts"), (parts, "too many parts"), (html, "too large")]
    {
        let (status, said) = served.post("h", &format!("{begin}{what}")).await;
        assert_eq!(status, 422, "{said}");
        assert!(said.contains(says), "{said}");
    }
    // More than is read is not read.
    let (status, said) = served.post("h", &format!("{begin}\r\n\r\n{}", "x".repeat(20_000_000))).await;
    assert_eq!(status, 413, "{said}");
    let two = mail("<h@grindlebeck.example>", "From: victim@grindlebeck.example", QUESTION);
    let (status, said) = served.post("h", &two).await;
    assert_eq!((status, said.contains("several")), (422, true), "{said}");
    // It still answers.
    assert_eq!(served.post("d1", &mail("<one@grindlebeck.example>", PASS, QUESTION)).await.0, 202);
    assert_eq!(served.runs().await.len(), 1);
}

#[tokio::test]
async fn a_text_in_a_charset_that_it_is_not_in_is_refused() {
    let served = Served::with("").await;
    let raw = mail("<c@grindlebeck.example>", PASS, "=FF=FE=E9=E8=FC=F6=E4=DF=FF=FE=E9=E8");
    let raw = raw.replace("MIME-Version", "Content-Transfer-Encoding: quoted-printable\r\nMIME-Version");
    let (status, said) = served.post("c", &raw).await;
    assert_eq!((status, said.contains("charset")), (422, true), "{said}");
}

#[tokio::test]
async fn a_report_of_a_mail_server_and_a_wish_keep_mail_from_leaving() {
    let mut served = Served::with("").await;
    assert_eq!(served.post("d1", &mail("<one@grindlebeck.example>", PASS, QUESTION)).await.0, 202);
    served.answers(1).await;
    let report = format!(
        "From: MAILER-DAEMON@mx.example.com\r\nReturn-Path: <>\r\nSubject: failed\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n\
         Final-Recipient: rfc822; owen@grindlebeck.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\n\
         Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: {}\r\n\r\n--b--\r\n",
        served.id(0)
    );
    assert_eq!(served.post("b1", &report).await.0, 202);
    let wish = mail("<w@grindlebeck.example>", PASS, "").replace("Re: Import", "unsubscribe").replace("owen@", "ann@");
    assert_eq!(served.post("w1", &wish).await.0, 202);
    let suppressions = Suppressions::new(served.dir.path().join("suppressed"));
    let why = |address: &str| suppressions.get(address).unwrap().map(|why| why.why);
    assert_eq!(why("owen@grindlebeck.example").as_deref(), Some("hard_bounce"));
    assert_eq!(why("ann@grindlebeck.example").as_deref(), Some("unsubscribed"));
    assert_eq!(served.runs().await.len(), 1);
}
