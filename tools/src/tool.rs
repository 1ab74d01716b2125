//! The trait that tool authors implement.

use crate::{Effect, Escalate, Permit, ToolFault, Write};
use attache_context::{Bundle, FactKind};
use attache_journal::{CallId, Citation, Digest, RunId, Sentiment};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::borrow::Cow;
use std::marker::PhantomData;
use std::time::Duration;

/// Something the agent can do.
///
/// The associated types are the whole contract: `Input` becomes the schema that
/// the model sees (closed for strict mode, or registration fails), the check of
/// what it wrote, and the fields that policy rules can read; `Effect` decides
/// which verdicts let it run and what its [`CallCx`] offers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool",
    note = "implement `attache_tools::Tool`, or make a `DynamicTool` for one that is known at run time only"
)]
pub trait Tool: Send + Sync + 'static {
    /// Its only name: 1 to 64 of `a-z`, `0-9` and `_`, starting with a letter.
    const NAME: &'static str;
    /// The version of what it does. Raise it when the same input means another
    /// deed: it is part of the idempotency key.
    const VERSION: u32 = 1;
    /// What it does to the world.
    type Effect: Effect;
    /// What it takes.
    type Input: DeserializeOwned + JsonSchema + Send + Serialize + 'static;
    /// What it gives back.
    type Output: DeserializeOwned + JsonSchema + Send + Serialize + 'static;
    /// What can go wrong.
    type Error: ToolFault;

    /// What it does and when to use it, for the model.
    fn description(&self) -> Cow<'static, str>;

    /// How long one try may take.
    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// How many calls may run at once in a process.
    fn concurrency(&self) -> usize {
        64
    }

    /// Whether a second call with the same idempotency key does nothing twice.
    /// All but writes are safe to repeat anyway; say `true` for a write only if
    /// the other side honours the key.
    fn repeat_safe(&self) -> bool {
        false
    }

    /// The kinds of facts it works with.
    fn labels(&self) -> ToolLabels {
        ToolLabels::default()
    }

    /// The inputs, as JSON pointers, whose value says whom or what the effect
    /// reaches: a recipient, an amount, an account, a URL. Policy is told where
    /// the value of each came from.
    fn sinks(&self) -> &'static [&'static str] {
        &[]
    }

    /// What the effect is about, in a word that does not change with the
    /// wording: within a run, the same deed is done once.
    fn subject(&self, _: &Self::Input) -> Option<String> {
        None
    }

    /// What a person would see of it. Guards check this text before the call;
    /// `Draft` and `Write` tools that carry text must give it.
    fn preview(&self, _: &Self::Input) -> Option<Preview> {
        None
    }

    /// Does it.
    fn call(
        &self,
        input: Self::Input,
        cx: CallCx<'_, Self::Effect>,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// The kinds of facts that a tool works with.
#[derive(Clone, Copy, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ToolLabels {
    /// It may read these.
    pub reads: &'static [FactKind],
    /// What it returns carries these.
    pub emits: &'static [FactKind],
}

/// Who reads a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Audience {
    /// The customer: what may not be mentioned may not stand in it.
    Customer,
    /// A colleague.
    Staff,
}

/// What a person would see of an effect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Preview {
    /// The subject line; empty where there is none.
    pub subject: String,
    /// The text.
    pub body: String,
    /// The input field that holds the subject, if the input does.
    pub subject_field: Option<&'static str>,
    /// The input field that holds the text: a disclosure is appended to it, and
    /// what policy redacts is taken out of it.
    pub body_field: &'static str,
    /// Whether a first text must say that an AI wrote it; a headline has no
    /// place for that.
    pub discloses: bool,
    /// The passages it says it rests on.
    pub citations: Vec<Citation>,
    /// Who reads it.
    pub audience: Audience,
    /// The way it goes; the trigger's if absent.
    pub channel: Option<attache_context::Channel>,
    /// The tool that an approval will call with subject and body; the tool
    /// itself, with its whole input, if absent.
    pub on_approval: Option<&'static str>,
}

/// What every call knows of its run, bound by the engine.
#[derive(Clone, Copy, Debug)]
pub struct CallScope<'a> {
    /// The run's context; its customer is the only one there is.
    pub bundle: &'a Bundle,
    /// The time of the call.
    pub now: Timestamp,
    /// The handoff package as it stands, for tools that escalate.
    pub package: Option<&'a HandoffPackage>,
    /// Whether we speak first.
    pub outreach: bool,
}

/// What one call of a tool may know and use. A write alone has an idempotency
/// key:
///
/// ```compile_fail
/// fn reads(cx: attache_tools::CallCx<'_, attache_tools::Read>) {
///     cx.idempotency_key();
/// }
/// ```
#[derive(Debug)]
pub struct CallCx<'a, E> {
    pub(crate) permit: &'a Permit,
    pub(crate) scope: CallScope<'a>,
    pub(crate) effect: PhantomData<E>,
}

impl<'a, E: Effect> CallCx<'a, E> {
    /// The run.
    #[must_use]
    pub fn run(&self) -> &'a RunId {
        self.permit.run()
    }

    /// The call.
    #[must_use]
    pub fn call(&self) -> &'a CallId {
        self.permit.call()
    }

    /// The run's context.
    #[must_use]
    pub fn bundle(&self) -> &'a Bundle {
        self.scope.bundle
    }

    /// The time of the call.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.scope.now
    }

    /// Whether we speak first.
    #[must_use]
    pub fn outreach(&self) -> bool {
        self.scope.outreach
    }
}

impl<'a> CallCx<'a, Write> {
    /// The same for every try of this call, and for no other call.
    #[must_use]
    pub fn idempotency_key(&self) -> &'a Digest {
        self.permit.key()
    }
}

impl<'a> CallCx<'a, Escalate> {
    /// The package as the run knows it.
    #[must_use]
    pub fn package(&self) -> Option<&'a HandoffPackage> {
        self.scope.package
    }
}

/// Everything a person needs to take over without asking the customer again.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct HandoffPackage {
    /// The customer's id and name.
    pub customer: String,
    /// What they want, in their own words; what happened if they said nothing.
    pub wants: String,
    /// How they sound.
    pub sentiment: Option<Sentiment>,
    /// Earlier sentiments, oldest first, then where they lead together: `trend -0.42`.
    pub sentiment_trend: Vec<String>,
    /// What was tried and what came of it.
    pub tried: Vec<Tried>,
    /// What they were promised.
    pub promises: Vec<String>,
    /// What they were already asked: do not ask again.
    pub asked: Vec<String>,
    /// How they like to be reached.
    pub preferred_channel: Option<String>,
    /// What is known of the account, as `key: value`.
    pub account: Vec<String>,
    /// Why a person is asked, in words.
    pub reasons: Vec<String>,
    /// What to do next.
    pub next_step: String,
}

/// One thing that was tried.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Tried {
    /// What.
    pub what: String,
    /// What came of it.
    pub result: String,
}
