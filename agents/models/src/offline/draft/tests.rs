use super::*;
use crate::testing::{World, passages};
use serde_json::json;

#[test]
fn a_text_cites_what_its_figures_stand_in() {
    let hits = passages("doc", "# T\n\nIt costs 79 EUR a month.\n## B\nIt takes 3 days.\n## C\nThere are 412 beds.");
    let world = World::new("decision").knows(true, "goal.primary", json!("412 things"));
    let cite = |text: &str, looked| cite(text, looked, &world.brief, &hits);
    assert_eq!(cite("Only 79 EUR, in 3 days.", false), [hits[0].id.clone()]);
    assert_eq!(cite("You said 412 things.", false), Vec::<String>::new());
    assert_eq!(cite("No figure.", true), [hits[0].id.clone(), hits[1].id.clone()]);
}

#[test]
fn facts_are_parted_by_what_may_be_said() {
    let world = World::new("decision").knows(true, "a.b", json!(1)).knows(false, "c.d", json!(2));
    let hits = passages("doc", "# T\n\nFirst here. Second.\n\nMore.\n## B\n- item");
    let data = serde_json::to_value(Data::new(&world.brief, &hits, &Value::Null)).unwrap();
    assert_eq!((&data["say"], &data["hint"]), (&json!({"a_b": 1}), &json!({"c_d": 2})));
    assert_eq!(data["customer"]["first_name"], "Dana");
    assert_eq!(
        (&data["passages"][0]["lead"], &data["passages"][0]["opening"]),
        (&json!("First here."), &json!("First here. Second."))
    );
    assert_eq!(data["passages"][1]["opening"], "");
}
