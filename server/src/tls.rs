//! TLS of our own: connections are taken when their handshake is done, and a certificate that was renewed is used.

use axum::serve::Listener;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// Whoever has not said who they talk to by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The files are looked at so seldom.
const LOOK: Duration = Duration::from_secs(60);

/// So many finished handshakes wait to be taken.
const WAITING: usize = 128;

/// A listener whose connections speak TLS.
pub struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl std::fmt::Debug for TlsListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsListener").field("address", &self.address).finish_non_exhaustive()
    }
}

impl TlsListener {
    /// Takes connections of `listener` with the certificate, and those that it rests
    /// on, and the private key of these PEM files. When the files change, the next
    /// connections are taken with what they hold then.
    ///
    /// # Errors
    /// If a file cannot be read, or the two do not go together.
    pub fn new(listener: TcpListener, certificate: &Path, key: &Path) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let identity = Identity::read(certificate, key)?;
        let (done, ready) = mpsc::channel(WAITING);
        tokio::spawn(take(listener, identity, done));
        Ok(Self { address, ready })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        match self.ready.recv().await {
            Some(taken) => taken,
            // Only the end of the runtime ends who takes them.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Takes connections until nobody wants them any more; a slow one holds up no other.
async fn take(
    mut listener: TcpListener,
    mut identity: Identity,
    done: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    loop {
        let (stream, peer) = tokio::select! {
            // It is of `Listener`, which waits where there are too many open files.
            taken = Listener::accept(&mut listener) => taken,
            () = done.closed() => return,
        };
        let (acceptor, done) = (identity.current(), done.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // Nobody takes it when the server stops.
                Ok(Ok(stream)) => drop(done.send((stream, peer)).await),
                Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        });
    }
}

/// Who we are to whoever connects.
struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    acceptor: TlsAcceptor,
    /// When the files were changed last, as far as was seen.
    changed: (SystemTime, SystemTime),
    looked: Instant,
}

impl Identity {
    fn read(certificate: &Path, key: &Path) -> io::Result<Self> {
        // Before they are read: what changes in between is seen the next time.
        let changed = (modified(certificate)?, modified(key)?);
        let acceptor = acceptor(certificate, key)?;
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        Ok(Self { certificate, key, acceptor, changed, looked: Instant::now() })
    }

    fn current(&mut self) -> TlsAcceptor {
        if self.looked.elapsed() >= LOOK {
            self.looked = Instant::now();
            if let Err(error) = self.renew() {
                tracing::error!(%error, "the certificate could not be renewed; the one before is used");
            }
        }
        self.acceptor.clone()
    }

    /// Reads the files again if they changed.
    fn renew(&mut self) -> io::Result<()> {
        if (modified(&self.certificate)?, modified(&self.key)?) != self.changed {
            *self = Self::read(&self.certificate, &self.key)?;
            tracing::info!("the certificate was renewed");
        }
        Ok(())
    }
}

fn acceptor(certificate: &Path, key: &Path) -> io::Result<TlsAcceptor> {
    let wrong = |path: &Path, e: &dyn std::fmt::Display| io::Error::other(format!("{}: {e}", path.display()));
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|e| wrong(certificate, &e))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, &e))?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|e| wrong(certificate, &e))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn modified(path: &Path) -> io::Result<SystemTime> {
    let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))
}

#[cfg(test)]
mod tests;
