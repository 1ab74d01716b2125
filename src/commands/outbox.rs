//! `attache outbox`.

use super::{block_on, json};
use crate::channels::Channels;
use crate::cli::{Global, Outbox};
use crate::config::Project;
use crate::failure::Failure;
use crate::tell;
use attache::channels::{FromMail, How, Listed, MOST_MAIL, MailReader, Suppression};
use comfy_table::{Table, presets};
use jiff::Timestamp;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// A message as programs see it: not its text.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    way: &'a str,
    state: &'a str,
    to: &'a str,
    what: &'a str,
    at: Timestamp,
    tries: u32,
    last: Option<&'a str>,
}

#[derive(Serialize)]
struct Resent<'a> {
    id: &'a str,
    receipt: &'a str,
}

#[derive(Serialize)]
struct Listing {
    suppressed: usize,
}

pub(crate) fn run(global: &Global, outbox: &Outbox, out: &mut dyn Write) -> Result<(), Failure> {
    let project = Project::read(global.config.as_deref())?;
    let channels = Channels::open(&global.data, &project)?;
    match outbox {
        Outbox::List => list(global, &channels, out),
        Outbox::Resend { ids } => ids.iter().try_for_each(|id| resend(global, &channels, id, out)),
        Outbox::Bounce { file } => bounce(global, &channels, &project, file, out),
        Outbox::Suppress { address } => {
            channels.suppressions.add(address, &Suppression::asked(Timestamp::now()))?;
            told(global, 1, out)
        }
        Outbox::Allow { address } => {
            let lifted = channels.suppressions.lift(address)?;
            if lifted { Ok(()) } else { Err(Failure::refused("this address is not on the list")) }
        }
    }
}

fn list(global: &Global, channels: &Channels, out: &mut dyn Write) -> Result<(), Failure> {
    let listed = channels.list()?;
    if listed.is_empty() && !global.json {
        return Ok(writeln!(out, "nothing waits, nothing was given up, and nothing is in doubt")?);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["id", "way", "state", "to", "what", "tries", "last"]);
    for (way, Listed { id, state, letter }) in &listed {
        let last = letter.last.as_deref();
        let (state, to, what) = (state.as_str(), letter.to.as_str(), letter.what.as_str());
        if global.json {
            json(out, &Shown { id, way, state, to, what, at: letter.at, tries: letter.tries, last })?;
            continue;
        }
        let tries = letter.tries.to_string();
        let (to, what, last) = (tell::printable(to), tell::printable(what), tell::printable(last.unwrap_or_default()));
        table.add_row([id, *way, state, &to, &what, &tries, &last]);
    }
    if global.json { Ok(()) } else { Ok(writeln!(out, "{table}")?) }
}

fn resend(global: &Global, channels: &Channels, id: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let listed = channels.list()?;
    let found = listed.iter().find(|(_, listed)| listed.id == *id);
    let (way, _) = found.ok_or_else(|| Failure::refused(format!("nothing waits under `{id}`")))?;
    let receipt = block_on(async {
        channels.resend(way, id).await.map_err(|failed| match failed.how {
            How::Never => Failure::refused(failed.message),
            How::Later | How::Unknown => Failure::unavailable(failed.message),
        })
    })?;
    if global.json {
        return json(out, &Resent { id, receipt: &receipt });
    }
    if global.quiet { Ok(()) } else { Ok(writeln!(out, "sent: {}", tell::printable(&receipt))?) }
}

/// Takes a report of a mail server, or the word of somebody who wants no mail.
fn bounce(
    global: &Global,
    channels: &Channels,
    project: &Project,
    file: &Path,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let refused = |what: String| Failure::refused(format!("{}: {what}", file.display()));
    let mut raw = Vec::new();
    // One more than is read, so that what is larger is told so.
    let most = MOST_MAIL as u64 + 1;
    let read = if file == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut raw)
    } else {
        File::open(file).and_then(|file| file.take(most).read_to_end(&mut raw))
    };
    read.map_err(|e| refused(e.to_string()))?;
    let reader = MailReader::new(&project.config.mail.from, None).map_err(refused)?;
    let now = Timestamp::now();
    match reader.read(&raw, now).map_err(|e| refused(e.to_string()))? {
        FromMail::Bounce(bounce) => {
            let smtp = channels.mail.as_ref().ok_or_else(|| Failure::refused("mail.smtp is not set up"))?;
            told(global, smtp.bounced(&bounce, now)?, out)
        }
        FromMail::Unsubscribe { address } => {
            channels.suppressions.add(&address, &Suppression::asked(now))?;
            told(global, 1, out)
        }
        FromMail::Disowned | FromMail::Ignored(_) | FromMail::Message(_) => {
            Err(refused("this is no report of a mail server".to_owned()))
        }
    }
}

fn told(global: &Global, suppressed: usize, out: &mut dyn Write) -> Result<(), Failure> {
    if global.json {
        return json(out, &Listing { suppressed });
    }
    let addresses = if suppressed == 1 { "1 address is" } else { &format!("{suppressed} addresses are") };
    if global.quiet { Ok(()) } else { Ok(writeln!(out, "{addresses} not written to any more")?) }
}
