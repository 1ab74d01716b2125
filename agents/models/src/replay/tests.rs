use super::*;
use crate::testing::{World, reply, system, user};
use attache_journal::{Actor, Chain, Digest, Fault, Reply, Retry, RunId, Usage, verify};

fn recorded(calls: Vec<(Vec<Arc<Message>>, Option<Reply>)>) -> Vec<Entry> {
    let mut chain = Chain::new(RunId::new("run_1"), None);
    let seal = |(request, reply): (Vec<Arc<Message>>, Option<Reply>)| {
        let fault = Fault { code: "unavailable".into(), retry: Retry::Safe, feedback: String::new() };
        let event = ModelCalled {
            model: "openai:m".into(),
            request,
            fault: reply.is_none().then_some(fault),
            reply: reply.map(Arc::new),
            usage: Usage { input_tokens: 3, ..Usage::default() },
            prompt_digest: Digest::of(&[]),
        };
        let event = event.into();
        let sealed = chain.seal("2026-11-20T08:00:00Z".parse().unwrap(), &Actor::System, &event).unwrap();
        verify(&chain.line(&sealed, &event).unwrap()).unwrap()
    };
    calls.into_iter().map(seal).collect()
}

#[tokio::test]
async fn a_run_is_answered_as_it_was() {
    let mut world = World::new("support");
    world.transcript = vec![system("s"), user("u")];
    let first = reply("a", "kb_search", "{}");
    let entries = recorded(vec![
        (vec![system("s"), user("u")], Some(first.clone())),
        (vec![], None),
        (vec![user("result")], Some(Reply::default())),
    ]);
    let model = ReplayModel::new(&entries);
    let answer = model.complete(&world.request()).await.unwrap();
    assert_eq!((answer.model.as_str(), answer.reply, answer.usage.input_tokens), ("openai:m", first.clone(), 3));
    let error = model.complete(&world.request()).await.unwrap_err();
    assert_eq!(error.fault.code, "unavailable");
    world.transcript.extend([Arc::new(Message::Assistant(first)), user("result")]);
    assert!(model.complete(&world.request()).await.is_ok());
    let error = model.complete(&world.request()).await.unwrap_err();
    assert_eq!(
        (error.fault.code.as_str(), error.message.as_str()),
        ("replay_over", "the last recorded model call is entry 2")
    );
}

#[tokio::test]
async fn a_request_that_differs_names_its_entry() {
    let mut world = World::new("support");
    world.transcript = vec![system("s"), user("other")];
    let model = ReplayModel::new(&recorded(vec![(vec![system("s"), user("u")], Some(Reply::default()))]));
    let error = model.complete(&world.request()).await.unwrap_err();
    assert_eq!(error.fault.code, "replay_differs");
    assert_eq!(error.message, "entry 0: message 1 of the request is not the recorded one");
    assert_eq!(model.left(), 1);
}
