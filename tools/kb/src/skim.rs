//! Whether a passage answers a question, seen at a glance and without a sentence model.
//!
//! Words find what shares words with a question, and a customer seldom has the words of an
//! article. Here each token of the question looks for what stands for it in the passage, and
//! each of the passage for what asks for it, and what they find is compared and summed up
//! (decomposable attention, Parikh et al. 2016, arXiv:1606.01933, over tokens that see their
//! neighbours). It was trained (`skim/CARD.md`), is part of the program, and takes a fraction
//! of a millisecond a passage.

use crate::analysis::first_chars;
use crate::fit::ratio;
use half::f16;
use nalgebra::{DMatrix, DVector, RowDVector};
use safetensors::SafeTensors;
use std::sync::LazyLock;
use tokenizers::Tokenizer;
use tokenizers::models::bpe::Vocab;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;

/// What was trained.
const TRAINED: &[u8] = include_bytes!("skim/weights.safetensors");

/// The tokens, one a line, as the sentence models of the BERT family have them.
const VOCABULARY: &str = include_str!("skim/vocabulary.txt");

/// The token of a word that has no pieces either, and what a piece that begins no word begins with.
const UNKNOWN: &str = "[UNK]";
const PIECE: &str = "##";

/// The end of a question is read, since a message comes to its point there, and the
/// beginning of a passage: so many tokens, looked for in so many characters. It was trained with
/// 160 of a passage, without what customers ask.
const OF_QUESTION: usize = 96;
const OF_PASSAGE: usize = 240;
const CHARACTERS: usize = 1_500;

/// What stands above a passage and what customers ask leave room for what it says.
const OF_ASKED: usize = 120;

/// A text is taken for another language if more than this share of its tokens with letters are
/// pieces of words: of 13,425 English passages one of a thousand had more than 0.32 and the worst
/// 0.42, sentences of ten other languages 0.43 to 0.82.
const PIECES: f32 = 0.4;

/// Of fewer tokens nobody can tell.
const TELLING: usize = 8;

/// What is added to a variance before it divides.
const EPSILON: f32 = 1e-5;

/// The one that is part of the program.
static SKIM: LazyLock<Option<Skim>> = LazyLock::new(Skim::trained);

/// A column for each token.
type Columns = DMatrix<f32>;

/// A question, made ready to be held against passages.
#[derive(Debug)]
pub(crate) struct Question {
    ids: Vec<u32>,
    /// Its tokens as they see their neighbours.
    seen: Columns,
    /// What each of them looks for.
    looks: Columns,
    /// The same by themselves, at length 1.
    alone: Columns,
    rarity: Vec<f32>,
    /// What is made of them whatever the passage is, on its own side and on that of the passage.
    begun: [Columns; 2],
}

/// A passage, made ready to be held against questions.
#[derive(Debug)]
pub(crate) struct Passage {
    ids: Vec<u32>,
    /// Its tokens as they see their neighbours.
    seen: Columns,
    /// What is made of them whatever the question is.
    begun: Columns,
}

/// The question, or nothing if there is nothing to read in it or it is not English.
pub(crate) fn question(text: &str) -> Option<Question> {
    let skim = SKIM.as_ref()?;
    let mut ids = skim.ids(last_chars(text))?;
    ids.drain(..ids.len().saturating_sub(OF_QUESTION));
    if skim.is_foreign(&ids) {
        return None;
    }
    let (seen, alone, rarity) = (skim.seen(&ids)?, skim.alone(&ids)?, skim.rarities(&ids)?);
    let begun = [&skim.of_question.own * &seen, &skim.of_passage.other * &seen];
    Some(Question { looks: &skim.look * &seen, ids, seen, alone, rarity, begun })
}

/// A passage with what stands above it and what customers ask that it answers, or nothing if it
/// is not English.
pub(crate) fn passage(title: &str, asked: &str, text: &str) -> Option<Passage> {
    let skim = SKIM.as_ref()?;
    let mut ids = skim.ids(first_chars(&format!("{title}: {asked}"), CHARACTERS))?;
    ids.truncate(OF_ASKED);
    ids.extend(skim.ids(first_chars(text, CHARACTERS))?);
    ids.truncate(OF_PASSAGE);
    if skim.is_foreign(&ids) {
        return None;
    }
    let seen = skim.seen(&ids)?;
    Some(Passage { begun: &skim.of_passage.own * &seen, ids, seen })
}

/// The log odds that the passage answers the question.
pub(crate) fn odds(question: &Question, passage: &Passage) -> Option<f32> {
    SKIM.as_ref()?.odds(question, passage)
}

struct Skim {
    tokenizer: Tokenizer,
    tokens: Vec<&'static str>,
    /// The numbers of each token, one token behind the other, with a sign.
    table: &'static [u8],
    /// What one of them is worth.
    step: f32,
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
        for mut column in x.column_iter_mut() {
            let mean = column.mean();
            column.add_scalar_mut(-mean);
            let spread = (column.norm_squared() / column.len() as f32 + EPSILON).sqrt();
            column.unscale_mut(spread);
            column.component_mul_assign(&self.weight);
            column += &self.bias;
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
            y.rows_mut(group * rows, rows).copy_from(&(weight * unfolded));
        }
        biased(y, &self.bias)
    }
}

impl Skim {
    /// What is part of the program; nothing if that were not as it is expected, which a test
    /// would see.
    fn trained() -> Option<Self> {
        let vocabulary: Vocab = VOCABULARY.lines().map(str::to_owned).zip(0..).collect();
        let pieces = WordPiece::builder().vocab(vocabulary).unk_token(UNKNOWN.to_owned()).build().ok()?;
        let mut tokenizer = Tokenizer::new(pieces);
        tokenizer.with_normalizer(Some(BertNormalizer::default())).ok()?;
        tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
        let trained = Trained(SafeTensors::deserialize(TRAINED).ok()?);
        Some(Self {
            tokenizer,
            tokens: VOCABULARY.lines().collect(),
            table: trained.0.tensor("table").ok()?.data(),
            step: trained.number("step")?,
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

    fn ids(&self, text: &str) -> Option<Vec<u32>> {
        Some(self.tokenizer.encode_fast(text, false).ok()?.get_ids().to_vec())
    }

    /// Whether a text is in another language than the tokens: then its words fall to pieces, or
    /// have other letters. Words with digits and unknown signs do so in any language.
    fn is_foreign(&self, ids: &[u32]) -> bool {
        let tokens: Vec<&str> =
            ids.iter().filter_map(|id| self.tokens.get(usize::try_from(*id).ok()?)).copied().collect();
        let words = tokens.chunk_by(|_, next| next.starts_with(PIECE));
        let is_lettered =
            |word: &&[&str]| word.iter().all(|token| token.trim_start_matches(PIECE).chars().all(char::is_alphabetic));
        let (mut pieces, mut all) = (0, 0);
        for word in words.filter(is_lettered) {
            let other = word.iter().any(|token| !token.is_ascii());
            pieces += if other { word.len() } else { word.len() - 1 };
            all += word.len();
        }
        all >= TELLING && ratio(pieces, all) > PIECES
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
        let size = self.near.bias.len();
        let mut x = Columns::zeros(size, ids.len());
        for (mut column, id) in x.column_iter_mut().zip(ids) {
            let start = usize::try_from(*id).ok()?.checked_mul(size)?;
            let numbers = self.table.get(start..start.checked_add(size)?)?;
            column.iter_mut().zip(numbers).for_each(|(x, number)| *x = f32::from(number.cast_signed()) * self.step);
        }
        (!ids.is_empty()).then_some(x)
    }

    /// Tokens by themselves, at length 1.
    fn alone(&self, ids: &[u32]) -> Option<Columns> {
        let mut begun = self.begun(ids)?;
        begun.column_iter_mut().for_each(|mut column| column.unscale_mut(column.norm().max(f32::MIN_POSITIVE)));
        Some(begun)
    }

    fn rarities(&self, ids: &[u32]) -> Option<Vec<f32>> {
        ids.iter().map(|id| self.rarity.get(usize::try_from(*id).ok()?).copied()).collect()
    }

    fn odds(&self, question: &Question, passage: &Passage) -> Option<f32> {
        let Question { ids, seen: asked, looks, alone, rarity, begun } = question;
        let said = &passage.seen;
        // A row for each token of the passage, a column for each of the question.
        let mut found = said.transpose() * looks;
        let mut found_by_said = found.transpose();
        let same = self.alone(&passage.ids)?.transpose() * alone;

        let covered = self.shared(&mut found);
        let stands = said * &found;
        let most = same.column_iter().map(|column| column.max());
        let is_said = ids.iter().map(|id| f32::from(u8::from(passage.ids.contains(id))));
        let signs = most.zip(is_said).zip(covered).zip(rarity);
        let signs = signs.flat_map(|(((most, is_said), covered), rare)| [most, is_said, covered, *rare]);
        let signs = Columns::from_iterator(4, ids.len(), signs);
        let [begun, begun_for_said] = begun;
        let more = &self.of_question.other * &stands;
        let of_question = self.of_question.of(begun, more, &asked.component_mul(&stands), &signs);

        let covered = self.shared(&mut found_by_said);
        let stands = asked * &found_by_said;
        let signs = same.row_iter().map(|row| row.max()).zip(covered).zip(self.rarities(&passage.ids)?);
        let signs = signs.flat_map(|((most, covered), rare)| [most, covered, rare]);
        let signs = Columns::from_iterator(3, passage.ids.len(), signs);
        let more = begun_for_said * &found_by_said;
        let of_passage = self.of_passage.of(&passage.begun, more, &said.component_mul(&stands), &signs);

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

/// What was trained, by name.
struct Trained(SafeTensors<'static>);

impl Trained {
    fn numbers(&self, name: &str) -> Option<Vec<f32>> {
        let (pairs, _) = self.0.tensor(name).ok()?.data().as_chunks();
        Some(pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32()).collect())
    }

    fn number(&self, name: &str) -> Option<f32> {
        self.numbers(name)?.first().copied()
    }

    fn vector(&self, name: &str) -> Option<DVector<f32>> {
        self.numbers(name).map(DVector::from_vec)
    }

    fn matrix(&self, name: &str) -> Option<Columns> {
        let shape = self.0.tensor(name).ok()?.shape().to_vec();
        let numbers = self.numbers(name)?;
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
fn positive(x: Columns) -> Columns {
    x.map(|number| number.max(0.0))
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

fn last_chars(text: &str) -> &str {
    text.char_indices().rev().nth(CHARACTERS - 1).and_then(|(from, _)| text.get(from..)).unwrap_or(text)
}

#[cfg(test)]
mod tests;
