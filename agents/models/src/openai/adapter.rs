//! The way to one provider. The one file that names types of `async-openai`.

use super::answer::Answer;
use super::body::exchange;
use super::request::schema_for;
use super::{ConfigFault, Failure, OpenAiConfig, Profile};
use async_openai::types::chat::{ChatCompletionTool, ChatCompletionTools, FunctionObject};
use attache_planner::ToolSet;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Request, Url};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;

/// The connection to one provider.
///
/// Requests are made here and not by the client of `async-openai`: that one
/// writes the whole conversation and parses the address for each.
pub(super) struct Wire {
    client: Client,
    url: Url,
    models: Url,
    headers: HeaderMap,
    limit: usize,
}

impl Wire {
    pub(super) fn new(config: &OpenAiConfig) -> Result<Self, ConfigFault> {
        let base = config.base_url.trim_end_matches('/');
        let below = |path: &str| Url::parse(&format!("{base}/{path}")).map_err(|e| ConfigFault::BaseUrl(e.to_string()));
        let (url, models) = (below("chat/completions")?, below("models")?);
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(ConfigFault::BaseUrl(format!("its scheme is `{}`", url.scheme())));
        }
        let mut client = Client::builder()
            .connect_timeout(Duration::from_millis(config.connect_timeout_ms))
            .pool_max_idle_per_host(usize::MAX)
            .tcp_nodelay(true)
            // A conversation goes where it is configured to go.
            .redirect(Policy::none());
        if url.scheme() == "http" {
            // Loading the system's certificates takes milliseconds.
            client = client.tls_certs_only([]);
        }
        if url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]")) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|e| ConfigFault::Client(e.to_string()))?;
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        if let Some(key) = &config.api_key {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose())).map_err(|_| ConfigFault::Key)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self { client, url, models, headers, limit: config.max_body_bytes })
    }

    /// The models that the provider lists.
    pub(super) async fn models(&self) -> Result<Vec<String>, Failure> {
        #[derive(Deserialize)]
        struct List {
            data: Vec<Listed>,
        }
        #[derive(Deserialize)]
        struct Listed {
            id: String,
        }
        let mut request = Request::new(Method::GET, self.models.clone());
        request.headers_mut().clone_from(&self.headers);
        let answer = exchange(&self.client, request, self.limit).await?;
        let list: List = serde_json::from_slice(&answer)
            .map_err(|_| Failure::Refused { message: "what it lists as its models is no such list".to_owned() })?;
        Ok(list.data.into_iter().map(|listed| listed.id).collect())
    }

    /// Asks once.
    pub(super) async fn ask(&self, body: Bytes) -> Result<Answer, Failure> {
        let mut request = Request::new(Method::POST, self.url.clone());
        request.headers_mut().clone_from(&self.headers);
        *request.body_mut() = Some(body.into());
        let answer = exchange(&self.client, request, self.limit).await?;
        serde_json::from_slice(&answer).map_err(|_| Failure::not_json())
    }
}

/// The parameter `tools`.
pub(super) fn tools(profile: Profile, tools: &ToolSet) -> Result<Box<RawValue>, serde_json::Error> {
    let functions = tools.specs.iter().map(|spec| {
        let function = FunctionObject {
            name: spec.name.clone(),
            description: Some(spec.description.clone()),
            parameters: Some(schema_for(profile, &spec.input_schema)),
            strict: (profile == Profile::OpenAi).then_some(true),
        };
        ChatCompletionTools::Function(ChatCompletionTool { function })
    });
    serde_json::value::to_raw_value(&functions.collect::<Vec<_>>())
}
