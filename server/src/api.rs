//! The interface for programs, version 1.

mod arranging;
mod batch;
mod claims;
mod conversations;
mod customers;
mod decisions;
mod describe;
mod drafts;
mod events;
mod exchange;
mod handoffs;
mod paging;
pub(crate) mod people;
mod reading;
mod runs;
mod whatif;

pub(crate) use arranging::{approve_at, give, put_aside, take_back};
pub(crate) use batch::{One, approve_all, class_of};
pub(crate) use claims::{leave, open};
pub(crate) use customers::{forget, known};
pub(crate) use decisions::{Decided, Which as WhichDecisions, search as search_decisions};
pub(crate) use drafts::{ask_why, review_draft, waiting};
pub(crate) use exchange::{Asked, At, Filled, Given, ToldOnce, schema};
pub(crate) use handoffs::{move_handoff, status};
pub(crate) use runs::read;
pub(crate) use whatif::{Proposed, examples_of, project};

use crate::desk::Desk;
use crate::gauges;
use crate::problem::Problem;
use aide::axum::ApiRouter;
use aide::axum::routing::{delete_with, get_with, post_with};
use aide::openapi::OpenApi;
use attache_journal::Decision;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use describe::told;
use std::sync::Arc;

/// The interface, with what it says of itself.
pub(crate) fn routes() -> (Router<Arc<Desk>>, OpenApi) {
    let (router, document) = describe::described(|| system().merge(runs()).merge(drafts()).merge(people()));
    (router.route("/openapi.json", get(document_of)), document)
}

fn system() -> ApiRouter<Arc<Desk>> {
    ApiRouter::new()
        .api_route("/healthz", get_with(alive, told("alive", "system", "Whether the process answers")))
        .api_route("/readyz", get_with(ready, told("ready", "system", "Whether the journal can be read")))
        .api_route("/metrics", get_with(gauges::show, told("metrics", "system", "Counts and times, as OpenMetrics")))
        .api_route("/v1/kb/search", get_with(reading::search, told("search", "reading", "Search the articles")))
        .api_route("/v1/kb/gaps", get_with(reading::gaps, told("gaps", "reading", "What articles are missing")))
        .api_route("/v1/decisions", get_with(decisions::list, told("decisions", "reading", "Search decisions")))
        .api_route("/v1/metrics", get_with(reading::metrics, told("figures", "reading", "Figures of service")))
        .api_route("/v1/policies", get_with(reading::policies, told("policies", "reading", "The rules in force")))
        .api_route(
            "/v1/policies/what-if",
            post_with(
                whatif::ask,
                told("what_if", "reading", "What the newest runs would have come to under other rules"),
            ),
        )
        .api_route(
            "/v1/policies/examples",
            get_with(whatif::examples, told("examples", "reading", "The examples of the rules, and whether they hold")),
        )
        .api_route("/v1/tools", get_with(reading::tools, told("tools", "reading", "What the agent can do")))
}

fn runs() -> ApiRouter<Arc<Desk>> {
    let start = post_with(runs::start, told("start_run", "runs", "Run a context bundle to its outcome"));
    ApiRouter::new()
        .api_route("/v1/runs", start.get_with(runs::list, told("list_runs", "runs", "Runs, newest first")))
        .api_route("/v1/runs/{run}", get_with(runs::show, told("show_run", "runs", "A run on one line")))
        .api_route("/v1/runs/{run}/entries", get_with(runs::entries, told("run_entries", "runs", "What a run did")))
        .api_route(
            "/v1/conversations",
            post_with(conversations::open, told("open_conversation", "conversations", "Answer a customer's message")),
        )
        .api_route(
            "/v1/conversations/{conversation}",
            get_with(conversations::show, told("show_conversation", "conversations", "What was said")),
        )
        .api_route(
            "/v1/conversations/{conversation}/messages",
            post_with(conversations::go_on, told("go_on", "conversations", "Answer the customer's next message")),
        )
        .api_route(
            "/v1/events",
            post_with(events::take, told("take_events", "runs", "Take events in: each begins a run")),
        )
        .api_route("/v1/escalations", get_with(handoffs::list, told("list_escalations", "escalations", "Handoffs")))
        .api_route(
            "/v1/escalations/{run}/{step}",
            post_with(handoffs::step, told("move_escalation", "escalations", "Accept, return or close a handoff")),
        )
}

fn drafts() -> ApiRouter<Arc<Desk>> {
    let decided = |decision, id, summary| post_with(drafts::decide(decision), told(id, "drafts", summary));
    ApiRouter::new()
        .api_route("/v1/drafts", get_with(drafts::list, told("list_drafts", "drafts", "Drafts, first due first")))
        .api_route(
            "/v1/drafts/{draft}",
            get_with(drafts::show, told("show_draft", "drafts", "A draft as it would leave")),
        )
        .api_route(
            "/v1/drafts/{draft}/viewed",
            post_with(drafts::viewed, told("view_draft", "drafts", "Note that somebody opened a draft")),
        )
        .api_route(
            "/v1/drafts/{draft}/approve",
            decided(Decision::Approve, "approve_draft", "Send a draft exactly as it was seen"),
        )
        .api_route("/v1/drafts/{draft}/edit", decided(Decision::Edit, "edit_draft", "Change a draft and send it"))
        .api_route("/v1/drafts/{draft}/reject", decided(Decision::Reject, "reject_draft", "Do not send a draft"))
        .api_route(
            "/v1/drafts/{draft}/revise",
            decided(Decision::Revise, "revise_draft", "Have the agent write another version"),
        )
        .api_route(
            "/v1/drafts/{draft}/escalate",
            decided(Decision::Escalate, "escalate_draft", "Give the customer to a person instead"),
        )
        .api_route(
            "/v1/drafts/{draft}/withdraw",
            decided(Decision::Withdraw, "withdraw_draft", "Take a draft back for good, also if an approval waits"),
        )
        .api_route(
            "/v1/drafts/{draft}/schedule",
            post_with(arranging::schedule, told("schedule_draft", "drafts", "Approve a draft for a later time")),
        )
        .api_route(
            "/v1/drafts/{draft}/cancel",
            post_with(arranging::cancel, told("cancel_draft", "drafts", "Take back an approval that waits")),
        )
        .api_route(
            "/v1/drafts/{draft}/assign",
            post_with(arranging::assign, told("assign_draft", "drafts", "Make a draft somebody's to decide on")),
        )
        .api_route(
            "/v1/drafts/{draft}/claim",
            post_with(claims::claim, told("claim_draft", "drafts", "Work on a draft: nobody else decides meanwhile")),
        )
        .api_route(
            "/v1/drafts/{draft}/release",
            post_with(claims::release, told("release_draft", "drafts", "Leave a draft that one worked on")),
        )
        .api_route(
            "/v1/drafts/{draft}/snooze",
            post_with(arranging::snooze, told("snooze_draft", "drafts", "Put a draft aside for a while")),
        )
        .api_route(
            "/v1/drafts/batch",
            post_with(batch::approve, told("approve_batch", "drafts", "Approve drafts that are alike")),
        )
}

fn people() -> ApiRouter<Arc<Desk>> {
    let accounts = get_with(people::accounts, told("list_accounts", "people", "Who there is"));
    ApiRouter::new()
        .api_route("/v1/me", get_with(people::me, told("me", "people", "Who asks, and what they may do")))
        .api_route("/v1/accounts", accounts.post_with(people::add, told("add_account", "people", "Make an account")))
        .api_route(
            "/v1/accounts/{name}",
            delete_with(people::close, told("close_account", "people", "Close an account")),
        )
        .api_route(
            "/v1/accounts/{name}/link",
            post_with(people::link, told("link_account", "people", "Another link that sets a password")),
        )
        .api_route(
            "/v1/tokens",
            post_with(people::add_token, told("add_token", "people", "Make a token"))
                .get_with(people::tokens, told("list_tokens", "people", "Tokens, without what proves them")),
        )
        .api_route(
            "/v1/tokens/{token}",
            delete_with(people::revoke, told("revoke_token", "people", "Take a token back")),
        )
        .api_route(
            "/v1/customers/{customer}",
            delete_with(
                customers::erase,
                told("erase_customer", "customers", "Make a customer's data unreadable, for good"),
            )
            .get_with(customers::show, told("show_customer", "customers", "What is known and was done")),
        )
        .api_route(
            "/v1/customers/{customer}/export",
            get_with(
                customers::export,
                told("export_customer", "customers", "All that the journal holds of a customer"),
            ),
        )
}

/// The document itself, for programs.
async fn document_of(State(desk): State<Arc<Desk>>) -> Json<OpenApi> {
    Json(desk.document.clone())
}

async fn alive() -> &'static str {
    "ok\n"
}

/// Whether the journal can be read.
async fn ready(State(desk): State<Arc<Desk>>) -> Result<&'static str, Problem> {
    let one = attache_journal::RunFilter { limit: Some(1), ..Default::default() };
    match desk.parts.store.runs(&one).await {
        Ok(_) => Ok("ok\n"),
        Err(error) => {
            tracing::error!(%error, "the journal cannot be read");
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the journal cannot be read"))
        }
    }
}
