//! What a tool does to the world, as a type.

use attache_context::words;

mod sealed {
    pub trait Sealed {}
}

/// What a tool does to the world. The four classes are not a ladder: when every
/// write is denied, escalation must still be open.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an effect",
    note = "`type Effect` is one of `Read`, `Draft`, `Write` and `Escalate`"
)]
pub trait Effect: sealed::Sealed + Send + Sync + 'static {
    /// The class as a value.
    const KIND: EffectKind;
}

words! {
    /// What a tool does to the world, as a value.
    EffectKind {
        /// Makes a text that a person looks at; nothing leaves.
        Draft = "draft",
        /// Hands over to a person; the agent's part is over.
        Escalate = "escalate",
        /// Looks something up.
        Read = "read",
        /// Changes something outside: sends, books, refunds.
        Write = "write",
    }
}

macro_rules! effects {
    ($($(#[$doc:meta])* $name:ident),+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}
        impl sealed::Sealed for $name {}
        impl Effect for $name {
            const KIND: EffectKind = EffectKind::$name;
        }
    )+};
}

effects! {
    /// The tool makes a text that a person looks at.
    Draft,
    /// The tool hands over to a person.
    Escalate,
    /// The tool looks something up.
    Read,
    /// The tool changes something outside; it alone has an idempotency key.
    Write
}
