//! `attache.toml`: what a project sets.

mod shown;
mod tracing;

pub(crate) use self::tracing::TracingConfig;

use crate::failure::Failure;
use attache::channels::{ChatwootConfig, ImapConfig, InboundConfig, SlackConfig, SmtpConfig, WebhookConfig};
use attache::server::OidcConfig;
use attache_models::OpenAiConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// The settings of a project. Every key has a default; the file may be absent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The agent bot of Chatwoot, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chatwoot: Option<ChatwootConfig>,
    /// How the journal is kept.
    pub(crate) journal: JournalConfig,
    /// Who plans.
    pub(crate) model: ModelConfig,
    /// How mail is sent and taken in.
    pub(crate) mail: MailConfig,
    /// Where the project's own files are, relative to this file.
    pub(crate) project: ProjectConfig,
    /// The HTTP interface and the review desk: `attache serve`.
    pub(crate) server: ServerConfig,
    /// Who is alerted in Slack, if anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) slack: Option<SlackConfig>,
    /// What is sent to a collector of traces.
    pub(crate) tracing: TracingConfig,
    /// Who is told by webhook, if anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) webhooks: Option<WebhookConfig>,
}

/// The HTTP interface and the review desk.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServerConfig {
    /// Where it listens; `--listen` goes before it.
    pub(crate) listen: SocketAddr,
    /// How people reach it, for links and cookies: `https://desk.example`. The
    /// address it listens on if not set.
    pub(crate) public_url: Option<String>,
    /// TLS of its own. Without it and without a proxy, it refuses to listen where
    /// other machines reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<TlsConfig>,
    /// A provider of OpenID Connect that vouches for the people who work here, if
    /// there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) oidc: Option<OidcConfig>,
    /// Whether a proxy with TLS stands before it, whose `X-Forwarded-For` says who
    /// asks.
    pub(crate) trusted_proxy: bool,
    /// After how many hours somebody signs in anew.
    pub(crate) session_hours: u32,
    /// How many requests a second an account may send, or an address that proves
    /// nothing; twice as many at once.
    pub(crate) requests_per_second: NonZeroU32,
    /// For how many seconds an approval on a page of the desk can be taken back;
    /// with 0 it leaves at once.
    pub(crate) undo_seconds: u32,
    /// For how many minutes nobody else decides on a draft that somebody opened;
    /// with 0 opening one keeps nobody from it.
    pub(crate) claim_minutes: u32,
    /// When people review: what the queue says is left until a draft is due counts
    /// these hours alone. Around the clock if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) business_hours: Option<BusinessHours>,
}

/// When people review.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BusinessHours {
    /// `mon` to `sun`.
    pub(crate) days: Vec<String>,
    /// From then, such as `09:00:00`.
    #[schemars(with = "String")]
    pub(crate) from: jiff::civil::Time,
    /// Until then.
    #[schemars(with = "String")]
    pub(crate) to: jiff::civil::Time,
    /// In that zone, a name of the IANA database.
    pub(crate) timezone: String,
}

/// TLS of the server's own. Files that change are read again within a minute.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsConfig {
    /// The certificate and those that it rests on, as a PEM file, relative to this
    /// file.
    pub(crate) certificate: PathBuf,
    /// Its private key, as a PEM file, relative to this file.
    pub(crate) key: PathBuf,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8420)),
            public_url: None,
            tls: None,
            oidc: None,
            trusted_proxy: false,
            session_hours: 12,
            requests_per_second: NonZeroU32::MIN.saturating_add(99),
            undo_seconds: 10,
            claim_minutes: 10,
            business_hours: None,
        }
    }
}

/// How the journal is kept.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct JournalConfig {
    /// The folder of the keys, relative to this file; `keys` in the data folder
    /// if not set. Keep it from whatever copies the journal: a copy of a key
    /// outlives an erasure.
    pub(crate) keys: Option<PathBuf>,
    /// A second list of signed heads, relative to this file, best on a disk that
    /// whoever can change the journal cannot change: `log verify --heads`.
    pub(crate) heads: Option<PathBuf>,
    /// After how many minutes of writing a head is signed again.
    pub(crate) head_minutes: u32,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self { keys: None, heads: None, head_minutes: 60 }
    }
}

/// Who plans.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ModelConfig {
    /// `offline`, or `openai:NAME`. `ATTACHE_MODEL` and `--model` go before it;
    /// if none is set, `openai` when there is an `OPENAI_API_KEY` or
    /// `OPENAI_BASE_URL`, else `offline`.
    #[serde(rename = "use")]
    pub(crate) name: Option<String>,
    /// The settings of `openai`: see `attache_models::OpenAiConfig`.
    #[schemars(with = "Option<serde_json::Value>")]
    #[serde(skip_serializing)]
    pub(crate) openai: Option<OpenAiConfig>,
}

/// How mail is sent and taken in.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MailConfig {
    /// The sender, as `Name <address>`.
    pub(crate) from: String,
    /// The server that takes our mail; if not set, mail leaves as files of the
    /// folder `outbox`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smtp: Option<SmtpConfig>,
    /// How mail that customers send is taken in.
    pub(crate) inbound: InboundConfig,
    /// The mailbox that `attache serve` watches, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) imap: Option<ImapConfig>,
}

impl Default for MailConfig {
    fn default() -> Self {
        let from = "Support <support@localhost.localdomain>".to_owned();
        Self { from, smtp: None, inbound: InboundConfig::default(), imap: None }
    }
}

/// Where the project's own files are.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ProjectConfig {
    /// Rules (`rules/*.dw`) and their examples (`tests/*.toml`).
    pub(crate) policies: PathBuf,
    /// Playbooks (`*.toml`).
    pub(crate) playbooks: PathBuf,
    /// Templates (`**/*.tera`).
    pub(crate) prompts: PathBuf,
    /// Articles that are read when the knowledge base is empty.
    pub(crate) kb: PathBuf,
    /// Words that mean the same here, a line for each group: `sso, single sign-on`.
    pub(crate) synonyms: PathBuf,
    /// CRM rows that are read when the CRM is empty.
    pub(crate) crm: PathBuf,
}

impl Default for ProjectConfig {
    fn default() -> Self {
        Self {
            policies: "policies".into(),
            playbooks: "playbooks".into(),
            prompts: "prompts".into(),
            kb: "kb".into(),
            synonyms: "synonyms.txt".into(),
            crm: "crm.jsonl".into(),
        }
    }
}

/// The settings with the folder they are relative to.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub(crate) config: Config,
    pub(crate) folder: PathBuf,
}

impl Project {
    /// Reads `file`; an absent one is the default if nobody asked for it.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let path = file.unwrap_or(Path::new("attache.toml"));
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let config = match fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|e| {
                let (line, column) = place(&text, e.span().map_or(0, |span| span.start));
                let what = e.message().lines().next().unwrap_or_default();
                Failure::refused(format!("{}: {line}:{column}: {what}", path.display()))
            })?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && file.is_none() => Config::default(),
            Err(e) => return Err(Failure::refused(format!("{}: {e}", path.display()))),
        };
        Ok(Self { config, folder })
    }

    /// A folder of the project.
    pub(crate) fn path(&self, relative: &Path) -> PathBuf {
        self.folder.join(relative)
    }
}

/// The files below a folder whose names end so: path relative
/// to the folder, with `/`, to text. Empty if the folder is not there.
pub(crate) fn files(root: &Path, extension: &str) -> Result<BTreeMap<String, String>, Failure> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let listing = match fs::read_dir(&folder) {
            Ok(listing) => listing,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && folder == root => return Ok(found),
            Err(e) => return Err(Failure::refused(format!("{}: {e}", folder.display()))),
        };
        for entry in listing {
            let entry = entry.map_err(|e| Failure::refused(format!("{}: {e}", folder.display())))?;
            let path = entry.path();
            // Links are not followed: a project is what is below its folder.
            let kind = entry.file_type().map_err(|e| Failure::refused(format!("{}: {e}", path.display())))?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|e| e == extension) {
                let text =
                    fs::read_to_string(&path).map_err(|e| Failure::refused(format!("{}: {e}", path.display())))?;
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.insert(name, text);
            }
        }
    }
    Ok(found)
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}
