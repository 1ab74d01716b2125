//! A trainer for linear models over hashed grams: logistic regression for the
//! three classes and for the six emotions, by AdaGrad.

use crate::grammar::Dice;
use attache_guards::{Features, ModelNumbers, gram_scale};

pub(crate) const OUTS: usize = 13;
pub(crate) const CLASSES: usize = 3;
pub(crate) const EMOTIONS: usize = 6;
const DENSE: usize = 24;
/// Stands for a gram that was seen too seldom: it counts in a text's length and has no weight.
pub(crate) const RARE: u32 = u32::MAX;

/// One text as the trainer sees it.
pub(crate) struct Sample {
    pub(crate) features: Features,
    pub(crate) class: Option<usize>,
    pub(crate) emotion: Option<usize>,
    /// Whether it is a message to a company.
    pub(crate) company: bool,
    pub(crate) weight: f32,
    /// What its emotion weighs.
    pub(crate) emotion_weight: f32,
}

/// How to train.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) slot_bits: u32,
    pub(crate) epochs: usize,
    pub(crate) rate: f32,
    /// Pulls weights to zero.
    pub(crate) decay: f32,
    pub(crate) seed: u64,
}

/// Weights in full precision.
pub(crate) struct Weights {
    pub(crate) table: Vec<[f32; OUTS]>,
    pub(crate) dense: [[f32; OUTS]; DENSE],
    pub(crate) bias: [f32; OUTS],
}

#[derive(Clone, Copy)]
struct Square(f32);

impl Square {
    /// The step for a gradient.
    fn step(&mut self, gradient: f32, rate: f32) -> f32 {
        self.0 += gradient * gradient;
        rate * gradient / (self.0.sqrt() + 1e-3)
    }
}

impl Weights {
    fn slot(&self, gram: u32) -> usize {
        gram as usize & (self.table.len() - 1)
    }

    /// Shifts an output up, then makes it steeper.
    pub(crate) fn widen(&mut self, out: usize, shift: f32, gain: f32) {
        let rows = self.table.iter_mut().chain(&mut self.dense);
        for weight in rows.filter_map(|row| row.get_mut(out)) {
            *weight *= gain;
        }
        if let Some(bias) = self.bias.get_mut(out) {
            *bias = (*bias + shift) * gain;
        }
    }

    /// What the weights say of a text.
    pub(crate) fn outputs(&self, features: &Features) -> [f32; OUTS] {
        let mut outputs = self.bias;
        for grams in &features.grams {
            let scale = gram_scale(grams.len());
            for gram in grams.iter().filter(|gram| **gram != RARE) {
                if let Some(row) = self.table.get(self.slot(*gram)) {
                    for (output, weight) in outputs.iter_mut().zip(row) {
                        *output += weight * scale;
                    }
                }
            }
        }
        for (value, row) in features.dense.iter().zip(&self.dense) {
            for (output, weight) in outputs.iter_mut().zip(row) {
                *output += value * weight;
            }
        }
        outputs
    }
}

/// Trains on the samples, in an order that the seed decides.
pub(crate) fn learn(samples: &[Sample], settings: Settings) -> Weights {
    let slots = 1 << settings.slot_bits;
    let mut weights = Weights { table: vec![[0.0; OUTS]; slots], dense: [[0.0; OUTS]; DENSE], bias: [0.0; OUTS] };
    let mut squares = vec![[Square(0.0); OUTS]; slots];
    let mut dense_squares = [[Square(0.0); OUTS]; DENSE];
    let mut bias_squares = [Square(0.0); OUTS];
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut dice = Dice(settings.seed);
    for epoch in 0..settings.epochs {
        let rate = settings.rate / (1.0 + epoch as f32 * 0.5);
        for at in (1..order.len()).rev() {
            order.swap(at, dice.below(at + 1));
        }
        for sample in order.iter().filter_map(|index| samples.get(*index)) {
            let gradient = slopes(&weights.outputs(&sample.features), sample);
            for grams in &sample.features.grams {
                let scale = gram_scale(grams.len());
                for gram in grams.iter().filter(|gram| **gram != RARE) {
                    let slot = weights.slot(*gram);
                    if let (Some(row), Some(squares)) = (weights.table.get_mut(slot), squares.get_mut(slot)) {
                        for ((weight, square), slope) in row.iter_mut().zip(squares).zip(gradient) {
                            *weight -= square.step(slope * scale + settings.decay * *weight, rate);
                        }
                    }
                }
            }
            for ((row, squares), value) in weights.dense.iter_mut().zip(&mut dense_squares).zip(sample.features.dense) {
                for ((weight, square), slope) in row.iter_mut().zip(squares).zip(gradient) {
                    *weight -= square.step(slope * value, rate);
                }
            }
            for ((bias, square), slope) in weights.bias.iter_mut().zip(&mut bias_squares).zip(gradient) {
                *bias -= square.step(slope, rate);
            }
        }
    }
    weights
}

/// What the loss of one sample would have of each output.
fn slopes(outputs: &[f32; OUTS], sample: &Sample) -> [f32; OUTS] {
    let mut slopes = [0.0; OUTS];
    let (classes, rest) = slopes.split_at_mut(CLASSES);
    let (emotions, rest) = rest.split_at_mut(EMOTIONS);
    let (company, people) = rest.split_at_mut(1);
    let (class_outputs, rest) = outputs.split_at(CLASSES);
    let (emotion_outputs, rest) = rest.split_at(EMOTIONS);
    let (company_output, people_outputs) = rest.split_at(1);
    for (slopes, outputs, right, weight) in [
        (classes, class_outputs, sample.class, sample.weight),
        (emotions, emotion_outputs, sample.emotion, sample.emotion_weight),
        (people, people_outputs, sample.class.filter(|_| !sample.company), 1.0),
    ] {
        if let Some(right) = right {
            for (index, (slope, share)) in slopes.iter_mut().zip(softmax(outputs, 1.0)).enumerate() {
                *slope = weight * (share - if index == right { 1.0 } else { 0.0 });
            }
        }
    }
    for (slope, output) in company.iter_mut().zip(company_output) {
        let share = 1.0 / (1.0 + (-output).exp());
        *slope = share - f32::from(u8::from(sample.company));
    }
    slopes
}

/// The log-odds of the three classes, mixed as the program does.
pub(crate) fn class_odds(outputs: &[f32; OUTS]) -> [f32; CLASSES] {
    let [a, b, c, .., company, x, y, z] = *outputs;
    let company = 1.0 / (1.0 + (-company).exp());
    [(a, x), (b, y), (c, z)].map(|(ours, people)| people + (ours - people) * company)
}

/// Shares of the outputs, sharpened.
pub(crate) fn softmax(outputs: &[f32], sharpness: f32) -> Vec<f32> {
    let most = outputs.iter().copied().fold(f32::MIN, f32::max);
    let shares: Vec<f32> = outputs.iter().map(|output| ((output - most) * sharpness).exp()).collect();
    let sum: f32 = shares.iter().sum();
    shares.into_iter().map(|share| share / sum).collect()
}

/// The weights in bytes, and what a step of a byte is worth.
pub(crate) fn quantised(weights: &Weights) -> (ModelNumbers, Vec<[i8; OUTS]>) {
    let mut steps = [0.0; OUTS];
    for (out, step) in steps.iter_mut().enumerate() {
        let mut sizes: Vec<f32> = weights.table.iter().filter_map(|row| row.get(out)).map(|w| w.abs()).collect();
        sizes.sort_by(f32::total_cmp);
        // The few largest are cut, so that the many small ones keep their digits.
        let most = sizes.get(sizes.len() * 9995 / 10_000).copied().unwrap_or(1.0);
        *step = (most / 127.0).max(1e-6);
    }
    let table = weights
        .table
        .iter()
        .map(|row| {
            let mut bytes = [0; OUTS];
            for ((byte, weight), step) in bytes.iter_mut().zip(row).zip(steps) {
                *byte = (weight / step).round().clamp(-127.0, 127.0) as i8;
            }
            bytes
        })
        .collect();
    let numbers =
        ModelNumbers { bias: weights.bias, steps: [steps; 2], dense: weights.dense, ..ModelNumbers::default() };
    (numbers, table)
}
