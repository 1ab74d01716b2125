//! Figures of a detector on labelled texts.

use crate::data::Labelled;
use attache_journal::{Emotion, Sentiment, SentimentLabel};

/// How a detector does on the sentiment of some texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) texts: usize,
    pub(crate) macro_f1: f64,
    pub(crate) accuracy: f64,
    /// Area under the curve of negative against the others, by score.
    pub(crate) auc: f64,
    /// The recall of negative where its precision, by score, is still .90.
    pub(crate) recall_at_p90: f64,
    /// Precision and recall of the label negative.
    pub(crate) precision: f64,
    pub(crate) recall: f64,
}

pub(crate) fn figures(found: &[(SentimentLabel, Sentiment)]) -> Figures {
    let labels = [SentimentLabel::Negative, SentimentLabel::Neutral, SentimentLabel::Positive];
    let count =
        |right: &dyn Fn(&(SentimentLabel, Sentiment)) -> bool| found.iter().filter(|one| right(one)).count() as f64;
    let ratio = |part: f64, all: f64| if all > 0.0 { part / all } else { 0.0 };
    let of = |label| {
        let hit = count(&|(real, said)| *real == label && said.label == label);
        let precision = ratio(hit, count(&|(_, said)| said.label == label));
        let recall = ratio(hit, count(&|(real, _)| *real == label));
        (precision, recall, ratio(2.0 * precision * recall, precision + recall))
    };
    let (precision, recall, _) = of(SentimentLabel::Negative);
    let (auc, recall_at_p90) = ranking(found);
    Figures {
        texts: found.len(),
        macro_f1: labels.into_iter().map(|label| of(label).2).sum::<f64>() / 3.0,
        accuracy: ratio(count(&|(real, said)| *real == said.label), found.len() as f64),
        auc,
        recall_at_p90,
        precision,
        recall,
    }
}

fn ranking(found: &[(SentimentLabel, Sentiment)]) -> (f64, f64) {
    let mut ranked: Vec<(f64, bool)> =
        found.iter().map(|(real, said)| (said.score, *real == SentimentLabel::Negative)).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let negatives = ranked.iter().filter(|one| one.1).count() as f64;
    let others = ranked.len() as f64 - negatives;
    let (mut pairs, mut seen, mut read, mut recall) = (0.0, 0.0, 0.0, 0.0);
    for tie in ranked.chunk_by(|a, b| a.0 == b.0) {
        let bad = tie.iter().filter(|one| one.1).count() as f64;
        pairs += (tie.len() as f64 - bad) * (seen + bad / 2.0);
        seen += bad;
        read += tie.len() as f64;
        if seen / read >= 0.9 {
            recall = seen / negatives;
        }
    }
    (pairs / (negatives * others), recall)
}

/// How a detector does on emotions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Emotions {
    pub(crate) texts: usize,
    pub(crate) accuracy: f64,
    /// Frustrated or angry texts that are found to be one of the two.
    pub(crate) upset: f64,
    /// Confused texts that are taken for angry ones.
    pub(crate) confused_as_angry: f64,
    /// Calm, thankful or confused texts that are taken for upset ones.
    pub(crate) false_upset: f64,
}

pub(crate) fn emotions(found: &[(Emotion, Sentiment)]) -> Emotions {
    let share = |of: &dyn Fn(Emotion) -> bool, hit: &dyn Fn(Emotion, Emotion) -> bool| {
        let all: Vec<_> = found.iter().filter(|(real, _)| of(*real)).collect();
        all.iter().filter(|(real, said)| hit(*real, said.emotion)).count() as f64 / all.len().max(1) as f64
    };
    let upset = |emotion| matches!(emotion, Emotion::Angry | Emotion::Frustrated);
    Emotions {
        texts: found.len(),
        accuracy: share(&|_| true, &|real, said| real == said),
        upset: share(&upset, &|_, said| upset(said)),
        confused_as_angry: share(&|e| e == Emotion::Confused, &|_, said| said == Emotion::Angry),
        false_upset: share(&|e| matches!(e, Emotion::Confused | Emotion::None | Emotion::Thankful), &|_, said| {
            upset(said)
        }),
    }
}

/// Whether somebody sounds frustrated or angry.
pub(crate) fn is_upset(said: &Sentiment) -> bool {
    matches!(said.emotion, Emotion::Angry | Emotion::Frustrated)
}

/// What `assess` says of each text with a label.
pub(crate) fn labels(texts: &[Labelled], assess: impl Fn(&str) -> Sentiment) -> Vec<(SentimentLabel, Sentiment)> {
    texts.iter().filter_map(|one| Some((one.label?, assess(&one.text)))).collect()
}

/// What `assess` says of each text with an emotion.
pub(crate) fn feelings(texts: &[Labelled], assess: impl Fn(&str) -> Sentiment) -> Vec<(Emotion, Sentiment)> {
    texts.iter().filter_map(|one| Some((one.emotion?, assess(&one.text)))).collect()
}
