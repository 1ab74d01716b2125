//! Asking a provider.

use futures::future::BoxFuture;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, redirect};
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an answer may be, in bytes.
const MOST: usize = 1 << 20;

/// A client that goes where it was told and nowhere else.
#[derive(Clone, Debug)]
pub(super) struct Http(Client);

/// No answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpFault {
    #[error(transparent)]
    Malformed(#[from] axum::http::Error),
    #[error("the answer is longer than {MOST} bytes")]
    TooLong,
    // Where it went is known, and what is in the address is nobody's.
    #[error("{0}")]
    Unreachable(reqwest::Error),
}

impl From<reqwest::Error> for HttpFault {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(error.without_url())
    }
}

impl Http {
    /// With `https_only` no document of the provider's leads to where others listen.
    pub(super) fn new(https_only: bool) -> Result<Self, HttpFault> {
        let client = Client::builder().https_only(https_only).redirect(redirect::Policy::none()).timeout(PATIENCE);
        Ok(Self(client.build()?))
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpFault> {
        let (parts, body) = request.into_parts();
        let request = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        let mut response = request.send().await?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if answer.len() + chunk.len() > MOST {
                return Err(HttpFault::TooLong);
            }
            answer.extend_from_slice(&chunk);
        }
        let mut answer = axum::http::Response::builder().status(status).body(answer)?;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpFault;
    type Future = BoxFuture<'c, Result<HttpResponse, HttpFault>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
