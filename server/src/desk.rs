//! What every answer rests on.

use crate::answers::Answers;
use crate::docket::Docket;
use crate::gaps::Gaps;
use crate::gauges::Gauges;
use crate::handoffs::Handoffs;
use crate::measured::Measured;
use crate::pace::Pace;
use crate::views::Views;
use crate::{Hook, Hours, Oidc, Staff};
use aide::openapi::OpenApi;
use attache_engine::{Clock, Engine};
use attache_journal::{RunId, Store};
use attache_policies::PolicyFile;
use attache_tools::{KnowledgeBase, Outbox, Registry};
use serde::Serialize;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use tera::Tera;
use tokio::sync::{broadcast, oneshot, watch};
use tokio::task::JoinSet;

/// What a server is made of.
pub struct Parts {
    /// Who performs runs.
    pub engine: Arc<Engine>,
    /// Where the journal is kept.
    pub store: Arc<dyn Store>,
    /// The tools.
    pub registry: Arc<Registry>,
    /// The articles.
    pub kb: Arc<dyn KnowledgeBase>,
    /// Where messages leave.
    pub outbox: Arc<dyn Outbox>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The people.
    pub staff: Arc<Staff>,
    /// Who else vouches for them, if anybody does.
    pub oidc: Option<Oidc>,
    /// Who else tells what customers wrote.
    pub hooks: Vec<Box<dyn Hook>>,
    /// The examples of the rules in force: files of TOML as `attache policy test` takes them.
    pub examples: Vec<PolicyFile>,
    /// How it is set.
    pub settings: Settings,
}

/// How a server is set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How people reach it: `https://desk.example`. With `https`, browsers are
    /// told to hold the session on no other way.
    pub public_url: String,
    /// Whether a proxy stands before it, whose `X-Forwarded-For` says who asks.
    pub trusted_proxy: bool,
    /// How many requests a second an account may send, or an address that proves
    /// nothing; twice as many at once.
    pub requests_per_second: NonZeroU32,
    /// For how many seconds an approval on a page can be taken back.
    pub undo_seconds: u32,
    /// For how many minutes a draft is theirs who opened it; with 0 it never is.
    pub claim_minutes: u32,
    /// When people review; around the clock if absent.
    pub hours: Option<Hours>,
    /// Where it keeps what is not the journal's.
    pub folder: PathBuf,
    /// All that the installation is set to, for a page that shows it. No secrets.
    pub shown: Vec<Setting>,
}

/// A key of the configuration and what it is set to.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// `server.undo_seconds`.
    pub key: String,
    /// As it stands in the file; empty if it is not set.
    pub value: String,
    /// What it means.
    pub meaning: String,
    /// Whether it is something else than the default.
    pub changed: bool,
}

/// The parts with what they share.
pub(crate) struct Desk {
    pub(crate) parts: Parts,
    pub(crate) pages: Tera,
    /// What the interface says of itself.
    pub(crate) document: OpenApi,
    pub(crate) answers: Answers,
    pub(crate) docket: Docket,
    pub(crate) gaps: Gaps,
    pub(crate) handoffs: Handoffs,
    pub(crate) gauges: Gauges,
    pub(crate) measured: Measured,
    pub(crate) pace: Pace,
    pub(crate) views: Views,
    /// Says that something in the journal changed.
    pub(crate) changed: broadcast::Sender<()>,
    /// True once the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// What was begun for somebody who may have gone away.
    pub(crate) begun: tokio::sync::Mutex<JoinSet<()>>,
}

impl Desk {
    pub(crate) fn is_secure(&self) -> bool {
        self.parts.settings.public_url.starts_with("https:")
    }

    /// Takes a run that is in the journal to its end.
    pub(crate) async fn resume(self: &Arc<Self>, run: RunId) {
        let engine = Arc::clone(&self.parts.engine);
        let work = async move {
            if let Err(error) = engine.resume(&run).await {
                // It goes on at the next start.
                tracing::warn!(%run, %error, "a run did not reach its end");
            }
        };
        // Its end is told by the journal.
        drop(self.begin(work).await);
    }

    /// Does it to its end, whether or not whoever asked still waits.
    pub(crate) async fn finish<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.begin(work).await.await.ok()
    }

    /// Begins what is done to its end, and gives what tells of it.
    pub(crate) async fn begin<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Future<Output = T> + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (tell, told) = oneshot::channel();
        let desk = Arc::clone(self);
        let mut begun = self.begun.lock().await;
        while begun.try_join_next().is_some() {}
        begun.spawn(async move {
            // Nobody waits any more if whoever asked went away.
            let _ = tell.send(work.await);
            // Nobody looks at a page, then nobody is told.
            let _ = desk.changed.send(());
        });
        told
    }
}
