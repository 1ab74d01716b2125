//! A mailbox that is watched.

mod config;
mod wire;

pub use config::ImapConfig;
pub use wire::ImapFault;

use crate::config::{ChannelFault, Env};
use crate::inbound::MOST_MAIL;
use async_imap::error::Error;
use async_imap::imap_proto::{MailboxDatum, Response};
use async_imap::types::{Fetch, UnsolicitedResponse};
use async_trait::async_trait;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use futures::{FutureExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use wire::{SignedIn, Wire};

/// How soon a broken connection is made anew, and how late at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// A mailbox, each message of which is handed over until it is taken: once, also
/// when a process stops in the middle.
///
/// The server's own marks say what was taken. They are set when whoever takes
/// messages has said that this one is durable, so a message whose mark was lost comes
/// again, under the same name.
#[derive(Debug)]
pub struct ImapInbox {
    wire: Wire,
    mailbox: String,
    move_to: Option<String>,
    age: SignedDuration,
    poll: Duration,
}

/// A message of the mailbox.
#[derive(Clone, Debug)]
pub struct ImapMail {
    /// As it came.
    pub raw: Vec<u8>,
    /// When the server got it.
    pub at: Timestamp,
    /// What the mailbox calls it, for as long as there is one.
    pub came_as: String,
}

/// What became of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Taken {
    /// It is taken, durably, or there is nothing in it for us.
    Done,
    /// It is not taken, and a person should look at it: why.
    Suspect(String),
    /// It cannot be taken now: why.
    Later(String),
}

/// Who takes what comes in.
#[async_trait]
pub trait ImapTaker: Send + Sync {
    /// Takes a message, once however often it comes.
    async fn take(&self, mail: ImapMail) -> Taken;
}

/// What was found of a mailbox.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reached {
    /// How many messages wait to be taken.
    pub waiting: usize,
    /// Whether the server tells of new ones by itself (IDLE).
    pub told: bool,
}

impl ImapInbox {
    /// The mailbox of these settings. The password is read from `env` by the name
    /// that they give.
    ///
    /// # Errors
    /// [`ChannelFault`] names the key that is wrong.
    pub fn new(config: &ImapConfig, env: &Env<'_>) -> Result<Self, ChannelFault> {
        Ok(Self {
            wire: Wire::new(config, env)?,
            mailbox: config.mailbox.clone(),
            move_to: config.move_to.clone(),
            age: SignedDuration::from_hours(i64::from(config.days.clamp(1, 365)) * 24),
            poll: Duration::from_secs(config.poll_seconds.clamp(1, 1_500).into()),
        })
    }

    /// Signs in, looks, and changes nothing.
    ///
    /// # Errors
    /// [`ImapFault`] if the server cannot be reached, does not let us in, has no such
    /// mailbox, or cannot do what is set.
    pub async fn reach(&self) -> Result<Reached, ImapFault> {
        let mut session = self.wire.sign_in().await?;
        let can = self.wire.within("CAPABILITY", session.capabilities()).await?;
        if self.move_to.is_some() && !can.has_str("MOVE") {
            return Err(ImapFault::new("MOVE", "the mail server cannot move messages; leave `mail.imap.move_to` out"));
        }
        self.wire.within("open the mailbox", session.examine(&self.mailbox)).await?;
        let waiting = self.waiting(&mut session).await?.len();
        let reached = Reached { waiting, told: can.has_str("IDLE") };
        // Whatever it answers, we have seen what there is.
        let _ = self.wire.within("LOGOUT", session.logout()).await;
        Ok(reached)
    }

    /// Hands over what comes in, until it is dropped. A connection that breaks is made
    /// anew, later each time.
    pub async fn watch(&self, taker: &dyn ImapTaker) {
        let pauses = || {
            let growing = ExponentialBuilder::default().with_min_delay(FIRST_PAUSE).with_max_delay(LONGEST_PAUSE);
            growing.without_max_times().with_jitter().build()
        };
        let mut pause = pauses();
        loop {
            let worked = AtomicBool::new(false);
            // What a server says must not end the watch, whatever a library makes of it.
            let watched = AssertUnwindSafe(self.session(taker, &worked)).catch_unwind().await;
            let fault = watched.unwrap_or_else(|_| ImapFault::new("watch", "a step broke down"));
            if worked.load(Ordering::Relaxed) {
                pause = pauses();
            }
            let next = pause.next().unwrap_or(LONGEST_PAUSE);
            tracing::warn!(%fault, seconds = next.as_secs(), "the mailbox is not watched; it is tried again");
            tokio::time::sleep(next).await;
        }
    }

    /// One connection, from signing in to whatever ends it.
    async fn session(&self, taker: &dyn ImapTaker, worked: &AtomicBool) -> ImapFault {
        match self.connected(taker, worked).await {
            Ok(never) => match never {},
            Err(fault) => fault,
        }
    }

    async fn connected(
        &self,
        taker: &dyn ImapTaker,
        worked: &AtomicBool,
    ) -> Result<std::convert::Infallible, ImapFault> {
        let mut session = self.wire.sign_in().await?;
        let can = self.wire.within("CAPABILITY", session.capabilities()).await?;
        let (idle, moves) = (can.has_str("IDLE"), can.has_str("MOVE"));
        let opened = self.wire.within("open the mailbox", session.select(&self.mailbox)).await?;
        let validity =
            opened.uid_validity.ok_or(ImapFault::new("open the mailbox", "its messages have no lasting ids"))?;
        tracing::info!(idle, "the mailbox is watched");
        loop {
            let mut later = None;
            for uid in self.waiting(&mut session).await? {
                later = self.message(&mut session, taker, (validity, uid), moves).await?.or(later);
            }
            if let Some(why) = later {
                return Err(ImapFault::new("take", why));
            }
            worked.store(true, Ordering::Relaxed);
            self.pause(&mut session, idle).await?;
        }
    }

    /// The messages that nobody took, oldest first.
    async fn waiting(&self, session: &mut SignedIn) -> Result<Vec<u32>, ImapFault> {
        let since = (Timestamp::now() - self.age).strftime("%d-%b-%Y");
        let asked = format!("UNSEEN UNDELETED SINCE {since}");
        let found = self.wire.within("SEARCH", session.uid_search(asked)).await?;
        let mut found: Vec<u32> = found.into_iter().collect();
        found.sort_unstable();
        Ok(found)
    }

    /// Hands one message over and marks it; why it must come again, if it must.
    async fn message(
        &self,
        session: &mut SignedIn,
        taker: &dyn ImapTaker,
        (validity, uid): (u32, u32),
        moves: bool,
    ) -> Result<Option<String>, ImapFault> {
        // Its size first: what is too large does not come in.
        let Some(about) = self.fetch(session, uid, "(UID RFC822.SIZE INTERNALDATE)").await? else { return Ok(None) };
        let size = about.size.ok_or(ImapFault::new("FETCH", "the mail server tells no size"))?;
        let at = about.internal_date().and_then(|at| Timestamp::from_second(at.timestamp()).ok());
        let at = at.unwrap_or_else(Timestamp::now);
        let taken = if usize::try_from(size).is_ok_and(|size| size <= MOST_MAIL) {
            let Some(whole) = self.fetch(session, uid, "(UID BODY.PEEK[])").await? else { return Ok(None) };
            let raw = whole.body().ok_or(ImapFault::new("FETCH", "the mail server sends no text"))?.to_vec();
            taker.take(ImapMail { raw, at, came_as: format!("imap:{validity}:{uid}") }).await
        } else {
            Taken::Suspect(format!("it has {size} bytes, more than {MOST_MAIL}"))
        };
        match taken {
            Taken::Done => {
                self.mark(session, uid, "\\Seen").await?;
                if let (Some(folder), true) = (&self.move_to, moves) {
                    self.wire.within("MOVE", session.uid_mv(uid.to_string(), folder)).await?;
                }
                Ok(None)
            }
            Taken::Suspect(why) => {
                tracing::warn!(uid, why, "a message is not taken; it is flagged for a person");
                self.mark(session, uid, "\\Seen \\Flagged").await?;
                Ok(None)
            }
            Taken::Later(why) => {
                tracing::warn!(uid, why, "a message cannot be taken now");
                Ok(Some(why))
            }
        }
    }

    /// One message, or nothing if it is gone.
    async fn fetch(&self, session: &mut SignedIn, uid: u32, what: &str) -> Result<Option<Fetch>, ImapFault> {
        let asked = uid.to_string();
        let work = async {
            let told: Vec<Fetch> = session.uid_fetch(asked, what).await?.try_collect().await?;
            Ok(told.into_iter().find(|told| told.uid == Some(uid)))
        };
        self.wire.within("FETCH", work).await
    }

    async fn mark(&self, session: &mut SignedIn, uid: u32, marks: &str) -> Result<(), ImapFault> {
        // Not by `uid_store`, which does not say that the server said no.
        let asked = format!("UID STORE {uid} +FLAGS.SILENT ({marks})");
        self.wire.within("STORE", session.run_command_and_check_ok(asked)).await
    }

    /// Waits for what is new, or until it is time to look.
    async fn pause(&self, session: &mut SignedIn, idle: bool) -> Result<(), ImapFault> {
        let mut news = false;
        while let Ok(told) = session.unsolicited_responses.try_recv() {
            news |= matches!(told, UnsolicitedResponse::Exists(_));
        }
        match (news, idle) {
            (true, _) => Ok(()),
            (false, true) => self.idle(session).await,
            (false, false) => {
                tokio::time::sleep(self.poll).await;
                Ok(())
            }
        }
    }

    /// Lets the server tell what is new (RFC 2177). By hand: what the library's own
    /// hears before the server says that it listens is lost.
    async fn idle(&self, session: &mut SignedIn) -> Result<(), ImapFault> {
        let asked = self.wire.within("IDLE", session.run_command("IDLE")).await?;
        let lost = |e: Error| ImapFault::of("IDLE", &e);
        let until = Instant::now() + self.poll;
        let (mut begun, mut news) = (false, false);
        while !(begun && news) {
            let Ok(told) = tokio::time::timeout_at(until, session.read_response()).await else { break };
            let told = told.map_err(|e| lost(Error::Io(e)))?.ok_or_else(|| lost(Error::ConnectionLost))?;
            match told.parsed() {
                Response::Continue { .. } => begun = true,
                Response::MailboxData(MailboxDatum::Exists(_)) => news = true,
                Response::Done { .. } => return Err(ImapFault::new("IDLE", "the mail server does not listen")),
                _ => {}
            }
        }
        let ended = async {
            session.run_command_untagged("DONE").await?;
            while let Some(told) = session.read_response().await? {
                if matches!(told.parsed(), Response::Done { tag, .. } if *tag == asked) {
                    return Ok(());
                }
            }
            Err(Error::ConnectionLost)
        };
        self.wire.within("DONE", ended).await
    }
}
