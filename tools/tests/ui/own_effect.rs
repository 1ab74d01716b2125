use attache_tools::{Effect, EffectKind};

enum Harmless {}

impl Effect for Harmless {
    const KIND: EffectKind = EffectKind::Read;
}

fn main() {}
