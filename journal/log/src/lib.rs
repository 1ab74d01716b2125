//! The durable journal: segment files as the truth, sled as an index that can be rebuilt.
