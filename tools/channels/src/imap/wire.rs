//! The way to a mailbox.

use super::config::ImapConfig;
use crate::config::{ChannelFault, Env, is_loopback};
use crate::smtp::Encryption;
use async_imap::error::Error;
use async_imap::imap_proto::{Response, Status};
use async_imap::{Client, Session};
use rustls_platform_verifier::Verifier;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};

/// A connection of any kind.
pub(super) trait Io: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> Io for T {}

/// Somebody who is signed in.
pub(super) type SignedIn = Session<Box<dyn Io>>;

/// How to reach the server, and who we are there.
pub(super) struct Wire {
    host: String,
    port: u16,
    encryption: Encryption,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    username: String,
    password: SecretString,
    timeout: Duration,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// A step did not succeed: what happened, without what the server wrote, for that
/// can hold an address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{step}: {why}")]
pub struct ImapFault {
    step: &'static str,
    why: String,
}

impl ImapFault {
    pub(super) fn new(step: &'static str, why: impl fmt::Display) -> Self {
        Self { step, why: why.to_string() }
    }

    pub(super) fn of(step: &'static str, error: &Error) -> Self {
        match error {
            Error::No(_) => Self::new(step, "the mail server says NO"),
            Error::Bad(_) => Self::new(step, "the mail server says BAD"),
            Error::Validate(_) => Self::new(step, "the name or password has a character that cannot be sent"),
            Error::Io(e) => Self::new(step, format!("the connection broke ({})", e.kind())),
            _ => Self::new(step, "the connection broke"),
        }
    }
}

impl Wire {
    pub(super) fn new(config: &ImapConfig, env: &Env<'_>) -> Result<Self, ChannelFault> {
        let key = "mail.imap.encryption";
        let tls = match config.encryption {
            Encryption::None if is_loopback(&config.host) => None,
            Encryption::None => return Err(ChannelFault::new(key, "`none` is only for a server on this machine")),
            Encryption::Starttls | Encryption::Tls => {
                let name = ServerName::try_from(config.host.clone());
                let name = name.map_err(|e| ChannelFault::new("mail.imap.host", e))?;
                Some((connector(config.ca.as_deref())?, name))
            }
        };
        let usual = if config.encryption == Encryption::Tls { 993 } else { 143 };
        Ok(Self {
            host: config.host.clone(),
            port: config.port.unwrap_or(usual),
            encryption: config.encryption,
            tls,
            username: config.username.clone(),
            password: env.need("mail.imap.password_env", &config.password_env)?.into(),
            timeout: Duration::from_secs(config.timeout_seconds.into()),
        })
    }

    /// Connects and signs in.
    pub(super) async fn sign_in(&self) -> Result<SignedIn, ImapFault> {
        let address = (self.host.as_str(), self.port);
        let tcp = self.within("connect", async { Ok(TcpStream::connect(address).await?) }).await?;
        let (stream, greeted): (Box<dyn Io>, _) = match (&self.tls, self.encryption) {
            (None, _) => (Box::new(tcp), false),
            (Some(tls), Encryption::Starttls) => {
                let mut client = Client::new(tcp);
                self.within("greeting", greeting(&mut client)).await?;
                self.within("STARTTLS", client.run_command_and_check_ok("STARTTLS", None)).await?;
                // What came in the open is dropped with the client: nobody can put words into what follows.
                (Box::new(self.secured(tls, client.into_inner()).await?), true)
            }
            (Some(tls), _) => (Box::new(self.secured(tls, tcp).await?), false),
        };
        let mut client = Client::new(stream);
        if !greeted {
            self.within("greeting", greeting(&mut client)).await?;
        }
        let signing_in =
            async { client.login(&self.username, self.password.expose_secret()).await.map_err(|(e, _)| e) };
        self.within("sign in", signing_in).await
    }

    async fn secured(
        &self,
        tls: &(TlsConnector, ServerName<'static>),
        tcp: TcpStream,
    ) -> Result<TlsStream<TcpStream>, ImapFault> {
        let (connector, name) = tls;
        match tokio::time::timeout(self.timeout, connector.connect(name.clone(), tcp)).await {
            Ok(done) => done.map_err(|e| ImapFault::new("TLS", format!("no secure connection: {e}"))),
            Err(_) => Err(ImapFault::new("TLS", "no answer in time")),
        }
    }

    /// Does one step, in its time.
    pub(super) async fn within<T>(
        &self,
        step: &'static str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ImapFault> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(done) => done.map_err(|e| ImapFault::of(step, &e)),
            Err(_) => Err(ImapFault::new(step, "no answer in time")),
        }
    }
}

/// The first word of the server. One that says that we are signed in already before
/// the connection is secure is not believed.
async fn greeting<T: Io>(client: &mut Client<T>) -> Result<(), Error> {
    let said = client.read_response().await?.ok_or(Error::ConnectionLost)?;
    match said.parsed() {
        Response::Data { status: Status::Ok, .. } => Ok(()),
        _ => Err(Error::No(String::new())),
    }
}

/// TLS by the certificates of the system, and by one more.
fn connector(ca: Option<&Path>) -> Result<TlsConnector, ChannelFault> {
    let more = match ca {
        Some(path) => {
            let told = |e| ChannelFault::new("mail.imap.ca", format!("{}: {e}", path.display()));
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            read.map_err(told)?
        }
        None => Vec::new(),
    };
    let fault = |e| ChannelFault::new("mail.imap.encryption", e);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(more, Arc::clone(&provider)).map_err(fault)?;
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(fault)?;
    // It is the system's own verifier: `dangerous` is what the library calls any but its own.
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
