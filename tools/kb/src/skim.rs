//! Whether a passage answers a question, seen at a glance and without a sentence model.
//!
//! Words find what shares words with a question, and a customer seldom has the words of an
//! article. Here each token of the question looks for what stands for it in the passage, and
//! each of the passage for what asks for it, and what they find is compared and summed up
//! (decomposable attention, Parikh et al. 2016, arXiv:1606.01933, over tokens that see their
//! neighbours). It was trained (`skim/CARD.md`), is part of the program, and takes a fraction
//! of a millisecond a passage.

use crate::rows::whole_product;
use crate::trained::{Table, Trained};
use nalgebra::{DMatrix, DVector, RowDVector};
use std::sync::LazyLock;

/// What was trained.
const TRAINED: &[u8] = include_bytes!("skim/weights.safetensors");

/// What is added to a variance before it divides.
const EPSILON: f32 = 1e-5;

/// The one that is part of the program.
static SKIM: LazyLock<Option<Skim>> = LazyLock::new(Skim::trained);

/// A column for each token.
type Columns = DMatrix<f32>;

/// A text, made ready to be held against others.
#[derive(Debug)]
struct Text {
    ids: Vec<u32>,
    /// Its tokens as they see their neighbours.
    seen: Columns,
    /// How long each is by itself.
    lengths: Vec<f32>,
    /// How rare each is.
    rarity: Vec<f32>,
}

/// A question, made ready to be held against passages.
#[derive(Debug)]
pub(crate) struct Question {
    text: Text,
    /// What each of its tokens looks for.
    looks: Columns,
    /// What is made of them whatever the passage is, on its own side and on that of the passage.
    begun: [Columns; 2],
}

/// A passage, made ready to be held against questions.
#[derive(Debug)]
pub(crate) struct Passage {
    text: Text,
    /// What is made of its tokens whatever the question is.
    begun: Columns,
}

/// A question of these tokens.
pub(crate) fn question(ids: Vec<u32>) -> Option<Question> {
    let skim = SKIM.as_ref()?;
    let text = skim.text(ids)?;
    let begun = [&skim.of_question.own * &text.seen, &skim.of_passage.other * &text.seen];
    Some(Question { looks: &skim.look * &text.seen, text, begun })
}

/// A passage of these tokens, with what stands above it and what customers ask that it answers.
pub(crate) fn passage(ids: Vec<u32>) -> Option<Passage> {
    let skim = SKIM.as_ref()?;
    let text = skim.text(ids)?;
    Some(Passage { begun: &skim.of_passage.own * &text.seen, text })
}

/// The log odds that the passage answers the question.
pub(crate) fn odds(question: &Question, passage: &Passage) -> Option<f32> {
    SKIM.as_ref()?.odds(question, passage)
}

struct Skim {
    table: Table,
    /// How rare each token is.
    rarity: Vec<f32>,
    norms: [Norm; 3],
    near: Conv,
    wide: Conv,
    /// How tokens of the question look at those of the passage.
    look: Columns,
    /// The weight of finding nothing.
    nothing: f32,
    of_question: Compared,
    of_passage: Compared,
    /// How much each token matters.
    weigh: [Linear; 2],
    last: [Linear; 2],
}

/// What is made of each token of one side and what stands for it on the other: a step over
/// both, their product and what else is seen of them, whose parts are apart here since some of
/// them are the same for all that a text is held against, and a step of what of it is positive.
struct Compared {
    own: Columns,
    other: Columns,
    both: Columns,
    signs: Columns,
    bias: DVector<f32>,
    last: Linear,
}

struct Linear {
    weight: Columns,
    bias: DVector<f32>,
}

struct Norm {
    weight: DVector<f32>,
    bias: DVector<f32>,
}

/// What each token and its neighbours make together, in groups of numbers.
struct Conv {
    groups: Vec<Columns>,
    bias: DVector<f32>,
    width: usize,
}

impl Linear {
    fn of(&self, x: &Columns) -> Columns {
        biased(&self.weight * x, &self.bias)
    }
}

impl Norm {
    #[expect(clippy::cast_precision_loss, reason = "some hundred numbers")]
    fn over(&self, mut x: Columns) -> Columns {
        let (weight, bias, size) = (self.weight.as_slice(), self.bias.as_slice(), x.nrows().max(1));
        for column in x.as_mut_slice().chunks_exact_mut(size) {
            let mean = sum(column, |number| number) / size as f32;
            let spread = sum(column, |number| (number - mean) * (number - mean)) / size as f32;
            let scale = 1.0 / (spread + EPSILON).sqrt();
            for ((number, weight), bias) in column.iter_mut().zip(weight).zip(bias) {
                *number = (*number - mean) * scale * weight + bias;
            }
        }
        x
    }
}

impl Conv {
    fn of(&self, x: &Columns) -> Columns {
        let mut y = Columns::zeros(x.nrows(), x.ncols());
        let rows = x.nrows() / self.groups.len().max(1);
        let before = self.width / 2;
        for (group, weight) in self.groups.iter().enumerate() {
            let own = x.rows(group * rows, rows);
            let mut unfolded = Columns::zeros(self.width * rows, x.ncols());
            for at in 0..self.width {
                // The token that stands `at - before` from each.
                let (to, from) = (before.saturating_sub(at), at.saturating_sub(before));
                let many = x.ncols().saturating_sub(to.max(from));
                let shifted = own.columns(from.min(x.ncols() - many), many);
                unfolded.view_mut((at * rows, to.min(x.ncols() - many)), (rows, many)).copy_from(&shifted);
            }
            y.rows_mut(group * rows, rows).gemm(1.0, weight, &unfolded, 0.0);
        }
        biased(y, &self.bias)
    }
}

impl Skim {
    /// What is part of the program; nothing if that were not as it is expected, which a test
    /// would see.
    fn trained() -> Option<Self> {
        let trained = Trained::of(TRAINED)?;
        Some(Self {
            table: trained.table()?,
            rarity: trained.numbers("rarity")?,
            norms: [trained.norm("norms.0")?, trained.norm("norms.1")?, trained.norm("norms.2")?],
            near: trained.conv("near", 3, 1)?,
            wide: trained.conv("wide", 5, 4)?,
            look: trained.matrix("look")?,
            nothing: trained.number("nothing")?,
            of_question: trained.compared("of_question", true)?,
            of_passage: trained.compared("of_passage", false)?,
            weigh: trained.steps("weigh")?,
            last: trained.steps("last")?,
        })
    }

    fn text(&self, ids: Vec<u32>) -> Option<Text> {
        let length = |own: &[i16]| whole_product(own, own).sqrt().max(f32::MIN_POSITIVE);
        let lengths = self.whole(&ids)?.chunks_exact(self.table.size).map(length).collect();
        let rarity = ids.iter().map(|id| self.rarity.get(usize::try_from(*id).ok()?).copied());
        Some(Text { seen: self.seen(&ids)?, lengths, rarity: rarity.collect::<Option<_>>()?, ids })
    }

    /// Tokens as they see their neighbours.
    fn seen(&self, ids: &[u32]) -> Option<Columns> {
        let [first, second, third] = &self.norms;
        let mut x = first.over(self.begun(ids)?);
        for (conv, norm) in [(&self.near, second), (&self.wide, third)] {
            let more = positive(conv.of(&x));
            x = norm.over(x + more);
        }
        Some(x)
    }

    /// Tokens by themselves; nothing if there are none.
    fn begun(&self, ids: &[u32]) -> Option<Columns> {
        let mut numbers = Vec::with_capacity(self.table.size * ids.len());
        for id in ids {
            numbers.extend(self.table.row(*id)?);
        }
        (!ids.is_empty()).then(|| Columns::from_vec(self.table.size, ids.len(), numbers))
    }

    /// Tokens by themselves, as whole numbers, one behind the other.
    fn whole(&self, ids: &[u32]) -> Option<Vec<i16>> {
        let mut numbers = Vec::with_capacity(self.table.size * ids.len());
        for id in ids {
            numbers.extend(self.table.whole(*id)?);
        }
        Some(numbers)
    }

    /// The cosine of each token of a passage, a row each, and each of a question by themselves.
    fn same(&self, asked: &Text, said: &Text) -> Option<Columns> {
        let (columns, rows, size) = (self.whole(&asked.ids)?, self.whole(&said.ids)?, self.table.size);
        let columns = columns.chunks_exact(size).zip(&asked.lengths);
        let cosines = columns.flat_map(|(own, length)| {
            let rows = rows.chunks_exact(size).zip(&said.lengths);
            rows.map(move |(row, beside)| whole_product(own, row) / (length * beside))
        });
        Some(Columns::from_iterator(said.ids.len(), asked.ids.len(), cosines))
    }

    fn odds(&self, question: &Question, passage: &Passage) -> Option<f32> {
        let same = self.same(&question.text, &passage.text)?;
        let Question { text: Text { ids, seen: asked, rarity, .. }, looks, begun: [begun, begun_for_said] } = question;
        let Passage { text: Text { ids: ids_of_said, seen: said, rarity: rarity_of_said, .. }, begun: begun_of_said } =
            passage;
        // A row for each token of the passage, a column for each of the question.
        let mut found = said.transpose() * looks;
        let mut found_by_said = found.transpose();

        let covered = self.shared(&mut found);
        let stands = said * &found;
        let most = same.column_iter().map(|column| column.max());
        let is_said = ids.iter().map(|id| f32::from(u8::from(ids_of_said.contains(id))));
        let signs = most.zip(is_said).zip(covered).zip(rarity);
        let signs = signs.flat_map(|(((most, is_said), covered), rare)| [most, is_said, covered, *rare]);
        let signs = Columns::from_iterator(4, ids.len(), signs);
        let more = &self.of_question.other * &stands;
        let of_question = self.of_question.of(begun, more, &asked.component_mul(&stands), &signs);

        let covered = self.shared(&mut found_by_said);
        let stands = asked * &found_by_said;
        let signs = same.row_iter().map(|row| row.max()).zip(covered).zip(rarity_of_said);
        let signs = signs.flat_map(|((most, covered), rare)| [most, covered, *rare]);
        let signs = Columns::from_iterator(3, ids_of_said.len(), signs);
        let more = begun_for_said * &found_by_said;
        let of_passage = self.of_passage.of(begun_of_said, more, &said.component_mul(&stands), &signs);

        let [weigh, weigh_said] = &self.weigh;
        let mut with_rarity = of_question.clone().insert_row(of_question.nrows(), 0.0);
        with_rarity.set_row(of_question.nrows(), &RowDVector::from_row_slice(rarity));
        let summed = [
            weighed(&of_question, &weigh.of(&with_rarity)),
            most_of(&of_question),
            of_question.column_mean(),
            weighed(&of_passage, &weigh_said.of(&of_passage)),
            most_of(&of_passage),
        ];
        let together: Vec<f32> = summed.iter().flat_map(|part| part.iter().copied()).collect();
        let together = Columns::from_vec(together.len(), 1, together);
        let [first, second] = &self.last;
        second.of(&positive(first.of(&together))).iter().next().copied().filter(|odds| odds.is_finite())
    }

    /// Turns each column into shares of one, beside that of finding nothing; tells what they are together.
    fn shared(&self, columns: &mut Columns) -> Vec<f32> {
        let shares = columns.column_iter_mut().map(|mut column| {
            let best = column.max().max(self.nothing);
            column.apply(|number| *number = (*number - best).exp());
            let sum = column.sum() + (self.nothing - best).exp();
            column.unscale_mut(sum);
            column.sum()
        });
        shares.collect()
    }
}

impl Compared {
    fn of(&self, begun: &Columns, more: Columns, both: &Columns, signs: &Columns) -> Columns {
        let mut first = begun + more;
        first.gemm(1.0, &self.both, both, 1.0);
        first.gemm(1.0, &self.signs, signs, 1.0);
        self.last.of(&positive(biased(first, &self.bias)))
    }
}

impl Trained {
    fn vector(&self, name: &str) -> Option<DVector<f32>> {
        self.numbers(name).map(DVector::from_vec)
    }

    fn matrix(&self, name: &str) -> Option<Columns> {
        let (shape, numbers) = (self.shape(name)?, self.numbers(name)?);
        match *shape.as_slice() {
            [rows, columns] if rows * columns == numbers.len() => {
                Some(Columns::from_row_slice(rows, columns, &numbers))
            }
            _ => None,
        }
    }

    fn linear(&self, name: &str) -> Option<Linear> {
        Some(Linear { weight: self.matrix(&format!("{name}.weight"))?, bias: self.vector(&format!("{name}.bias"))? })
    }

    fn steps(&self, name: &str) -> Option<[Linear; 2]> {
        Some([self.linear(&format!("{name}.0"))?, self.linear(&format!("{name}.1"))?])
    }

    /// Over a token, what stands for it, their difference if there is one, their product and signs.
    fn compared(&self, name: &str, difference: bool) -> Option<Compared> {
        let [Linear { weight, bias }, last] = self.steps(name)?;
        let (size, parts) = (self.matrix("look")?.nrows(), if difference { 4 } else { 3 });
        let part = |at: usize| weight.columns(at * size, size).into_owned();
        let signs = weight.ncols().checked_sub(parts * size)?;
        let (mut own, mut other) = (part(0), part(1));
        if difference {
            own += part(2);
            other -= part(2);
        }
        Some(Compared {
            own,
            other,
            both: part(parts - 1),
            signs: weight.columns(parts * size, signs).into_owned(),
            bias,
            last,
        })
    }

    fn norm(&self, name: &str) -> Option<Norm> {
        Some(Norm { weight: self.vector(&format!("{name}.weight"))?, bias: self.vector(&format!("{name}.bias"))? })
    }

    /// For each number that is made a row: those of the first neighbour, of the second and so on.
    fn conv(&self, name: &str, width: usize, groups: usize) -> Option<Conv> {
        let Linear { weight, bias } = self.linear(name)?;
        let rows = weight.nrows() / groups;
        let groups = (0..groups).map(|group| weight.rows(group * rows, rows).into_owned()).collect();
        Some(Conv { groups, bias, width })
    }
}

fn biased(mut x: Columns, bias: &DVector<f32>) -> Columns {
    x.column_iter_mut().for_each(|mut column| column += bias);
    x
}

/// What is below nothing is nothing.
fn positive(mut x: Columns) -> Columns {
    x.apply(|number| *number = number.max(0.0));
    x
}

/// Many at a time: a sum is else added up one by one.
fn sum(numbers: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (parts, rest) = numbers.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, number)| *sum += of(*number));
    }
    sums.into_iter().chain(rest.iter().map(|number| of(*number))).sum()
}

/// The mean of the columns, each weighed by its share of these log weights.
fn weighed(columns: &Columns, weights: &Columns) -> DVector<f32> {
    let best = weights.max();
    let shares = DVector::from_iterator(weights.len(), weights.iter().map(|weight| (weight - best).exp()));
    columns * &shares / shares.sum()
}

/// The largest number of each row.
fn most_of(columns: &Columns) -> DVector<f32> {
    DVector::from_iterator(columns.nrows(), columns.row_iter().map(|row| row.max()))
}

#[cfg(test)]
mod tests;
