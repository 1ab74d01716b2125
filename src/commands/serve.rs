//! `attache serve`.

use super::block_on;
use crate::app::{App, Wants, env, examples_of};
use crate::cli::Global;
use crate::config::{Project, TlsConfig};
use crate::failure::Failure;
use attache::engine::{Clock, SystemClock};
use attache::server::{Hours, Oidc, Parts, Settings, Staff, StaffError, TlsListener, check_exposure, serve};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

pub(crate) fn run(
    global: &Global,
    listen: Option<SocketAddr>,
    model: Option<&str>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let project = Project::read(global.config.as_deref())?;
    let shown = project.config.shown();
    let config = project.config.server.clone();
    let listen = listen.unwrap_or(config.listen);
    let hours =
        config.business_hours.as_ref().map(|hours| Hours::new(&hours.days, hours.from, hours.to, &hours.timezone));
    let hours = hours.transpose().map_err(|e| Failure::refused(format!("server.business_hours: {e}")))?;
    check_exposure(listen, config.trusted_proxy || config.tls.is_some())
        .map_err(|e| Failure::refused(e.to_string()))?;
    let examples = examples_of(&project.path(&project.config.project.policies))?;
    let mut app = App::open(global, Wants { model, hooks: true, ..Wants::default() })?;
    block_on(async {
        let stop = stop()?;
        let refused = |e: std::io::Error| Failure::unavailable(format!("{listen}: {e}"));
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let tls = config.tls.as_ref();
        let tls = tls.map(|TlsConfig { certificate, key }| (project.path(certificate), project.path(key)));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let public_url = config.public_url.clone().unwrap_or_else(|| format!("{scheme}://{address}"));
        let oidc = provider(&project, &public_url)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Arc::clone(app.attache.store());
        let folder = global.data.join("desk");
        let staff = Arc::new(Staff::open(store, Arc::clone(&clock), &folder, config.session_hours).await?);
        if let Some(link) = staff.first_link().await? {
            let url = public_url.trim_end_matches('/');
            writeln!(out, "No administrator can sign in yet. Set the password of `admin`, once:")?;
            writeln!(out, "  {url}/welcome/{link}")?;
        }
        if !global.quiet {
            writeln!(out, "serving at {public_url}")?;
        }
        out.flush()?;
        let parts = Parts {
            engine: Arc::clone(app.attache.engine()),
            store: Arc::clone(app.attache.store()),
            registry: Arc::clone(app.attache.registry()),
            kb: app.kb.clone(),
            outbox: Arc::clone(app.attache.outbox()),
            clock,
            staff,
            oidc,
            examples,
            hooks: std::mem::take(&mut app.hooks),
            settings: Settings {
                public_url,
                trusted_proxy: config.trusted_proxy,
                requests_per_second: config.requests_per_second,
                undo_seconds: config.undo_seconds,
                claim_minutes: config.claim_minutes,
                hours,
                folder,
                shown,
            },
        };
        let served = async {
            match tls {
                Some((certificate, key)) => {
                    let listener = TlsListener::new(listener, &certificate, &key);
                    serve(listener.map_err(|e| Failure::refused(format!("server.tls: {e}")))?, parts, stop).await
                }
                None => serve(listener, parts, stop).await,
            }
            .map_err(|e| Failure::unavailable(e.to_string()))
        };
        tokio::select! {
            served = served => served?,
            failed = app.announce_always() => match failed? {},
        }
        app.announce().await;
        Ok(())
    })
}

/// The provider that vouches for the people of a server at `public_url`, if one is
/// set: without its secret nothing is served.
pub(crate) fn provider(project: &Project, public_url: &str) -> Result<Option<Oidc>, Failure> {
    let Some(config) = project.config.server.oidc.clone() else { return Ok(None) };
    let refused = |what: String| Failure::refused(format!("server.oidc: {what}"));
    let secret = match &config.client_secret_file {
        Some(file) => {
            let path = project.path(file);
            std::fs::read_to_string(&path).map_err(|e| refused(format!("{}: {e}", path.display())))?
        }
        None => env(&config.client_secret_env).unwrap_or_default(),
    };
    let secret = secret.trim();
    if secret.is_empty() {
        return Err(refused(match &config.client_secret_file {
            Some(file) => format!("{} is empty", file.display()),
            None => format!("{} is not set", config.client_secret_env),
        }));
    }
    Oidc::new(config, secret.to_owned(), public_url).map(Some).map_err(|e| refused(e.to_string()))
}

/// Ends when the system or whoever is at the keyboard says stop.
#[cfg(unix)]
fn stop() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listening = |kind| signal(kind).map_err(|e| Failure::ours(format!("signals cannot be heard: {e}")));
    let (mut terminate, mut interrupt) = (listening(SignalKind::terminate())?, listening(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends when whoever is at the keyboard says stop.
#[cfg(not(unix))]
fn stop() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    Ok(async {
        // If it cannot be heard, only the end of the process stops it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

impl From<StaffError> for Failure {
    fn from(error: StaffError) -> Self {
        match error {
            StaffError::Store(error) => error.into(),
            other => Self::ours(other.to_string()),
        }
    }
}
