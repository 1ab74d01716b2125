//! Mail that customers send: posted by another system, or fetched from a mailbox.

use super::malformed;
use async_trait::async_trait;
use attache::channels::{
    FromMail, ImapInbox, ImapMail, ImapTaker, IncomingMail, MOST_MAIL, MailReader, Rejected, Signed, SmtpOutbox,
    Suppression, Suppressions, Taken, WebhookKeys,
};
use attache::context::{Bundle, Consent, Customer, CustomerId};
use attache::journal::{Digest, RunId};
use attache::server::{Answers, Headers, Hook, HookFault, Intake, Received, Wrote};
use attache::tools::Crm;
use jiff::Timestamp;
use std::io;
use std::sync::Arc;

/// What a posted message says that it is.
const KIND: &str = "message/rfc822";

/// The longest name that is kept, in characters.
const MOST_NAME: usize = 100;

/// Mail to our address.
pub(crate) struct FromMailbox {
    pub(crate) reader: MailReader,
    /// Of who posts mail to us.
    pub(crate) keys: Option<WebhookKeys>,
    /// The mailbox that is watched.
    pub(crate) inbox: Option<ImapInbox>,
    pub(crate) crm: Arc<dyn Crm>,
    /// Where our own mail leaves, which knows what it sent.
    pub(crate) smtp: Option<SmtpOutbox>,
    pub(crate) suppressions: Suppressions,
    /// Whether whoever writes to us agreed to be answered by a machine.
    pub(crate) ai_interaction: bool,
}

#[async_trait]
impl Hook for FromMailbox {
    fn name(&self) -> &str {
        "mail"
    }

    fn most_bytes(&self) -> usize {
        MOST_MAIL
    }

    async fn receive(&self, headers: Headers<'_>, body: &[u8], now: Timestamp) -> Result<Received, HookFault> {
        let forged = |what: &str| HookFault::Forged(what.to_owned());
        let keys = self.keys.as_ref().ok_or_else(|| forged("no key is configured for mail that is posted"))?;
        let header = |name| headers.get(name).ok_or_else(|| forged(&format!("there is no `{name}`")));
        let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
        let signed = Signed { id, timestamp, signature: header("webhook-signature")? };
        keys.verify(&signed, body, now).map_err(|rejected| match rejected {
            Rejected::Forged | Rejected::Stale => HookFault::Forged(rejected.to_string()),
            Rejected::Malformed(what) => HookFault::Malformed(what.to_owned()),
        })?;
        let kind = headers.get("content-type").unwrap_or_default();
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(KIND) {
            return Err(malformed(format!("the body is one e-mail as it came: expected the type `{KIND}`")));
        }
        self.read(body.to_vec(), now, &format!("post:{id}")).await
    }

    async fn watch(&self, intake: Intake) {
        match &self.inbox {
            Some(inbox) => inbox.watch(&Taker { mail: self, intake }).await,
            None => std::future::pending().await,
        }
    }
}

impl FromMailbox {
    /// Reads an e-mail that came at `at`, as `came_as`.
    async fn read(&self, raw: Vec<u8>, at: Timestamp, came_as: &str) -> Result<Received, HookFault> {
        let reader = self.reader.clone();
        let read = tokio::task::spawn_blocking(move || reader.read(&raw, at)).await;
        let read = read.map_err(|_| malformed("reading the e-mail broke down"))?;
        match read.map_err(malformed)? {
            FromMail::Ignored(why) => Ok(Received::Nothing(why)),
            FromMail::Disowned => {
                Ok(Received::Suspect("the domain of its sender says that it did not come from there (DMARC)"))
            }
            FromMail::Bounce(bounce) => {
                if let Some(smtp) = self.smtp.clone() {
                    let added = filed(move || smtp.bounced(&bounce, at)).await?;
                    tracing::info!(added, "a report of a mail server was taken");
                }
                Ok(Received::Nothing("a mail server reports on mail of ours"))
            }
            FromMail::Unsubscribe { address } => {
                let suppressions = self.suppressions.clone();
                filed(move || suppressions.add(&address, &Suppression::asked(at))).await?;
                Ok(Received::Nothing("somebody wants no more mail"))
            }
            FromMail::Message(mail) => self.wrote(*mail, came_as).await,
        }
    }

    async fn wrote(&self, mail: IncomingMail, came_as: &str) -> Result<Received, HookFault> {
        let answers = self.answered(&mail).await?.map(|(key, run)| Answers { run, key });
        let bundle = Bundle {
            version: 1,
            customer: self.customer(&mail).await?,
            trigger: mail.trigger(),
            consent: Consent { ai_interaction: self.ai_interaction, ..Consent::default() },
            identity: Vec::new(),
            zero_party: Vec::new(),
            intent: Vec::new(),
            contextual: mail.facts(),
            sentiment: Vec::new(),
        };
        // What is wrong there can be a text of theirs.
        let taken = serde_json::to_vec(&bundle).ok().and_then(|bundle| Bundle::parse(&bundle).ok());
        let bundle = taken.ok_or_else(|| malformed("a name or address in it is none"))?;
        let (delivery, conversation) = (mail.delivery(came_as), mail.conversation(came_as));
        Ok(Received::Wrote(Box::new(Wrote { delivery, conversation, answers, bundle })))
    }

    /// What of ours it answers.
    async fn answered(&self, mail: &IncomingMail) -> Result<Option<(String, RunId)>, HookFault> {
        let (Some(smtp), Some(thread)) = (self.smtp.clone(), mail.thread.clone()) else { return Ok(None) };
        let from = mail.from.clone();
        filed(move || smtp.answered(&thread, &from)).await
    }

    /// Who wrote. Only whom our mail server vouches for is a customer that the CRM
    /// knows by this address; anybody can have written it.
    async fn customer(&self, mail: &IncomingMail) -> Result<Customer, HookFault> {
        let known = if mail.verified { self.crm.by_address(&mail.from).await.map_err(unavailable)? } else { None };
        if let Some(person) = known {
            // They are answered where they wrote from, which is theirs.
            let other = person.emails.into_iter().filter(|address| !address.eq_ignore_ascii_case(&mail.from));
            let emails = std::iter::once(mail.from.clone()).chain(other).collect();
            let (id, phones, locale) = (person.id, person.phones, person.locale);
            return Ok(Customer { id, name: Some(person.name), emails, phones, locale, timezone: None });
        }
        let digest = Digest::of(&[b"mail", mail.from.to_lowercase().as_bytes()]).to_string();
        let id = format!("mail_{}", digest.get(..32).unwrap_or(&digest));
        let plain = |name: &String| name.chars().count() <= MOST_NAME && !name.chars().any(char::is_control);
        Ok(Customer {
            id: CustomerId::new(id).map_err(malformed)?,
            name: mail.name.clone().filter(plain),
            emails: vec![mail.from.clone()],
            phones: Vec::new(),
            locale: None,
            timezone: None,
        })
    }
}

/// Takes what a mailbox has.
struct Taker<'a> {
    mail: &'a FromMailbox,
    intake: Intake,
}

#[async_trait]
impl ImapTaker for Taker<'_> {
    async fn take(&self, mail: ImapMail) -> Taken {
        let taken = match self.mail.read(mail.raw, mail.at, &mail.came_as).await {
            Ok(Received::Wrote(wrote)) => self.intake.take(*wrote).await,
            Ok(Received::Nothing(why)) => {
                tracing::debug!(came_as = mail.came_as, why, "a message begins nothing");
                Ok(())
            }
            Ok(Received::Suspect(why)) => return Taken::Suspect(why.to_owned()),
            Err(fault) => Err(fault),
        };
        match taken {
            Ok(()) => Taken::Done,
            Err(HookFault::Unavailable(why)) => Taken::Later(why),
            Err(HookFault::Forged(why) | HookFault::Malformed(why)) => Taken::Suspect(why),
        }
    }
}

/// Does something with files where it holds up nobody else.
async fn filed<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, HookFault> {
    tokio::task::spawn_blocking(work).await.map_err(unavailable)?.map_err(unavailable)
}

fn unavailable(error: impl std::fmt::Display) -> HookFault {
    HookFault::Unavailable(format!("it cannot be taken now: {error}"))
}
