//! The tools of a process, by name.

use crate::schema::{complete, pointer, reopen};
use crate::tool::{CallCx, CallScope, Preview, Tool, ToolLabels};
use crate::{DynamicTool, Effect, EffectKind, InputFault, Permit, SchemaFault, ToolFault, close};
use async_trait::async_trait;
use attache_journal::{Fault, Json, Retry};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// Everything about a tool that is not its code.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// The version of what it does; part of every idempotency key.
    pub version: u32,
    /// What it does, for the model.
    pub description: String,
    /// What it does to the world.
    pub effect: EffectKind,
    /// The closed JSON Schema of its input.
    pub input_schema: Value,
    /// The JSON Schema of its output.
    pub output_schema: Value,
    /// The inputs that say whom or what it reaches, as JSON pointers.
    pub sinks: Vec<String>,
    /// How long one try may take.
    #[serde(rename = "timeout_ms", serialize_with = "millis")]
    #[schemars(with = "u64")]
    pub timeout: Duration,
    /// How many calls may run at once.
    pub concurrency: usize,
    /// Whether a repeat with the same key is safe.
    pub repeat_safe: bool,
    /// The kinds of facts it works with.
    pub labels: ToolLabels,
}

fn millis<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// A call whose arguments are what the tool takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// The input in canonical form: the tool's type, written out again.
    pub input: Json,
    /// What the effect is about; see [`Tool::subject`].
    pub subject: Option<String>,
    /// What a person would see of it.
    pub preview: Option<Preview>,
}

/// Why a tool is not registered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// There is a tool with this name.
    #[error("there are two tools named `{0}`")]
    Duplicate(String),
    /// The name is not a tool name.
    #[error("`{0}` is no tool name: expected 1 to 64 of a-z, 0-9 and `_`, starting with a letter")]
    Name(String),
    /// The input cannot be described strictly.
    #[error("tool `{tool}`: {fault}")]
    Schema {
        /// The tool.
        tool: String,
        /// Where and why.
        fault: SchemaFault,
    },
}

/// The tools of a process, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    tools: BTreeMap<String, Registered>,
}

impl Registry {
    /// No tools.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tool.
    ///
    /// # Errors
    /// [`RegisterError`] for a bad or taken name, or an input that strict mode
    /// cannot describe; nothing is repaired silently.
    pub fn add<T: Tool>(&mut self, tool: T) -> Result<&mut Self, RegisterError> {
        let spec = ToolSpec {
            name: T::NAME.to_owned(),
            version: T::VERSION,
            description: tool.description().into_owned(),
            effect: T::Effect::KIND,
            input_schema: schema_of::<T::Input>(),
            output_schema: schema_of::<T::Output>(),
            sinks: tool.sinks().iter().map(|&sink| sink.to_owned()).collect(),
            timeout: tool.timeout(),
            concurrency: tool.concurrency(),
            repeat_safe: tool.repeat_safe() || T::Effect::KIND != EffectKind::Write,
            labels: tool.labels(),
        };
        self.insert(spec, Arc::new(Typed(tool)))
    }

    /// Adds a tool in the place of the one with its name, if there is one.
    ///
    /// # Errors
    /// As [`add`](Self::add); the tool that was there stays.
    pub fn replace<T: Tool>(&mut self, tool: T) -> Result<&mut Self, RegisterError> {
        let before = self.tools.remove(T::NAME);
        let fault = match self.add(tool) {
            Ok(_) => return Ok(self),
            Err(fault) => fault,
        };
        if let Some(before) = before {
            self.tools.insert(T::NAME.to_owned(), before);
        }
        Err(fault)
    }

    /// Adds a tool that is known at run time only.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_dynamic(&mut self, tool: DynamicTool) -> Result<&mut Self, RegisterError> {
        let (spec, call) = tool.into_parts();
        self.insert(spec, call)
    }

    fn insert(&mut self, mut spec: ToolSpec, code: Arc<dyn Erased>) -> Result<&mut Self, RegisterError> {
        let name = spec.name.clone();
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=64).contains(&name.len())
            || !name.chars().all(legal)
            || !name.starts_with(|c: char| c.is_ascii_lowercase())
        {
            return Err(RegisterError::Name(name));
        }
        if self.tools.contains_key(&name) {
            return Err(RegisterError::Duplicate(name));
        }
        let refused = |fault| RegisterError::Schema { tool: name.clone(), fault };
        let open = Arc::new(spec.input_schema.clone());
        spec.input_schema = close(spec.input_schema).map_err(refused)?;
        let validator = jsonschema::validator_for(&spec.input_schema)
            .map_err(|e| refused(SchemaFault { pointer: e.instance_path().to_string(), message: e.to_string() }))?;
        let tool = Registered { spec: Arc::new(spec), open, validator: Arc::new(validator), code };
        self.tools.insert(name, tool);
        Ok(self)
    }

    /// The tool with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Registered> {
        self.tools.get(name)
    }

    /// All tools, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Registered> {
        self.tools.values()
    }
}

/// A tool in a registry.
#[derive(Clone)]
pub struct Registered {
    spec: Arc<ToolSpec>,
    /// The input's schema before it was closed.
    open: Arc<Value>,
    validator: Arc<jsonschema::Validator>,
    code: Arc<dyn Erased>,
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registered").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl Registered {
    /// Everything about it that is not its code.
    #[must_use]
    pub fn spec(&self) -> &Arc<ToolSpec> {
        &self.spec
    }

    /// Checks the arguments of a call and brings them into canonical form, which
    /// it takes as well. A field that may be null may be left out, too: not every
    /// server holds its model to the schema.
    ///
    /// # Errors
    /// [`InputFault`] names the first place that is not as the schema says.
    pub fn admit(&self, arguments: &str) -> Result<Admitted, InputFault> {
        let mut value: Value = serde_json::from_str(arguments)
            .map_err(|e| InputFault { pointer: String::new(), message: format!("not JSON: {e}") })?;
        complete(&mut value, &self.open);
        if let Err(fault) = self.validator.validate(&value) {
            // The message quotes the value; keep it short, it is fed back.
            let mut message = fault.to_string();
            if message.len() > 300 {
                message = fault.masked().to_string().chars().take(300).collect();
            }
            return Err(InputFault { pointer: fault.instance_path().to_string(), message });
        }
        reopen(&mut value, &self.open);
        self.code.admit(value)
    }

    /// Calls the tool. `input` is what [`admit`](Self::admit) made.
    ///
    /// # Errors
    /// The tool's own fault, or `invalid_arguments` if `input` is not its input.
    pub async fn call(&self, input: &Json, permit: &Permit, scope: CallScope<'_>) -> Result<Json, Fault> {
        if permit.tool() != self.spec.name {
            let feedback = "the permit is for another tool".to_owned();
            return Err(Fault { code: "no_permit".into(), retry: Retry::Never, feedback });
        }
        self.code.call(input, permit, scope).await
    }
}

/// A tool without its types. Implemented on a wrapper, not on every `T: Tool`,
/// so that `DynamicTool` needs no tricks.
#[async_trait]
pub(crate) trait Erased: Send + Sync {
    fn admit(&self, value: Value) -> Result<Admitted, InputFault>;
    async fn call(&self, input: &Json, permit: &Permit, scope: CallScope<'_>) -> Result<Json, Fault>;
}

struct Typed<T>(T);

#[async_trait]
impl<T: Tool> Erased for Typed<T> {
    fn admit(&self, value: Value) -> Result<Admitted, InputFault> {
        let input: T::Input = serde_path_to_error::deserialize(value)
            .map_err(|e| InputFault { pointer: place(e.path()), message: e.inner().to_string() })?;
        Ok(Admitted {
            input: Json::of(&input).map_err(|e| InputFault { pointer: String::new(), message: e.to_string() })?,
            subject: self.0.subject(&input),
            preview: self.0.preview(&input),
        })
    }

    async fn call(&self, input: &Json, permit: &Permit, scope: CallScope<'_>) -> Result<Json, Fault> {
        let input: T::Input = serde_json::from_str(input.as_str())
            .map_err(|e| Fault::from(InputFault { pointer: String::new(), message: e.to_string() }))?;
        let cx = CallCx { permit, scope, effect: PhantomData };
        let output = self.0.call(input, cx).await.map_err(|e| Fault {
            code: e.code().to_owned(),
            retry: e.retry(),
            feedback: e.feedback().into_owned(),
        })?;
        Json::of(&output).map_err(|_| Fault {
            code: "invalid_output".into(),
            retry: Retry::Never,
            feedback: "the tool's answer is not JSON".into(),
        })
    }
}

fn place(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    pointer(path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }))
}

fn schema_of<T: schemars::JsonSchema>() -> Value {
    // Inlined: strict mode allows `$ref`, many compatible servers do not.
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

#[cfg(test)]
pub(crate) mod tests;
