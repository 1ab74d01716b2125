use super::*;
use crate::testing::{World, reply};

#[tokio::test]
async fn a_script_is_played_in_order_and_ends() {
    let world = World::new("support");
    let refused = never("m", "refused", "no".into());
    let model = Scripted::new([Ok(reply("a", "reply", "{}")), Err(refused.clone())]);
    assert_eq!(model.complete(&world.request()).await.unwrap().reply, reply("a", "reply", "{}"));
    assert_eq!(model.complete(&world.request()).await.unwrap_err(), refused);
    assert_eq!(model.complete(&world.request()).await.unwrap_err().fault.code, "script_over");
    assert_eq!((model.seen().len(), model.left()), (3, 0));
    assert_eq!(model.seen()[0].tools, world.playbook.tools);
}

#[tokio::test]
async fn a_function_is_asked() {
    let world = World::new("support");
    let model = FunctionModel::new("echo", |request: &ModelRequest<'_>| Ok(reply("a", &request.playbook.name, "{}")));
    let answer = model.complete(&world.request()).await.unwrap();
    assert_eq!((model.name(), answer.reply), ("echo", reply("a", "support", "{}")));
}
