//! `attache demo`.

use super::block_on;
use crate::app::{model_name, with_model};
use crate::cli::Global;
use crate::config::Project;
use crate::failure::Failure;
use crate::tell;
use attache::crm::EmbeddedCrm;
use attache::journal::{Entry, Event};
use attache::kb::{Document, Kb};
use attache::log::{LogOptions, LogStore};
use attache::{Attache, Bundle};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::io::Write;
use std::sync::Arc;

/// The fictional company: articles and CRM rows.
pub(crate) static COMPANY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples/company");
static BUNDLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples/bundles");
const STORIES: &str = include_str!("../../examples/stories.toml");

#[derive(Deserialize)]
struct Stories {
    story: Vec<Story>,
}

#[derive(Deserialize)]
struct Story {
    name: String,
    title: String,
    bundles: Vec<String>,
    told: String,
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    outcome: String,
    queue: Option<String>,
    reason: Option<String>,
}

pub(crate) fn run(
    global: &Global,
    only: Option<&str>,
    model: Option<&str>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let Stories { story: stories } = toml::from_str(STORIES).map_err(|e| Failure::ours(e.to_string()))?;
    let chosen: Vec<&Story> = stories.iter().filter(|story| only.is_none_or(|name| name == story.name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = stories.iter().map(|story| story.name.as_str()).collect();
        return Err(Failure::refused(format!("there is no such story; there are {}", names.join(", "))));
    }
    let project = Project { config: Default::default(), folder: Default::default() };
    // What another model decides is its own; the stories are told of this one.
    let strict = model_name(&project, model) == "offline";
    let attache = open(global, &project, model)?;
    block_on(async {
        let mut surprises = Vec::new();
        for (i, story) in chosen.iter().enumerate() {
            if global.json {
                for bundle in &story.bundles {
                    super::json_lines(out, &entries_of(&attache, bundle).await?)?;
                }
                continue;
            }
            tell::heading(out, &format!("\n── {}/{} {}", i + 1, chosen.len(), story.title))?;
            writeln!(out, "{}", story.told.trim())?;
            for bundle in &story.bundles {
                let entries = entries_of(&attache, bundle).await?;
                tell::aside(out, &format!("\n  {bundle}"))?;
                tell::run(out, &entries)?;
                match surprise(&story.expect, &entries) {
                    None => tell::aside(out, "  as the story says")?,
                    Some(what) => {
                        writeln!(out, "  not as the story says: {what}")?;
                        surprises.push(story.name.as_str());
                    }
                }
            }
        }
        if !global.json && !global.quiet {
            let data = global.data.join("demo");
            tell::aside(out, &format!("\nThe journal is in {}.", data.display()))?;
            tell::aside(out, &format!("  attache --data {} log list", data.display()))?;
            tell::aside(out, &format!("  attache --data {} log verify", data.display()))?;
            tell::aside(out, &format!("  attache --data {} review list", data.display()))?;
        }
        surprises.dedup();
        if surprises.is_empty() || !strict {
            Ok(())
        } else {
            Err(Failure::check(format!("not as told: {}", surprises.join(", "))))
        }
    })
}

/// An engine on the fictional company, with its journal in the data folder.
fn open(global: &Global, project: &Project, model: Option<&str>) -> Result<Attache, Failure> {
    let data = global.data.join("demo");
    let articles = COMPANY.get_dir("kb").into_iter().flat_map(Dir::files).filter_map(|file| {
        let id = file.path().file_stem()?.to_str()?;
        Some(Document { id: id.to_owned(), text: file.contents_utf8()?.to_owned(), ..Document::default() })
    });
    let kb = Kb::in_memory(articles).map_err(|e| Failure::ours(e.to_string()))?;
    let rows = COMPANY.get_file("crm.jsonl").map(|file| file.contents()).unwrap_or_default();
    let rows = EmbeddedCrm::parse("crm.jsonl", rows).map_err(|e| Failure::ours(e.to_string()))?;
    let mut builder = Attache::builder();
    for (name, text) in texts("prompts/drafts") {
        builder = builder.prompt(name.trim_start_matches("prompts/"), text);
    }
    for (name, text) in texts("playbooks") {
        builder = builder.playbook(name.trim_start_matches("playbooks/"), text);
    }
    let builder = with_model(builder, project, model)?
        .store(Arc::new(LogStore::open(&data, LogOptions::default())?))
        .crm(Arc::new(EmbeddedCrm::in_memory(rows)))
        .knowledge_base(Arc::new(kb))
        .outbox_folder(data.join("outbox"), "Brightwater <team@brightwater.example>")
        .map_err(Failure::ours)?;
    Ok(builder.build()?)
}

/// The files of a folder of the company, by path and text.
fn texts(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    COMPANY
        .get_dir(folder)
        .into_iter()
        .flat_map(Dir::files)
        .filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
}

async fn entries_of(attache: &Attache, name: &str) -> Result<Vec<Entry>, Failure> {
    let file = BUNDLES.get_file(name).ok_or_else(|| Failure::ours(format!("{name} is not among the examples")))?;
    let bundle = Bundle::parse(file.contents()).map_err(|e| Failure::ours(format!("{name}: {e}")))?;
    let report = attache.run(Arc::new(bundle), None).await?;
    Ok(attache.entries(&report.run).await?)
}

/// What came out otherwise than the story tells, if anything.
fn surprise(expect: &Expect, entries: &[Entry]) -> Option<String> {
    let mut outcome = "none";
    let (mut queue, mut reason) = (None, None);
    for entry in entries {
        match &entry.event {
            Some(Event::RunEnded(ended)) => outcome = ended.outcome.as_str(),
            Some(Event::Escalated(e)) => (queue, reason) = (Some(e.queue.as_str()), Some(e.reason_code.as_str())),
            Some(Event::ReviewRequested(e)) => queue = Some(e.queue.as_str()),
            _ => {}
        }
    }
    let differs = |expected: &Option<String>, found: Option<&str>| {
        expected.as_deref().is_some_and(|expected| Some(expected) != found)
    };
    let as_told = outcome == expect.outcome && !differs(&expect.queue, queue) && !differs(&expect.reason, reason);
    (!as_told).then(|| format!("{outcome}, queue {}, reason {}", queue.unwrap_or("-"), reason.unwrap_or("-")))
}
