use super::*;

fn told(body: &str) -> Became {
    Became::Told(Answer { status: 201, headers: BTreeMap::new(), body: body.to_owned() })
}

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
}

#[test]
fn a_request_begins_once_and_its_answer_outlasts_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (Digest::of(&[b"one"]), Digest::of(&[b"two"]));
    let answers = Answers::open(folder.path(), at(0)).unwrap();
    assert_eq!(answers.begin("key", &one, at(0)).unwrap(), Before::New);
    assert_eq!(answers.begin("key", &one, at(0)).unwrap(), Before::Now);
    answers.end("key", one.clone(), Some(told("done")), at(0)).unwrap();
    let answers = Answers::open(folder.path(), at(1)).unwrap();
    assert_eq!(answers.begin("key", &one, at(1)).unwrap(), Before::Was(told("done")));
    assert_eq!(answers.begin("key", &two, at(1)).unwrap(), Before::Other);
    assert_eq!(answers.begin("key", &two, at(25)).unwrap(), Before::New);
}

#[test]
fn what_a_crash_cut_is_not_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Digest::of(&[b"one"]);
    Answers::open(folder.path(), at(0)).unwrap().begin("key", &asked, at(0)).unwrap();
    let answers = Answers::open(folder.path(), at(0)).unwrap();
    assert_eq!(answers.begin("key", &asked, at(0)).unwrap(), Before::Was(Became::Begun));
}

#[test]
fn a_no_may_be_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Digest::of(&[b"one"]);
    let answers = Answers::open(folder.path(), at(0)).unwrap();
    answers.begin("key", &asked, at(0)).unwrap();
    answers.end("key", asked.clone(), None, at(0)).unwrap();
    assert_eq!(answers.begin("key", &asked, at(0)).unwrap(), Before::New);
}

#[test]
fn forgetting_leaves_no_text_and_does_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Digest::of(&[b"one"]);
    let answers = Answers::open(folder.path(), at(0)).unwrap();
    answers.begin("key", &asked, at(0)).unwrap();
    answers.end("key", asked.clone(), Some(told("Dana Whitfield")), at(0)).unwrap();
    Answers::forget(folder.path()).unwrap();
    let file = std::fs::read_to_string(folder.path().join("answers/key.json")).unwrap();
    assert!(!file.contains("Dana"), "{file}");
    assert_eq!(answers.begin("key", &asked, at(0)).unwrap(), Before::Was(Became::Forgotten));
}
