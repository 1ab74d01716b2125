//! What customers of other companies ask.
//!
//! A question for somebody else is near to nothing in the articles, and by how much
//! depends on its words more than on what it asks. So it is held against a cohort of
//! such questions as well: whose neighbours are mostly the customers of others is
//! not ours. Speaker verification tells impostors so (Rosenberg, DeLong, Lee, Juang
//! and Soong, 1992). See `docs/decisions/0040`.

use crate::fit::ratio;
use crate::index::content;
use crate::vectors::Spoken;

/// Lines of customers of twenty trades, written for this project.
const CUSTOMERS: &str = include_str!("cohort/customers.txt");

/// So many of what is most like a question have a say.
const NEIGHBOURS: usize = 30;

/// The say of a neighbour is e to so many times its cosine.
const SHARPNESS: f32 = 8.0;

/// What tells this cohort from another.
pub(crate) fn digest() -> String {
    format!("{:016x}", content("", CUSTOMERS))
}

/// Each line of the cohort, as vectors are made of it.
pub(crate) fn lines() -> impl Iterator<Item = Spoken> {
    let lines = CUSTOMERS.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| Spoken { content: content("", line), sentence: false, text: line.to_owned() })
}

/// How much of the say about a question the cohort has, from 0 to 1, from how like
/// the question each text and each line of customers of the articles is, and each line of
/// the cohort. Of the nearest, those of the smaller side count more, by how much smaller
/// it is: some of many are near by chance.
pub(crate) fn share(own: impl Iterator<Item = f32>, cohort: impl Iterator<Item = f32>) -> f32 {
    let mut all: Vec<(f32, bool)> = own.map(|likeness| (likeness, false)).collect();
    let wordings = all.len();
    all.extend(cohort.map(|likeness| (likeness, true)));
    let balance = ratio(wordings, all.len() - wordings);
    if all.len() > NEIGHBOURS {
        all.select_nth_unstable_by(NEIGHBOURS - 1, |one, other| other.0.total_cmp(&one.0));
        all.truncate(NEIGHBOURS);
    }
    let (mut ours, mut theirs) = (0.0, 0.0);
    for (likeness, cohort) in all {
        let say = (SHARPNESS * likeness).exp();
        if cohort { theirs += balance * say } else { ours += say }
    }
    theirs / (ours + theirs).max(f32::EPSILON)
}

#[cfg(test)]
mod tests;
