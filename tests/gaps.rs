//! From a question that no article answered to the article that does.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod command;

use command::{attache, bundle, err, out, project};
use serde_json::{Value, json};
use std::fs;

#[test]
fn what_a_reviewer_wrote_becomes_an_article_once_it_was_read() {
    let dir = project();
    let config = dir.path().join("company/attache.toml");
    let config = ["--config", config.to_str().unwrap()];
    let ask = |args: &[&str]| {
        let done = attache(dir.path(), &[args, &config[..]].concat());
        assert_eq!(done.status.code(), Some(0), "{args:?} {}", err(&done));
        out(&done)
    };
    let lines = ask(&["run", &bundle("usage-gap.json"), "--json"]);
    let draft = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let draft = draft.into_iter().find(|line| line["event"]["type"] == "draft_created").unwrap();
    let (run, id) = (draft["run"].as_str().unwrap(), draft["event"]["draft"].as_str().unwrap());

    // A comma is no gap.
    let body = draft["event"]["body"].as_str().unwrap();
    assert!(ask(&["kb", "gaps", "--json"]).is_empty(), "nobody judged it yet");
    let text =
        "Hello,\n\nzygomorphic boilers are serviced by marmalade: ask at reception or mail zed@reception.example.";
    assert!(!body.contains("zygomorphic"));
    assert!(ask(&["review", "show", id]).contains("attache review approve"));
    ask(&["review", "edit", id, "--by", "dana", "--body", text]);
    let shown = ask(&["review", "show", id]);
    assert!(shown.contains("edit by dana") && shown.contains("serviced by marmalade"), "{shown}");
    assert!(!shown.contains("attache review approve"), "it is decided: {shown}");
    let gap: Value = serde_json::from_str(ask(&["kb", "gaps", "--json"]).lines().next().unwrap()).unwrap();
    assert_eq!((gap["count"].as_u64(), gap["runs"][0].as_str()), (Some(1), Some(run)), "{gap}");
    assert_eq!(gap["answered"], false, "what answers it now did then, and was no good: {gap}");

    let drafts = dir.path().join("drafts");
    let folder = drafts.to_str().unwrap();
    ask(&["kb", "draft", run, folder]);
    let file = fs::read_dir(&drafts).unwrap().next().unwrap().unwrap().path();
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains("draft: true") && written.contains("zygomorphic boilers"), "{written}");
    assert!(written.contains("\n<!-- asked:\n"), "the customer's words find it under another title: {written}");
    assert!(!written.contains("zed@reception.example"), "no personal data: {written}");
    let again = attache(dir.path(), &["kb", "draft", run, folder]);
    assert_eq!(again.status.code(), Some(2), "{}", err(&again));

    // Nobody has read it: it is no article.
    let added: Value = serde_json::from_str(&ask(&["kb", "add", folder, "--json"])).unwrap();
    assert_eq!(added["added"], 0, "{added}");
    let publish = || attache(dir.path(), &["kb", "publish", file.to_str().unwrap(), "--by", "eve"]);
    for (left_out, filled) in [("<email_2>", "…"), ("…", "the front desk")] {
        let refused = publish();
        assert_eq!(refused.status.code(), Some(2), "{}", out(&refused));
        assert!(err(&refused).contains(&format!("`{left_out}` stands where")), "{}", err(&refused));
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("draft: true") && text.contains(left_out), "{text}");
        fs::write(&file, text.replace(left_out, filled)).unwrap();
    }
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, good.replacen("draft: true", "draft: true\npublished: false", 1)).unwrap();
    let kept_back = publish();
    assert_eq!(kept_back.status.code(), Some(2), "{}", out(&kept_back));
    assert!(err(&kept_back).contains("marked as a draft; it stays a draft"), "{}", err(&kept_back));
    assert!(fs::read_to_string(&file).unwrap().contains("draft: true"));
    fs::write(&file, good).unwrap();
    let choice = dir.path().join("kb/embed.json");
    fs::write(&choice, "{").unwrap();
    assert_eq!(publish().status.code(), Some(2), "there is nothing to publish into");
    assert!(fs::read_to_string(&file).unwrap().contains("draft: true"));
    fs::remove_file(&choice).unwrap();
    ask(&["kb", "publish", file.to_str().unwrap(), "--by", "eve"]);
    assert!(ask(&["kb", "search", "zygomorphic boilers", "--json"]).contains("marmalade"));
    assert!(fs::read_to_string(&file).unwrap().contains("reviewed_by: eve"));
    let twice = attache(dir.path(), &["kb", "publish", file.to_str().unwrap(), "--by", "eve"]);
    assert_eq!(twice.status.code(), Some(2), "{}", err(&twice));
}

#[test]
fn an_article_that_was_missing_is_begun_from_the_question_and_closes_the_gap() {
    let dir = project();
    let config = dir.path().join("company/attache.toml");
    let ask = |args: &[&str]| {
        let done = attache(dir.path(), &[args, &["--config", config.to_str().unwrap()]].concat());
        assert_eq!(done.status.code(), Some(0), "{args:?} {}", err(&done));
        out(&done)
    };
    for _ in 0..4 {
        ask(&["run", &bundle("unanswerable.json"), "--json"]);
    }
    let gaps = || -> Vec<Value> {
        ask(&["kb", "gaps", "--json"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let open = gaps();
    assert_eq!((open.len(), &open[0]["count"], &open[0]["answered"]), (1, &json!(4), &json!(false)), "{open:?}");
    let run = open[0]["runs"][0].as_str().unwrap();
    let told = ask(&["kb", "gaps"]);
    assert!(told.contains(run) && told.contains(" and 1 more\n"), "{told}");

    // Nobody has written an answer: whoever reads it does.
    let drafts = dir.path().join("drafts");
    assert!(ask(&["kb", "draft", run, drafts.to_str().unwrap()]).contains("write the answer where `…` stands"));
    let file = fs::read_dir(&drafts).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&file).unwrap().replace("<person_2>", "GeoTIFF");
    fs::write(&file, &text).unwrap();
    let publish = ["kb", "publish", file.to_str().unwrap(), "--by", "eve"];
    let blank = attache(dir.path(), &publish);
    assert_eq!(blank.status.code(), Some(2), "{}", out(&blank));
    assert!(err(&blank).contains("`…` stands where"), "{}", err(&blank));
    assert!(!text.contains("our drone"), "what stands before the question is one customer's: {text}");
    let question = open[0]["question"].as_str().unwrap();
    let answer = format!("\nYes. {question} It does.\n");
    fs::write(&file, text.replace("\n…\n", &answer).replace('…', "GeoTIFF")).unwrap();
    ask(&publish);
    let closed = gaps();
    assert_eq!((closed.len(), &closed[0]["answered"]), (1, &json!(true)), "{closed:?}");
    let doc = closed[0]["nearest"]["doc"].as_str().unwrap();
    assert!(ask(&["kb", "gaps"]).contains(&format!("answered since: {doc}")));

    // Those that are open stand in front, however often they were asked.
    let mut other: Value = serde_json::from_str(&fs::read_to_string(bundle("unanswerable.json")).unwrap()).unwrap();
    other["trigger"]["text"] = json!("Which espresso machines brew for the night shift?");
    let file = dir.path().join("other.json");
    fs::write(&file, other.to_string()).unwrap();
    ask(&["run", file.to_str().unwrap(), "--json"]);
    let both = gaps();
    assert_eq!((&both[0]["answered"], &both[0]["count"]), (&json!(false), &json!(1)), "{both:?}");
    assert_eq!((both.len(), &both[1]["answered"], &both[1]["count"]), (2, &json!(true), &json!(4)), "{both:?}");
    let one = ask(&["kb", "gaps", "--top", "1"]);
    assert!(one.contains("espresso") && !one.contains("answered since") && one.contains("1 more"), "{one}");

    let next = ask(&["run", &bundle("unanswerable.json"), "--json"]);
    assert!(next.contains(r#""outcome":"resolved""#), "{next}");
}
