//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// An agent for each customer that a company can trust: typed tools, a policy
/// layer, and a journal of every decision.
#[derive(Debug, Parser)]
#[command(name = "attache", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// The folder of journal, indexes and outbox
    #[arg(long, global = true, env = "ATTACHE_DATA", default_value = ".attache", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The settings; `attache.toml` if it is there
    #[arg(long, global = true, env = "ATTACHE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Say nothing that was not asked for
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Print JSON Lines for machines
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Whom the system knows at this terminal; empty if it cannot say, which is refused as no name.
fn login() -> String {
    whoami::username().unwrap_or_default()
}

/// A time, or the beginning of a day in UTC.
fn since(text: &str) -> Result<Timestamp, String> {
    let day = |date: Date| date.in_tz("UTC").map(|day| day.timestamp());
    text.parse()
        .or_else(|_| text.parse().and_then(day))
        .map_err(|_| "expected 2026-11-20 or 2026-11-20T09:00:00Z".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a project: settings, rules, playbooks, prompts, a sample knowledge base and CRM
    #[command(after_help = "Example: attache init my-company && cd my-company && attache run bundle.json")]
    Init {
        /// Where; it must be empty or not there
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// Run the shipped examples and tell the story of each decision
    #[command(after_help = "Example: attache demo --story frustrated-prospect")]
    Demo {
        /// Only this story
        #[arg(long, value_name = "NAME")]
        story: Option<String>,
        /// Who plans: `offline` or `openai:NAME`
        #[arg(long, value_name = "NAME", env = "ATTACHE_MODEL")]
        model: Option<String>,
    },
    /// Run one context bundle, end to end
    #[command(after_help = "Example: attache run bundle.json --json | jq .event.type")]
    Run {
        /// The bundle as JSON; `-` for standard input
        #[arg(required_unless_present = "resume", value_name = "FILE")]
        file: Option<PathBuf>,
        /// The playbook; the one that applies if not said
        #[arg(long, value_name = "NAME")]
        playbook: Option<String>,
        /// Who plans: `offline` or `openai:NAME`
        #[arg(long, value_name = "NAME", env = "ATTACHE_MODEL")]
        model: Option<String>,
        /// Finish the runs that a crash or an absent model left
        #[arg(long, conflicts_with_all = ["file", "playbook"])]
        resume: bool,
    },
    /// The queue of drafts that await a person
    #[command(subcommand, after_help = "Example: attache review approve DRAFT --by dana")]
    Review(Review),
    /// What has not left: what waits, what was given up, what may have left
    #[command(subcommand, after_help = "Example: attache outbox list --json | jq .id")]
    Outbox(Outbox),
    /// The journal of decisions
    #[command(subcommand, after_help = "Example: attache log verify")]
    Log(Log),
    /// Figures of service: resolution, deflection, escalation, review, cost
    #[command(after_help = "Example: attache metrics --since 2026-11-01 --json | jq .value")]
    Metrics {
        /// Of what began then or later: a date, or a time (RFC 3339)
        #[arg(long, value_name = "T", value_parser = since)]
        since: Option<Timestamp>,
    },
    /// What stored runs would decide now
    #[command(after_help = "Example: attache replay --policies new-policies")]
    Replay {
        /// The runs; all if not said
        runs: Vec<String>,
        /// Those that started then or later: a date, or a time (RFC 3339)
        #[arg(long, value_name = "T", conflicts_with = "runs", value_parser = since)]
        since: Option<Timestamp>,
        /// Decide with the rules of this folder
        #[arg(long, value_name = "DIR")]
        policies: Option<PathBuf>,
        /// Plan again with the templates of this folder
        #[arg(long, value_name = "DIR")]
        prompts: Option<PathBuf>,
        /// Plan again with the playbooks of this folder
        #[arg(long, value_name = "DIR")]
        playbooks: Option<PathBuf>,
        /// Plan again with this model: `offline` or `openai:NAME`
        #[arg(long, value_name = "NAME")]
        model: Option<String>,
        /// Exit with status 4 if any decision differs
        #[arg(long)]
        expect_same: bool,
    },
    /// Rules: check them, try their examples, explain a decision
    #[command(subcommand, after_help = "Example: attache policy check my-project/policies")]
    Policy(Policy),
    /// The tools
    #[command(subcommand, after_help = "Example: attache tools schema reply")]
    Tools(Tools),
    /// The knowledge base
    #[command(subcommand, after_help = "Example: attache kb add docs && attache kb search 'reset my password'")]
    Kb(Kb),
    /// The embedded CRM
    #[command(subcommand, after_help = "Example: attache crm import customers.csv tickets.csv")]
    Crm(Crm),
    /// Show what the detectors see: JSONL {id,text} in, one record a line out
    #[command(after_help = "Example: echo '{\"id\":1,\"text\":\"mail me at a@b.example\"}' | attache scan")]
    Scan {
        /// The texts; `-` for standard input
        #[arg(default_value = "-", value_name = "FILE")]
        file: PathBuf,
    },
    /// The HTTP interface and the review desk
    #[command(after_help = "Example: attache serve --listen 127.0.0.1:8420")]
    Serve {
        /// Where; `server.listen` of the settings if not said
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
        /// Who plans: `offline` or `openai:NAME`
        #[arg(long, value_name = "NAME", env = "ATTACHE_MODEL")]
        model: Option<String>,
    },
    /// Look at settings, rules, store, model and ways out, and say what to do about each fault
    #[command(after_help = "Example: attache doctor --json | jq 'select(.state != \"ok\")'")]
    Doctor,
    /// Print the JSON Schema of a document
    #[command(after_help = "Example: attache schema bundle > bundle.schema.json")]
    Schema {
        /// Which
        document: Document,
    },
    /// Print completions for a shell
    #[command(after_help = "Example: attache completions bash > /etc/bash_completion.d/attache")]
    Completions {
        /// Which
        shell: clap_complete::Shell,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Document {
    /// What a run is given
    Bundle,
    /// A line of the journal
    Entry,
    /// What a line of the journal tells
    Event,
    /// `attache.toml`
    Config,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Review {
    /// The drafts that await a decision, the one due first in front
    List {
        /// Those decided as well
        #[arg(long)]
        all: bool,
    },
    /// The literal text, where it goes, what it rests on, and why
    Show {
        /// The draft
        draft: String,
    },
    /// Send it as it is
    Approve {
        #[command(flatten)]
        decision: DecisionArgs,
    },
    /// Send it with another subject or body
    Edit {
        #[command(flatten)]
        decision: DecisionArgs,
        /// The new subject
        #[arg(long)]
        subject: Option<String>,
        /// The new body; `-` reads it from standard input
        #[arg(long)]
        body: Option<String>,
    },
    /// Do not send it: a person goes on with the customer
    Escalate {
        #[command(flatten)]
        decision: DecisionArgs,
    },
    /// Do not send it
    Reject {
        #[command(flatten)]
        decision: DecisionArgs,
    },
    /// Have the agent write another version, by the words of --reason
    Revise {
        #[command(flatten)]
        decision: DecisionArgs,
    },
    /// Do not send it, although nothing is wrong with it
    Withdraw {
        #[command(flatten)]
        decision: DecisionArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Outbox {
    /// What waits, what was given up, and what may have left
    List,
    /// Send again, also what may have left: look at the other side first
    Resend {
        /// Which
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Read a mail server's report that mail did not arrive, or a wish for no more mail
    #[command(after_help = "Example: attache outbox bounce - < report.eml")]
    Bounce {
        /// The e-mail as it came; `-` for standard input
        #[arg(default_value = "-", value_name = "FILE")]
        file: PathBuf,
    },
    /// Do not write to an address any more
    Suppress {
        /// Which
        address: String,
    },
    /// Write to an address again
    Allow {
        /// Which
        address: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct DecisionArgs {
    /// The draft
    pub(crate) draft: String,
    /// Who decides; who is logged in, if not said
    #[arg(long, env = "USER", value_name = "NAME", default_value_t = login(), hide_default_value = true)]
    pub(crate) by: String,
    /// The digest that `review show` printed: refused if the draft is another by now
    #[arg(long)]
    pub(crate) digest: Option<String>,
    /// Why
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// Runs, newest first
    List {
        /// At most so many
        #[arg(long, default_value = "50")]
        limit: NonZeroUsize,
        /// Those that started then or later: a date, or a time (RFC 3339)
        #[arg(long, value_name = "T", value_parser = since)]
        since: Option<Timestamp>,
    },
    /// Why a run came out as it did, and what would have changed that
    #[command(after_help = "Example: attache log explain RUN --json | jq .counterfactuals")]
    Explain {
        /// The run
        run: String,
    },
    /// One run, told step by step
    Show {
        /// The run
        run: String,
    },
    /// Check the store, or an exported file alone
    Verify(VerifyArgs),
    /// Sign how far the journal has come, and print that: keep it elsewhere
    Head,
    /// Copy the store into a new folder, also while it is in use, and check the copy
    Backup {
        /// The folder; it must be empty or not there
        #[arg(value_name = "DIR")]
        to: PathBuf,
    },
    /// Make everything that the journal holds of a customer unreadable, for good
    Erase {
        /// The customer's id
        customer: String,
        /// Who orders it; who is logged in, if not said
        #[arg(long, env = "USER", value_name = "NAME", default_value_t = login(), hide_default_value = true)]
        by: String,
        /// Why; it is kept, so it must not name the person
        #[arg(long)]
        reason: Option<String>,
    },
    /// Print runs as JSON Lines, their head as the last line
    Export {
        /// The runs; all if not said
        runs: Vec<String>,
        /// All that is recorded of this customer, in plain words; the entries with --json
        #[arg(long, value_name = "ID", conflicts_with = "runs")]
        customer: Option<String>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// A file that `log export` wrote
    pub(crate) export: Option<PathBuf>,
    /// Heads that `log head` printed earlier, one a line: the log must have come by them
    #[arg(long, value_name = "FILE", conflicts_with = "export")]
    pub(crate) heads: Option<PathBuf>,
    /// The public key that everything must be signed with
    #[arg(long, value_name = "HEX")]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Whether rules are sound: syntax, types, annotations
    Check {
        /// A folder with `rules/*.dw`; the project's if not said
        dir: Option<PathBuf>,
    },
    /// Try the examples that rules carry
    Test {
        /// A folder with `rules/*.dw` and `tests/*.toml`; the project's if not said
        dir: Option<PathBuf>,
    },
    /// Which rules fired, and which did not, for a recorded decision
    Explain {
        /// The run
        run: String,
        /// The place of its `policy_decided`
        seq: u64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tools {
    /// All tools
    List,
    /// The schema of one, as models see it
    Schema {
        /// The tool
        name: String,
    },
    /// Call one that reads or drafts, under policy and on record
    #[command(after_help = "Example: attache tools call kb_search '{\"query\":\"import assets\"}'")]
    Call {
        /// The tool
        name: String,
        /// Its input, as JSON
        input: String,
        /// About which customer
        #[arg(long, value_name = "ID", default_value = "nobody")]
        customer: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Kb {
    /// Add folders or files of articles (Markdown, HTML, text, JSONL)
    #[command(after_help = "\
What customers ask is found sooner in their own words. In Markdown, and in the text of
JSONL, write into a section what it answers, a line each; nobody is shown it:

    <!-- asked:
    How do I get out of the contract?
    Is there a fee for quitting early?
    -->

No customer is shown an article that begins with these lines, or a line of JSONL with
\"audience\": \"internal\"; `attache kb list` marks it:

    ---
    audience: internal
    ---

Example: attache kb add docs")]
    Add {
        /// Which
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Search
    Search {
        /// For what
        #[arg(required_unless_present = "queries")]
        query: Option<String>,
        /// A file of JSONL {id,text} to search for, one answer a line
        #[arg(long, value_name = "FILE", conflicts_with = "query")]
        queries: Option<PathBuf>,
        /// How many hits
        #[arg(long, default_value_t = 5)]
        top: usize,
        /// Among the articles for colleagues too
        #[arg(long)]
        internal: bool,
    },
    /// Make vectors of the articles, so that a question is also found by its sense
    #[cfg(feature = "embed")]
    #[command(after_help = "Example: attache kb embed --download")]
    Embed {
        /// A folder with a sentence model: config.json, tokenizer.json, model.safetensors
        #[arg(long, value_name = "DIR", env = "ATTACHE_EMBED_MODEL")]
        model: Option<PathBuf>,
        /// Fetch the model all-MiniLM-L6-v2 from huggingface.co first
        #[arg(long, conflicts_with = "model")]
        download: bool,
        /// Ask an OpenAI-compatible server at this address, with the key in OPENAI_API_KEY
        #[arg(long, value_name = "URL", conflicts_with_all = ["model", "download"], requires = "name")]
        endpoint: Option<String>,
        /// The name of the server's model
        #[arg(long, value_name = "NAME", requires = "endpoint")]
        name: Option<String>,
        /// Search without a sentence model again
        #[arg(long, conflicts_with_all = ["model", "download", "endpoint"])]
        off: bool,
    },
    /// Questions that the articles did not answer, alike ones together
    #[command(after_help = "Example: attache kb gaps --json | jq .count")]
    Gaps {
        /// At most so many; those that were answered since follow
        #[arg(long, default_value = "20")]
        top: NonZeroUsize,
    },
    /// Make a draft of an article from what was asked in a run and what a reviewer wrote
    #[command(after_help = "Example: attache kb draft run_… kb/")]
    Draft {
        /// The run
        run: String,
        /// The folder of the draft
        dir: PathBuf,
    },
    /// Make an article of a draft that you have read
    Publish {
        /// The file
        file: PathBuf,
        /// Who read it
        #[arg(long)]
        by: String,
    },
    /// The articles
    List,
    /// Remove an article
    Remove {
        /// Which
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Crm {
    /// Read customers, companies, deals and tickets from JSONL or CSV
    Import {
        /// Which
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}
