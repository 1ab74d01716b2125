//! One request to somebody else's server.

use crate::config::{ChannelFault, is_loopback};
use crate::spool::Failed;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode, Url};
use std::time::Duration;

/// So much of an answer is read.
const MOST: usize = 1 << 20;

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// No answer.
pub(crate) enum NoAnswer {
    /// The request did not reach the server.
    Unreached(String),
    /// It may have.
    Lost(String),
}

impl NoAnswer {
    /// What it means where a request that comes twice does something twice.
    pub(crate) fn once(self) -> Failed {
        match self {
            Self::Unreached(why) => Failed::later(why),
            Self::Lost(why) => Failed::unknown(why),
        }
    }

    /// What it means where it does not.
    pub(crate) fn repeatable(self) -> Failed {
        match self {
            Self::Unreached(why) | Self::Lost(why) => Failed::later(why),
        }
    }
}

/// An address that we may send to: https, or this machine.
pub(crate) fn checked(key: &'static str, url: &str) -> Result<Url, ChannelFault> {
    let expected = || ChannelFault::new(key, "expected an https address, or http on this machine");
    let url = Url::parse(url).map_err(|_| expected())?;
    let host = url.host_str().ok_or_else(expected)?;
    let fine = url.scheme() == "https" || url.scheme() == "http" && is_loopback(host);
    // A name in the address would end up in logs.
    if fine && url.username().is_empty() && url.password().is_none() { Ok(url) } else { Err(expected()) }
}

/// A client that goes where it was sent and nowhere else.
pub(crate) fn client(key: &'static str, timeout: Duration) -> Result<Client, ChannelFault> {
    let client = Client::builder()
        .redirect(Policy::none())
        .connect_timeout(timeout.min(Duration::from_secs(10)))
        .timeout(timeout)
        .user_agent(concat!("attache/", env!("CARGO_PKG_VERSION")));
    client.build().map_err(|e| ChannelFault::new(key, e))
}

/// Sends one request. What is told of a fault names no address: it can be a secret.
pub(crate) async fn exchange(
    client: &Client,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
) -> Result<Answer, NoAnswer> {
    let sent = client.request(method, url).headers(headers).body(body).send().await;
    let mut response = sent.map_err(|e| {
        let why = if e.is_timeout() { "no answer in time" } else { "the connection broke" };
        if e.is_connect() || e.is_builder() {
            NoAnswer::Unreached("the server cannot be reached".to_owned())
        } else {
            NoAnswer::Lost(why.to_owned())
        }
    })?;
    let status = response.status();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MOST => body.extend_from_slice(&chunk),
            Ok(Some(_)) | Ok(None) => break,
            // The status is the answer; its text is only told.
            Err(_) => break,
        }
    }
    Ok(Answer { status, body })
}
