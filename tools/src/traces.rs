//! What rooms have in common that tell whoever traces a run: see `docs/tracing.md`.

/// The target of every span and event that is meant for a collector of traces.
/// A log shows none of them, and without a collector none is made.
pub const TARGET: &str = "gen_ai";

/// The semantic conventions that names and attributes follow: the last release
/// that had those of generative AI, which are in development. Another version
/// is another set of names: a change of this line is a change for whoever
/// draws them.
pub const SEMCONV: &str = "https://opentelemetry.io/schemas/1.41.0";
