//! One world from one seed: time, faults, the moment of the crash, and what the
//! outside saw.

use crate::rng::Rng;
use attache::engine::Clock;
use attache::journal::{Digest, DraftId, Receipt, RunId, StoreError};
use futures::channel::oneshot;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// When every world begins.
const EPOCH: &str = "2026-11-20T09:30:00Z";
/// A fuse that does not burn.
const NEVER: u64 = u64::MAX;

/// How often things go wrong, in a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Odds {
    /// Something takes its time.
    pub(crate) slow: u64,
    /// Something is not there.
    pub(crate) absent: u64,
    /// Something was done and its answer is lost.
    pub(crate) lost: u64,
    /// A sync or a read fails.
    pub(crate) disk: u64,
}

/// A message that left, or a call that was made outside.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) run: RunId,
    pub(crate) tool: String,
    /// Who holds it: the other side, until it is told to forget.
    pub(crate) text: Option<String>,
    /// How often it was done under its key.
    pub(crate) times: u32,
}

/// A text that a person said yes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Approved {
    pub(crate) run: RunId,
    pub(crate) draft: DraftId,
    pub(crate) subject: String,
    pub(crate) body: String,
}

pub(crate) struct World {
    rng: Mutex<Rng>,
    odds: Mutex<Odds>,
    /// How many steps are left to the crash.
    fuse: AtomicU64,
    dead: AtomicBool,
    /// Tells that the process died.
    pub(crate) crashed: Notify,
    began: Instant,
    /// Until when no answer comes through.
    broken: Mutex<Instant>,
    ids: AtomicU64,
    /// Commits that a dead process waits for.
    grave: Mutex<Vec<oneshot::Sender<Result<Receipt, StoreError>>>>,
    pub(crate) effects: Mutex<BTreeMap<Digest, Effect>>,
    pub(crate) approved: Mutex<Vec<Approved>>,
    /// Lines that were told to be durable.
    pub(crate) told: Mutex<Vec<Vec<u8>>>,
    /// What must never happen, and did.
    wrongs: Mutex<Vec<String>>,
}

impl World {
    pub(crate) fn new(seed: u64, odds: Odds) -> Self {
        Self {
            rng: Mutex::new(Rng::new(seed)),
            odds: Mutex::new(odds),
            fuse: AtomicU64::new(NEVER),
            dead: AtomicBool::new(false),
            crashed: Notify::new(),
            began: Instant::now(),
            broken: Mutex::new(Instant::now()),
            ids: AtomicU64::new(0),
            grave: Mutex::default(),
            effects: Mutex::default(),
            approved: Mutex::default(),
            told: Mutex::default(),
            wrongs: Mutex::default(),
        }
    }

    pub(crate) fn chance(&self, permille: u64) -> bool {
        self.rng.lock().unwrap().chance(permille)
    }

    pub(crate) fn below(&self, n: u64) -> u64 {
        self.rng.lock().unwrap().below(n)
    }

    pub(crate) fn pick<'a, T>(&self, items: &'a [T]) -> &'a T {
        self.rng.lock().unwrap().pick(items)
    }

    /// One place where the process meets the outside: it may die here, and it
    /// may wait here.
    pub(crate) async fn step(&self) {
        if self.dies() {
            std::future::pending::<()>().await;
        }
        if self.chance(self.odds().slow) {
            tokio::time::sleep(Duration::from_millis(self.below(15_000))).await;
        } else {
            // Others may go first.
            tokio::task::yield_now().await;
        }
        if self.dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// Burns the fuse by one step; whether the process is dead.
    pub(crate) fn dies(&self) -> bool {
        if self.dead.load(Ordering::SeqCst) {
            return true;
        }
        match self.fuse.load(Ordering::SeqCst) {
            NEVER => false,
            0 => {
                self.dead.store(true, Ordering::SeqCst);
                self.crashed.notify_one();
                true
            }
            left => {
                self.fuse.store(left - 1, Ordering::SeqCst);
                false
            }
        }
    }

    /// Starts the process again, to die after so many steps.
    pub(crate) fn revive(&self, fuse: Option<u64>) {
        self.grave.lock().unwrap().clear();
        self.fuse.store(fuse.unwrap_or(NEVER), Ordering::SeqCst);
        self.dead.store(false, Ordering::SeqCst);
    }

    /// From now on nothing fails.
    pub(crate) fn calm(&self) {
        *self.odds.lock().unwrap() = Odds::default();
    }

    pub(crate) fn odds(&self) -> Odds {
        *self.odds.lock().unwrap()
    }

    /// Whether an answer is lost: where one is, the next are too for a while.
    pub(crate) fn loses(&self) -> bool {
        let lost = self.odds().lost;
        let mut broken = self.broken.lock().unwrap();
        if lost > 0 && Instant::now() >= *broken && self.chance(lost) {
            *broken = Instant::now() + Duration::from_millis(self.below(60_000));
            return true;
        }
        lost > 0 && Instant::now() < *broken
    }

    pub(crate) fn fails_on_disk(&self) -> bool {
        self.chance(self.odds().disk)
    }

    pub(crate) fn fails_to_read(&self) -> bool {
        self.chance(self.odds().disk / 4)
    }

    /// Keeps the end of a commit that nobody will resolve.
    pub(crate) fn bury(&self, done: oneshot::Sender<Result<Receipt, StoreError>>) {
        self.grave.lock().unwrap().push(done);
    }

    /// Says that something happened that must not.
    pub(crate) fn wrong(&self, what: impl Into<String>) {
        self.wrongs.lock().unwrap().push(what.into());
    }

    pub(crate) fn wrongs(&self) -> Vec<String> {
        self.wrongs.lock().unwrap().clone()
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        let since = i64::try_from(self.began.elapsed().as_millis()).unwrap();
        EPOCH.parse::<Timestamp>().unwrap() + SignedDuration::from_millis(since)
    }

    fn run_id(&self) -> RunId {
        RunId::new(format!("run_{:06}", self.ids.fetch_add(1, Ordering::SeqCst)))
    }
}
