//! A tool of your own: `cargo run --example custom_tool` registers it, has it called under the shipped policy, and
//! prints the journal. Any model would do; this one needs neither key nor network.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]
use attache::{Attache, Bundle, CallCx, NoFault, Read, Tool, models::Scripted};
use std::{borrow::Cow, error::Error, sync::Arc};

struct NextVisit;

#[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
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
    fn description(&self) -> Cow<'static, str> {
        "Tells when a technician is next in a city.".into()
    }
    async fn call(&self, site: Site, cx: CallCx<'_, Read>) -> Result<String, NoFault> {
        Ok(format!("{}: Tuesday, for {}", site.city, cx.bundle().customer.id))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let playbook = include_str!("../agents/playbooks/support.toml").replace("\"reply\"", "\"next_visit\"");
    let asks = Scripted::calls([
        ("next_visit", r#"{"city":"Lyon"}"#),
        ("escalate_to_human", r#"{"reason":"found","next_step":"Confirm."}"#),
    ]);
    let attache =
        Attache::builder().tool(NextVisit).playbook("support.toml", playbook).model(Arc::new(asks)).build()?;
    let report = attache.run(Bundle::parse(include_bytes!("bundles/tier1-question.json"))?.into(), None).await?;
    for entry in attache.entries(&report.run).await? {
        println!("{}", serde_json::to_string(&entry)?);
    }
    Ok(())
}
