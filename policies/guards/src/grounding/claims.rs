//! Whether what a sentence claims is said in the words of its sources.

use super::Words;
use std::collections::HashSet;
use std::sync::LazyLock;

/// A sentence with fewer content words claims too little to be judged by them:
/// a greeting, `That works.`
const FEWEST: usize = 3;

/// The ends of words that say the same: `export`, `exported`, `exporting`.
const ENDING: usize = 3;

/// No shorter beginning stands for a word.
const SHORTEST: usize = 4;

/// Words that carry no claim: what holds sentences together, and what an answer
/// says to be polite or to lead on.
static EMPTY: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "about above according across after again all almost along already also although always answer any \
    anyone anything article articles as ask assist assistant away because been before being below best between both but \
    came can cannot case come contact could day dear did do does doing done down during each either else enough even ever \
    every everything far feel few first follow following for free friendly from further give given glad goes going good \
    happy has have having hear hello help helps hence here hesitate hope how however if information inside instead \
    into its itself just keep kind kindly know last least let like likely look made make many may maybe mean means \
    might more most much must near need needs never next none nor not note nothing now off often once one only onto \
    other others otherwise our out over own passage per perhaps please point possible question questions quite rather \
    reach reaching really regards reply right same say says see seem shall she should simply since some someone \
    something soon sorry source sources still such sure take team tell than thank thanks that the their them then there \
    these they thing things this those though through thus time to too under understand unless until upon use used \
    using very want wants was way welcome well were what whatever when where whether which while who whole whose why \
    will wish with within without word would write wrote yes yet you your yours yourself"
        .split_ascii_whitespace()
        .collect()
});

/// What a word counts that was asked about and that no source has.
const ASKED: usize = 3;

/// How sentences begin that say again what the customer said.
const RESTATING: [&str; 9] =
    ["as you", "i am sorry", "i understand", "sorry", "thank", "we are sorry", "you asked", "you mention", "you wrote"];

/// Whether a sentence claims anything: a question does not, nor what says again
/// what the customer said.
pub(super) fn claims(sentence: &str) -> bool {
    !sentence.ends_with('?') && !RESTATING.iter().any(|start| sentence.starts_with(start))
}

/// Whether `sources` have at least half of the content words of `sentence`; a
/// word of `asked` that they lack weighs more.
pub(super) fn stand<'a, S: Iterator<Item = &'a Words<'a>>>(
    sentence: &str,
    asked: &Words<'_>,
    sources: impl Fn() -> S,
) -> bool {
    let (mut held, mut all, mut about) = (0, 0, false);
    for word in content(sentence).0 {
        let stands = sources().any(|source| holds(source, word));
        let missed = !stands && holds(asked, word);
        held += usize::from(stands);
        all += if missed { ASKED } else { 1 };
        about |= missed;
    }
    (all < FEWEST && !about) || held * 2 >= all
}

/// The words of a plain text that carry a claim.
pub(super) fn content(plain: &str) -> Words<'_> {
    Words::such(plain, |word| word.len() >= SHORTEST && !EMPTY.contains(word))
}

/// Whether a word of `source` begins as this one does.
fn holds(source: &Words<'_>, word: &str) -> bool {
    let begins = word.chars().count().saturating_sub(ENDING).max(SHORTEST);
    source.begin(word.char_indices().nth(begins).and_then(|(end, _)| word.get(..end)).unwrap_or(word))
}
