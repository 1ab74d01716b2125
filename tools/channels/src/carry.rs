//! One message, once: the one way from the spool to the other side.

use crate::spool::{Failed, How, Letter, Spool, State};
use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Hands a message to the other side.
#[async_trait]
pub(crate) trait Carrier: Send + Sync + 'static {
    /// One try; gives what the other side calls it. A carrier calls
    /// [`Begin::now`] just before the point from which on the message may have
    /// left, unless whoever gets it twice sees that it is the same.
    async fn carry(&self, id: &str, letter: &Letter, begin: Begin<'_>) -> Result<String, Failed>;

    /// Whether a message whose answer was lost is there; `None` if nobody can tell.
    async fn find(&self, _id: &str, _letter: &Letter) -> Result<Option<bool>, Failed> {
        Ok(None)
    }
}

/// The point from which on a message may have left.
pub(crate) struct Begin<'a> {
    spool: &'a Spool,
    id: &'a str,
}

impl Begin<'_> {
    /// From here on it may have left, also for whoever reads the spool after a
    /// crash.
    pub(crate) async fn now(self) -> Result<(), Failed> {
        let (spool, id) = (self.spool.clone(), self.id.to_owned());
        blocking(move || spool.turn(&id, State::Reserved, State::Sending)).await
    }
}

/// How often, and how far apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tries {
    pub(crate) most: u32,
    pub(crate) first_pause: Duration,
    pub(crate) longest_pause: Duration,
}

impl Tries {
    /// Whoever calls tries again.
    pub(crate) const ONE: Self = Self { most: 1, first_pause: Duration::ZERO, longest_pause: Duration::ZERO };
}

/// What becomes of a message after its last failed try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rest {
    /// It waits for whoever comes with its key again.
    Waits,
    /// It is given up, and a person may send it again.
    Dead,
}

/// Sends a message, or finds that it has left under this id. It goes on when the
/// caller has gone: half a conversation would be an unknown outcome.
pub(crate) async fn send<C: Carrier>(
    spool: &Spool,
    carrier: &Arc<C>,
    id: &str,
    letter: Letter,
    tries: Tries,
    rest: Rest,
) -> Result<String, Failed> {
    let (spool, carrier, id) = (spool.clone(), carrier.clone(), id.to_owned());
    let sent = tokio::spawn(async move {
        let _turn = spool.lock(&id).await;
        let at = id.clone();
        let reserving = spool.clone();
        let state = blocking(move || reserving.reserve(&at, &letter)).await?;
        deliver(&spool, &*carrier, &id, state, tries, rest).await
    });
    // A carrier that breaks down may have done it.
    sent.await.unwrap_or_else(|e| Err(Failed::unknown(e)))
}

/// Sends what is kept under `id` once more, because a person says so: also what
/// may have left.
pub(crate) async fn resend<C: Carrier>(
    spool: &Spool,
    carrier: &Arc<C>,
    id: &str,
    tries: Tries,
) -> Result<String, Failed> {
    let (spool, carrier, id) = (spool.clone(), carrier.clone(), id.to_owned());
    let sent = tokio::spawn(async move {
        let _turn = spool.lock(&id).await;
        let (turning, at) = (spool.clone(), id.clone());
        blocking(move || match turning.state(&at)? {
            Some(State::Reserved) => Ok(()),
            Some(state @ (State::Dead | State::Sending | State::Unknown)) => {
                let _held = turning.hold(&at, state)?;
                turning.turn(&at, state, State::Reserved)
            }
            Some(State::Sent | State::Gone) | None => {
                Err(io::Error::new(io::ErrorKind::NotFound, format!("{at}: nothing waits under this id")))
            }
        })
        .await?;
        deliver(&spool, &*carrier, &id, State::Reserved, tries, Rest::Dead).await
    });
    sent.await.unwrap_or_else(|e| Err(Failed::unknown(e)))
}

async fn deliver<C: Carrier>(
    spool: &Spool,
    carrier: &C,
    id: &str,
    state: State,
    tries: Tries,
    rest: Rest,
) -> Result<String, Failed> {
    let mut held = match state {
        State::Reserved | State::Sending | State::Unknown => Some(hold(spool, id, state).await?),
        State::Dead | State::Sent | State::Gone => None,
    };
    let mut letter = match state {
        State::Sent => {
            let (spool, id) = (spool.clone(), id.to_owned());
            return Ok(blocking(move || spool.receipt(&id)).await?.unwrap_or_default());
        }
        State::Gone => return Ok(String::new()),
        State::Reserved | State::Dead | State::Sending | State::Unknown => {
            let (spool, id) = (spool.clone(), id.to_owned());
            blocking(move || spool.load(&id, state)).await?
        }
    };
    match state {
        State::Dead => return Err(Failed::never(letter.last.unwrap_or_default())),
        // Nobody here is sending it: a process stopped, or the answer was lost.
        State::Sending | State::Unknown => match carrier.find(id, &letter).await? {
            Some(true) => return left(spool, id, &letter, id.to_owned()).await,
            Some(false) => {
                let (spool, id) = (spool.clone(), id.to_owned());
                blocking(move || spool.turn(&id, state, State::Reserved)).await?;
            }
            None => {
                let failed = Failed::unknown("it may have left; `outbox list` names it");
                return Err(keep(spool, id, State::Unknown, letter, failed).await);
            }
        },
        State::Reserved | State::Sent | State::Gone => {}
    }
    let mut pauses = ExponentialBuilder::default()
        .with_min_delay(tries.first_pause)
        .with_max_delay(tries.longest_pause)
        .with_max_times(tries.most.saturating_sub(1) as usize)
        .with_jitter()
        .build();
    loop {
        letter.tries = letter.tries.saturating_add(1);
        let failed = match carrier.carry(id, &letter, Begin { spool, id }).await {
            Ok(receipt) => return left(spool, id, &letter, receipt).await,
            Err(failed) => failed,
        };
        let kept = match (failed.how, pauses.next()) {
            (How::Later, Some(pause)) => {
                let failed = keep(spool, id, State::Reserved, letter.clone(), failed).await;
                if failed.how != How::Later {
                    return Err(failed);
                }
                tokio::time::sleep(pause).await;
                // What came of the try is another file.
                held = Some(hold(spool, id, State::Reserved).await?);
                continue;
            }
            (How::Later, None) if rest == Rest::Waits => State::Reserved,
            (How::Later | How::Never, _) => State::Dead,
            (How::Unknown, _) => State::Unknown,
        };
        let failed = keep(spool, id, kept, letter, failed).await;
        drop(held);
        return Err(failed);
    }
}

async fn hold(spool: &Spool, id: &str, state: State) -> Result<std::fs::File, Failed> {
    let (spool, id) = (spool.clone(), id.to_owned());
    blocking(move || spool.hold(&id, state)).await
}

async fn left(spool: &Spool, id: &str, letter: &Letter, receipt: String) -> Result<String, Failed> {
    let (writing, at, letter, told) = (spool.clone(), id.to_owned(), letter.clone(), receipt.clone());
    match blocking(move || writing.sent(&at, &letter, Timestamp::now(), &told)).await {
        Ok(()) => Ok(receipt),
        // It has left, and the spool does not know: the file still says that it may have.
        Err(e) => Err(Failed::unknown(format!("it left, which could not be written down: {e}"))),
    }
}

/// Writes down what a try came to.
async fn keep(spool: &Spool, id: &str, state: State, mut letter: Letter, failed: Failed) -> Failed {
    letter.last = Some(failed.message.clone());
    tracing::warn!(id, state = state.as_str(), tries = letter.tries, "a message did not leave");
    let (spool, id) = (spool.clone(), id.to_owned());
    match blocking(move || spool.put(&id, state, &letter)).await {
        Ok(()) => failed,
        // What is on disk still says what was so before the try.
        Err(e) => Failed { how: How::Unknown, message: format!("{}; {e}", failed.message) },
    }
}

/// Does something with files where it holds up nobody else.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failed> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|e| Failed::later(format!("the spool: {e}"))),
        Err(e) => Err(Failed::later(e)),
    }
}
