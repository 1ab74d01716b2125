//! The project's own chores: `cargo xtask VERB` is the only entry, here and in CI.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what a command prints is what it is for")]

mod bench;
mod check;
mod desk;
mod fuzz;
mod house;
mod mail;
mod model;
mod quality;
mod readme;
mod server;
mod sign_in;
mod simulate;
mod tidy;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::check::Step;
use crate::house::House;

/// What a chore comes to: nothing, or one line that says what failed.
type Outcome<T = ()> = Result<T, String>;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", version, about = "The project's own chores", max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Everything that must pass before a change lands
    #[command(after_help = "Examples:\n  cargo xtask test\n  cargo xtask test --quick\n  cargo xtask test --only deny")]
    Test {
        /// Only fmt, tidy, clippy and the tests
        #[arg(long, conflicts_with = "only")]
        quick: bool,
        /// Only this step (can be given more than once)
        #[arg(long, value_name = "STEP", value_enum)]
        only: Vec<Step>,
    },
    /// The shape of the tree: arrows between rooms, purity, file lengths, leftovers
    Tidy,
    /// The property tests of all parsers, again and again with new seeds
    #[command(after_help = "Examples:\n  cargo xtask fuzz --seconds 600\n  cargo xtask fuzz --package attache-guards")]
    Fuzz {
        /// How long to go on
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// The first seed; a round that failed is run again with its seed
        #[arg(long)]
        seed: Option<u64>,
        /// Only the tests of this crate (can be given more than once)
        #[arg(long)]
        package: Vec<String>,
    },
    /// Runs in simulated worlds: crashes, lost answers, disks that fail, people at the same time
    #[command(after_help = "Example:\n  cargo xtask simulate --seeds 1000000")]
    Simulate {
        /// How many worlds
        #[arg(long, default_value_t = 20_000)]
        seeds: u64,
        /// The first seed; a world that went wrong is lived again with its seed
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// The workspace's benchmarks
    #[command(after_help = "Example:\n  cargo xtask bench -- --quick append")]
    Bench {
        /// Passed on to the benchmarks
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Measures what judges text and writes docs/quality.md
    #[command(after_help = "Example:\n  cargo xtask quality --data DIR --only sentiment")]
    Quality {
        /// A folder with the public sets; without it, only our own are measured
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Only this section
        #[arg(long, value_name = "SECTION")]
        only: Option<String>,
    },
    /// Lowers the shipped rules anew, after a change to them
    LowerRules,
    /// Trains the sentiment model and writes its card
    #[command(after_help = "Example:\n  cargo xtask train-sentiment DIR")]
    TrainSentiment {
        /// A folder with `sentiment/goemotions_train.jsonl.gz` and `intents/banking77_train.jsonl.gz`
        data: PathBuf,
    },
    /// Fits what the signs of an answer weigh and writes their card
    #[command(after_help = "Example:\n  cargo xtask train-fit DIR path/to/all-MiniLM-L6-v2")]
    TrainFit {
        /// A folder with `intents/bitext_train.jsonl.gz` and `intents/banking77_train.jsonl.gz`
        data: PathBuf,
        /// The folder of a sentence model
        model: PathBuf,
    },
    /// Trains what reads passages together with a question, which takes more than half an hour
    #[command(after_help = "Example:\n  cargo xtask train-reader path/to/all-MiniLM-L6-v2")]
    TrainReader {
        /// The folder of the sentence model
        model: PathBuf,
    },
    /// Trains what skims passages without a sentence model, which takes some twenty minutes
    #[command(after_help = "Example:\n  cargo xtask train-skim path/to/all-MiniLM-L6-v2")]
    TrainSkim {
        /// The folder of the sentence model, from which the tokens are
        model: PathBuf,
    },
    /// Trains what finds passages by what they are about without a sentence model, which takes two minutes
    #[command(after_help = "Example:\n  cargo xtask train-gist path/to/all-MiniLM-L6-v2")]
    TrainGist {
        /// The folder of the sentence model, from which the tokens are
        model: PathBuf,
    },
    /// Builds the load example and says how to measure it beside its peers
    Peers {
        /// The folder of the peer harness
        dir: PathBuf,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = House::find().and_then(|house| match cli.verb {
        Verb::Test { quick, only } => check::run(&house, quick, &only),
        Verb::Tidy => tidy::run(&house),
        Verb::Fuzz { seconds, seed, package } => fuzz::run(&house, seconds, seed, &package),
        Verb::Simulate { seeds, seed } => simulate::run(&house, seeds, seed),
        Verb::Bench { args } => bench::run(&house, &args),
        Verb::Quality { data, only } => quality::run(&house, data.as_deref(), only.as_deref()),
        Verb::LowerRules => lower_rules(&house),
        Verb::TrainSentiment { data } => quality::train_sentiment(&house, &data),
        Verb::TrainFit { data, model } => quality::train_fit(&house, &data, &model),
        Verb::TrainReader { model } => quality::train_reader(&house, &model),
        Verb::TrainSkim { model } => quality::train_skim(&house, &model),
        Verb::TrainGist { model } => quality::train_gist(&house, &model),
        Verb::Peers { dir } => bench::peers(&house, &dir),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("FAILED: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Writes what the shipped rules are lowered to, as a process that starts reads it.
fn lower_rules(house: &House) -> Outcome {
    let folder = house.path("policies/lowered");
    let mut command = house.cargo(["run", "--quiet", "--locked", "-p", "attache-policies", "--example", "lower", "--"]);
    house.run(command.arg(folder))
}
