use attache_journal::{CallId, Digest, RunId};
use attache_tools::Permit;

fn main() {
    let _ = Permit {
        run: RunId::new("run_1"),
        call: CallId::new("call_1"),
        tool: "refund".to_owned(),
        key: Digest::of(&[]),
    };
}
