//! `cargo xtask simulate`: many simulated worlds, each from its seed.

use crate::Outcome;
use crate::house::House;

/// Lives through `seeds` worlds from `seed` on; the first that goes wrong is told with its seed.
pub(crate) fn run(house: &House, seeds: u64, seed: u64) -> Outcome {
    let mut command = house.cargo(["test", "--locked", "--release", "-p", "attache", "--test", "simulation"]);
    // Optimised, but with its checks on and without the slow link of a release.
    command.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    command.env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
    command.env("ATTACHE_SIMULATION_SEEDS", seeds.to_string()).env("ATTACHE_SIMULATION_SEED", seed.to_string());
    house.run(command.args(["--", "--nocapture", "nothing_is_lost_and_nothing_done_twice_in_any_world"]))
}
