//! One HTTP exchange: sent, judged by its status, read within bounds.

use super::Failure;
use super::answer::ProviderError;
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Request, Response, StatusCode};
use std::time::Duration;

/// How much is read of the body of a refused request.
const MAX_ERROR: usize = 64 << 10;

/// How long the end of a stream is waited for after its last event, so that the
/// connection can be used again.
const DRAIN: Duration = Duration::from_millis(5);

/// Sends `request` and gives the JSON text of the answer: a completion, or an
/// array of the chunks of a stream.
pub(super) async fn exchange(client: &Client, request: Request, limit: usize) -> Result<Bytes, Failure> {
    let response = client.execute(request).await.map_err(|e| unreached(&e))?;
    let status = response.status();
    if !status.is_success() {
        return Err(refused(status, response).await);
    }
    let streamed =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if streamed {
        return read_stream(response, limit).await;
    }
    let body = read(response, limit).await?;
    // A page of a proxy is told apart here: what goes on is parsed elsewhere,
    // and logged there if it is not JSON.
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Ok(body),
        _ => Err(Failure::not_json()),
    }
}

/// The whole body, if it is not longer than `limit`.
async fn read(mut response: Response, limit: usize) -> Result<Bytes, Failure> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Failure::too_long(limit));
    }
    let Some(first) = response.chunk().await.map_err(|e| unreached(&e))? else {
        return Ok(Bytes::new());
    };
    let Some(second) = response.chunk().await.map_err(|e| unreached(&e))? else {
        return Ok(first);
    };
    let mut body = Vec::with_capacity(announced.unwrap_or(first.len() + second.len()));
    body.extend_from_slice(&first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if body.len() + chunk.len() > limit {
            return Err(Failure::too_long(limit));
        }
        body.extend_from_slice(&chunk);
        next = response.chunk().await.map_err(|e| unreached(&e))?;
    }
    Ok(body.into())
}

async fn read_stream(mut response: Response, limit: usize) -> Result<Bytes, Failure> {
    let mut events = Events::default();
    let mut read = 0_usize;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                read += chunk.len();
                if read > limit {
                    return Err(Failure::too_long(limit));
                }
                events.feed(&chunk);
                if events.done {
                    let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
                    let _ = tokio::time::timeout(DRAIN, rest).await;
                    return Ok(events.finish());
                }
            }
            Ok(None) => return Ok(events.finish()),
            Err(e) if events.out.is_empty() => return Err(unreached(&e)),
            Err(_) => return Ok(events.finish()),
        }
    }
}

/// Server-sent events as they come in, and their data as a JSON array.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    out: Vec<u8>,
    done: bool,
}

impl Events {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            if self.done {
                return;
            }
            match piece.split_last() {
                Some((b'\n' | b'\r', text)) => {
                    self.line.extend_from_slice(text);
                    self.end_line();
                }
                _ => self.line.extend_from_slice(piece),
            }
        }
    }

    /// Handles a line. A line break of two characters gives an empty line more,
    /// which ends an event that has been ended or has but one line of data; no
    /// provider breaks its JSON.
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if let Some(data) = line.strip_prefix(b"data:") {
            self.data.extend_from_slice(data.trim_ascii());
        } else if line.is_empty() {
            self.end_event();
        }
        self.line = line;
        self.line.clear();
    }

    fn end_event(&mut self) {
        if self.data == b"[DONE]" {
            self.done = true;
        } else if !self.data.is_empty() {
            self.out.push(if self.out.is_empty() { b'[' } else { b',' });
            self.out.extend_from_slice(&self.data);
        }
        self.data.clear();
    }

    /// The array. It ends with `null` if the stream did not end as it should.
    pub(super) fn finish(mut self) -> Bytes {
        if !self.line.is_empty() {
            self.end_line();
        }
        // Half an event is no JSON; only the end mark counts without its end.
        self.done |= self.data == b"[DONE]";
        if self.out.is_empty() {
            self.out.push(b'[');
        } else if !self.done {
            self.out.push(b',');
        }
        if !self.done {
            self.out.extend_from_slice(b"null");
        }
        self.out.push(b']');
        self.out.into()
    }
}

async fn refused(status: StatusCode, response: Response) -> Failure {
    let after = retry_after(response.headers());
    // What cannot be read of an error is not worth an error.
    let body = read(response, MAX_ERROR).await.unwrap_or_default();
    let error = ProviderError::read(&body);
    let quota = error.no_quota();
    let message = match error.message.as_str() {
        "" => format!("status {status}"),
        said => format!("status {status}: {said}"),
    };
    match status.as_u16() {
        429 if quota => Failure::Refused { message },
        408 | 409 | 425 | 429 | 500..=599 => Failure::Transient { message, after },
        _ => Failure::Refused { message },
    }
}

/// The wait that a provider asks for.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    // The provider's own clock, which may differ from ours.
    let now = headers.get(DATE).and_then(|now| date(now.to_str().ok()?)).unwrap_or_else(Timestamp::now);
    Some(Duration::try_from(date(asked)?.duration_since(now)).unwrap_or_default())
}

fn unreached(error: &reqwest::Error) -> Failure {
    let what = if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "no answer in time"
    } else if error.is_builder() {
        return Failure::Refused { message: "the request cannot be built".to_owned() };
    } else {
        "the connection broke"
    };
    let mut cause = std::error::Error::source(error);
    let mut last = None;
    while let Some(e) = cause {
        last = Some(e);
        cause = e.source();
    }
    let message = last.map_or_else(|| what.to_owned(), |last| format!("{what}: {last}"));
    Failure::Transient { message, after: None }
}

#[cfg(test)]
mod tests;
