//! WHO decides, the pure part: a run is a fold over its journal entries.
