//! `attache doctor`: whether everything that is set up works, and what to do
//! about what does not.

use super::serve::provider;
use super::{block_on, json};
use crate::app::{env, examples_of, model, open_articles, open_crm, open_kb, open_log_of, overrides};
use crate::channels::{Channels, inbox, mail_keys};
use crate::cli::Global;
use crate::config::Project;
use crate::failure::Failure;
use crate::tell;
use attache::channels::State;
use attache::policies::run_tests;
use attache::server::check_exposure;
use attache::tools::Readers;
use attache::{Attache, BuildError, Builder};
use serde::Serialize;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Below this much free space on the disk somebody should know.
const SPACE: u64 = 1 << 30;

/// How long a server that is asked may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How one part is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    Ok,
    Warning,
    Fault,
}

/// What was found of one part.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: Health,
    /// What is so.
    message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, state: Health::Ok, message: message.into(), advice: None }
    }

    fn warning(check: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: Health::Warning, message: message.into(), advice: Some(advice.into()) }
    }

    fn fault(check: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: Health::Fault, message: message.into(), advice: Some(advice.into()) }
    }
}

/// Looks at every part and changes none. Exit status 4 if one has a fault.
pub(crate) fn run(global: &Global, out: &mut dyn Write) -> Result<(), Failure> {
    let mut found = Vec::new();
    let mut tell = |finding: Finding, out: &mut dyn Write| -> Result<(), Failure> {
        if global.json {
            json(out, &finding)?;
        } else {
            shown(&finding, out)?;
        }
        found.push(finding.state);
        Ok(())
    };
    let project = match Project::read(global.config.as_deref()) {
        Ok(project) => project,
        Err(e) => {
            let advice = "mend that line; `attache schema config` says what may stand there";
            tell(Finding::fault("settings", e.message, advice), out)?;
            return verdict(&found);
        }
    };
    tell(settings(global, &project), out)?;
    tell(rules(&project), out)?;
    tell(server(&project), out)?;
    if let Some(finding) = sign_in(&project) {
        tell(finding, out)?;
    }
    for finding in data(global, &project) {
        tell(finding, out)?;
    }
    tell(planner(&project), out)?;
    for finding in ways_out(global, &project).into_iter().chain(mail_in(&project)) {
        tell(finding, out)?;
    }
    verdict(&found)
}

fn verdict(found: &[Health]) -> Result<(), Failure> {
    match found.iter().filter(|state| **state == Health::Fault).count() {
        0 => Ok(()),
        1 => Err(Failure::check("one part has a fault")),
        faults => Err(Failure::check(format!("{faults} parts have a fault"))),
    }
}

fn shown(finding: &Finding, out: &mut dyn Write) -> Result<(), Failure> {
    let state = match finding.state {
        Health::Ok => "ok",
        Health::Warning => "warning",
        Health::Fault => "fault",
    };
    tell::found(out, finding.state == Health::Ok, state, finding.check, &finding.message)?;
    if let Some(advice) = &finding.advice {
        tell::aside(out, &format!("                      {}", tell::printable(advice)))?;
    }
    Ok(())
}

fn settings(global: &Global, project: &Project) -> Finding {
    let path = global.config.as_deref().unwrap_or(Path::new("attache.toml"));
    if !path.exists() {
        return Finding::ok("settings", format!("no {}; everything is at its default", path.display()));
    }
    let named = [
        ("policies", &project.config.project.policies),
        ("playbooks", &project.config.project.playbooks),
        ("prompts", &project.config.project.prompts),
        ("kb", &project.config.project.kb),
        ("crm", &project.config.project.crm),
    ];
    let absent: Vec<&str> =
        named.iter().filter(|(_, path)| !project.path(path).exists()).map(|(name, _)| *name).collect();
    if absent.is_empty() {
        Finding::ok("settings", path.display().to_string())
    } else {
        let message = format!("{}: nothing is at project.{}", path.display(), absent.join(", project."));
        Finding::warning("settings", message, "the shipped ones are used; set the path if the project has its own")
    }
}

/// Rules, playbooks, prompts and the examples that rules carry.
fn rules(project: &Project) -> Finding {
    let advice = "mend the file at that line; `attache policy check` and `attache policy test` say more";
    let attache = match overrides(project, Attache::builder()).map(Builder::build) {
        Ok(Ok(attache)) => attache,
        Ok(Err(e)) => {
            let mend = "mend the file, or take it away: then the shipped one is used";
            let (check, advice) = match e {
                BuildError::Prompt(_) => ("prompts", mend),
                BuildError::Engine(_) | BuildError::Playbook(_) => ("playbooks", mend),
                _ => ("rules", advice),
            };
            return Finding::fault(check, e.to_string(), advice);
        }
        Err(e) => return Finding::fault("rules", e.message, advice),
    };
    let examples = match examples_of(&project.path(&project.config.project.policies)) {
        Ok(examples) => examples,
        Err(e) => return Finding::fault("rules", e.message, advice),
    };
    match run_tests(attache.policy(), &examples) {
        Err(e) => Finding::fault("rules", e.to_string(), advice),
        Ok(results) => match results.iter().filter(|result| !result.passed()).count() {
            0 => {
                let rules = attache.policy().rules().count();
                Finding::ok("rules", format!("{rules} rules; their {} examples hold", results.len()))
            }
            failed => Finding::fault("rules", format!("{failed} of {} examples fail", results.len()), advice),
        },
    }
}

fn server(project: &Project) -> Finding {
    let config = &project.config.server;
    match check_exposure(config.listen, config.trusted_proxy || config.tls.is_some()) {
        Ok(()) => Finding::ok("server", format!("`attache serve` listens on {}", config.listen)),
        Err(e) => Finding::fault("server", e.to_string(), "listen on 127.0.0.1, or put a proxy with TLS before it"),
    }
}

/// The provider that vouches for people, if one is set.
fn sign_in(project: &Project) -> Option<Finding> {
    let config = &project.config.server;
    let public_url = config.public_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    let advice = "check [server.oidc] of the settings and the secret of the client";
    let oidc = match provider(project, &public_url) {
        Ok(oidc) => oidc?,
        Err(e) => return Some(Finding::fault("sign-in", e.message, advice)),
    };
    Some(match block_on(async { Ok(oidc.reach().await) }) {
        Ok(Ok(())) => {
            let message = format!("the provider answers; it must send people back to {}", oidc.redirect());
            Finding::ok("sign-in", message)
        }
        Ok(Err(e)) => Finding::fault("sign-in", e.to_string(), advice),
        Err(e) => Finding::fault("sign-in", e.message, advice),
    })
}

/// The data folder: journal, keys, space, knowledge base, CRM.
fn data(global: &Global, project: &Project) -> Vec<Finding> {
    let folder = &global.data;
    if !folder.exists() {
        let message = format!("{} is not there yet; the first run makes it", folder.display());
        return vec![Finding::ok("data", message)];
    }
    let mut found = vec![match fs4::available_space(folder) {
        Ok(free) if free < SPACE => {
            let message = format!("{} MiB are free where {} is", free >> 20, folder.display());
            Finding::warning("disk", message, "make room: a full disk stops every run until there is some")
        }
        Ok(free) => Finding::ok("disk", format!("{} GiB are free where {} is", free >> 30, folder.display())),
        Err(e) => Finding::fault("disk", format!("{}: {e}", folder.display()), "let this user read the folder"),
    }];
    let keys = project.config.journal.keys.as_ref().map_or_else(|| folder.join("keys"), |keys| project.path(keys));
    found.extend(keys.exists().then(|| readable_by_others(&keys)));
    found.push(match open_log_of(global, project) {
        Ok(log) => {
            drop(log);
            Finding::ok("journal", "opens; `attache log verify` checks all of it")
        }
        Err(e) if e.message.contains("in use by another process") => {
            Finding::ok("journal", "in use by another process, such as `attache serve`; what follows was not looked at")
        }
        Err(e) => {
            Finding::fault("journal", e.message, "`attache log verify` names the place; restore a backup if need be")
        }
    });
    if found.last().is_some_and(|last| last.message.contains("in use")) {
        return found;
    }
    let articles = open_articles(global).and_then(|kb| kb.list().map_err(|e| Failure::unavailable(e.to_string())));
    found.push(match articles {
        Ok(articles) if articles.is_empty() => {
            let advice = "`attache kb add FOLDER`; without articles every question goes to a person";
            Finding::warning("knowledge base", "there are no articles", advice)
        }
        Ok(articles) => {
            let internal = articles.iter().filter(|article| article.about.audience == Readers::Internal).count();
            Finding::ok("knowledge base", format!("{} articles, {internal} of them for colleagues", articles.len()))
        }
        Err(e) => Finding::fault(
            "knowledge base",
            e.message,
            format!("remove {}, then `attache kb add FOLDER` and `attache kb embed`", folder.join("kb").display()),
        ),
    });
    let lacking = open_kb(global).and_then(|kb| kb.lacking().map_err(|e| Failure::unavailable(e.to_string())));
    found.push(match lacking {
        Ok(None) => Finding::ok("sentence model", "none is chosen: searches go by words and by what texts are about"),
        Ok(Some(0)) => Finding::ok("sentence model", "searches go by words and by sense"),
        Ok(Some(texts)) => {
            Finding::warning("sentence model", format!("{texts} texts have no vector"), "`attache kb embed` makes them")
        }
        Err(e) => Finding::fault("sentence model", e.message, "`attache kb embed --help`"),
    });
    let customers =
        open_crm(folder).and_then(|crm| crm.customers(None, 1).map_err(|e| Failure::unavailable(e.to_string())));
    found.push(match customers {
        Ok(customers) if customers.is_empty() => {
            Finding::warning("crm", "there are no customers", "`attache crm import FILE`, or connect a CRM of your own")
        }
        Ok(_) => Finding::ok("crm", "has customers"),
        Err(e) => Finding::fault("crm", e.message, "`attache crm import FILE` fills it"),
    });
    found
}

/// Whether others than the owner may read a folder of keys or a file in it.
#[cfg(unix)]
fn readable_by_others(folder: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt as _;
    let inside = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let open = inside.filter(|path| {
        std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o077 != 0)
    });
    match open.map(|path| path.display().to_string()).next() {
        None => Finding::ok("keys", format!("{}: for its owner alone", folder.display())),
        Some(path) => Finding::fault("keys", format!("{path} can be read by others"), format!("`chmod 600 {path}`")),
    }
}

#[cfg(not(unix))]
fn readable_by_others(folder: &Path) -> Finding {
    Finding::ok("keys", folder.display().to_string())
}

/// The model answers.
fn planner(project: &Project) -> Finding {
    let advice = "check OPENAI_BASE_URL, OPENAI_API_KEY and [model] of the settings";
    let named = env("ATTACHE_MODEL");
    let model = match model(project, named.as_deref()) {
        Ok(None) => return Finding::ok("model", "offline: no server is asked"),
        Ok(Some(model)) => model,
        Err(e) => return Finding::fault("model", e.message, advice),
    };
    let answer = block_on(async {
        let answer = tokio::time::timeout(PATIENCE, model.offered()).await;
        answer.map_err(|_| Failure::unavailable("no answer in time"))?.map_err(|e| Failure::unavailable(e.to_string()))
    });
    match answer {
        Err(e) => Finding::fault("model", e.message, advice),
        Ok(offered) => match model.wanted().find(|wanted| !offered.iter().any(|offered| offered == wanted)) {
            None => {
                Finding::ok("model", format!("the server offers {}", model.wanted().collect::<Vec<_>>().join(", ")))
            }
            Some(missing) => Finding::warning(
                "model",
                format!("the server does not list `{missing}`"),
                "check the name of the model",
            ),
        },
    }
}

/// Mail, and whatever waits on its way.
fn ways_out(global: &Global, project: &Project) -> Vec<Finding> {
    let channels = match Channels::open(&global.data, project) {
        Ok(channels) => channels,
        Err(e) => return vec![Finding::fault("channels", e.message, "mend that key of the settings")],
    };
    let mut found = vec![match &channels.mail {
        None => Finding::ok("mail", "no server is set; mail leaves as files of the folder `outbox`"),
        Some(mail) => match block_on(async { Ok(mail.reach().await) }) {
            Ok(Ok(())) => Finding::ok("mail", "the server takes our greeting"),
            Ok(Err(e)) => Finding::fault("mail", e.to_string(), "check [mail.smtp] of the settings"),
            Err(e) => Finding::fault("mail", e.message, "check [mail.smtp] of the settings"),
        },
    }];
    found.push(match channels.list() {
        Err(e) => Finding::fault("outbox", e.to_string(), "let this user read and write the folder"),
        Ok(listed) => {
            let stuck =
                listed.iter().filter(|(_, letter)| matches!(letter.state, State::Dead | State::Unknown)).count();
            if stuck == 0 {
                Finding::ok("outbox", format!("{} wait, none was given up or is in doubt", listed.len()))
            } else {
                let message = format!("{stuck} were given up or may have left");
                Finding::warning(
                    "outbox",
                    message,
                    "`attache outbox list` names them, `attache outbox resend` sends them",
                )
            }
        }
    });
    found
}

/// Whether mail that customers send comes in.
fn mail_in(project: &Project) -> Vec<Finding> {
    let advice = "check [mail.imap] of the settings and the password in the environment";
    let mut found = Vec::new();
    match mail_keys(project) {
        Ok(None) => {}
        Ok(Some(_)) => found.push(Finding::ok("mail hook", "mail that is signed is taken at /hooks/mail")),
        Err(e) => found.push(Finding::fault("mail hook", e.message, "set keys as they were handed out: `whsec_…`")),
    }
    let inbox = match inbox(project) {
        Ok(None) => return found,
        Ok(Some(inbox)) => inbox,
        Err(e) => {
            found.push(Finding::fault("mailbox", e.message, advice));
            return found;
        }
    };
    found.push(match block_on(async { Ok(inbox.reach().await) }) {
        Ok(Ok(reached)) => {
            let told = if reached.told { "the server tells of new ones" } else { "it is looked at again and again" };
            Finding::ok("mailbox", format!("the server lets us in; {} messages wait, {told}", reached.waiting))
        }
        Ok(Err(e)) => Finding::fault("mailbox", e.to_string(), advice),
        Err(e) => Finding::fault("mailbox", e.message, advice),
    });
    if project.config.mail.inbound.authenticated_by.is_none() {
        let advice = "set mail.inbound.authenticated_by to the name that stands in its Authentication-Results";
        found.push(Finding::warning(
            "senders",
            "nobody says which mail is forged: no sender is a known customer",
            advice,
        ));
    }
    found
}
