//! What was trained and is part of the program, by name.

use half::f16;
use safetensors::SafeTensors;

/// A file of it.
pub(crate) struct Trained(SafeTensors<'static>);

impl Trained {
    /// Nothing if it cannot be read, which a test would see.
    pub(crate) fn of(file: &'static [u8]) -> Option<Self> {
        SafeTensors::deserialize(file).ok().map(Self)
    }

    pub(crate) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        Some(self.0.tensor(name).ok()?.shape().to_vec())
    }

    pub(crate) fn numbers(&self, name: &str) -> Option<Vec<f32>> {
        let (pairs, _) = self.0.tensor(name).ok()?.data().as_chunks();
        Some(pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32()).collect())
    }

    pub(crate) fn number(&self, name: &str) -> Option<f32> {
        self.numbers(name)?.first().copied()
    }

    /// The numbers of each token.
    pub(crate) fn table(&self) -> Option<Table> {
        let size = *self.shape("table")?.get(1)?;
        Some(Table { numbers: self.0.tensor("table").ok()?.data(), size, step: self.number("step")? })
    }
}

/// So many numbers for each token, one token behind the other.
pub(crate) struct Table {
    /// With a sign.
    numbers: &'static [u8],
    pub(crate) size: usize,
    /// What one of them is worth.
    step: f32,
}

impl Table {
    /// The numbers of a token.
    pub(crate) fn row(&self, id: u32) -> Option<impl Iterator<Item = f32>> {
        Some(self.whole(id)?.map(|number| f32::from(number) * self.step))
    }

    /// The same as whole numbers.
    pub(crate) fn whole(&self, id: u32) -> Option<impl Iterator<Item = i16>> {
        let start = usize::try_from(id).ok()?.checked_mul(self.size)?;
        let numbers = self.numbers.get(start..start.checked_add(self.size)?)?;
        Some(numbers.iter().map(|number| i16::from(number.cast_signed())))
    }
}
