use super::*;
use attache_journal::MemoryStore;

#[test]
fn the_store_in_memory_conforms() {
    crate::block_on(store_conformance(async |_: &str| MemoryStore::new(), Durability::Volatile));
}
