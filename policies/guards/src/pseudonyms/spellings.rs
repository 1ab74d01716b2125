//! The letters of known values, and which of them a text goes on with.

use crate::squeeze::Start;

/// The letters of known values in order.
///
/// Made for each run, so that making it must cost no more than a sort. All that
/// a text begins with is found by one search: whatever sorts between a value and
/// a text that begins with it begins with the value too, so that the last one
/// not after the text leads to all of them.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    sorted: Vec<Spelling>,
    /// The first bytes there are: most words of a text begin with none of them.
    firsts: Firsts,
}

#[derive(Debug)]
struct Spelling {
    letters: Box<str>,
    /// Its place in the list that it comes from.
    pattern: usize,
    /// The longest other one that this begins with.
    shorter: Option<usize>,
}

impl Spellings {
    pub(super) fn new(letters: impl IntoIterator<Item = String>) -> Self {
        let letters = letters.into_iter().enumerate().filter(|(_, letters)| !letters.is_empty());
        let mut sorted: Vec<Spelling> = letters
            .map(|(pattern, letters)| Spelling { letters: letters.into_boxed_str(), pattern, shorter: None })
            .collect();
        sorted.sort_by(|a, b| a.letters.cmp(&b.letters));
        sorted.shrink_to_fit();
        let mut firsts = Firsts::default();
        let mut open: Vec<usize> = Vec::new();
        for index in 0..sorted.len() {
            let begins_with = |shorter: &usize| {
                let (this, shorter) = (sorted.get(index)?, sorted.get(*shorter)?);
                this.letters.starts_with(&*shorter.letters).then_some(())
            };
            while open.last().is_some_and(|shorter| begins_with(shorter).is_none()) {
                open.pop();
            }
            if let Some(spelling) = sorted.get_mut(index) {
                spelling.shorter = open.last().copied();
                spelling.letters.bytes().take(1).for_each(|byte| firsts.add(byte));
            }
            open.push(index);
        }
        Self { sorted, firsts }
    }

    /// The letters in the order in which they were given, `count` in all.
    pub(super) fn in_order(&self, count: usize) -> Vec<String> {
        let mut letters = vec![String::new(); count];
        for spelling in &self.sorted {
            if let Some(slot) = letters.get_mut(spelling.pattern) {
                slot.push_str(&spelling.letters);
            }
        }
        letters
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Whether a word that starts so may begin a value: one look, which most words fail.
    pub(super) fn may_begin(&self, start: &Start) -> bool {
        let start = start.letters();
        match start.first() {
            // What other chars read like is known when they are read.
            None => true,
            Some(byte) if !self.firsts.has(*byte) => false,
            // A value that goes on where these end begins with all of them; one that
            // ends before they do is not the whole word.
            Some(_) => {
                let at = self.sorted.partition_point(|spelling| spelling.letters.as_bytes() < start);
                self.sorted.get(at).is_some_and(|spelling| spelling.letters.as_bytes().starts_with(start))
            }
        }
    }

    /// The values that `text` begins with, the longest first: the place of each
    /// in its list, and how long it is.
    pub(super) fn starts<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (usize, usize)> + 'a {
        let known = text.first().is_some_and(|byte| self.firsts.has(*byte));
        let last = || self.sorted.partition_point(|spelling| spelling.letters.as_bytes() <= text).checked_sub(1);
        let at = |index: Option<usize>| self.sorted.get(index?);
        let chain = std::iter::successors(at(known.then(last).flatten()), move |spelling| at(spelling.shorter));
        chain
            .filter(|spelling| text.starts_with(spelling.letters.as_bytes()))
            .map(|spelling| (spelling.pattern, spelling.letters.len()))
    }
}

/// A set of bytes.
#[derive(Debug, Default)]
struct Firsts([u64; 4]);

impl Firsts {
    fn add(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word & 1 << (byte & 63) != 0)
    }
}

#[cfg(test)]
mod tests;
