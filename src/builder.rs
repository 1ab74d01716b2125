//! Putting an engine together.

use attache_channels::FolderOutbox;
use attache_context::{Bundle, CustomerId};
use attache_engine::{Clock, Engine, EngineFault, EraseError, Erasure, Parts, Report, RunError, SystemClock};
use attache_guards::{PiiDetector, SentimentDetector};
use attache_journal::{Actor, Entry, MemoryStore, RunId, Store, StoreError};
use attache_models::Offline;
use attache_planner::{ChatModel, Guards, PlaybookFault, Playbooks, actions};
use attache_policies::{PolicyFault, PolicyFile, PolicySet};
use attache_prompts::{PromptFault, Prompts};
use attache_tools::{Crm, KnowledgeBase, Nothing, Outbox, RegisterError, Registry, Tool};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// An engine with the parts that it was built from at hand.
pub struct Attache {
    engine: Arc<Engine>,
    registry: Arc<Registry>,
    policy: Arc<PolicySet>,
    store: Arc<dyn Store>,
    outbox: Arc<dyn Outbox>,
}

impl std::fmt::Debug for Attache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attache").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Attache {
    /// Starts with the shipped rules, playbooks, prompts and tools, the offline
    /// model, an empty knowledge base and CRM, a journal in memory, and an
    /// outbox that keeps nothing.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Runs a bundle to its outcome.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub async fn run(&self, bundle: Arc<Bundle>, playbook: Option<&str>) -> Result<Report, RunError> {
        self.engine.run(bundle, playbook).await
    }

    /// The journal of a run.
    ///
    /// # Errors
    /// As [`Store::entries`].
    pub async fn entries(&self, run: &RunId) -> Result<Vec<Entry>, StoreError> {
        self.store.entries(run).await
    }

    /// Makes everything that the journal holds of a customer unreadable, drafts
    /// included, and takes their messages out of the outbox. What the CRM and
    /// the knowledge base hold is their owners' to remove.
    ///
    /// # Errors
    /// As [`Engine::erase`].
    pub async fn erase(
        &self,
        customer: &CustomerId,
        by: &Actor,
        reason: Option<String>,
    ) -> Result<Erasure, EraseError> {
        self.engine.erase(customer, by, reason, &*self.outbox).await
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The tools.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The rules.
    #[must_use]
    pub fn policy(&self) -> &Arc<PolicySet> {
        &self.policy
    }

    /// Where messages leave.
    #[must_use]
    pub fn outbox(&self) -> &Arc<dyn Outbox> {
        &self.outbox
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}

type AddTool = Box<dyn FnOnce(&mut Registry) -> Result<(), RegisterError>>;
type SeeLine = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Collects parts for an [`Attache`].
#[derive(Default)]
pub struct Builder {
    clock: Option<Arc<dyn Clock>>,
    crm: Option<Arc<dyn Crm>>,
    guards: Guards,
    kb: Option<Arc<dyn KnowledgeBase>>,
    model: Option<Arc<dyn ChatModel>>,
    observer: Option<SeeLine>,
    outbox: Option<Arc<dyn Outbox>>,
    playbooks: BTreeMap<String, String>,
    policies: Vec<PolicyFile>,
    prompts: BTreeMap<String, String>,
    store: Option<Arc<dyn Store>>,
    tools: Vec<AddTool>,
    traced_content: bool,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("tools", &self.tools.len()).finish_non_exhaustive()
    }
}

/// The parts do not make an engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A playbook names what is not there.
    #[error(transparent)]
    Engine(#[from] EngineFault),
    /// A playbook is wrong.
    #[error(transparent)]
    Playbook(#[from] PlaybookFault),
    /// A rule is wrong.
    #[error("policies/rules/{0}")]
    Policy(#[from] PolicyFault),
    /// A template is wrong.
    #[error(transparent)]
    Prompt(#[from] PromptFault),
    /// A tool is wrong.
    #[error(transparent)]
    Tool(#[from] RegisterError),
}

impl Builder {
    /// Adds a tool of your own, or replaces the built-in one of that name. A
    /// playbook must name it before a model may ask for it, and a rule must
    /// permit it.
    #[must_use]
    pub fn tool<T: Tool>(mut self, tool: T) -> Self {
        self.tools.push(Box::new(|registry| registry.replace(tool).map(|_| ())));
        self
    }

    /// Adds a file of rules, or replaces the shipped one of that name.
    #[must_use]
    pub fn policy(mut self, name: &str, text: impl Into<String>) -> Self {
        self.policies.push(PolicyFile::new(name, text));
        self
    }

    /// Adds a playbook (TOML), or replaces the shipped one of that file name.
    #[must_use]
    pub fn playbook(mut self, file: &str, toml: impl Into<String>) -> Self {
        self.playbooks.insert(file.to_owned(), toml.into());
        self
    }

    /// Adds a template, or replaces the shipped one of that name.
    #[must_use]
    pub fn prompt(mut self, name: &str, text: impl Into<String>) -> Self {
        self.prompts.insert(name.to_owned(), text.into());
        self
    }

    /// Who plans; [`Offline`] if not said.
    #[must_use]
    pub fn model(mut self, model: Arc<dyn ChatModel>) -> Self {
        self.model = Some(model);
        self
    }

    /// Says how a text sounds, such as a larger model or a service; the built-in one if not said.
    #[must_use]
    pub fn sentiment(mut self, detector: Arc<dyn SentimentDetector>) -> Self {
        self.guards.sentiment = detector;
        self
    }

    /// Finds personal data; the built-in one if not said. What it does not find reaches the model.
    #[must_use]
    pub fn personal_data(mut self, detector: Arc<dyn PiiDetector>) -> Self {
        self.guards.pii = detector;
        self
    }

    /// Where the journal is kept; in memory if not said.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// The CRM; an empty one if not said.
    #[must_use]
    pub fn crm(mut self, crm: Arc<dyn Crm>) -> Self {
        self.crm = Some(crm);
        self
    }

    /// The knowledge base; an empty one if not said.
    #[must_use]
    pub fn knowledge_base(mut self, kb: Arc<dyn KnowledgeBase>) -> Self {
        self.kb = Some(kb);
        self
    }

    /// Where messages leave; nowhere if not said.
    #[must_use]
    pub fn outbox(mut self, outbox: Arc<dyn Outbox>) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// Messages leave as files of a folder, from `sender` (`Name <address>`).
    ///
    /// # Errors
    /// If `sender` is none.
    pub fn outbox_folder(self, folder: impl Into<PathBuf>, sender: &str) -> Result<Self, String> {
        Ok(self.outbox(Arc::new(FolderOutbox::new(folder, sender)?)))
    }

    /// Time and ids; the machine's if not said.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sees each line of the journal when it is durable, in order.
    #[must_use]
    pub fn observe(mut self, see: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(see));
        self
    }

    /// Whether spans hold what models read and wrote, with placeholders for whom
    /// it is about; not if not said. See `docs/tracing.md`.
    #[must_use]
    pub fn traced_content(mut self, traced: bool) -> Self {
        self.traced_content = traced;
        self
    }

    /// Puts the parts together.
    ///
    /// # Errors
    /// [`BuildError`] names the file and the place of the first fault.
    pub fn build(self) -> Result<Attache, BuildError> {
        let crm = self.crm.unwrap_or_else(|| Arc::new(Nothing));
        let kb = self.kb.unwrap_or_else(|| Arc::new(Nothing));
        let outbox = self.outbox.unwrap_or_else(|| Arc::new(Nothing));
        let mut registry = Registry::builtin(crm, kb, &outbox)?;
        for add in self.tools {
            add(&mut registry)?;
        }
        let registry = Arc::new(registry);
        let prompts = Arc::new(Prompts::with_overrides(self.prompts)?);
        let playbooks = Playbooks::load(self.playbooks)?;
        let files = PolicySet::overlay(&self.policies);
        let policy = Arc::new(PolicySet::load(&files, &actions(&registry))?);
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let engine = Engine::new(Parts {
            store: store.clone(),
            policy: policy.clone(),
            registry: registry.clone(),
            model: self.model.unwrap_or_else(|| Arc::new(Offline::new(prompts.clone()))),
            prompts,
            playbooks,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            guards: self.guards,
            observer: self.observer,
            traced_content: self.traced_content,
        })?;
        Ok(Attache { engine: Arc::new(engine), registry, policy, store, outbox })
    }
}
