//! One conversation with a mail server. We hold it command by command: how far
//! it came decides what may have happened.

use super::{Encryption, SmtpConfig};
use crate::carry::Begin;
use crate::config::{ChannelFault, Env, is_loopback};
use crate::spool::Failed;
use lettre::address::Address;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, response::Response};
use std::time::Duration;

/// How to reach the server, and who we are there.
pub(super) struct Wire {
    host: String,
    port: u16,
    encryption: Encryption,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    hello: ClientId,
    from: Address,
    timeout: Duration,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// A message did not leave, or perhaps it did.
pub(super) struct Refused {
    pub(super) failed: Failed,
    /// The status, if it says that the mailbox is not there.
    pub(super) mailbox: Option<String>,
}

impl From<Failed> for Refused {
    fn from(failed: Failed) -> Self {
        Self { failed, mailbox: None }
    }
}

impl Wire {
    pub(super) fn new(config: &SmtpConfig, from: &Address, env: &Env<'_>) -> Result<Self, ChannelFault> {
        let key = "mail.smtp.encryption";
        let tls = match config.encryption {
            Encryption::None if is_loopback(&config.host) => None,
            Encryption::None => return Err(ChannelFault::new(key, "`none` is only for a server on this machine")),
            Encryption::Starttls | Encryption::Tls => {
                let mut tls = TlsParameters::builder(config.host.clone());
                if let Some(path) = &config.ca {
                    let told = |e: String| ChannelFault::new("mail.smtp.ca", format!("{}: {e}", path.display()));
                    let pem = std::fs::read(path).map_err(|e| told(e.to_string()))?;
                    let certificate = Certificate::from_pem(&pem).map_err(|e| told(e.to_string()))?;
                    tls = tls.add_root_certificate(certificate);
                }
                Some(tls.build_rustls().map_err(|e| ChannelFault::new(key, e))?)
            }
        };
        let credentials = match &config.username {
            Some(name) => {
                let password = env.need("mail.smtp.password_env", &config.password_env)?;
                Some(Credentials::new(name.clone(), password))
            }
            None => None,
        };
        let usual = match config.encryption {
            Encryption::None => 25,
            Encryption::Starttls => 587,
            Encryption::Tls => 465,
        };
        Ok(Self {
            host: config.host.clone(),
            port: config.port.unwrap_or(usual),
            encryption: config.encryption,
            tls,
            credentials,
            hello: ClientId::Domain(from.domain().to_owned()),
            from: from.clone(),
            timeout: Duration::from_secs(config.timeout_seconds.into()),
        })
    }

    /// Hands one message over.
    pub(super) async fn send(&self, to: &str, mail: &[u8], begin: Begin<'_>) -> Result<(), Refused> {
        let to: Address = to.parse().map_err(Failed::never)?;
        // What fails before the message is named is no word on the message.
        let mut server = self.within(self.connect()).await.map_err(|e| Failed::later(told("connect", &e)))?;
        let sender = Mail::new(Some(self.from.clone()), Vec::new());
        self.ask(&mut server, "MAIL", sender).await?;
        if let Err(e) = self.within(server.command(Rcpt::new(to, Vec::new()))).await {
            server.abort().await;
            return Err(Refused { mailbox: e.mailbox(), failed: e.before("RCPT") });
        }
        self.ask(&mut server, "DATA", Data).await?;
        begin.now().await?;
        let answer = self.within(server.message(mail)).await;
        // Whatever it answers to this does not change what it has.
        let quit = self.within(server.quit()).await;
        if let Err(e) = &quit {
            tracing::debug!(what = told("QUIT", e), "the mail server did not say goodbye");
        }
        answer.map(|_| ()).map_err(|e| e.after().into())
    }

    /// Connects and says goodbye.
    pub(super) async fn reach(&self) -> Result<(), Failed> {
        let mut server = self.within(self.connect()).await.map_err(|e| e.before("connect"))?;
        self.within(server.quit()).await.map_err(|e| e.before("QUIT"))?;
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let at_once = self.tls.clone().filter(|_| self.encryption == Encryption::Tls);
        let address = (self.host.as_str(), self.port);
        let mut server =
            AsyncSmtpConnection::connect_tokio1(address, Some(self.timeout), &self.hello, at_once, None).await?;
        if let Some(tls) = self.tls.clone().filter(|_| self.encryption == Encryption::Starttls) {
            server.starttls(tls, &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            server.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(server)
    }

    async fn ask(
        &self,
        server: &mut AsyncSmtpConnection,
        what: &str,
        command: impl std::fmt::Display,
    ) -> Result<Response, Failed> {
        match self.within(server.command(command)).await {
            Ok(response) => Ok(response),
            Err(e) => {
                server.abort().await;
                Err(e.before(what))
            }
        }
    }

    async fn within<T>(&self, step: impl Future<Output = Result<T, Error>>) -> Result<T, Fault> {
        match tokio::time::timeout(self.timeout, step).await {
            Ok(done) => done.map_err(Fault::Smtp),
            Err(_) => Err(Fault::Silent),
        }
    }
}

/// A step did not succeed.
enum Fault {
    /// No answer in time.
    Silent,
    Smtp(Error),
}

impl Fault {
    /// What it means before the message's last line was sent: nothing left.
    fn before(&self, what: &str) -> Failed {
        match self {
            Self::Smtp(e) if e.is_permanent() => Failed::never(told(what, self)),
            Self::Smtp(_) | Self::Silent => Failed::later(told(what, self)),
        }
    }

    /// What it means afterwards: only a refusal in numbers says that it did not leave.
    fn after(&self) -> Failed {
        match self {
            Self::Smtp(e) if e.is_permanent() => Failed::never(told("the message", self)),
            Self::Smtp(e) if e.is_transient() => Failed::later(told("the message", self)),
            Self::Smtp(_) | Self::Silent => Failed::unknown(told("the message", self)),
        }
    }

    /// The status, if it says that the mailbox is not there: a refusal for other
    /// reasons, such as our reputation, says nothing of the address.
    fn mailbox(&self) -> Option<String> {
        let Self::Smtp(e) = self else { return None };
        let code = e.status().filter(|_| e.is_permanent())?.to_string();
        let said = std::error::Error::source(e).map(ToString::to_string).unwrap_or_default();
        let enhanced = said.split_whitespace().find(|word| is_status(word));
        match enhanced {
            Some(status) => is_hard(status).then(|| status.to_owned()),
            None => matches!(code.as_str(), "550" | "551" | "553").then_some(code),
        }
    }
}

/// Whether this is a status of RFC 3463, such as `5.1.1`.
pub(crate) fn is_status(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| (1..=3).contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit()))
}

/// Whether a status says that there is no such mailbox, for good.
pub(crate) fn is_hard(status: &str) -> bool {
    matches!(status, "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10" | "5.2.1")
}

/// What happened, without what the server wrote: that can hold an address.
fn told(what: &str, fault: &Fault) -> String {
    match fault {
        Fault::Silent => format!("{what}: no answer in time"),
        Fault::Smtp(e) => match e.status() {
            Some(code) => format!("{what}: the mail server says {code}"),
            None if e.is_tls() => format!("{what}: no secure connection: {e}"),
            None if e.is_client() => format!("{what}: {e}"),
            None => format!("{what}: the connection broke"),
        },
    }
}
