use attache_tools::{CallCx, Read, Tool};
use std::borrow::Cow;

struct Lookup;

impl Tool for Lookup {
    const NAME: &'static str = "lookup";
    type Effect = Read;
    type Input = attache_tools::CrmInput;
    type Output = String;
    type Error = std::io::Error;

    fn description(&self) -> Cow<'static, str> {
        "Looks something up.".into()
    }

    async fn call(&self, _: attache_tools::CrmInput, _: CallCx<'_, Read>) -> Result<String, std::io::Error> {
        Ok(String::new())
    }
}

fn main() {}
