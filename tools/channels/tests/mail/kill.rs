//! A real process is killed in the middle of a conversation.

use crate::sink::start;
use crate::{config, message, outbox};
use attache_channels::State;
use attache_journal::{Digest, Retry};
use attache_tools::Outbox;
use std::path::Path;
use std::process::{Child, Command};

/// What tells the child what to do: folder, port and recipient.
const CHILD: &str = "ATTACHE_TEST_MAIL_CHILD";

/// Sends one message when this binary was started to do so.
#[tokio::test]
async fn child() {
    let Ok(job) = std::env::var(CHILD) else { return };
    let mut words = job.split('|');
    let (folder, port, to) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let outbox = outbox(&config(port.parse().unwrap()), Path::new(folder));
    let sent = outbox.deliver(&message(to), &Digest::of(&[b"key"])).await;
    panic!("the server does not answer, and yet: {sent:?}");
}

fn begin(folder: &Path, port: u16, to: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child"])
        .env(CHILD, format!("{}|{port}|{to}", folder.display()))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_process_that_was_killed_leaves_what_the_next_one_needs_to_know() {
    // Before the message was handed over it is sent; afterwards a person decides.
    for (to, left, outcome, count) in [
        ("hang-early@example.com", State::Reserved, None, 1),
        ("hang@example.com", State::Sending, Some(Retry::AfterCheck), 1),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let sink = start(None).await;
        let mut child = begin(dir.path(), sink.port, to);
        sink.seen.hung.notified().await;
        let key = Digest::of(&[b"key"]);
        let outbox = outbox(&config(sink.port), dir.path());
        // While it lives, nobody else sends it, not even a person.
        let meanwhile = outbox.deliver(&message(to), &key).await.unwrap_err();
        assert_eq!(meanwhile.retry, Retry::Safe, "{meanwhile}");
        assert!(outbox.resend(&key.as_str()[..32]).await.is_err());
        assert_eq!(outbox.spool().state(&key.as_str()[..32]).unwrap(), Some(left), "{to}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(outbox.spool().state(&key.as_str()[..32]).unwrap(), Some(left), "{to}");
        // The letter that waits goes where it was to go; another server takes it.
        let other = start(None).await;
        let outbox = crate::outbox(&config(other.port), dir.path());
        let waiting = outbox.spool().folder().join(format!("{}.reserved", &key.as_str()[..32]));
        if let Ok(text) = std::fs::read_to_string(&waiting) {
            std::fs::write(&waiting, text.replace("hang-early@", "dana@")).unwrap();
        }
        let again = outbox.deliver(&message(to), &key).await.err().map(|fault| fault.retry);
        assert_eq!(again, outcome, "{to}");
        assert_eq!(sink.seen.count() + other.seen.count(), count, "{to}: one visible effect");
        outbox.deliver(&message(to), &key).await.ok();
        assert_eq!(sink.seen.count() + other.seen.count(), count, "{to}: whoever asks again");
    }
}
