//! What is sent to a collector of traces.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Traces of runs, sent to a collector by OTLP over HTTP: see `docs/tracing.md`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TracingConfig {
    /// The address of the collector, such as `http://127.0.0.1:4318`; spans go to
    /// `/v1/traces` below it. `OTEL_EXPORTER_OTLP_ENDPOINT` goes before it; with
    /// neither nothing is traced. Headers, such as a key, are named by
    /// `OTEL_EXPORTER_OTLP_HEADERS`.
    #[schemars(with = "Option<String>")]
    pub(crate) endpoint: Option<Endpoint>,
    /// Whether what models read and wrote goes along. Names and addresses of the
    /// customer are placeholders in it; everything else that they wrote is in it.
    pub(crate) content: bool,
    /// The share of runs that are traced, from 0 to 1.
    #[schemars(with = "f64")]
    pub(crate) sample: Share,
}

/// The address of a collector.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub(crate) struct Endpoint(String);

impl TryFrom<String> for Endpoint {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let host = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        match host {
            Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => Ok(Self(text)),
            _ => Err("expected an address such as `http://127.0.0.1:4318`"),
        }
    }
}

impl Endpoint {
    /// Where spans go.
    pub(crate) fn traces(&self) -> String {
        format!("{}/v1/traces", self.0.trim_end_matches('/'))
    }
}

/// A number from 0 to 1.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(try_from = "f64")]
pub(crate) struct Share(f64);

impl TryFrom<f64> for Share {
    type Error = &'static str;

    fn try_from(share: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&share) { Ok(Self(share)) } else { Err("expected a number from 0 to 1") }
    }
}

impl Default for Share {
    fn default() -> Self {
        Self(1.0)
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.0
    }
}
