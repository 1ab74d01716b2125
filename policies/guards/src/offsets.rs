//! Byte offsets and Unicode scalar values.

/// Turns byte offsets into offsets in Unicode scalar values, in one pass.
pub(crate) struct Chars<'a> {
    rest: std::str::CharIndices<'a>,
    /// How many chars have been passed.
    chars: usize,
    ascii: bool,
    len: usize,
}

impl<'a> Chars<'a> {
    /// Starts at the beginning of `text`.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text.char_indices(), chars: 0, ascii: text.is_ascii(), len: text.len() }
    }

    /// The scalar values before byte `at`. Ask in ascending order.
    pub(crate) fn at(&mut self, at: usize) -> usize {
        if self.ascii {
            return at.min(self.len);
        }
        while self.rest.offset() < at && self.rest.next().is_some() {
            self.chars += 1;
        }
        self.chars
    }

    /// The byte at which the scalar value number `at` starts, if the text is
    /// that long. Ask in ascending order.
    pub(crate) fn byte(&mut self, at: usize) -> Option<usize> {
        if self.ascii {
            return (at <= self.len).then_some(at);
        }
        while self.chars < at {
            self.rest.next()?;
            self.chars += 1;
        }
        Some(self.rest.offset())
    }
}
