//! A tool of your own: registered, called by the agent, under policy.
//!
//! `cargo run --example custom_tool`

use attache::{Attache, Bundle, CallCx, NoFault, Read, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tells when the next visit of a technician is.
struct NextVisit;

#[derive(Deserialize, JsonSchema, Serialize)]
struct Site {
    /// The city the machine is in.
    city: String,
}

impl Tool for NextVisit {
    const NAME: &'static str = "next_visit";
    type Effect = Read;
    type Input = Site;
    type Output = String;
    type Error = NoFault;

    fn description(&self) -> std::borrow::Cow<'static, str> {
        "Tells when a technician is next in a city.".into()
    }

    async fn call(&self, site: Site, cx: CallCx<'_, Read>) -> Result<String, NoFault> {
        Ok(format!("{}: Tuesday, for {}", site.city, cx.bundle().customer.id))
    }
}

/// A playbook that offers the tool, and a model that asks for it: any other
/// model would do, this one needs neither key nor network.
const PLAYBOOK: &str = r#"
name = "visits"
stage = "support"
purpose = "support"
goal = "Tell the customer when the technician comes."
tools = ["next_visit", "escalate_to_human"]
prompt = "playbooks/support.tera"
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let asks = attache::models::Scripted::calls([
        ("next_visit", r#"{"city":"Lyon"}"#),
        ("escalate_to_human", r#"{"reason":"visit_found","next_step":"Confirm the visit."}"#),
    ]);
    let attache =
        Attache::builder().tool(NextVisit).playbook("visits.toml", PLAYBOOK).model(asks.into()).build()?;
    let bundle = Bundle::parse(include_bytes!("bundles/tier1-question.json"))?;
    let report = attache.run(bundle.into(), Some("visits")).await?;
    for entry in attache.entries(&report.run).await? {
        println!("{}", serde_json::to_string(&entry.event)?);
    }
    Ok(())
}
