//! What commands work on, opened from the data folder and the project.

use crate::channels::Channels;
use crate::cli::Global;
use crate::config::{Project, files};
use crate::failure::Failure;
use attache::channels::Announcer;
use attache::crm::EmbeddedCrm;
use attache::kb::{Kb, Synonyms};
use attache::log::{LogOptions, LogStore};
use attache::models::{ModelSpec, OpenAi, Profile, Secret};
use attache::planner::{ChatModel, actions};
use attache::policies::{PolicyFile, PolicySet};
use attache::server::Hook;
use attache::tools::Registry;
use attache::{Attache, Builder};
use jiff::SignedDuration;
use std::convert::Infallible;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The model when only a key or an address is given.
const DEFAULT_MODEL: &str = "gpt-4o-mini";

/// An opened data folder with the project's settings.
pub(crate) struct App {
    pub(crate) attache: Attache,
    pub(crate) log: Arc<LogStore>,
    announcer: Option<Arc<Announcer>>,
    pub(crate) kb: Arc<Kb>,
    /// Who tells us what customers wrote.
    pub(crate) hooks: Vec<Box<dyn Hook>>,
}

/// Sees the lines of a journal when they are durable.
pub(crate) type Observer = Box<dyn Fn(&[u8]) + Send + Sync>;

/// What a command needs besides the folder.
#[derive(Default)]
pub(crate) struct Wants<'a> {
    /// The model the command line names.
    pub(crate) model: Option<&'a str>,
    /// Sees each line of the journal.
    pub(crate) observer: Option<Observer>,
    /// Who plans instead of a model.
    pub(crate) planner: Option<Arc<dyn ChatModel>>,
    /// Whether what customers write is to come in.
    pub(crate) hooks: bool,
}

impl App {
    pub(crate) fn open(global: &Global, wants: Wants<'_>) -> Result<Self, Failure> {
        let project = Project::read(global.config.as_deref())?;
        let builder = overrides(&project, Attache::builder())?.traced_content(project.config.tracing.content);
        let builder = match wants.planner {
            Some(planner) => builder.model(planner),
            None => with_model(builder, &project, wants.model)?,
        };
        let log = Arc::new(open_log_of(global, &project)?);
        let kb = open_kb_of(global, &project)?;
        if kb.list().map_err(|e| Failure::unavailable(e.to_string()))?.is_empty() {
            let folder = project.path(&project.config.project.kb);
            if folder.exists() {
                kb.add(&[folder], &mut |_| {}).map_err(|e| Failure::refused(e.to_string()))?;
            }
        }
        let crm = open_crm(&global.data)?;
        let rows = project.path(&project.config.project.crm);
        if rows.exists() && crm.customers(None, 1).map_err(|e| Failure::unavailable(e.to_string()))?.is_empty() {
            import(&crm, &rows)?;
        }
        let (kb, crm) = (Arc::new(kb), Arc::new(crm));
        let builder = builder.store(log.clone()).crm(crm.clone()).knowledge_base(kb.clone());
        let channels = Channels::open(&global.data, &project)?;
        let announcer = channels.announcer(&global.data, log.clone(), &project);
        let hooks = if wants.hooks { channels.hooks(&project, crm)? } else { Vec::new() };
        let builder = builder.outbox(channels.outbox);
        let builder = match (wants.observer, announcer.clone()) {
            (None, None) => builder,
            (observer, announcer) => builder.observe(move |line| {
                if let Some(observer) = &observer {
                    observer(line);
                }
                if let Some(announcer) = &announcer {
                    announcer.hear_line(line);
                }
            }),
        };
        Ok(Self { attache: builder.build()?, log, announcer, kb, hooks })
    }

    /// Tells by webhook and in Slack what happened meanwhile. What cannot be
    /// told stays in the outbox and fails no command.
    pub(crate) async fn announce(&self) {
        let Some(announcer) = &self.announcer else { return };
        for failed in announcer.flush().await {
            tracing::warn!(why = %failed, "an event was not told; `outbox list` names it");
        }
    }

    /// Tells what the journal says and a process that stopped did not tell.
    pub(crate) async fn catch_up(&self) -> Result<(), Failure> {
        self.hear_again().await?;
        self.announce().await;
        Ok(())
    }

    /// Tells what [`catch_up`](Self::catch_up) would, and from then on whatever
    /// happens, as it happens.
    pub(crate) async fn announce_always(&self) -> Result<Infallible, Failure> {
        self.hear_again().await?;
        if let Some(announcer) = &self.announcer {
            announcer.work().await;
        }
        std::future::pending().await
    }

    async fn hear_again(&self) -> Result<(), Failure> {
        match &self.announcer {
            Some(announcer) => Ok(announcer.hear_again().await?),
            None => Ok(()),
        }
    }
}

/// The project's own rules, playbooks and templates.
pub(crate) fn overrides(project: &Project, mut builder: Builder) -> Result<Builder, Failure> {
    let paths = &project.config.project;
    for (name, text) in files(&project.path(&paths.policies).join("rules"), "dw")? {
        builder = builder.policy(&name, text);
    }
    for (name, text) in files(&project.path(&paths.playbooks), "toml")? {
        builder = builder.playbook(&name, text);
    }
    for (name, text) in files(&project.path(&paths.prompts), "tera")? {
        builder = builder.prompt(&name, text);
    }
    Ok(builder)
}

/// The name of the model: the one that is named, or that the environment
/// suggests.
pub(crate) fn model_name<'a>(project: &'a Project, named: Option<&'a str>) -> &'a str {
    let suggested = env("OPENAI_API_KEY").or(env("OPENAI_BASE_URL")).map(|_| "openai");
    named.or(project.config.model.name.as_deref()).or(suggested).unwrap_or("offline")
}

/// A variable of the environment that is not empty.
pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The builder with that model.
pub(crate) fn with_model(builder: Builder, project: &Project, named: Option<&str>) -> Result<Builder, Failure> {
    Ok(match model(project, named)? {
        Some(model) => builder.model(Arc::new(model)),
        None => builder,
    })
}

/// The model of that name; `None` is the one that needs no server.
pub(crate) fn model(project: &Project, named: Option<&str>) -> Result<Option<OpenAi>, Failure> {
    let config = &project.config.model;
    let name = model_name(project, named);
    let (kind, model) = name.split_once(':').unwrap_or((name, ""));
    match kind {
        "offline" => Ok(None),
        "openai" => {
            let mut settings = config.openai.clone().unwrap_or_default();
            if let Some(url) = env("OPENAI_BASE_URL") {
                if config.openai.is_none() && !url.contains("api.openai.com") {
                    settings.profile = Profile::Compatible;
                }
                settings.base_url = url;
            }
            settings.api_key = settings.api_key.or(env("OPENAI_API_KEY").map(Secret::new));
            if !model.is_empty() {
                settings.models = vec![ModelSpec::named(model)];
            } else if settings.models.is_empty() {
                settings.models = vec![ModelSpec::named(DEFAULT_MODEL)];
            }
            let adapter = OpenAi::new(settings).map_err(|e| Failure::refused(format!("model.openai: {e}")))?;
            Ok(Some(adapter))
        }
        other => Err(Failure::refused(format!("there is no model `{other}`; expected `offline` or `openai:NAME`"))),
    }
}

/// How the journal is opened, by the settings and the environment.
pub(crate) fn log_options(project: &Project) -> Result<LogOptions, Failure> {
    let config = &project.config.journal;
    let mut options = LogOptions::default().head_every(SignedDuration::from_mins(config.head_minutes.into()));
    if let Some(keys) = &config.keys {
        options = options.keys_in(project.path(keys));
    }
    if let Some(heads) = &config.heads {
        options = options.heads_to(project.path(heads));
    }
    if let Some(text) = env("ATTACHE_SIGNING_KEY") {
        let secret = attache::log::secret_key(&text);
        let secret = secret.ok_or_else(|| Failure::refused("ATTACHE_SIGNING_KEY: expected 64 hexadecimal digits"))?;
        options = options.signing_key(secret);
    }
    Ok(options)
}

/// The journal alone, for commands that read it.
pub(crate) fn open_log(global: &Global) -> Result<LogStore, Failure> {
    open_log_of(global, &Project::read(global.config.as_deref())?)
}

/// The journal under settings that were read already.
pub(crate) fn open_log_of(global: &Global, project: &Project) -> Result<LogStore, Failure> {
    Ok(LogStore::open(&global.data, log_options(project)?)?)
}

pub(crate) fn open_kb(global: &Global) -> Result<Kb, Failure> {
    open_kb_of(global, &Project::read(global.config.as_deref())?)
}

/// The knowledge base without its sentence model, for what looks for nothing.
pub(crate) fn open_articles(global: &Global) -> Result<Kb, Failure> {
    Kb::open(&global.data.join("kb")).map_err(|e| Failure::unavailable(e.to_string()))
}

fn open_kb_of(global: &Global, project: &Project) -> Result<Kb, Failure> {
    let kb = open_articles(global)?;
    let path = project.path(&project.config.project.synonyms);
    let kb = match std::fs::read_to_string(&path) {
        Ok(text) => kb.synonyms(Synonyms::parse(&text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => kb,
        Err(e) => return Err(Failure::refused(format!("{}: {e}", path.display()))),
    };
    #[cfg(feature = "embed")]
    let kb = crate::embed::with_vectors(kb, &global.data)?;
    Ok(kb)
}

pub(crate) fn open_crm(data: &Path) -> Result<EmbeddedCrm, Failure> {
    EmbeddedCrm::open(&data.join("crm")).map_err(|e| Failure::unavailable(e.to_string()))
}

/// Reads a file of rows and takes all of it or nothing.
pub(crate) fn import(crm: &EmbeddedCrm, path: &Path) -> Result<attache::crm::Imported, Failure> {
    let file = File::open(path).map_err(|e| Failure::refused(format!("{}: {e}", path.display())))?;
    let name = path.to_string_lossy();
    let rows = EmbeddedCrm::parse(&name, file).map_err(|e| Failure::refused(e.to_string()))?;
    crm.import(&rows).map_err(|e| Failure::unavailable(e.to_string()))
}

/// The examples of a folder of policies laid over those of the shipped rules.
pub(crate) fn examples_of(dir: &Path) -> Result<Vec<PolicyFile>, Failure> {
    let own = files(&dir.join("tests"), "toml")?;
    let mut examples = PolicySet::shipped_tests();
    examples.retain(|file| !own.contains_key(&file.name));
    examples.extend(own.into_iter().map(|(name, text)| PolicyFile::new(name, text)));
    Ok(examples)
}

/// The rules of a folder of policies, in its `rules` if it has that, laid over the shipped ones.
pub(crate) fn policy_of(dir: &Path, registry: &Registry) -> Result<PolicySet, Failure> {
    if !dir.is_dir() {
        return Err(Failure::refused(format!("{}: no such folder", dir.display())));
    }
    let rules = dir.join("rules");
    let rules = if rules.is_dir() { &*rules } else { dir };
    let own: Vec<_> = files(rules, "dw")?.into_iter().map(|(name, text)| PolicyFile::new(name, text)).collect();
    PolicySet::load(&PolicySet::overlay(&own), &actions(registry))
        .map_err(|e| Failure::refused(format!("{}/{e}", rules.display())))
}
