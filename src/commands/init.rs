//! `attache init`.

use super::demo::COMPANY;
use crate::cli::Global;
use crate::failure::Failure;
use attache::planner::Playbooks;
use attache::policies::PolicySet;
use attache::prompts::Prompts;
use std::fs;
use std::io::Write;
use std::path::Path;

/// The settings a new project starts with: every key, at its default.
const SETTINGS: &str = include_str!("init/attache.toml");

pub(crate) fn run(global: &Global, dir: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let taken = fs::read_dir(dir).is_ok_and(|mut listing| listing.next().is_some());
    if taken {
        return Err(Failure::refused(format!("{}: the folder is not empty", dir.display())));
    }
    write(dir, "attache.toml", SETTINGS)?;
    for file in PolicySet::shipped() {
        write(dir, &format!("policies/rules/{}", file.name), &file.text)?;
    }
    for file in PolicySet::shipped_tests() {
        write(dir, &format!("policies/tests/{}", file.name), &file.text)?;
    }
    for (name, text) in Playbooks::shipped() {
        write(dir, &format!("playbooks/{name}"), &text)?;
    }
    for (name, text) in Prompts::shipped() {
        write(dir, &format!("prompts/{name}"), &text)?;
    }
    let mut folders = vec![&COMPANY];
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        for file in folder.files() {
            if let (Some(name), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
                write(dir, name, text)?;
            }
        }
    }
    if !global.quiet {
        let at = dir.display();
        writeln!(out, "{at}: a project with a sample knowledge base and CRM\n")?;
        writeln!(out, "The first run takes in kb/ and crm.jsonl: put your own in their place, and your address into")?;
        writeln!(out, "attache.toml. Then, in that folder:")?;
        writeln!(out, "  attache doctor            says what is set up and what is missing")?;
        writeln!(
            out,
            "  attache run BUNDLE.json   answers one customer; `attache schema bundle` says how a bundle looks"
        )?;
        writeln!(out, "  attache serve             answers all of them, with the review desk")?;
    }
    Ok(())
}

fn write(dir: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = dir.join(name);
    let refused = |e: std::io::Error| Failure::refused(format!("{}: {e}", path.display()));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(refused)?;
    }
    fs::write(&path, text).map_err(refused)
}
