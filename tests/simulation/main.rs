//! Deterministic simulation: an engine under a simulated clock, model, tools,
//! people and disk. Everything comes from one seed: crashes at any step, answers
//! that are lost or late, syncs that fail, reviewers at the same time, orders to
//! forget somebody. What must hold holds after each world, or its seed is told.
//!
//! `cargo xtask simulate --seeds 1000000` lives through more of them.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is wrong, and says how far it came"
)]

mod check;
mod disk;
mod life;
mod model;
mod outside;
mod people;
mod rng;
mod world;

use attache_testkit::{Durability, block_on, store_conformance};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// How many worlds the tests live through.
const SEEDS: u64 = 2_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name}: not a number: {value}")))
}

#[test]
fn nothing_is_lost_and_nothing_done_twice_in_any_world() {
    let first = number("ATTACHE_SIMULATION_SEED").unwrap_or(0);
    let seeds = number("ATTACHE_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (bad, figures) = (Mutex::new(Vec::new()), Mutex::new(BTreeMap::<&str, u64>::new()));
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let ground = life::Ground::new();
                while !stop.load(Ordering::SeqCst) {
                    let done = next.fetch_add(1, Ordering::SeqCst);
                    if done >= seeds {
                        break;
                    }
                    let seed = first + done;
                    let told = catch_unwind(AssertUnwindSafe(|| life::world(&ground, seed)));
                    let wrongs = match told {
                        Ok(told) => {
                            let mut figures = figures.lock().unwrap();
                            told.figures.into_iter().for_each(|(what, n)| *figures.entry(what).or_default() += n);
                            told.wrongs
                        }
                        Err(_) => vec!["it panicked, see above".to_owned()],
                    };
                    if !wrongs.is_empty() {
                        bad.lock().unwrap().push((seed, wrongs));
                        stop.store(true, Ordering::SeqCst);
                    }
                    if done > 0 && done.is_multiple_of(10_000) {
                        eprintln!("{done} of {seeds} worlds, {:.0} s", began.elapsed().as_secs_f64());
                    }
                }
            });
        }
    });
    eprintln!("{:?} in {:.1} s", figures.into_inner().unwrap(), began.elapsed().as_secs_f64());
    let told: Vec<_> = bad.into_inner().unwrap();
    let told = told.iter().map(|(seed, wrongs)| {
        format!("seed {seed}: {}\nagain: cargo xtask simulate --seeds 1 --seed {seed}", wrongs.join("; "))
    });
    assert_eq!(told.collect::<Vec<_>>().join("\n"), "");
}

#[test]
fn a_seed_gives_the_same_world_again() {
    let (one, other) = (life::Ground::new(), life::Ground::new());
    for seed in 0..40 {
        let (first, again) = (life::world(&one, seed), life::world(&other, seed));
        assert_eq!((&first.digest, &first.figures), (&again.digest, &again.figures), "seed {seed}");
    }
}

#[test]
fn the_simulated_disk_is_a_store() {
    let open = async |_: &str| {
        let world = std::sync::Arc::new(world::World::new(0, world::Odds::default()));
        let disk = disk::Disk::new(world);
        let writer = disk.clone();
        tokio::spawn(async move { writer.writer().await });
        disk
    };
    block_on(store_conformance(open, Durability::Volatile));
}
