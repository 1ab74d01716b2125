//! Whether an e-mail is put together in a way that can be read: before it is.

use super::MailFault;

/// So many parts may say what they are. A part within a part says so, and how deep
/// they lie is how deep the stack of whoever drops them grows.
const MOST_TYPED: usize = 300;

/// So many times a part may seem to begin.
const MOST_BEGUN: usize = 20_000;

const TYPED: &[u8] = b"content-type";

/// Refuses what would cost more to read than an e-mail is worth.
pub(super) fn check(raw: &[u8]) -> Result<(), MailFault> {
    let typed = raw.windows(TYPED.len()).filter(|window| window.eq_ignore_ascii_case(TYPED)).take(MOST_TYPED + 1);
    if typed.count() > MOST_TYPED {
        return Err(MailFault("the e-mail has too many parts, or parts within parts"));
    }
    let begun = raw.windows(3).filter(|window| matches!(window, [b'-', b'-', next] if *next != b'-'));
    if begun.take(MOST_BEGUN + 1).count() > MOST_BEGUN {
        return Err(MailFault("the e-mail has too many parts"));
    }
    Ok(())
}
