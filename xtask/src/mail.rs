//! The real mail tests: messages to and from mail servers that are not ours.

use crate::check::Done;
use crate::house::{House, Tally};
use crate::server::{Server, free_port};
use crate::{Outcome, tools};
use std::fs;

const SERVE: &str = "tools/channels/tests/real_mail/serve.py";
const SERVE_IMAP: &str = "tests/mailbox/serve.py";

/// Starts the server, runs the tests named `real_mail` against it, stops it.
pub(crate) fn run(house: &House, tally: &mut Tally) -> Outcome<Done> {
    if !house.path(SERVE).exists() {
        return Err(format!("{SERVE} is missing"));
    }
    let python = match tools::mail_python(house) {
        Ok(python) => python,
        Err(why) => return Ok(Done::Skipped { why, optional: None }),
    };
    let (port, file) = (free_port()?, house.work("real-mail.jsonl"));
    fs::write(&file, "").map_err(|e| format!("{}: {e}", file.display()))?;
    let mut command = house.command(python);
    command.arg(SERVE).arg(port.to_string()).arg(&file);
    // Stopped when this returns.
    let _server = Server::start(house, &mut command, "real-mail.log")?;
    // The whole workspace, so that cargo builds it with the features it has built already.
    let mut test = house.cargo(["test", "--locked", "--workspace", "--test", "real_mail", "--", "--nocapture"]);
    house.run_tests(test.env("ATTACHE_REAL_MAIL", format!("{port}|{}", file.display())), tally)?;
    Ok(Done::Passed)
}

/// Starts the IMAP server, runs the tests named `mailbox` against it, stops it.
pub(crate) fn imap(house: &House, tally: &mut Tally) -> Outcome<Done> {
    let found = tools::dovecot(house).and_then(|dovecot| Ok((dovecot, tools::mail_python(house)?)));
    let (dovecot, python) = match found {
        Ok(found) => found,
        Err(why) => return Ok(Done::Skipped { why, optional: Some("optional: not every machine can have Dovecot") }),
    };
    let (plain, tls, certificate) = (free_port()?, free_port()?, house.work("real-imap.pem"));
    let mut command = house.command(python);
    command.arg(SERVE_IMAP).arg(dovecot).arg(plain.to_string()).arg(tls.to_string()).arg(&certificate);
    let _server = Server::start(house, &mut command, "real-imap.log")?;
    let mut test = house.cargo(["test", "--locked", "--workspace", "--test", "mailbox", "--", "--nocapture"]);
    let place = format!("{plain}|{tls}|{}", certificate.display());
    house.run_tests(test.env("ATTACHE_REAL_IMAP", place), tally)?;
    Ok(Done::Passed)
}
