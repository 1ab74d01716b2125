//! A world for tests: the example company, a real log, and a model of choice.

use attache::crm::EmbeddedCrm;
use attache::journal::{Batch, CallRequest, Chain, Entry, Event, Reply, Store};
use attache::kb::{Document, Kb};
use attache::log::{LogOptions, LogStore};
use attache::planner::ChatModel;
use attache::{Attache, Builder, Bundle};
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) attache: Attache,
    pub(crate) data: TempDir,
}

/// The example company on a log of its own.
pub(crate) fn builder(data: &Path) -> Builder {
    let company = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/company");
    let rows = EmbeddedCrm::parse("crm.jsonl", fs::File::open(company.join("crm.jsonl")).unwrap()).unwrap();
    let mut builder = Attache::builder();
    let files = |folder: &str| fs::read_dir(company.join(folder)).unwrap().map(|entry| entry.unwrap().path());
    for path in files("prompts/drafts") {
        let name = format!("drafts/{}", path.file_name().unwrap().to_str().unwrap());
        builder = builder.prompt(&name, fs::read_to_string(path).unwrap());
    }
    for path in files("playbooks") {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        builder = builder.playbook(&name, fs::read_to_string(path).unwrap());
    }
    builder
        .store(Arc::new(LogStore::open(data, LogOptions::default()).unwrap()))
        .crm(Arc::new(EmbeddedCrm::in_memory(rows)))
        .knowledge_base(kb())
        .outbox_folder(data.join("outbox"), "Brightwater <team@brightwater.example>")
        .unwrap()
}

/// The company's articles, read once: nobody changes them.
pub(crate) fn kb() -> Arc<Kb> {
    static KB: LazyLock<Arc<Kb>> = LazyLock::new(|| {
        let articles = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/company/kb");
        let articles = fs::read_dir(articles).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
            Document { id, text: fs::read_to_string(path).unwrap(), ..Document::default() }
        });
        Arc::new(Kb::in_memory(articles).unwrap())
    });
    KB.clone()
}

pub(crate) fn offline() -> World {
    let data = tempfile::tempdir().unwrap();
    World { attache: builder(data.path()).build().unwrap(), data }
}

pub(crate) fn with_model(model: Arc<dyn ChatModel>) -> World {
    let data = tempfile::tempdir().unwrap();
    World { attache: builder(data.path()).model(model).build().unwrap(), data }
}

pub(crate) fn bundle(name: &str) -> Arc<Bundle> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bundles").join(name);
    Arc::new(Bundle::parse(&fs::read(path).unwrap()).unwrap())
}

pub(crate) fn call(name: &str, arguments: &str) -> Reply {
    let request = CallRequest { id: "m1".into(), name: name.into(), arguments: arguments.into() };
    Reply { text: None, calls: vec![request] }
}

impl World {
    /// Runs an example to its end and gives its journal.
    pub(crate) async fn run(&self, name: &str) -> Vec<Entry> {
        self.run_bundle(bundle(name)).await
    }

    pub(crate) async fn run_bundle(&self, bundle: Arc<Bundle>) -> Vec<Entry> {
        let report = self.attache.run(bundle, None).await.unwrap();
        self.attache.entries(&report.run).await.unwrap()
    }

    /// The files that left.
    pub(crate) fn outbox(&self) -> Vec<String> {
        let Ok(listing) = fs::read_dir(self.data.path().join("outbox")) else { return Vec::new() };
        let mut names: Vec<_> = listing.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The events of one kind.
pub(crate) fn events<'a>(entries: &'a [Entry], kind: &'a str) -> impl Iterator<Item = &'a Event> {
    entries.iter().filter_map(|entry| entry.event.as_ref()).filter(move |event| event.kind() == kind)
}

/// The kinds of all events, for the shape of a run.
pub(crate) fn shape(entries: &[Entry]) -> Vec<&'static str> {
    entries.iter().filter_map(|entry| Some(entry.event.as_ref()?.kind())).collect()
}

/// Puts a run, or its beginning, into another store.
pub(crate) async fn copy(entries: &[Entry], store: &dyn Store) {
    let Some(Event::RunStarted(started)) = &entries[0].event else { panic!("a run begins with run_started") };
    let subject = store.subject(&started.bundle.customer.id).await.unwrap();
    let run = entries[0].run.clone();
    let mut chain = Chain::new(run.clone(), Some(subject));
    let seal = |entry: &Entry| chain.seal(entry.at, &entry.actor, entry.event.as_ref().unwrap()).unwrap();
    let entries = entries.iter().map(seal).collect();
    store.append(Batch { run, entries }).await.unwrap();
}
