//! Identifiers of what was done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes any text as the id.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// The id of a run, unique in a store and sortable by its start.
    RunId
}
id! {
    /// The id of a tool call within its run, minted by us; never the model's.
    CallId
}
id! {
    /// The id of a draft, unique in a store.
    DraftId
}
id! {
    /// The id of a subject: 32 hexadecimal digits that say nothing of the person.
    SubjectId
}
id! {
    /// A SHA-256 digest as 64 lower-case hexadecimal digits.
    Digest
}

impl Digest {
    /// The digest of `parts`, each preceded by its length as eight bytes, so
    /// that no two lists of parts share an input.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self(hex::encode(hasher.finalize()))
    }
}

impl DraftId {
    /// The draft of one call: the same run and call give the same id.
    #[must_use]
    pub fn of(run: &RunId, call: &CallId) -> Self {
        let digest = Digest::of(&[run.as_str().as_bytes(), call.as_str().as_bytes()]);
        Self(format!("draft_{}", digest.0.get(..16).unwrap_or_default()))
    }
}
