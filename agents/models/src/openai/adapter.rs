//! The one file that names types of `async-openai`.

use super::answer::Answer;
use super::body::exchange;
use super::request::Body;
use super::{ConfigFault, Failure, OpenAiConfig, Secret};
use async_openai::Client;
use async_openai::config::Config;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use futures::future::BoxFuture;
use reqwest::ResponseBuilderExt;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use secrecy::SecretString;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;

/// The connection to one provider.
#[derive(Clone)]
pub(super) struct Wire {
    client: Client<Endpoint>,
}

impl Wire {
    pub(super) fn new(config: &OpenAiConfig) -> Result<Self, ConfigFault> {
        let url = reqwest::Url::parse(&config.base_url).map_err(|e| ConfigFault::BaseUrl(e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(ConfigFault::BaseUrl(format!("its scheme is `{}`", url.scheme())));
        }
        let mut http = reqwest::Client::builder()
            .connect_timeout(Duration::from_millis(config.connect_timeout_ms))
            .pool_max_idle_per_host(usize::MAX)
            .tcp_nodelay(true)
            // A conversation goes where it is configured to go.
            .redirect(Policy::none());
        if url.scheme() == "http" {
            // Loading the system's certificates takes milliseconds.
            http = http.tls_certs_only([]);
        }
        if url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]")) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|e| ConfigFault::Client(e.to_string()))?;
        let endpoint = Endpoint::new(config)?;
        let bounded = Bounded { client: http.clone(), limit: config.max_body_bytes };
        Ok(Self { client: Client::build(http, endpoint).with_http_service(bounded) })
    }

    /// Asks once.
    pub(super) async fn ask(&self, body: &Body<'_>) -> Result<Answer, Failure> {
        let answer: Result<Answer, OpenAIError> = self.client.chat().create_byot(body).await;
        match answer {
            Ok(answer) => Ok(answer),
            Err(OpenAIError::Boxed(failure)) => Err(failure
                .downcast::<Failure>()
                .map_or_else(|_| Failure::Refused { message: "unknown failure".to_owned() }, |failure| *failure)),
            Err(OpenAIError::JSONDeserialize(..)) => Err(Failure::not_json()),
            // The message of an error that nothing of ours makes; it may quote.
            Err(_) => Err(Failure::Refused { message: "the request cannot be made".to_owned() }),
        }
    }
}

/// Where requests go. Not the crate's own configuration, which reads the
/// environment and panics on keys that cannot stand in a header.
#[derive(Clone)]
struct Endpoint {
    base: String,
    headers: HeaderMap,
    key: Secret,
}

impl Endpoint {
    fn new(config: &OpenAiConfig) -> Result<Self, ConfigFault> {
        let mut headers = HeaderMap::new();
        if let Some(key) = &config.api_key {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose())).map_err(|_| ConfigFault::Key)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let key = config.api_key.clone().unwrap_or_else(|| Secret::new(""));
        Ok(Self { base: config.base_url.trim_end_matches('/').to_owned(), headers, key })
    }
}

impl Config for Endpoint {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        self.key.inner()
    }
}

/// Sends a request once and reads its answer within bounds. It stands in the
/// place of the crate's own retries, and the crate never sees an error's body.
#[derive(Clone)]
struct Bounded {
    client: reqwest::Client,
    limit: usize,
}

impl Service<HttpRequestFactory> for Bounded {
    type Response = reqwest::Response;
    type Error = OpenAIError;
    type Future = BoxFuture<'static, Result<reqwest::Response, OpenAIError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Self::Future {
        let Self { client, limit } = self.clone();
        Box::pin(async move {
            let request = request.build().await?;
            // Given back, since a response without an address is given one to parse.
            let answer = http::Response::builder().url(request.url().clone());
            let body = exchange(&client, request, limit).await;
            let body = body.map_err(|failure| OpenAIError::Boxed(Box::new(failure)))?;
            let answer = answer.body(body).map_err(|e| OpenAIError::InvalidArgument(e.to_string()))?;
            Ok(answer.into())
        })
    }
}
