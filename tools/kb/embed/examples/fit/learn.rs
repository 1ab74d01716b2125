//! A choice among candidates and none of them, fitted by maximum likelihood.

use attache_kb::SIGNS;

pub(crate) type Weights = [f32; SIGNS];

/// A question.
pub(crate) struct Case {
    /// What is seen of each candidate, and whether its article answers.
    pub(crate) candidates: Vec<([f32; SIGNS], bool)>,
    /// Whether any article answers.
    pub(crate) answerable: bool,
    /// What it counts.
    pub(crate) counts: f32,
}

/// What a large weight costs: few questions should not be learnt by heart.
const PENALTY: f32 = 1.0;

/// From nothing, and from what was learned from nearly the same.
const STEPS: usize = 2_000;
const MORE: usize = 400;
const RATE: f32 = 0.03;

fn worth(weights: &Weights, signs: &[f32; SIGNS]) -> f32 {
    weights.iter().zip(signs).map(|(weight, sign)| weight * sign).sum()
}

/// The weights under which what answers is likeliest to be chosen, and none where
/// nothing answers. Adam, all cases at each step.
pub(crate) fn learn(cases: &[Case]) -> Weights {
    learned([0.0; SIGNS], cases, STEPS)
}

fn learned<'a>(begun: Weights, cases: impl IntoIterator<Item = &'a Case> + Clone, steps: usize) -> Weights {
    let (mut weights, mut mean, mut square) = (begun, [0.0_f32; SIGNS], [0.0_f32; SIGNS]);
    for step in 1..=steps {
        let mut slope = [0.0_f32; SIGNS];
        for case in cases.clone() {
            let worths: Vec<f32> = case.candidates.iter().map(|(signs, _)| worth(&weights, signs).exp()).collect();
            let all = 1.0 + worths.iter().sum::<f32>();
            let right = |at: usize| case.candidates[at].1;
            let good: f32 = worths.iter().enumerate().filter(|(at, _)| right(*at)).map(|(_, worth)| worth).sum();
            // What is answered and was not found teaches nothing.
            if case.answerable && good == 0.0 {
                continue;
            }
            for (at, worth) in worths.iter().enumerate() {
                let wanted = if case.answerable && right(at) { worth / good } else { 0.0 };
                let pull = case.counts * (wanted - worth / all);
                for (slope, sign) in slope.iter_mut().zip(case.candidates[at].0) {
                    *slope += pull * sign;
                }
            }
        }
        for at in 0..SIGNS {
            let penalty = if at == 0 { 0.0 } else { PENALTY * weights[at] };
            let slope = slope[at] - penalty;
            mean[at] = 0.9 * mean[at] + 0.1 * slope;
            square[at] = 0.999 * square[at] + 0.001 * slope * slope;
            let (mean, square) =
                (mean[at] / (1.0 - 0.9_f32.powi(step as i32)), square[at] / (1.0 - 0.999_f32.powi(step as i32)));
            weights[at] += RATE * mean / (square.sqrt() + 1e-8);
        }
    }
    weights
}

/// The best candidate of a case: what it is worth and whether it answers.
fn best(weights: &Weights, case: &Case) -> Option<(f32, bool)> {
    let worths = case.candidates.iter().map(|(signs, right)| (worth(weights, signs), *right));
    worths.max_by(|one, other| one.0.total_cmp(&other.0))
}

/// The worth from which on this share is refused.
fn bar(refused: &mut [f32], share: f32) -> f32 {
    refused.sort_by(f32::total_cmp);
    let at = (refused.len() as f32 * share) as usize;
    refused.get(at.min(refused.len() - 1)).copied().unwrap()
}

/// The same weights with the bar at 0, where this share is refused: there a candidate is as likely as not.
pub(crate) fn shifted(mut weights: Weights, own: &[Case], share: f32) -> Weights {
    let unanswerable = own.iter().filter(|case| !case.answerable);
    let mut worths: Vec<f32> = unanswerable.filter_map(|case| best(&weights, case)).map(|(worth, _)| worth).collect();
    weights[0] -= bar(&mut worths, share);
    weights
}

/// What comes of the first `own` cases where each fifth of them is judged by what
/// was learnt from all others, which begins with the `weights` learnt from all, to be quick: the shares
/// may flatter a little.
pub(crate) fn crossed(cases: &[Case], own: usize, weights: Weights, share: f32) -> String {
    const PARTS: usize = 5;
    let mut found: Vec<(bool, f32, bool)> = Vec::new();
    for part in 0..PARTS {
        let held = |at: usize| at < own && at % PARTS == part;
        let others: Vec<&Case> = cases.iter().enumerate().filter(|(at, _)| !held(*at)).map(|(_, case)| case).collect();
        let weights = learned(weights, others, MORE);
        for (_, case) in cases.iter().enumerate().filter(|(at, _)| held(*at)) {
            let (worth, right) = best(&weights, case).unwrap_or((f32::MIN, false));
            found.push((case.answerable, worth, right));
        }
    }
    figures(&found, share)
}

/// The best candidate is right, and is above the bar too; what is refused.
fn figures(found: &[(bool, f32, bool)], refusing: f32) -> String {
    let mut refused: Vec<f32> =
        found.iter().filter(|(answerable, ..)| !answerable).map(|(_, worth, _)| *worth).collect();
    let share = |part: usize, all: usize| 100.0 * part as f32 / all.max(1) as f32;
    let answerable = found.iter().filter(|(answerable, ..)| *answerable).count();
    let first = found.iter().filter(|(answerable, _, right)| *answerable && *right).count();
    let bar = bar(&mut refused, refusing);
    let answered = found.iter().filter(|(answerable, worth, right)| *answerable && *right && *worth > bar).count();
    let left = refused.iter().filter(|worth| **worth <= bar).count();
    format!(
        "{:.1} % | {:.1} % | {:.1} %",
        share(first, answerable),
        share(answered, answerable),
        share(left, refused.len())
    )
}
