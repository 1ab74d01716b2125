use super::*;
use attache_journal::{CallId, Digest, Fault, Json, Retry};

fn told(tool: &str, input: &str, output: Result<&str, &str>) -> String {
    let call = CallId::new("call_1");
    let called = ToolCalled {
        tool: tool.to_owned(),
        call: call.clone(),
        input: Json::parse(input).unwrap(),
        key: Digest::of(&[b"key"]),
    };
    let fault = |feedback: &str| Fault { code: "down".to_owned(), feedback: feedback.to_owned(), retry: Retry::Never };
    let returned = ToolReturned {
        tool: tool.to_owned(),
        call,
        output: output.ok().map(|output| Json::parse(output).unwrap()),
        fault: output.err().map(fault),
        attempts: 1,
        facts: Vec::new(),
    };
    sentence(&called, &returned)
}

#[test]
fn a_call_is_told_as_a_sentence() {
    let query = r#"{"query":"billing date"}"#;
    let nothing = "Searched the articles for “billing date” and found nothing that fits.";
    assert_eq!(told("kb_search", query, Ok(r#"{"hits":[]}"#)), nothing);
    let unknown = "Looked the customer up in the CRM, which does not know them.";
    assert_eq!(told("crm_lookup", "{}", Ok("{}")), unknown);
    assert_eq!(
        told("send_email", "{}", Err("the server is away")),
        "Tried to send email, which failed: the server is away."
    );
    assert_eq!(told("file_summary", "{}", Ok("{}")), "Did file summary.");
}
