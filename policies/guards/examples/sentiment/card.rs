//! The model card.

use crate::data::{Labelled, Source};
use crate::learn::Settings;
use crate::{Outcome, here, quality};
use attache_guards::{SentimentModel, read};
use attache_journal::{Emotion, Sentiment, SentimentLabel};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Writes `model/CARD.md` for an artefact.
pub(crate) fn write(dir: &Path, bytes: &[u8], texts: &[Labelled], words: usize, settings: Settings) -> Outcome {
    let model = SentimentModel::new(bytes).map_err(|e| e.to_string())?;
    let unknown = Sentiment { label: SentimentLabel::Unknown, score: 0.0, emotion: Emotion::None };
    let rows = quality::rows(Some(dir), &|text| read(&model, text).unwrap_or(unknown.clone()))?;
    let count = |source| texts.iter().filter(|one| one.source == source).count();
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let card = format!(
        "# Model card: sentiment of customers' messages

Written by `cargo xtask train-sentiment DATA`; the same texts and seed give the same bytes on the same machine.

| | |
|---|---|
| artefact | `sentiment.bin`, {size} bytes, layout version 1 |
| SHA-256 | `{digest}` |
| what it is | two logistic regressions (three classes, six emotions) over hashed grams of 1 to 3 words and 3 to 5 letters, and {dense} sums over a lexicon; weights in bytes, 2^{bits} slots |
| word list | {words} words, {lexicon} of them with a valence |
| training | {epochs} epochs of AdaGrad from seed {seed}; probabilities calibrated on one family in twelve, which was held out |

## Data

| texts | from | licence |
|---|---|---|
| {forum} | forum comments: GoEmotions, official training part (Google, by monologg/GoEmotions-pytorch) | Apache-2.0 |
| {bank} | questions of a bank's customers: BANKING77 (PolyAI), taken as calm at half the weight | CC BY 4.0 |
| {own} | messages to companies of many trades, written for this project: `training/messages.tsv`, `training/trades.tsv`, `training/customers.tsv`, and `training/grammar.txt` filled by the seed | as this project |
| {lexicon} words | the VADER lexicon (Hutto and Gilbert, 2014), `training/lexicon.tsv` | MIT |

No text of a customer of anybody is in it. The sets under `eval/` are not trained on.

## Figures

{rows}
## Limits

- English only. Other languages come out as `unknown` and policy sends them to a person; a short text that shares its
  words with English can slip through.
- Irony is found where it is marked or customary (`thanks for nothing`, `great, another delay`), not where one must
  know the facts.
- The own messages, those of `eval/` too, were written for this purpose; they are no sample of any company's mail. Those of
  `emotions.tsv`, `calm.tsv` and the two `trades.tsv` are of the style of the training; those of `inboxes.tsv` are not, and say best
  what to expect of customers of one's own. The misses of `eval/emotions.tsv` and of the shop's requests were looked at while training text was
  written; the others were only counted, and all of them to choose settings, but `inboxes.tsv` to choose no more than
  among the last few. Measure on your own before you rely on a threshold.
- A problem told as a fact is neutral, even one that costs somebody money; it is frustration where they say how often, how
  long or in what tone. One calm problem in nine or so is still taken for an upset one.
- Before `training/trades.tsv` .60 of the negative messages of `eval/trades.tsv` were found: a trade far from all of these is heard less well.
- Of the questions to the fifteen companies hardly one is a complaint; the short ones come out as negative more often.
- Bitter praise that no word gives away comes out as positive, and praise of what ended well, after much that went wrong, as negative
  now and then.
- `frustrated` errs towards care. The label does not follow a suspicion, it turns negative where being upset is likelier
  than not.
- Forum comments bring their own bias: coarse language counts as negative even where it is friendly.
- Emotions are finer than people agree on; `frustrated`, `angry` and `disappointed` are often taken for each other.
",
        size = bytes.len(),
        dense = 24,
        bits = settings.slot_bits,
        lexicon = crate::data::lexicon()?.len(),
        epochs = settings.epochs,
        seed = settings.seed,
        forum = count(Source::Forum),
        bank = count(Source::Bank),
        own = count(Source::Own),
    );
    let path = here("model/CARD.md");
    std::fs::write(&path, card).map_err(|e| format!("{}: {e}", path.display()))
}
