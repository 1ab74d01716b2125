use super::*;
use crate::compose::tests::message;

#[tokio::test]
async fn a_message_that_was_forgotten_is_gone_and_does_not_leave_again() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = FolderOutbox::new(dir.path(), "Team <team@example.com>").unwrap();
    let key = Digest::of(&[b"key"]);
    assert!(!outbox.forget(&key).await.unwrap(), "there is none yet");
    outbox.deliver(&message(), &key).await.unwrap();
    assert!(outbox.forget(&key).await.unwrap());
    assert!(!outbox.forget(&key).await.unwrap());
    // A run that a crash stopped between this and the order to forget is resumed.
    outbox.deliver(&message(), &key).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(std::fs::read(files.first().unwrap()).unwrap(), b"", "nothing of it is left");
}

#[tokio::test]
async fn what_a_conversation_shows_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = FolderOutbox::new(dir.path(), "Team <team@example.com>").unwrap();
    let chat = Outgoing { channel: Channel::Chat, ..message() };
    let files = || std::fs::read_dir(dir.path()).unwrap().count();
    let shown = outbox.deliver(&Outgoing { shown: true, ..chat.clone() }, &Digest::of(&[b"one"])).await.unwrap();
    assert_eq!((shown.channel, shown.receipt, files()), (Channel::Chat, chat.run.to_string(), 0));
    outbox.deliver(&chat, &Digest::of(&[b"two"])).await.unwrap();
    assert_eq!(files(), 1, "a text of another page than theirs");
}
