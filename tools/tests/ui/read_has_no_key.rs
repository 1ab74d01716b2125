use attache_tools::{CallCx, NoFault, Read, Tool};
use std::borrow::Cow;

struct Lookup;

impl Tool for Lookup {
    const NAME: &'static str = "lookup";
    type Effect = Read;
    type Input = attache_tools::CrmInput;
    type Output = String;
    type Error = NoFault;

    fn description(&self) -> Cow<'static, str> {
        "Looks something up.".into()
    }

    async fn call(&self, _: attache_tools::CrmInput, cx: CallCx<'_, Read>) -> Result<String, NoFault> {
        Ok(cx.idempotency_key().to_string())
    }
}

fn main() {}
