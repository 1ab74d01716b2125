//! Sending what runs tell of themselves to a collector: OTLP over HTTP.
//!
//! Spans are handed to a thread of its own, which sends them in batches. A
//! collector that is slow or not there costs the spans that the queue cannot
//! hold, never a run.

use crate::app::env;
use crate::cli::Global;
use crate::config::{Project, TracingConfig};
use attache::tools::traces::{SEMCONV, TARGET};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry};

/// How long a batch may take to send, and the last one at the end of the process.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the conventions of OTLP name the address of a collector by.
const ADDRESSES: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// What sends spans.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// What the settings and the environment say; `None` if they name no
    /// collector. Settings that cannot be read are told by the command itself.
    pub(crate) fn open(global: &Global) -> Result<Option<Self>, ExporterBuildError> {
        let config = Project::read(global.config.as_deref()).map(|project| project.config.tracing);
        let TracingConfig { endpoint, sample, .. } = config.unwrap_or_default();
        let named = ADDRESSES.iter().any(|name| env(name).is_some());
        let off = env("OTEL_SDK_DISABLED").is_some_and(|off| off.eq_ignore_ascii_case("true"));
        let endpoint = match (named, endpoint) {
            _ if off => return Ok(None),
            // The exporter reads the environment where it is told nothing.
            (true, _) => None,
            (false, Some(endpoint)) => Some(endpoint.traces()),
            (false, None) => return Ok(None),
        };
        let exporter = SpanExporter::builder().with_http().with_timeout(PATIENCE);
        let exporter = match endpoint {
            Some(endpoint) => exporter.with_endpoint(endpoint),
            None => exporter,
        };
        let resource = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let resource = match env("OTEL_SERVICE_NAME") {
            Some(_) => resource,
            None => resource.with_service_name("attache"),
        };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter.build()?)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(sample.into()))))
            .with_resource(resource.build());
        Ok(Some(Self(provider.build())))
    }

    /// What takes the spans of runs, and nothing else, from a subscriber.
    pub(crate) fn layer(&self) -> impl Layer<Registry> + use<> {
        let scope = InstrumentationScope::builder("attache")
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_schema_url(SEMCONV)
            .build();
        let only = filter_fn(|metadata| metadata.target() == TARGET).with_max_level_hint(LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer_with_scope(scope))
            // Where in the source, on which thread and for how long it was polled is nobody's matter.
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_filter(only)
    }

    /// Sends what is left. What cannot be sent in time is lost, and logged by the
    /// exporter.
    pub(crate) fn close(self) {
        let _ = self.0.shutdown_with_timeout(PATIENCE);
    }
}
