//! What a text says that we will do or have done.

use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

/// A deed by the ways to say it, and what a source says that bears it out.
struct Deed {
    said: &'static [&'static str],
    borne_out: &'static [&'static str],
    /// What a source must say where we bind ourselves: `we will refund`; empty
    /// if the same bears it out.
    granted: &'static [&'static str],
}

/// Deeds that cost money or bind us.
const DEEDS: &[Deed] = &[
    Deed {
        said: &["refund", "refunded", "reimburse", "reimbursed", "money back", "pay you back", "paid back"],
        borne_out: &["refund", "reimburs", "money back"],
        granted: &[
            "we will refund",
            "we refund",
            "we reimburse",
            "are refunded",
            "is refunded",
            "been refunded",
            "be refunded",
            "refund approved",
            "refund granted",
            "refund issued",
            "refund_approved",
            "approved refund",
        ],
    },
    Deed {
        said: &[
            "credit your",
            "credited your",
            "credited to your",
            "credit to your",
            "account credit",
            "apply a credit",
        ],
        borne_out: &["credit to", "credited", "account credit", "service credit"],
        granted: &[],
    },
    Deed { said: &["compensate", "compensation"], borne_out: &["compensat"], granted: &[] },
    Deed { said: &["waive", "waived"], borne_out: &["waive"], granted: &[] },
    Deed { said: &["discount", "discounted"], borne_out: &["discount"], granted: &[] },
    Deed {
        said: &["upgrade you", "upgraded you", "upgraded your", "free upgrade"],
        borne_out: &["upgraded", "free upgrade"],
        granted: &[],
    },
    Deed {
        said: &["for free", "free of charge", "at no cost", "no charge", "at no extra cost", "on the house"],
        borne_out: &["free", "no cost", "no charge", "no extra cost"],
        granted: &[],
    },
    Deed {
        said: &["guarantee", "guaranteed", "we promise", "i promise", "you have my word"],
        borne_out: &["guarantee", "promise"],
        granted: &[],
    },
    Deed {
        said: &["cancelled your", "canceled your", "have cancelled", "have canceled", "will cancel your"],
        borne_out: &["cancelled", "canceled"],
        granted: &[],
    },
    Deed {
        said: &["extended your", "extend your trial", "extend your"],
        borne_out: &["extended", "extend your", "extension"],
        granted: &[],
    },
    Deed {
        said: &["send you a replacement", "replacement is on its way", "replace it for", "have replaced"],
        borne_out: &["replacement", "replaced"],
        granted: &[],
    },
    Deed {
        said: &["will call you", "call you back", "call you tomorrow", "call you today"],
        borne_out: &["call you", "call back", "callback"],
        granted: &[],
    },
    Deed { said: &["deleted your", "have deleted", "erased your"], borne_out: &["deleted", "erased"], granted: &[] },
];

static SAID: LazyLock<(AhoCorasick, Vec<usize>)> = LazyLock::new(|| {
    let said: Vec<(usize, &str)> =
        DEEDS.iter().enumerate().flat_map(|(index, deed)| deed.said.iter().map(move |said| (index, *said))).collect();
    #[expect(clippy::expect_used, reason = "constants of this file, built by its tests")]
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(said.iter().map(|(_, said)| said))
        .expect("a few short phrases");
    (automaton, said.into_iter().map(|(index, _)| index).collect())
});

/// Words that deny or ask, so that nothing is promised.
const NO_PROMISE: &[&str] = &["cannot", "can't", "not", "no", "unable", "whether", "if"];

/// The promises of a text: start and end in bytes, and what bears them out.
pub(super) fn find(text: &str) -> Vec<(usize, usize, &'static [&'static str])> {
    let (automaton, deeds) = &*SAID;
    let mut found = Vec::new();
    for said in automaton.find_iter(text) {
        let edge = |byte: Option<&u8>| !byte.is_some_and(u8::is_ascii_alphanumeric);
        let whole = edge(said.start().checked_sub(1).and_then(|at| text.as_bytes().get(at)))
            && edge(text.as_bytes().get(said.end()));
        let before = text.get(..said.start()).unwrap_or_default();
        let clause = before.rsplit(['.', '!', '?', '\n', ';']).next().unwrap_or_default().to_lowercase();
        let denied = clause
            .split_whitespace()
            .rev()
            .take(4)
            .any(|word| NO_PROMISE.contains(&word.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'')));
        if whole
            && !denied
            && let Some(deed) = deeds.get(said.pattern().as_usize()).and_then(|deed| DEEDS.get(*deed))
        {
            // `You may have a refund` binds nobody.
            let clause = format!(" {clause}").replace(" may have ", " ").replace(" can have ", " ");
            let bound = [" will ", "'ll ", "\u{2019}ll ", " have ", "'ve ", " has been ", " going to "];
            let binds = bound.iter().any(|bound| clause.contains(bound));
            let needed = if binds && !deed.granted.is_empty() { deed.granted } else { deed.borne_out };
            found.push((said.start(), said.end(), needed));
        }
    }
    found
}
