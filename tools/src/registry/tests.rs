use super::*;
use crate::{
    Ask, Audience, Crm, CrmRecord, Delivered, Draft, Escalate, HandoffPackage, KnowledgeBase, NoFault, Outbox,
    Outgoing, Passage, PortError, Read, Unavailable, Write,
};
use attache_context::{Bundle, CustomerId};
use attache_journal::{
    Actor, Batch, CallId, Chain, Digest, Event, MemoryStore, PolicyDecided, RunId, Store as _, ToolCalled, Verdict,
};
use futures::future::BoxFuture;
use jiff::Timestamp;
use proptest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// Ports with nothing behind them; the outbox keeps what it is given.
#[derive(Default)]
struct Ports(Mutex<Vec<(Outgoing, Digest)>>);

#[async_trait]
impl Crm for Ports {
    async fn record(&self, _: &CustomerId) -> Result<Option<CrmRecord>, PortError> {
        Err(PortError { message: "db-7: password `hunter2` refused".into(), retry: Retry::Safe })
    }
}

#[async_trait]
impl KnowledgeBase for Ports {
    async fn search(&self, _: &Ask<'_>) -> Result<Vec<Passage>, PortError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Outbox for Ports {
    async fn deliver(&self, message: &Outgoing, key: &Digest) -> Result<Delivered, PortError> {
        self.0.lock().unwrap().push((message.clone(), key.clone()));
        let digest = Digest::of(&[message.body.as_bytes()]);
        Ok(Delivered { channel: message.channel, to: message.to.clone(), digest, receipt: "r1".into() })
    }

    async fn forget(&self, _: &Digest) -> Result<bool, PortError> {
        Ok(false)
    }
}

fn on(ports: &Arc<Ports>) -> Registry {
    let outbox: Arc<dyn Outbox> = ports.clone();
    Registry::builtin(ports.clone(), ports.clone(), &outbox).unwrap()
}

/// All built-in tools.
pub(crate) fn builtin() -> Registry {
    on(&Arc::default())
}

/// A tool that gives back its input.
struct Echo<I>(&'static str, PhantomData<fn() -> I>);

fn echo<I>(description: &'static str) -> Echo<I> {
    Echo(description, PhantomData)
}

macro_rules! echo {
    ($($name:literal, $effect:ty, $input:ty;)+) => {$(
        impl Tool for Echo<$input> {
            const NAME: &'static str = $name;
            type Effect = $effect;
            type Input = $input;
            type Output = Value;
            type Error = NoFault;

            fn description(&self) -> Cow<'static, str> {
                self.0.into()
            }

            async fn call(&self, input: $input, _: CallCx<'_, $effect>) -> Result<Value, NoFault> {
                Ok(json!({ "got": serde_json::to_value(input).unwrap() }))
            }
        }
    )+};
}

#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[schemars(length(min = 1, max = 5))]
    item: String,
    count: u8,
    big: Option<u64>,
    note: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    parts: Vec<Part>,
}

#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
struct Part {
    /// How much.
    weight: f64,
    kind: Kind,
}

#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
enum Kind {
    /// Of metal.
    Metal { alloy: Option<String> },
    /// Of anything else.
    Other { name: String },
}

#[derive(Deserialize, JsonSchema, Serialize)]
struct WithMap {
    names: BTreeMap<String, String>,
}

#[derive(Deserialize, JsonSchema, Serialize)]
struct WithRest {
    id: String,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Deserialize, JsonSchema, Serialize)]
struct WithChoice {
    id: String,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Deserialize, JsonSchema, Serialize)]
struct WithAnything {
    /// Whatever.
    any: Value,
}

#[derive(Deserialize, JsonSchema, Serialize)]
struct WithPair {
    pair: (String, u8),
}

#[derive(Deserialize, JsonSchema, Serialize)]
struct WithSet {
    set: BTreeSet<String>,
}

#[derive(Debug, Deserialize, JsonSchema, Serialize)]
struct Tree {
    name: String,
    children: Vec<Tree>,
    next: Option<Box<Tree>>,
}

#[derive(Deserialize, JsonSchema, Serialize)]
struct Nothing {}

#[derive(Deserialize, JsonSchema, Serialize)]
struct Deep<T> {
    in_: T,
}
type Four<T> = Deep<Deep<Deep<Deep<T>>>>;

echo! {
    "order", Read, Order;
    "with_map", Read, WithMap;
    "with_rest", Read, WithRest;
    "with_choice", Read, WithChoice;
    "with_anything", Read, WithAnything;
    "with_pair", Read, WithPair;
    "with_set", Read, WithSet;
    "tree", Read, Tree;
    "nothing", Escalate, Nothing;
    "text", Read, String;
    "list", Read, Vec<String>;
    "tagged", Read, Kind;
    "too_deep", Read, Four<Four<Four<String>>>;
    "deep", Draft, Deep<Four<Four<String>>>;
    "Bad-Name", Read, Deep<String>;
    "kb_search", Read, Deep<u8>;
    "crm_lookup", Read, Deep<BTreeMap<String, String>>;
}

fn only<T: Tool>(tool: T) -> Registered {
    Registry::new().add(tool).unwrap().get(T::NAME).unwrap().clone()
}

fn dynamic(name: &str) -> DynamicTool {
    let schema = json!({
        "type": "object",
        "properties": { "b": { "type": "string" }, "a": { "type": "object", "properties": { "y": { "type": "integer" },
                        "x": { "type": "integer" } }, "required": ["x", "y"] } },
        "required": ["b"],
    });
    DynamicTool::new(name, "From elsewhere.", schema, |input, key| -> BoxFuture<'static, Result<Json, Fault>> {
        Box::pin(async move { Json::of(&(input, key)).map_err(|_| panic!("JSON")) })
    })
}

fn fault(tool: &Registered, arguments: &str) -> InputFault {
    tool.admit(arguments).unwrap_err()
}

const ORDER: &str = r#"{"item":"bolt","count":2,"big":null,"note":null,"tags":[],"parts":[{"weight":1.5,"kind":{"type":"metal","alloy":null}}]}"#;

fn order_with(change: impl FnOnce(&mut Value)) -> String {
    let mut order = serde_json::from_str(ORDER).unwrap();
    change(&mut order);
    order.to_string()
}

#[test]
fn names_have_a_form() {
    let long = "a".repeat(64);
    for name in ["a", "a1", "a_b", "a_", long.as_str()] {
        assert!(Registry::new().add_dynamic(dynamic(name)).is_ok(), "{name}");
    }
    let too_long = "a".repeat(65);
    for name in ["", "1a", "_a", "A", "a-b", "a b", "a.b", "ä", "a\n", "a\0", too_long.as_str()] {
        let fault = Registry::new().add_dynamic(dynamic(name)).unwrap_err();
        assert_eq!(fault, RegisterError::Name(name.to_owned()));
    }
    let fault = Registry::new().add(echo::<Deep<String>>("")).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "`Bad-Name` is no tool name: expected 1 to 64 of a-z, 0-9 and `_`, starting with a letter"
    );
}

#[test]
fn a_taken_name_is_refused_and_nothing_changes() {
    let mut registry = builtin();
    let fault = registry.add(echo::<Deep<u8>>("mine")).unwrap_err();
    assert_eq!(fault.to_string(), "there are two tools named `kb_search`");
    assert_eq!(registry.add_dynamic(dynamic("reply")).unwrap_err(), RegisterError::Duplicate("reply".into()));
    assert_ne!(registry.get("kb_search").unwrap().spec().description, "mine");
}

#[test]
fn a_tool_takes_the_place_of_another() {
    let mut registry = builtin();
    let count = registry.iter().count();
    registry.replace(echo::<Deep<u8>>("mine")).unwrap();
    assert_eq!(registry.get("kb_search").unwrap().spec().description, "mine");
    registry.replace(echo::<Nothing>("new")).unwrap();
    assert_eq!(registry.iter().count(), count + 1);
}

#[test]
fn a_refused_replacement_leaves_what_was_there() {
    let mut registry = builtin();
    let before = registry.get("crm_lookup").unwrap().spec().description.clone();
    assert!(registry.replace(echo::<Deep<BTreeMap<String, String>>>("mine")).is_err());
    assert_eq!(registry.get("crm_lookup").unwrap().spec().description, before);
}

#[test]
fn tools_are_in_the_order_of_their_names() {
    let registry = builtin();
    let names: Vec<_> = registry.iter().map(|tool| tool.spec().name.as_str()).collect();
    assert!(names.is_sorted(), "{names:?}");
    assert!(registry.get("nobody").is_none());
}

fn refused<T: Tool>(tool: T, pointer: &str, message: &str) {
    let mut registry = Registry::new();
    match registry.add(tool).map(|_| ()) {
        Err(RegisterError::Schema { tool, fault }) => {
            assert_eq!((tool.as_str(), fault.pointer.as_str()), (T::NAME, pointer), "{fault}");
            assert!(fault.message.contains(message), "{}: {fault}", T::NAME);
        }
        other => panic!("{}: {other:?}", T::NAME),
    }
    assert_eq!(registry.iter().count(), 0);
}

#[test]
fn inputs_that_cannot_be_closed_are_refused_with_their_place() {
    refused(echo::<WithMap>(""), "/properties/names", "a map of any keys");
    refused(echo::<WithRest>(""), "", "a map of any keys");
    refused(echo::<WithChoice>(""), "", "stands beside a choice");
    refused(echo::<WithAnything>(""), "/properties/any", "any value");
    refused(echo::<WithPair>(""), "/properties/pair", "`prefixItems`");
    refused(echo::<WithSet>(""), "/properties/set", "`uniqueItems`");
    refused(echo::<String>(""), "", "must be a struct");
    refused(echo::<Vec<String>>(""), "", "must be a struct");
    refused(echo::<Kind>(""), "", "must be a struct");
    refused(echo::<Four<Four<Four<String>>>>(""), &"/properties/in_".repeat(11), "nested too deep");
}

#[test]
fn inputs_that_can_be_closed_are_not() {
    only(echo::<Deep<Four<Four<String>>>>(""));
    assert_eq!(only(echo::<Nothing>("")).admit("{}").unwrap().input.as_str(), "{}");
    let tree = only(echo::<Tree>(""));
    let text = r#"{"name":"a","children":[{"name":"b","children":[],"next":null}],"next":null}"#;
    assert_eq!(tree.admit(text).unwrap().input.as_str(), text);
    let inner = fault(&tree, &text.replace("\"next\":null}]", "\"next\":null,\"x\":1}]"));
    assert_eq!(inner.pointer, "/children/0");
}

#[test]
fn a_schema_that_is_none_is_refused() {
    for (schema, place) in [
        (json!({ "type": "object", "properties": 1 }), "/properties"),
        (json!({ "type": "object", "properties": { "a": { "type": "text" } } }), "/properties/a/type"),
        (json!({ "type": "object", "properties": { "a": { "$ref": "#/nowhere" } }, "required": ["a"] }), ""),
        (
            json!({ "type": "object", "properties": { "a": { "type": "string", "pattern": "(" } } }),
            "/properties/a/pattern",
        ),
    ] {
        let tool = DynamicTool::new("t", "", schema.clone(), |input, _| Box::pin(async { Ok(input) }));
        match Registry::new().add_dynamic(tool).map(|_| ()) {
            Err(RegisterError::Schema { fault, .. }) => assert_eq!(fault.pointer, place, "{schema}: {fault}"),
            other => panic!("{schema}: {other:?}"),
        }
    }
}

#[test]
fn arguments_come_out_in_canonical_form() {
    let order = only(echo::<Order>(""));
    let admitted = order.admit(ORDER).unwrap();
    assert_eq!(admitted.input.as_str(), ORDER);
    let messy = "{ \"parts\": [{\"kind\": {\"alloy\":null, \"type\":\"metal\"}, \"weight\": 15e-1}],\n \"tags\":[],\
                 \"note\":null,\"big\":null,\"count\":1,\"count\":2,\"item\":\"b\\u006flt\"}";
    assert_eq!(order.admit(messy).unwrap(), admitted);
    assert_eq!((admitted.subject, admitted.preview), (None, None));
}

#[test]
fn what_a_tool_says_of_a_call_is_admitted_with_it() {
    let registry = builtin();
    let admitted = registry.get("reply").unwrap().admit(r#"{"text":"Hi.","cite":["refunds#11-50","x"]}"#).unwrap();
    assert_eq!(admitted.subject.as_deref(), Some("trigger"));
    let preview = admitted.preview.unwrap();
    assert_eq!((preview.body.as_str(), preview.audience), ("Hi.", Audience::Customer));
    // What is no id of ours is still said to be cited.
    let cited: Vec<_> = preview.citations.iter().map(|cited| (cited.doc.as_str(), cited.start, cited.end)).collect();
    assert_eq!(cited, [("refunds", 11, 50), ("x", 0, 0)]);
}

#[test]
fn a_field_that_has_a_default_may_be_null() {
    let order = only(echo::<Order>(""));
    assert_eq!(order.admit(&order_with(|order| order["tags"] = Value::Null)).unwrap().input.as_str(), ORDER);
    let left_out = r#"{"item":"bolt","count":2,"parts":[{"weight":1.5,"kind":{"type":"metal"}}]}"#;
    assert_eq!(order.admit(left_out).unwrap().input.as_str(), ORDER);
}

#[test]
fn arguments_that_do_not_fit_are_refused_with_their_place() {
    let order = only(echo::<Order>(""));
    let table: [(&str, String, &str); 12] = [
        ("", order_with(|o| o["extra"] = json!(1)), "'extra' was unexpected"),
        ("", order_with(|o| drop(o.as_object_mut().unwrap().remove("item"))), "\"item\" is a required property"),
        ("/item", order_with(|o| o["item"] = json!(1)), "not of type \"string\""),
        ("/item", order_with(|o| o["item"] = Value::Null), "not of type \"string\""),
        ("/item", order_with(|o| o["item"] = json!("")), "shorter than 1 character"),
        ("/item", order_with(|o| o["item"] = json!("screws")), "longer than 5 characters"),
        ("/count", order_with(|o| o["count"] = json!(256)), "greater than the maximum of 255"),
        ("/count", order_with(|o| o["count"] = json!(-1)), "less than the minimum of 0"),
        ("/count", order_with(|o| o["count"] = json!(1.5)), "not of type \"integer\""),
        ("/parts", order_with(|o| o["parts"] = json!({})), "not of type \"array\""),
        ("/parts/0", order_with(|o| o["parts"][0]["extra"] = json!(1)), "'extra' was unexpected"),
        ("/parts/0/kind", order_with(|o| o["parts"][0]["kind"]["type"] = json!("wood")), "not valid under any"),
    ];
    for (pointer, arguments, message) in table {
        let fault = fault(&order, &arguments);
        assert_eq!(fault.pointer, pointer, "{arguments}: {fault}");
        assert!(fault.message.contains(message), "{arguments}: {fault}");
    }
}

#[test]
fn bounds_count_characters() {
    let order = only(echo::<Order>(""));
    assert!(order.admit(&order_with(|order| order["item"] = json!("äöüß🙂"))).is_ok());
    let search = builtin();
    let search = search.get("kb_search").unwrap();
    let query = |length: usize| json!({ "query": "é".repeat(length) }).to_string();
    assert!(search.admit(&query(2_000)).is_ok());
    let fault = fault(search, &query(2_001));
    assert_eq!((fault.pointer.as_str(), fault.message.as_str()), ("/query", "value is longer than 2000 characters"));
}

/// A whole number to JSON Schema and none to the type: the second check names
/// its place in the same way as the first.
#[test]
fn what_the_schema_lets_through_is_still_checked_by_the_type() {
    let order = only(echo::<Order>(""));
    for number in ["2.0", "2e0"] {
        let fault = fault(&order, &ORDER.replace("\"count\":2", &format!("\"count\":{number}")));
        assert_eq!(fault.pointer, "/count", "{fault}");
        assert!(fault.message.contains("expected u8"), "{fault}");
    }
    let fault = fault(&order, &ORDER.replace("\"big\":null", "\"big\":1e30"));
    assert_eq!(fault.pointer, "/big", "{fault}");
}

#[test]
fn what_is_not_json_is_refused() {
    let order = only(echo::<Order>(""));
    for arguments in ["", "null", "[]", "1", "\"{}\"", "{", "{}{}", "{'item':1}", "{\"item\":NaN}", "\0", "order(1)"] {
        assert_eq!(fault(&order, arguments).pointer, "", "{arguments:?}");
    }
    assert_eq!(fault(&order, "{").to_string(), "/: not JSON: EOF while parsing an object at line 1 column 1");
    let said: Fault = fault(&order, "{").into();
    assert_eq!((said.code.as_str(), said.retry), ("invalid_arguments", Retry::Never));
}

#[test]
fn huge_numbers_are_refused() {
    let order = only(echo::<Order>(""));
    let digits = "9".repeat(100_000);
    for number in ["1e400", "-1e400", "1e999999999999", "18446744073709551616", digits.as_str()] {
        let message = fault(&order, &ORDER.replace("\"big\":null", &format!("\"big\":{number}"))).message;
        assert!(message.chars().count() <= 300, "{message}");
    }
    let most = ORDER.replace("\"big\":null", "\"big\":18446744073709551615");
    assert_eq!(order.admit(&most).unwrap().input.as_str(), most);
}

#[test]
fn json_that_is_ten_thousand_deep_is_refused() {
    for tool in builtin().iter() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"text\":[", "]}")] {
            let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
            assert!(fault(tool, &deep).message.contains("recursion limit"), "{}", tool.spec().name);
            assert!(tool.admit(&open.repeat(10_000)).is_err());
        }
    }
}

#[test]
fn a_refusal_is_short_and_says_why_however_long_the_value() {
    let order = only(echo::<Order>(""));
    let long = "x".repeat(100_000);
    for arguments in [
        order_with(|order| order["item"] = json!(long)),
        order_with(|order| order["count"] = json!(long)),
        order_with(|order| order[long.as_str()] = json!(1)),
        order_with(|order| order["parts"][0]["kind"] = json!({ "type": long })),
    ] {
        let message = fault(&order, &arguments).message;
        assert!(message.chars().count() <= 300, "{message}");
    }
    assert_eq!(
        fault(&order, &order_with(|order| order["item"] = json!(long))).message,
        "value is longer than 5 characters"
    );
}

/// JSON of any form, now and then with the fields that built-in tools have.
fn arguments() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z]{1,8}#[0-9]{1,25}-[0-9]{1,25}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        proptest::sample::select(vec![
            "text",
            "cite",
            "query",
            "subject",
            "body",
            "deals",
            "tickets",
            "reason",
            "next_step"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let value = leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    prop_oneof![value.prop_map(|value| value.to_string()), any::<String>(), r#"[{}\[\]:,"a-z0-9.eE\\u-]{0,40}"#]
}

/// Arguments of the right names with values that often fit.
fn likely(tool: &Registered, texts: &[String], flip: bool) -> String {
    let fields = tool.spec().input_schema["properties"].as_object().unwrap();
    let text = |i: usize| texts.get(i % texts.len().max(1)).cloned().unwrap_or_default();
    let values = fields.iter().enumerate().map(|(i, (name, field))| {
        let value = match field["type"].as_str() {
            Some("boolean") => json!(flip),
            Some("array") => json!(texts),
            _ => json!(text(i)),
        };
        (name.clone(), value)
    });
    Value::Object(values.collect()).to_string()
}

proptest! {
    #[test]
    fn fuzz_any_arguments_are_admitted_or_refused(
        arguments in arguments(),
        texts in proptest::collection::vec(any::<String>(), 0..4),
        flip in any::<bool>(),
    ) {
        for tool in builtin().iter() {
            for arguments in [&arguments, &likely(tool, &texts, flip)] {
                match tool.admit(arguments) {
                    Ok(admitted) => {
                        // Canonical: admitting it again changes nothing.
                        let again = tool.admit(admitted.input.as_str());
                        prop_assert_eq!(again.as_ref(), Ok(&admitted));
                        prop_assert!(!admitted.input.as_str().contains(['\n', '\r']));
                    }
                    Err(fault) => {
                        prop_assert!(fault.message.chars().count() <= 400, "{}", fault);
                        prop_assert!(fault.pointer.is_empty() || fault.pointer.starts_with('/'), "{}", fault);
                    }
                }
            }
        }
    }

    #[test]
    fn fuzz_a_dynamic_tool_admits_or_refuses(arguments in arguments()) {
        let mut registry = Registry::new();
        let tool = registry.add_dynamic(dynamic("t")).unwrap().get("t").unwrap();
        if let Ok(admitted) = tool.admit(&arguments) {
            prop_assert_eq!(tool.admit(admitted.input.as_str()), Ok(admitted));
        }
    }
}

fn bundle() -> Bundle {
    Bundle::parse(
        br#"{"version":1,"customer":{"id":"cus_1","name":"Dana","emails":["dana@northwind.example"]},
            "trigger":{"kind":"message","channel":"email","at":"2026-11-20T09:00:00Z","text":"Hello"}}"#,
    )
    .unwrap()
}

/// Admits, decides, records, and calls, as an engine does.
async fn perform(tool: &Registered, arguments: &str, package: Option<&HandoffPackage>) -> Result<Json, Fault> {
    let input = tool.admit(arguments)?.input;
    let permit = permit(&tool.spec().name, tool.spec().effect, &input).await;
    let bundle = bundle();
    tool.call(&input, &permit, CallScope { bundle: &bundle, now: Timestamp::UNIX_EPOCH, package, outreach: false })
        .await
}

async fn permit(tool: &str, effect: EffectKind, input: &Json) -> Permit {
    let (store, run, call) = (MemoryStore::new(), RunId::new("run_1"), CallId::new("call_1"));
    let decided = PolicyDecided {
        findings: Vec::new(),
        action: tool.to_owned(),
        call: Some(call.clone()),
        verdict: Verdict::Allow,
        policies: vec!["allow".into()],
        reasons: Vec::new(),
        redact: Vec::new(),
        queue: None,
        reason_code: None,
        alerts: Vec::new(),
        approvers: 1,
        policy_digest: Digest::of(&[]),
    };
    let called = ToolCalled { tool: tool.to_owned(), call, input: input.clone(), key: Digest::of(&[b"key"]) };
    let mut chain = Chain::new(run.clone(), None);
    let mut seal = |event: Event| chain.seal(Timestamp::UNIX_EPOCH, &Actor::System, &event).unwrap();
    let first = Batch { run: run.clone(), entries: vec![seal(decided.clone().into())] };
    let second = Batch { run: run.clone(), entries: vec![seal(called.clone().into())] };
    let early = store.append(first).await.unwrap();
    Permit::grant(effect, &run, (0, &decided), (1, &called), &early).unwrap_err();
    let receipt = store.append(second).await.unwrap();
    Permit::grant(effect, &run, (0, &decided), (1, &called), &receipt).unwrap()
}

#[tokio::test]
async fn a_typed_call_goes_from_arguments_to_answer() {
    let order = only(echo::<Order>(""));
    let answer = perform(&order, ORDER, None).await.unwrap();
    assert_eq!(answer.to_value(), json!({ "got": serde_json::from_str::<Value>(ORDER).unwrap() }));
}

#[tokio::test]
async fn a_write_reaches_the_bound_customer_with_the_key_of_the_call() {
    let ports = Arc::new(Ports::default());
    let registry = on(&ports);
    let answer = perform(registry.get("reply").unwrap(), r#"{"text":"Hi.","cite":[]}"#, None).await.unwrap();
    let delivered: Delivered = serde_json::from_str(answer.as_str()).unwrap();
    assert_eq!(delivered.to, "dana@northwind.example");
    let sent = ports.0.lock().unwrap();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].0.body.as_str(), &sent[0].1), ("Hi.", &Digest::of(&[b"key"])));
}

#[tokio::test]
async fn a_permit_is_good_for_its_tool_alone() {
    let ports = Arc::new(Ports::default());
    let registry = on(&ports);
    let input = Json::parse(r#"{"text":"Hi.","cite":[]}"#).unwrap();
    let permit = permit("kb_search", EffectKind::Read, &input).await;
    let bundle = bundle();
    let scope = CallScope { bundle: &bundle, now: Timestamp::UNIX_EPOCH, package: None, outreach: false };
    let fault = registry.get("reply").unwrap().call(&input, &permit, scope).await.unwrap_err();
    assert_eq!(fault.code, "no_permit");
    assert!(ports.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_input_that_is_none_is_a_fault_not_a_panic() {
    let registry = builtin();
    let bundle = bundle();
    for text in ["null", "{}", "1e400", r#"{"query":1}"#] {
        let input = Json::parse(text).unwrap();
        let permit = permit("kb_search", EffectKind::Read, &input).await;
        let scope = CallScope { bundle: &bundle, now: Timestamp::UNIX_EPOCH, package: None, outreach: false };
        let fault = registry.get("kb_search").unwrap().call(&input, &permit, scope).await.unwrap_err();
        assert_eq!((fault.code.as_str(), fault.retry), ("invalid_arguments", Retry::Never));
    }
}

#[tokio::test]
async fn what_operators_read_never_reaches_a_model() {
    let registry = builtin();
    let fault =
        perform(registry.get("crm_lookup").unwrap(), r#"{"deals":true,"tickets":true}"#, None).await.unwrap_err();
    assert_eq!((fault.code.as_str(), fault.retry), ("unavailable", Retry::Safe));
    assert_eq!(fault.feedback, "the CRM is not available at the moment");
    let source = PortError { message: "hunter2".into(), retry: Retry::Safe };
    let unavailable = Unavailable { what: "the CRM", retry: Retry::Safe, source: source.into() };
    assert!(unavailable.to_string().contains("hunter2"), "operators do read it");
    let fault = perform(registry.get("escalate_to_human").unwrap(), r#"{"reason":"x","next_step":""}"#, None)
        .await
        .unwrap_err();
    assert_eq!((fault.code.as_str(), fault.feedback.as_str()), ("no_package", "there is nothing to hand over"));
}

/// A tool whose answer cannot be written, for a reason nobody should read.
struct Leaks;

#[derive(Deserialize, JsonSchema)]
struct Secret {}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("hunter2"))
    }
}

impl Tool for Leaks {
    const NAME: &'static str = "leaks";
    type Effect = Write;
    type Input = Nothing;
    type Output = Secret;
    type Error = NoFault;

    fn description(&self) -> Cow<'static, str> {
        "Leaks.".into()
    }

    async fn call(&self, _: Nothing, _: CallCx<'_, Write>) -> Result<Secret, NoFault> {
        Ok(Secret {})
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_is_a_fault_of_ours_in_our_words() {
    let fault = perform(&only(Leaks), "{}", None).await.unwrap_err();
    assert_eq!((fault.code.as_str(), fault.feedback.as_str()), ("invalid_output", "the tool's answer is not JSON"));
}

fn added(tool: DynamicTool) -> Registered {
    Registry::new().add_dynamic(tool).unwrap().get("t").unwrap().clone()
}

#[test]
fn a_dynamic_tool_writes_until_somebody_says_otherwise() {
    let spec = |tool: DynamicTool| added(tool).spec().clone();
    let plain = spec(dynamic("t"));
    assert_eq!((plain.effect, plain.repeat_safe), (EffectKind::Write, false));
    assert_eq!(plain.labels, ToolLabels::default());
    let read = spec(dynamic("t").effect(EffectKind::Read));
    assert_eq!((read.effect, read.repeat_safe), (EffectKind::Read, true));
    // Whatever was said before, a write is not safe to repeat.
    for effect in EffectKind::ALL {
        let spec = spec(dynamic("t").effect(EffectKind::Read).effect(effect));
        assert_eq!((spec.effect, spec.repeat_safe), (effect, effect != EffectKind::Write));
    }
    let more = spec(dynamic("t").sinks(["/b"]).timeout(Duration::from_millis(5)));
    assert_eq!((more.effect, more.sinks.as_slice()), (EffectKind::Write, ["/b".to_owned()].as_slice()));
    assert_eq!(serde_json::to_value(&*more).unwrap()["timeout_ms"], 5);
}

/// A server may describe itself as harmless; hints in its schema change nothing.
#[test]
fn what_a_schema_claims_loosens_nothing() {
    let schema = json!({ "type": "object", "properties": {}, "x-readOnlyHint": true, "readOnly": true });
    let tool = DynamicTool::new("t", "A read-only tool.", schema, |input, _| Box::pin(async { Ok(input) }));
    let tool = added(tool);
    assert_eq!((tool.spec().effect, tool.spec().repeat_safe), (EffectKind::Write, false));
    assert_eq!(tool.spec().input_schema.get("additionalProperties"), Some(&json!(false)));
    assert!(tool.admit(r#"{"anything":1}"#).is_err());
}

#[tokio::test]
async fn the_input_of_a_dynamic_tool_is_sorted() {
    let tool = added(dynamic("t"));
    let one = tool.admit(r#"{"b":"x","a":{"y":1,"x":2}}"#).unwrap();
    let two = tool.admit("{ \"a\": {\"x\":2, \"y\":1},\n\"b\": \"\\u0078\"}").unwrap();
    assert_eq!(one.input.as_str(), r#"{"a":{"x":2,"y":1},"b":"x"}"#);
    assert_eq!(one, two);
    let key = Digest::of(&[b"key"]);
    let answer = perform(&tool, r#"{"b":"x","a":{"y":1,"x":2}}"#, None).await.unwrap();
    assert_eq!(answer.as_str(), format!(r#"[{{"a":{{"x":2,"y":1}},"b":"x"}},"{key}"]"#));
}

#[test]
fn a_field_that_a_dynamic_tool_may_do_without_is_null_to_a_model_and_absent_to_the_tool() {
    let tool = added(dynamic("t"));
    for arguments in [r#"{"b":"x"}"#, r#"{"b":"x","a":null}"#] {
        assert_eq!(tool.admit(arguments).unwrap().input.as_str(), r#"{"b":"x"}"#);
    }
    assert!(tool.admit(r#"{"a":null}"#).is_err());
    assert_eq!(fault(&tool, r#"{"b":"x","a":{"x":1,"y":"2"}}"#).pointer, "/a/y");
}
