//! How a text sounds.

mod features;
mod language;
mod latest;
mod model;
mod plain;
mod trend;

pub use features::{Features, hashed};
pub use model::{ModelNumbers, NotAModel, SentimentModel, gram_scale, write_model};
pub use trend::{HALF_LIFE_DAYS, SentimentTrend};

use attache_journal::{Emotion, Sentiment, SentimentLabel};
use language::Letters;
use model::{CLASSES, OUTS};
use plain::Plain;
use std::sync::LazyLock;

/// Says how a text sounds. The same text always sounds the same.
///
/// The built-in one is [`CustomerSentiment`]. A larger model is plugged in by
/// implementing this trait and handing it to the builder of the facade
/// (`Attache::builder().sentiment(…)`) or to the engine (`Guards`):
///
/// ```
/// use attache_guards::{CustomerSentiment, SentimentDetector};
/// use attache_journal::{Sentiment, SentimentLabel};
///
/// /// A model of your own, which may only make things worse: what the built-in
/// /// one finds negative stays so.
/// struct Careful<M>(M);
///
/// impl<M: Fn(&str) -> Sentiment + Send + Sync> SentimentDetector for Careful<M> {
///     fn assess(&self, text: &str) -> Sentiment {
///         let ours = CustomerSentiment.assess(text);
///         if ours.label == SentimentLabel::Negative { ours } else { (self.0)(text) }
///     }
/// }
///
/// let larger = Careful(|text: &str| CustomerSentiment.assess(text));
/// assert_eq!(larger.assess("This is an outrage, I am furious!").label, SentimentLabel::Negative);
/// ```
pub trait SentimentDetector: Send + Sync {
    /// The sentiment of `text`; `unknown` with a score of 0 where it cannot be told.
    fn assess(&self, text: &str) -> Sentiment;
}

/// The classifier of customers' messages that ships with the crate.
///
/// A linear model over word grams, letter grams and a lexicon, trained on public
/// forum comments and on support messages of our own (`policies/guards/model/CARD.md`
/// says on what, with which figures and limits). Its weights are read in place
/// from the binary.
///
/// - The score is the probability of `positive` less that of `negative`; the
///   label is the likeliest class.
/// - Of a thread it reads the newest message. Long messages are read in pieces,
///   of which those with a feeling and those near the end weigh most; of more
///   than [`READ`](Self::READ) bytes the beginning and the end are read.
/// - Characters that cannot be seen, look-alikes of other scripts, stretched
///   letters, digits for letters and stars in curses are undone first.
/// - What is not English is `unknown`, and so is a text without words, but for a
///   short number, which answers a list in any language.
///
/// Limits: English only; irony is found where it is marked or customary
/// (`thanks for nothing`), not where one must know the facts.
#[derive(Clone, Copy, Debug, Default)]
pub struct CustomerSentiment;

static BYTES: &[u8] = include_bytes!("../model/sentiment.bin");

/// The shipped model. A build whose artefact does not fit its code knows no
/// sentiment at all, which policy sends to a person; a test keeps this from shipping.
static MODEL: LazyLock<Option<SentimentModel<'static>>> = LazyLock::new(|| SentimentModel::new(BYTES).ok());

/// About how long a piece of a long message is, in bytes.
const PIECE: usize = 360;
/// What a piece weighs beside the one after it.
const DECAY: f32 = 0.85;
/// What a piece without any feeling weighs.
const FLAT: f32 = 0.03;
/// What the label says of somebody being upset, beside what the emotions say.
const WITH_LABEL: f32 = 0.6;
/// How surely a text is a message to a company where an emotion may change its label.
const SURELY: f32 = 0.97;
/// What is taken from the log-odds of a bad mood in a plain question: the training has
/// few of them, and many complaints about the same things.
const PLAIN: f32 = 1.0;
/// What is added to the log-odds of confusion in a neutral message.
const LOST: f32 = 0.8;

impl CustomerSentiment {
    /// How much of one message is read, in bytes.
    pub const READ: usize = 32 * 1024;
}

impl SentimentDetector for CustomerSentiment {
    fn assess(&self, text: &str) -> Sentiment {
        MODEL.as_ref().and_then(|model| read(model, text)).unwrap_or(UNKNOWN)
    }
}

const NEUTRAL: Sentiment = Sentiment { label: SentimentLabel::Neutral, score: 0.0, emotion: Emotion::None };
const UNKNOWN: Sentiment = Sentiment { label: SentimentLabel::Unknown, score: 0.0, emotion: Emotion::None };

/// How `text` sounds to a model; nothing if it cannot read it.
#[must_use]
pub fn read(model: &SentimentModel<'_>, text: &str) -> Option<Sentiment> {
    let own = latest::latest(text);
    if is_numeral(&own) {
        return Some(NEUTRAL);
    }
    let mut letters = Letters::default();
    let mut outputs = Vec::new();
    for piece in pieces(&own) {
        let plain = Plain::new(piece);
        let features = Features::new(&plain, model);
        letters.add(&plain, &features);
        outputs.push(model.outputs(&features));
    }
    if !letters.readable() {
        return None;
    }
    let mut outputs = pooled(model, &outputs);
    if is_plain_question(&own) {
        let [negative, _, _, angry, _, _, frustrated, _, _, _, among_people, ..] = &mut outputs;
        [negative, angry, frustrated, among_people].into_iter().for_each(|odds| *odds -= PLAIN);
    }
    Some(verdict(model, &outputs))
}

/// Whether a text is one question and nothing else, begun as questions are that want
/// to know something: `How often are reports made?`, not `How come you never answer?!`.
fn is_plain_question(text: &str) -> bool {
    let Some(one) = text.trim().strip_suffix('?').filter(|one| one.len() < PIECE) else { return false };
    if one.contains(['.', '!', '?', '\n']) {
        return false;
    }
    let lower = one.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'');
    let begins = words.next().is_some_and(|first| ASKING.contains(&first));
    begins && !words.any(|word| RHETORICAL.contains(&word))
}

/// How a question begins that wants to know something.
const ASKING: [&str; 24] = [
    "are", "at", "by", "can", "could", "did", "do", "does", "for", "has", "have", "how", "in", "is", "may", "must",
    "what", "when", "where", "which", "who", "whom", "will", "would",
];

/// Words of a question that is a reproach.
const RHETORICAL: [&str; 6] = ["come", "dare", "hell", "supposed", "think", "you'd"];

/// Whether a text is a number of one or two digits and nothing else: `2.` or `#1`.
fn is_numeral(text: &str) -> bool {
    let number = text.trim_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
    (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// One row of outputs for all pieces.
fn pooled(model: &SentimentModel<'_>, pieces: &[[f32; OUTS]]) -> [f32; OUTS] {
    if let [one] = pieces {
        return *one;
    }
    let (mut sums, mut weights, mut recency) = ([0.0; OUTS], 0.0, 1.0);
    for outputs in pieces.iter().rev() {
        let ([negative, _, positive], _) = classes(model.numbers().sharpness, outputs);
        let felt = negative.max(positive);
        let weight = recency * (FLAT + felt * felt * felt);
        for (sum, output) in sums.iter_mut().zip(outputs) {
            *sum += weight * output;
        }
        weights += weight;
        recency *= DECAY;
    }
    sums.map(|sum| if weights > 0.0 { sum / weights } else { sum })
}

/// The probabilities of the three classes, and how much the text is a message to
/// a company: talk among people follows other customs.
fn classes([sharpness, _]: [f32; 2], outputs: &[f32; OUTS]) -> ([f32; CLASSES], f32) {
    let [a, b, c, .., to_company, x, y, z] = *outputs;
    let to_company = 1.0 / (1.0 + (-to_company).exp());
    let mixed = |company: f32, people: f32| (people + (company - people) * to_company) * sharpness;
    (softmax([mixed(a, x), mixed(b, y), mixed(c, z)]), to_company)
}

fn softmax<const N: usize>(odds: [f32; N]) -> [f32; N] {
    let most = odds.iter().copied().fold(f32::MIN, f32::max);
    let shares = odds.map(|odd| (odd - most).exp());
    let sum: f32 = shares.iter().sum();
    shares.map(|share| share / sum)
}

fn verdict(model: &SentimentModel<'_>, outputs: &[f32; OUTS]) -> Sentiment {
    let (shares, to_company) = classes(model.numbers().sharpness, outputs);
    let [negative, _, positive] = shares;
    let upset = upset_odds(model.numbers().sharpness, outputs);
    // Whoever is upset is not served by a label that a hair's breadth made neutral.
    let label =
        if upset > 0.0 && to_company > SURELY { SentimentLabel::Negative } else { label(model, shares, to_company) };
    let emotion = emotion(model, label, outputs, upset, to_company);
    // Four digits are more than the method can tell, and read well.
    let score = (f64::from(positive - negative) * 10_000.0).round() / 10_000.0 + 0.0;
    Sentiment { label, score, emotion }
}

/// The log-odds that somebody is frustrated or angry, whichever of the two, from
/// what a model says of the label and of the emotion at these sharpnesses.
#[must_use]
pub fn upset_odds(sharpness: [f32; 2], outputs: &[f32; OUTS]) -> f32 {
    let odds = |share: f32| (share.max(1e-6) / (1.0 - share).max(1e-6)).ln();
    let ([negative, ..], _) = classes(sharpness, outputs);
    let [_, _, _, angry, confused, disappointed, frustrated, none, thankful, ..] = *outputs;
    let [_, sharp] = sharpness;
    let emotions = [angry, confused, disappointed, frustrated, none, thankful].map(|odd| odd * sharp);
    let [angry, _, _, frustrated, ..] = softmax(emotions);
    odds(angry + frustrated) + WITH_LABEL * odds(negative)
}

fn label(model: &SentimentModel<'_>, shares: [f32; CLASSES], to_company: f32) -> SentimentLabel {
    let [among_people, to_a_company] = model.numbers().offsets;
    let mut best = (SentimentLabel::Neutral, f32::MIN);
    let labels = SentimentLabel::ALL.into_iter().zip(shares);
    for ((label, share), (people, company)) in labels.zip(among_people.into_iter().zip(to_a_company)) {
        let odds = share.ln() + people + (company - people) * to_company;
        if odds > best.1 {
            best = (label, odds);
        }
    }
    best.0
}

/// The strongest emotion that goes with a label. To overlook somebody upset costs
/// more than to take care in vain: a suspicion is enough for `frustrated`.
fn emotion(
    model: &SentimentModel<'_>,
    label: SentimentLabel,
    outputs: &[f32; OUTS],
    upset: f32,
    to_company: f32,
) -> Emotion {
    let [_, _, _, angry, confused, disappointed, frustrated, none, thankful, ..] = *outputs;
    // Among people a neutral remark is nobody's complaint.
    let may_be_upset = to_company >= 0.5 || label == SentimentLabel::Negative;
    if may_be_upset && upset + model.numbers().care > 0.0 {
        return if upset > 0.0 && angry > frustrated { Emotion::Angry } else { Emotion::Frustrated };
    }
    let candidates: &[(Emotion, f32)] = match label {
        SentimentLabel::Negative => {
            &[(Emotion::Confused, confused), (Emotion::Disappointed, disappointed), (Emotion::None, none)]
        }
        SentimentLabel::Positive => &[(Emotion::None, none), (Emotion::Thankful, thankful)],
        SentimentLabel::Neutral | SentimentLabel::Unknown => &[
            // Whoever may be lost gets a simpler answer, which does no harm.
            (Emotion::Confused, confused + LOST),
            (Emotion::Disappointed, disappointed),
            (Emotion::None, none),
            (Emotion::Thankful, thankful),
        ],
    };
    candidates.iter().fold((Emotion::None, f32::MIN), |best, one| if one.1 > best.1 { *one } else { best }).0
}

/// A message in pieces of about [`PIECE`] bytes that end where a sentence does.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let (head, tail) = clipped(text);
    split(head).chain(split(tail))
}

/// The beginning and the end of a text that is longer than what is read.
fn clipped(text: &str) -> (&str, &str) {
    if text.len() <= CustomerSentiment::READ {
        return (text, "");
    }
    let head = text.floor_char_boundary(CustomerSentiment::READ / 8);
    let tail = text.ceil_char_boundary(text.len() - CustomerSentiment::READ * 7 / 8);
    (text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default())
}

fn split(mut rest: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len();
        if end > PIECE * 3 / 2 {
            let from = rest.floor_char_boundary(PIECE / 2);
            let to = rest.floor_char_boundary(PIECE * 3 / 2);
            let window = rest.get(from..to).unwrap_or_default();
            let ends = |c| matches!(c, '.' | '!' | '?' | '\n');
            end = from + window.rfind(ends).or_else(|| window.rfind(' ')).map_or(window.len(), |at| at + 1);
        }
        let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests;
