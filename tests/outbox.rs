//! The command with real counterparts: what is approved arrives, once, and
//! whoever should know is told.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test stops where something is wrong")]
#![expect(dead_code, reason = "the counterparts can do more than is needed here")]

mod command;
#[path = "../tools/channels/tests/http/server.rs"]
mod server;
#[path = "../tools/channels/tests/mail/sink.rs"]
mod sink;

use command::{err, out, project};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use server::{Server, status};
use sha2::Sha256;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A project with these settings besides, in which a run wrote to this address.
async fn ran(settings: &str, bundle: &str, address: &str) -> tempfile::TempDir {
    let dir = project();
    settle(dir.path(), settings);
    let bundle = fs::read_to_string(command::bundle(bundle)).unwrap();
    let mut bundle: Value = serde_json::from_str(&bundle).unwrap();
    bundle["customer"]["emails"] = serde_json::json!([address]);
    fs::write(dir.path().join("bundle.json"), bundle.to_string()).unwrap();
    let ran = attache(dir.path(), &["run", "bundle.json"]).await;
    assert!(ran.status.success(), "{}", err(&ran));
    dir
}

async fn attache(dir: &Path, args: &[&str]) -> Output {
    let mut command = calling(dir, args);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn calling(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attache"));
    command.args(args).current_dir(dir);
    command.env("ATTACHE_DATA", dir).env("ATTACHE_CONFIG", dir.join("company/attache.toml"));
    command.env("HOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    command.env("ATTACHE_CHATWOOT_TOKEN", "token").env("ATTACHE_CHATWOOT_SECRET", "secret");
    if let Ok(url) = fs::read_to_string(dir.join("slack-url")) {
        command.env("ATTACHE_SLACK_WEBHOOK", url);
    }
    for name in ["OPENAI_API_KEY", "OPENAI_BASE_URL", "ATTACHE_MODEL"] {
        command.env_remove(name);
    }
    command
}

fn settle(dir: &Path, settings: &str) {
    let file = dir.join("company/attache.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("[project]", &format!("{settings}\n[project]"))).unwrap();
}

fn hook(url: &str) -> String {
    format!(
        "[webhooks]\nbackoff_ms = 1\n[[webhooks.endpoints]]\nurl = \"{url}\"\nsecret_env = \"HOOK_SECRET\"\n\
         events = [\"conversation.escalated\"]\n"
    )
}

fn smtp(port: u16) -> String {
    format!("[mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\nencryption = \"none\"\ntimeout_seconds = 5\n")
}

async fn approve(dir: &Path) -> Output {
    let listed = out(&attache(dir, &["review", "list", "--json"]).await);
    let draft: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    attache(dir, &["review", "approve", draft["draft"].as_str().unwrap(), "--by", "dana", "--json"]).await
}

fn ended(output: &Output) -> Value {
    let text = out(output);
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    last["event"].clone()
}

#[tokio::test]
async fn an_approved_draft_arrives_by_smtp() {
    let sink = sink::start(None).await;
    let dir = ran(&smtp(sink.port), "usage-gap.json", "dana@example.com").await;
    assert_eq!(sink.seen.count(), 0, "nothing leaves before a person says so");
    let approved = approve(dir.path()).await;
    assert!(approved.status.success(), "{}", err(&approved));
    assert_eq!(ended(&approved)["outcome"], "resolved");
    assert_eq!(sink.seen.count(), 1);
    let mail = sink.seen.message(0);
    assert!(mail.contains("dana@example.com") && mail.contains("List-Unsubscribe: "), "{mail}");
    let listed = attache(dir.path(), &["outbox", "list"]).await;
    assert_eq!(out(&listed), "nothing waits, nothing was given up, and nothing is in doubt\n");
}

#[tokio::test]
async fn what_may_have_left_goes_to_a_person_who_can_send_it_again() {
    let sink = sink::start(None).await;
    let dir = ran(&smtp(sink.port), "usage-gap.json", "cut@example.com").await;
    let approved = approve(dir.path()).await;
    let end = ended(&approved);
    assert_eq!((end["outcome"].as_str(), end["reason_code"].as_str()), (Some("escalated"), Some("unknown_outcome")));
    let resumed = attache(dir.path(), &["run", "--resume"]).await;
    assert!(resumed.status.success(), "{}", err(&resumed));
    assert_eq!(sink.seen.count(), 1, "nobody sends it again by themselves");
    let listed = out(&attache(dir.path(), &["outbox", "list", "--json"]).await);
    let letter: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((letter["way"].as_str(), letter["state"].as_str()), (Some("mail"), Some("unknown")));
    assert!(!listed.contains("body"), "the list holds no text");
    // Another server takes it.
    let other = sink::start(None).await;
    let file = dir.path().join("company/attache.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(&sink.port.to_string(), &other.port.to_string())).unwrap();
    let path = dir.path().join(format!("outbox/{}.unknown", letter["id"].as_str().unwrap()));
    let spooled = fs::read_to_string(&path).unwrap();
    fs::write(&path, spooled.replace("\"to\":\"cut@", "\"to\":\"dana@")).unwrap();
    let resent = attache(dir.path(), &["outbox", "resend", letter["id"].as_str().unwrap()]).await;
    assert!(resent.status.success(), "{}", err(&resent));
    assert_eq!(other.seen.count(), 1);
    let again = attache(dir.path(), &["outbox", "resend", letter["id"].as_str().unwrap()]).await;
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(other.seen.count(), 1);
}

#[tokio::test]
async fn who_does_not_exist_is_not_written_to_again() {
    let sink = sink::start(None).await;
    let dir = ran(&smtp(sink.port), "usage-gap.json", "bounce@example.com").await;
    let end = ended(&approve(dir.path()).await);
    assert_eq!(end["outcome"], "failed", "{end}");
    let again = attache(dir.path(), &["run", "bundle.json"]).await;
    assert!(again.status.success(), "{}", err(&again));
    let before = sink.seen.commands().len();
    let end = ended(&approve(dir.path()).await);
    assert_eq!((end["outcome"].as_str(), end["reason_code"].as_str()), (Some("failed"), Some("suppressed")), "{end}");
    assert_eq!(sink.seen.commands().len(), before, "nobody is asked");
    let allowed = attache(dir.path(), &["outbox", "allow", "Bounce@example.com"]).await;
    assert!(allowed.status.success(), "{}", err(&allowed));
}

#[tokio::test]
async fn a_handover_is_told_by_webhook_and_in_slack_and_forgotten_with_the_customer() {
    let hooks = Server::start([]).await;
    let slack = Server::start([status(500)]).await;
    let dir = project();
    fs::write(dir.path().join("slack-url"), &slack.url).unwrap();
    settle(dir.path(), &format!("[slack]\ndesk = \"https://desk.example\"\n{}", hook(&hooks.url)));
    let ran = attache(dir.path(), &["run", &command::bundle("wants-human.json")]).await;
    assert!(ran.status.success(), "{}", err(&ran));
    let told = hooks.got();
    assert_eq!(told.len(), 1);
    let event: Value = told[0].json();
    assert_eq!(event["type"], "conversation.escalated");
    assert!(!told[0].body.contains("cus_"), "ids of runs and codes, nobody's name: {}", told[0].body);
    assert_eq!(slack.got().len(), 1);
    // Whoever starts again tells nothing twice.
    let resumed = attache(dir.path(), &["run", "--resume"]).await;
    assert!(resumed.status.success(), "{}", err(&resumed));
    assert_eq!((hooks.got().len(), slack.got().len()), (1, 1));
    let listed = out(&attache(dir.path(), &["outbox", "list", "--json"]).await);
    assert!(listed.contains("\"way\":\"slack\"") && listed.contains("\"state\":\"unknown\""), "{listed}");
    let bundle: Value =
        serde_json::from_str(&fs::read_to_string(command::bundle("wants-human.json")).unwrap()).unwrap();
    let customer = bundle["customer"]["id"].as_str().unwrap();
    let erased = attache(dir.path(), &["log", "erase", customer, "--by", "dana"]).await;
    assert!(erased.status.success(), "{}", err(&erased));
    assert_eq!(out(&attache(dir.path(), &["outbox", "list", "--json"]).await), "", "the alert named them");
}

#[tokio::test]
async fn a_server_tells_what_nobody_told_before_it() {
    let hooks = Server::start([]).await;
    let dir = project();
    let ran = attache(dir.path(), &["run", &command::bundle("wants-human.json")]).await;
    assert!(ran.status.success(), "{}", err(&ran));
    settle(dir.path(), &hook(&hooks.url));
    let mut server = calling(dir.path(), &["serve", "--listen", "127.0.0.1:0", "--quiet"]).spawn().unwrap();
    let mut waited = 0;
    while hooks.got().is_empty() && waited < 600 && server.try_wait().unwrap().is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        waited += 1;
    }
    server.kill().unwrap();
    server.wait().unwrap();
    let event: Value = hooks.got()[0].json();
    assert_eq!(event["type"], "conversation.escalated");
}

#[tokio::test]
async fn a_report_of_a_mail_server_is_believed_of_our_own_mail_alone() {
    let sink = sink::start(None).await;
    let dir = ran(&smtp(sink.port), "usage-gap.json", "dana@example.com").await;
    assert!(approve(dir.path()).await.status.success());
    let mail = sink.seen.message(0);
    let id = mail.lines().find(|line| line.starts_with("Message-ID: ")).unwrap();
    let report = |reader: &str, id: &str| {
        format!(
            "From: MAILER-DAEMON@mx.example.com\r\nSubject: failed\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n\
             Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n\
             Final-Recipient: rfc822; {reader}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\n\
             Content-Type: text/rfc822-headers\r\n\r\n{id}\r\n\r\n--b--\r\n"
        )
    };
    let none = "Message-ID: <0123456789abcdef0123456789abcdef@brightwater.example>";
    for (reader, id, expected) in
        [("dana@example.com", none, 0), ("ed@example.com", id, 0), ("Dana@example.com", id, 1)]
    {
        fs::write(dir.path().join("report.eml"), report(reader, id)).unwrap();
        let told = attache(dir.path(), &["outbox", "bounce", "report.eml", "--json"]).await;
        assert_eq!(out(&told), format!("{{\"suppressed\":{expected}}}\n"), "{reader}: {}", err(&told));
    }
}

/// A message of a customer, as Chatwoot tells its bot of it.
fn written(id: u64, status: &str, text: &str) -> String {
    serde_json::json!({
        "event": "message_created", "id": id, "content": text, "message_type": "incoming", "private": false,
        "created_at": 1_763_629_200 + id, "sender": { "id": 5, "name": "Dana", "email": "dana@example.com" },
        "account": { "id": 1 }, "conversation": { "id": 42, "status": status }
    })
    .to_string()
}

/// Tells a server of it, under this secret.
async fn delivered(url: &str, secret: &[u8], id: &str, body: String) -> u16 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).unwrap();
    mac.update(format!("{now}.{body}").as_bytes());
    let request = reqwest::Client::new().post(format!("{url}/hooks/chatwoot")).header("x-chatwoot-delivery", id);
    let request = request.header("x-chatwoot-timestamp", now);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    request.header("x-chatwoot-signature", signature).body(body).send().await.unwrap().status().as_u16()
}

/// A server that this project runs, and where it says that it is.
fn serving(dir: &Path, listen: &str) -> (std::process::Child, String) {
    let mut server = calling(dir, &["serve", "--listen", listen]);
    let mut server = server.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let told = std::io::BufReader::new(server.stdout.take().unwrap());
    let url =
        std::io::BufRead::lines(told).find_map(|line| line.unwrap().strip_prefix("serving at ").map(str::to_owned));
    (server, url.unwrap())
}

#[tokio::test]
async fn a_server_with_a_certificate_listens_for_others_and_speaks_tls() {
    let dir = project();
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    settle(dir.path(), "[server.tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n");
    let refused = attache(dir.path(), &["serve", "--listen", "0.0.0.0:0"]).await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("server.tls: ") && err(&refused).contains("cert.pem"), "{}", err(&refused));
    fs::write(dir.path().join("company/cert.pem"), cert.pem()).unwrap();
    fs::write(dir.path().join("company/key.pem"), signing_key.serialize_pem()).unwrap();
    let (mut server, url) = serving(dir.path(), "0.0.0.0:0");
    let trusted = reqwest::Certificate::from_pem(cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([trusted]).build().unwrap();
    let here = url.replace("0.0.0.0", "localhost");
    let healthy = client.get(format!("{here}/healthz")).send().await.unwrap();
    let strict = healthy.headers().contains_key("strict-transport-security");
    assert_eq!((healthy.status().as_u16(), strict, healthy.text().await.unwrap().as_str()), (200, true, "ok\n"));
    assert!(url.starts_with("https://"), "{url}");
    assert!(client.get(here.replace("https", "http")).send().await.is_err(), "nothing is said in clear");
    server.kill().unwrap();
    server.wait().unwrap();
}

#[tokio::test]
async fn who_writes_in_chatwoot_is_answered_there_once_and_handed_over_there() {
    let chatwoot = Server::start([]).await;
    let dir = project();
    let settings =
        format!("[chatwoot]\nurl = \"{}\"\nai_interaction = true\nlabels = [\"handoff\"]\nteam = 3\n", chatwoot.url);
    settle(dir.path(), &settings);
    let (mut server, url) = serving(dir.path(), "127.0.0.1:0");
    let told = async |what: &str| {
        for _ in 0..600 {
            if chatwoot.got().iter().any(|got| got.path.ends_with(what)) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let bundle: Value =
        serde_json::from_str(&fs::read_to_string(command::bundle("tier1-question.json")).unwrap()).unwrap();
    let question = bundle["trigger"]["text"].as_str().unwrap();
    let first = || written(1, "pending", question);
    assert_eq!(delivered(&url, b"wrong", "d1", first()).await, 401);
    // Where a person answers, the bot is silent.
    assert_eq!(delivered(&url, b"secret", "d0", written(9, "open", question)).await, 202);
    assert_eq!(delivered(&url, b"secret", "d1", first()).await, 202);
    assert_eq!(delivered(&url, b"secret", "d1", first()).await, 202);
    told("/messages").await;
    let human = || written(2, "pending", "I want to talk to a human.");
    assert_eq!(delivered(&url, b"secret", "d2", human()).await, 202);
    assert_eq!(delivered(&url, b"secret", "d2", human()).await, 202);
    told("/toggle_status").await;
    server.kill().unwrap();
    server.wait().unwrap();
    let got = chatwoot.got();
    let told: Vec<_> = got.iter().map(|got| got.path.rsplit('/').next().unwrap()).collect();
    let (answers, notes): (Vec<Value>, Vec<Value>) = got
        .iter()
        .filter(|got| got.path == "/api/v1/accounts/1/conversations/42/messages")
        .map(server::Got::json)
        .partition(|message| message["private"] == false);
    assert_eq!(notes.len(), 1, "{told:?}");
    assert!(notes[0]["content"].as_str().unwrap().contains("Handed over by"), "{notes:?}");
    assert!(!answers.is_empty() && answers.len() <= 2, "an answer, and that somebody takes over: {answers:?}");
    assert_eq!(told.iter().filter(|what| **what == "assignments").count(), 1, "{told:?}");
    assert_eq!(told.last(), Some(&"toggle_status"), "what opens it for people comes last: {told:?}");
    let runs = out(&attache(dir.path(), &["log", "list", "--json"]).await);
    assert_eq!(runs.lines().count(), 2, "{runs}");
}
