//! From texts to the artefact and its card.

use crate::data::{self, Labelled, Source};
use crate::grammar::{Dice, Grammar, as_written};
use crate::learn::{CLASSES, EMOTIONS, OUTS, RARE, Sample, Settings, Weights, class_odds, learn, quantised, softmax};
use crate::{Outcome, card, here};
use attache_guards::{Features, ModelNumbers, SentimentModel, upset_odds, write_model};
use attache_journal::{Emotion, SentimentLabel};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

const SETTINGS: Settings = Settings { slot_bits: 18, epochs: 8, rate: 0.08, decay: 2e-6, seed: 20_261_123 };
/// How many messages a template makes.
const EACH: usize = 34;
/// Messages of ours, and how often each is written, with other habits each time. Whatever an
/// earlier detector took for negative is nearly all calm: written as often, too few would be upset.
const FILES: [(&str, usize); 3] =
    [("training/messages.tsv", 6), ("training/trades.tsv", 6), ("training/customers.tsv", 1)];
/// What all texts of ours weigh together beside the forum's.
const OWN_SHARE: f32 = 5.0;
/// What a forum's emotion weighs: it is a hint for what customers feel.
const HINT: f32 = 0.05;
/// A gram seen less often has no weight.
const RARELY: u32 = 3;
/// How far, and how steeply, an unclear text is taken for a message to a company.
const COMPANY: (f32, f32) = (1.45, 3.0);
/// What is added to the log-odds of a negative message: held-out templates are
/// easier than what customers write and cannot say.
const LEAN: f32 = 0.3;
/// Which share of the upset messages that were held out must be found as such: the least with
/// which nine of ten of `eval/emotions.tsv` are.
const HEARD: f32 = 0.94;
/// One of so many families is held out to calibrate.
const HELD: u64 = 12;
/// A word seen so often is on the word list.
const COMMON: usize = 3;

pub(crate) fn run(dir: &Path) -> Outcome {
    let begin = Instant::now();
    let texts = texts(dir)?;
    println!("{} texts", texts.len());
    let words = words(&texts)?;
    let empty = write_model(&ModelNumbers::default(), &words, &[[0; OUTS]]);
    let reader = SentimentModel::new(&empty).map_err(|e| e.to_string())?;
    let (held, kept): (Vec<_>, Vec<_>) = texts.iter().partition(|one| is_held(one));
    let mut samples: Vec<Sample> = kept.iter().map(|one| sample(one, &reader)).collect();
    println!(
        "{} features in {:.1?}",
        samples.iter().map(|one| one.features.grams.iter().map(Vec::len).sum::<usize>()).sum::<usize>(),
        begin.elapsed()
    );
    prune(&mut samples, RARELY);
    let mut weights = learn(&samples, SETTINGS);
    // Whoever writes to us writes to a company, unless it is plainly otherwise.
    weights.widen(CLASSES + EMOTIONS, COMPANY.0, COMPANY.1);
    println!("learnt in {:.1?}", begin.elapsed());
    let (mut numbers, table) = quantised(&weights);
    calibrate(&mut numbers, &weights, &held, &reader);
    println!("sharpness {:?}, offsets {:?}", numbers.sharpness, numbers.offsets);
    let bytes = write_model(&numbers, &words, &table);
    let path = here("model/sentiment.bin");
    std::fs::write(&path, &bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    card::write(dir, &bytes, &texts, words.len(), SETTINGS)?;
    println!("{} bytes written after {:.1?}", bytes.len(), begin.elapsed());
    Ok(())
}

/// Everything to learn from, weighted.
fn texts(dir: &Path) -> Outcome<Vec<Labelled>> {
    let mut own = Grammar::load("training/grammar.txt")?.messages(EACH, &mut Dice(SETTINGS.seed))?;
    for (file, copies) in FILES {
        for seed in data::table(file)? {
            // Each has dice of its own: one that is added changes no other.
            let mut dice = Dice(SETTINGS.seed ^ seed.family);
            for copy in 0..copies {
                let text = match (copy, seed.label) {
                    (0, _) | (_, None) => seed.text.clone(),
                    (_, Some(label)) => as_written(&seed.text, label, &mut dice),
                };
                own.push(Labelled { text, ..seed.clone() });
            }
        }
    }
    let mut all = data::forum(&dir.join("sentiment/goemotions_train.jsonl.gz"))?;
    let weight = OWN_SHARE * all.len() as f32 / own.len() as f32;
    println!("{} forum comments, {} messages of ours that weigh {weight:.2} each", all.len(), own.len());
    all.extend(own.into_iter().map(|one| Labelled { weight: one.weight * weight, ..one }));
    all.extend(data::bank(&dir.join("intents/banking77_train.jsonl.gz"))?);
    Ok(all)
}

/// The lexicon, and every common word without a valence.
fn words(texts: &[Labelled]) -> Outcome<Vec<(String, f32)>> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for one in texts {
        let text = one.text.to_lowercase().replace(['\'', '\u{2019}'], "");
        for word in text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
    }
    let mut words: BTreeMap<String, f32> =
        counts.into_iter().filter(|(_, count)| *count >= COMMON).map(|(word, _)| (word, 0.0)).collect();
    words.extend(data::lexicon()?);
    Ok(words.into_iter().collect())
}

fn is_held(one: &Labelled) -> bool {
    Dice(one.family ^ ((one.source as u64) << 40)).next().is_multiple_of(HELD)
}

fn sample(one: &Labelled, reader: &SentimentModel<'_>) -> Sample {
    let place = |label| SentimentLabel::ALL.into_iter().position(|known| known == label);
    Sample {
        features: Features::of(&one.text, reader),
        class: one.label.and_then(place),
        emotion: one.emotion.and_then(|emotion| Emotion::ALL.into_iter().position(|known| known == emotion)),
        company: one.source != Source::Forum,
        weight: one.weight,
        emotion_weight: if one.source == Source::Forum { HINT } else { one.weight },
    }
}

/// Finds the sharpness at which the held-out texts are least surprising, and the
/// care at which enough of the upset ones are found.
fn calibrate(numbers: &mut ModelNumbers, weights: &Weights, held: &[&Labelled], reader: &SentimentModel<'_>) {
    let rows: Vec<_> = held
        .iter()
        .map(|one| (*one, sample(one, reader)))
        .map(|(one, s)| (one, weights.outputs(&s.features), s))
        .collect();
    let surprise = |head: usize, sharpness: f32| -> f64 {
        rows.iter()
            .filter_map(|(one, outputs, sample)| {
                let classes = class_odds(outputs);
                let emotions = outputs.get(CLASSES..CLASSES + EMOTIONS)?;
                let (outputs, right) =
                    if head == 0 { (classes.as_slice(), sample.class?) } else { (emotions, sample.emotion?) };
                let share = *softmax(outputs, sharpness).get(right)?;
                Some(-f64::from(share.max(1e-6).ln()) * f64::from(one.weight))
            })
            .sum()
    };
    let grid = |head: usize| {
        (2..60)
            .map(|step| step as f32 * 0.05)
            .min_by(|a, b| surprise(head, *a).total_cmp(&surprise(head, *b)))
            .unwrap_or(1.0)
    };
    numbers.sharpness = [grid(0), grid(1)];
    numbers.offsets = [[0.0; CLASSES], [LEAN, 0.0, 0.0]];
    let mut upset: Vec<f32> = rows
        .iter()
        .filter(|(one, ..)| {
            one.source == Source::Own && matches!(one.emotion, Some(Emotion::Angry | Emotion::Frustrated))
        })
        .map(|(_, outputs, _)| upset_odds(numbers.sharpness, outputs))
        .collect();
    upset.sort_by(f32::total_cmp);
    let missed = (upset.len() as f32 * (1.0 - HEARD)) as usize;
    numbers.care = -upset.get(missed).copied().unwrap_or_default();
    println!("{} upset messages held out, care {:.2}", upset.len(), numbers.care);
}

/// Takes out the grams that were seen too seldom to say anything: they would
/// only blur the slots that they share with others.
fn prune(samples: &mut [Sample], least: u32) {
    let mut counts: std::collections::HashMap<u32, u32> = std::collections::HashMap::new();
    for gram in samples.iter().flat_map(|sample| sample.features.grams.iter().flatten()) {
        *counts.entry(*gram).or_default() += 1;
    }
    println!("{} grams, {} kept", counts.len(), counts.values().filter(|c| **c >= least).count());
    for sample in samples {
        for grams in &mut sample.features.grams {
            for gram in grams.iter_mut() {
                if counts.get(gram).is_none_or(|count| *count < least) {
                    *gram = RARE;
                }
            }
        }
    }
}
