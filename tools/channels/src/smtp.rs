//! An outbox that sends e-mail.

mod config;
mod wire;

pub use config::{DkimConfig, Encryption, SmtpConfig};

use crate::carry::{Begin, Carrier, Rest, Tries, blocking, resend, send};
use crate::compose::Composer;
use crate::config::{ChannelFault, Env};
use crate::folder::{delivered, remove};
use crate::inbound::{Bounce, is_key};
use crate::spool::{Failed, How, Letter, Spool, State, stem};
use crate::suppression::{Suppression, Suppressions};
use async_trait::async_trait;
use attache_journal::{Digest, RunId};
use attache_tools::{Answered, Delivered, Outbox, Outgoing, PortError, Suppressed};
use jiff::Timestamp;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use wire::{Refused, Wire};

pub(crate) use wire::{is_hard, is_status};

/// E-mail leaves by SMTP, once for each idempotency key: also when a process
/// stops in the middle, and when an answer is lost.
///
/// A message is kept in a folder until the server has it. From the moment its
/// last line is sent until the answer came nobody can tell whether it left:
/// whoever finds it there afterwards leaves it to a person (`outbox list`).
#[derive(Clone, Debug)]
pub struct SmtpOutbox {
    spool: Spool,
    mail: Arc<Mail>,
}

#[derive(Debug)]
struct Mail {
    composer: Composer,
    wire: Wire,
    suppressions: Suppressions,
}

impl SmtpOutbox {
    /// An outbox that keeps what is to leave in `folder`, from the sender `from`
    /// (`Name <address>`). Secrets are read from `env` by the names that the
    /// settings give.
    ///
    /// # Errors
    /// [`ChannelFault`] names the key that is wrong.
    pub fn new(
        config: &SmtpConfig,
        from: &str,
        folder: impl Into<PathBuf>,
        suppressions: Suppressions,
        env: &Env<'_>,
    ) -> Result<Self, ChannelFault> {
        let mut composer = Composer::new(from).map_err(|e| ChannelFault::new("mail.from", e))?;
        if let Some(dkim) = &config.dkim {
            let key = env.need("mail.smtp.dkim.key_env", &dkim.key_env)?;
            composer = composer
                .sign(&dkim.domain, &dkim.selector, &key)
                .map_err(|e| ChannelFault::new("mail.smtp.dkim", e))?;
        }
        if let Some(url) = &config.unsubscribe {
            composer = composer.unsubscribe_at(url).map_err(|e| ChannelFault::new("mail.smtp.unsubscribe", e))?;
        }
        let wire = Wire::new(config, composer.from(), env)?;
        Ok(Self { spool: Spool::new(folder), mail: Arc::new(Mail { composer, wire, suppressions }) })
    }

    /// What has not left, or perhaps has.
    #[must_use]
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Connects as for a message, says who we are, and sends nothing.
    ///
    /// # Errors
    /// [`Failed`] if the server cannot be reached or does not let us in.
    pub async fn reach(&self) -> Result<(), Failed> {
        self.mail.wire.reach().await
    }

    /// Sends a message again that waits, was refused, or may have left: a person
    /// has found out that it is not there.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn resend(&self, id: &str) -> Result<String, Failed> {
        resend(&self.spool, &self.mail, id, Tries::ONE).await
    }

    /// Takes a report that mail did not arrive: who it says is not there is not
    /// written to again. Anybody can write such a report, so it must name a
    /// message of ours that went to that reader. Gives how many were added.
    ///
    /// # Errors
    /// If the list cannot be written.
    pub fn bounced(&self, bounce: &Bounce, at: Timestamp) -> io::Result<usize> {
        let Some(id) = &bounce.message else { return Ok(0) };
        let mut added = 0;
        for reader in bounce.readers.iter().filter(|reader| reader.hard) {
            for address in &reader.addresses {
                if self.spool.left_to(id, address)? {
                    self.mail.suppressions.add(address, &Suppression::bounced(at, &reader.status))?;
                    added += 1;
                }
            }
        }
        Ok(added)
    }

    /// The message of ours that an e-mail from this address answers, and the run
    /// that sent it. Anybody can name an id, so it must be of a message that went to
    /// that address: who does not read that mailbox does not know it.
    ///
    /// # Errors
    /// If the spool cannot be read.
    pub fn answered(&self, thread: &Answered, from: &str) -> io::Result<Option<(String, RunId)>> {
        // The last one is what is answered; those before it are its history.
        for id in thread.references.iter().rev() {
            let left = id.strip_prefix('<').and_then(|rest| rest.split_once('@')).map(|(left, _)| left);
            let Some(key) = left.filter(|key| is_key(key)) else { continue };
            if self.mail.composer.message_id(key) == *id
                && let Some(run) = self.spool.run_of(key, from)?
            {
                return Ok(Some((key.to_owned(), run)));
            }
        }
        Ok(None)
    }

    /// Why this message may not leave. One that has left, or perhaps has, is past that.
    async fn why_not(&self, address: &str, id: &str) -> Result<Option<Suppression>, Failed> {
        let (spool, suppressions) = (self.spool.clone(), self.mail.suppressions.clone());
        let (address, id) = (address.to_owned(), id.to_owned());
        blocking(move || match spool.state(&id)? {
            None | Some(State::Reserved | State::Dead) => suppressions.get(&address),
            Some(State::Sending | State::Unknown | State::Sent | State::Gone) => Ok(None),
        })
        .await
    }
}

#[async_trait]
impl Outbox for SmtpOutbox {
    async fn deliver(&self, message: &Outgoing, key: &Digest) -> Result<Delivered, PortError> {
        if let Some(why) = self.why_not(&message.to, stem(key)).await? {
            return Err(Failed::never(format!("suppressed: the address takes no mail ({})", why.why)).into());
        }
        let bytes = self.mail.composer.compose(message, key)?;
        let text = String::from_utf8(bytes).map_err(Failed::never)?;
        let letter = Letter::new(message.at, &message.to, &message.subject, text).of(message.run.clone());
        send(&self.spool, &self.mail, stem(key), letter, Tries::ONE, Rest::Waits).await?;
        Ok(delivered(message, self.mail.composer.message_id(stem(key))))
    }

    async fn forget(&self, key: &Digest) -> Result<bool, PortError> {
        let (spool, id) = (self.spool.clone(), stem(key).to_owned());
        let _turn = self.spool.lock(&id).await;
        Ok(blocking(move || remove(&spool, &id)).await?)
    }

    async fn suppressed(&self, message: &Outgoing, key: &Digest) -> Result<Option<Suppressed>, PortError> {
        let why = self.why_not(&message.to, stem(key)).await?;
        Ok(why.map(|why| Suppressed { why: why.why }))
    }
}

#[async_trait]
impl Carrier for Mail {
    async fn carry(&self, id: &str, letter: &Letter, begin: Begin<'_>) -> Result<String, Failed> {
        match self.wire.send(&letter.to, letter.payload.as_bytes(), begin).await {
            Ok(()) => Ok(self.composer.message_id(id)),
            Err(Refused { failed, mailbox }) => {
                if let Some(status) = mailbox.filter(|_| failed.how == How::Never) {
                    let (suppressions, address) = (self.suppressions.clone(), letter.to.clone());
                    let why = Suppression::bounced(Timestamp::now(), &status);
                    blocking(move || suppressions.add(&address, &why)).await?;
                }
                Err(failed)
            }
        }
    }
}
