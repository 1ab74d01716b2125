//! Tools that are known at run time only: from configuration or a tool server.

use crate::registry::{Admitted, Erased};
use crate::tool::{CallScope, ToolLabels};
use crate::{EffectKind, InputFault, Permit, ToolSpec};
use async_trait::async_trait;
use attache_journal::{Digest, Fault, Json};
use futures::future::BoxFuture;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

type Code = dyn Fn(Json, Digest) -> BoxFuture<'static, Result<Json, Fault>> + Send + Sync;

/// A tool made at run time. Its effect is `write` until somebody at this
/// company says otherwise: what a remote server says of itself never loosens it.
pub struct DynamicTool {
    spec: ToolSpec,
    code: Arc<Code>,
}

impl std::fmt::Debug for DynamicTool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DynamicTool").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl DynamicTool {
    /// A tool from its name, description, JSON Schema of the input, and what it
    /// does with the input and the call's idempotency key.
    pub fn new<F>(name: impl Into<String>, description: impl Into<String>, input_schema: Value, code: F) -> Self
    where
        F: Fn(Json, Digest) -> BoxFuture<'static, Result<Json, Fault>> + Send + Sync + 'static,
    {
        let spec = ToolSpec {
            name: name.into(),
            version: 1,
            description: description.into(),
            effect: EffectKind::Write,
            input_schema,
            output_schema: Value::Bool(true),
            sinks: Vec::new(),
            timeout: Duration::from_secs(10),
            concurrency: 64,
            repeat_safe: false,
            labels: ToolLabels::default(),
        };
        Self { spec, code: Arc::new(code) }
    }

    /// Says what it does to the world.
    #[must_use]
    pub fn effect(mut self, effect: EffectKind) -> Self {
        self.spec.repeat_safe = effect != EffectKind::Write;
        self.spec.effect = effect;
        self
    }

    /// Says which inputs are sinks, as JSON pointers; see
    /// [`Tool::sinks`](crate::Tool::sinks).
    #[must_use]
    pub fn sinks(mut self, sinks: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.spec.sinks = sinks.into_iter().map(Into::into).collect();
        self
    }

    /// Says how long one try may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.spec.timeout = timeout;
        self
    }

    pub(crate) fn into_parts(self) -> (ToolSpec, Arc<dyn Erased>) {
        (self.spec, Arc::new(Untyped(self.code)))
    }
}

struct Untyped(Arc<Code>);

#[async_trait]
impl Erased for Untyped {
    fn admit(&self, value: Value) -> Result<Admitted, InputFault> {
        // Sorted, so that the same input has the same digest.
        let mut value = value;
        value.sort_all_objects();
        let input = Json::of(&value).map_err(|e| InputFault { pointer: String::new(), message: e.to_string() })?;
        Ok(Admitted { input, subject: None, preview: None })
    }

    async fn call(&self, input: &Json, permit: &Permit, _: CallScope<'_>) -> Result<Json, Fault> {
        (self.0)(input.clone(), permit.key().clone()).await
    }
}
