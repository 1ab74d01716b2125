//! The rows of `docs/quality.md` on sentiment.

use crate::Outcome;
use crate::data::{self, Labelled};
use crate::figures::{emotions, feelings, figures, is_upset, labels};
use attache_guards::{CustomerSentiment, SentimentDetector};
use attache_journal::{Emotion, Sentiment, SentimentLabel};
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

/// Prints the section.
pub(crate) fn run(dir: Option<&Path>) -> Outcome {
    print!("{}", rows(dir, &|text| CustomerSentiment.assess(text))?);
    println!("\n{}", speed()?);
    Ok(())
}

/// The figures of a detector as a table; without a folder of data, those of our own sets.
pub(crate) fn rows(dir: Option<&Path>, assess: &dyn Fn(&str) -> Sentiment) -> Outcome<String> {
    let mut out = "| set | texts | macro-F1 | accuracy | negative: recall at precision .90 | negative: AUC | negative as labelled: precision / recall |\n|---|--:|--:|--:|--:|--:|--:|\n".to_owned();
    let mut row = |name: &str, texts: &[Labelled]| {
        let f = figures(&labels(texts, assess));
        let _ = writeln!(
            out,
            "| {name} | {} | {:.3} | {:.3} | {:.2} | {:.3} | {:.2} / {:.2} |",
            f.texts, f.macro_f1, f.accuracy, f.recall_at_p90, f.auc, f.precision, f.recall
        );
    };
    let own = data::table("eval/emotions.tsv")?;
    row("messages to companies, written apart from the training (`eval/emotions.tsv`)", &own);
    let apart = data::table("eval/apart.tsv")?;
    row("messages to companies, by others again (`eval/apart.tsv`)", &apart);
    let trades = data::table("eval/trades.tsv")?;
    row("messages to fifteen other companies (`eval/trades.tsv`)", &trades);
    row(
        "messages to companies of any kind, by two who knew nothing of the training (`eval/inboxes.tsv`)",
        &data::table("eval/inboxes.tsv")?,
    );
    if let Some(dir) = dir {
        let mut forum = data::forum(&dir.join("sentiment/goemotions_dev.jsonl.gz"))?;
        forum.retain(|one| one.label.is_some_and(|l| l != SentimentLabel::Unknown));
        row("GoEmotions, development part, one class each", &forum);
    }
    let _ = writeln!(
        out,
        "\n| emotions | texts | frustrated or angry found as one of the two | confused taken for angry | calm, thankful or confused taken for frustrated or angry | exactly right, of six |\n|---|--:|--:|--:|--:|--:|"
    );
    for (name, texts) in [("`eval/emotions.tsv`", &own), ("`eval/apart.tsv`", &apart), ("`eval/trades.tsv`", &trades)] {
        let e = emotions(&feelings(texts, assess));
        let [upset, confused, calm, right] =
            [e.upset, e.confused_as_angry, e.false_upset, e.accuracy].map(|share| share * 100.0);
        let _ = writeln!(out, "| {name} | {} | {upset:.1} % | {confused:.1} % | {calm:.1} % | {right:.1} % |", e.texts);
    }
    let told = data::table("eval/calm.tsv")?;
    let said = feelings(&told, assess);
    let share = |of: &[&Sentiment], hit: &dyn Fn(&Sentiment) -> bool| {
        100.0 * of.iter().filter(|one| hit(one)).count() as f64 / of.len().max(1) as f64
    };
    let _ = writeln!(
        out,
        "\n| told calmly, or not | texts | taken for frustrated or angry | taken for negative |\n|---|--:|--:|--:|"
    );
    let mut row = |name: &str, of: &[&Sentiment]| {
        let (upset, negative) = (share(of, &is_upset), share(of, &|one| one.label == SentimentLabel::Negative));
        let _ = writeln!(out, "| {name} | {} | {upset:.1} % | {negative:.1} % |", of.len());
    };
    for (name, calm) in
        [("problems told calmly (`eval/calm.tsv`)", true), ("the same, by somebody upset (`eval/calm.tsv`)", false)]
    {
        let of = said.iter().filter(|(real, _)| (*real == Emotion::None) == calm);
        row(name, &of.map(|(_, said)| said).collect::<Vec<_>>());
    }
    let mut asked = |name: &str, texts: Vec<String>| {
        let said: Vec<Sentiment> = texts.iter().map(|text| assess(text)).collect();
        row(name, &said.iter().collect::<Vec<_>>());
    };
    asked("questions to the fifteen companies (`tools/kb/embed/training/{fitted,apart}`)", data::questions()?);
    if let Some(dir) = dir {
        let file = dir.join("intents/bitext_train.jsonl.gz");
        asked("requests of a shop's customers (bitext, not trained on)", data::requests(&file)?);
    }
    Ok(out)
}

/// How fast it is here, on one core.
fn speed() -> Outcome<String> {
    let texts = data::table("eval/emotions.tsv")?;
    let begin = Instant::now();
    let mut read = 0;
    while begin.elapsed().as_secs_f64() < 1.0 {
        for one in &texts {
            std::hint::black_box(CustomerSentiment.assess(&one.text));
        }
        read += texts.len();
    }
    let rate = read as f64 / begin.elapsed().as_secs_f64();
    let length = texts.iter().map(|one| one.text.len()).sum::<usize>() / texts.len().max(1);
    let begin = Instant::now();
    std::hint::black_box(CustomerSentiment.assess(&"a".repeat(1 << 20)));
    let worst = begin.elapsed().as_secs_f64() * 1e3;
    Ok(format!(
        "Speed of sentiment alone, one core: {:.0},000 messages of {length} bytes a second; 1 MiB of one letter in {worst:.1} ms.",
        (rate / 1e3).floor()
    ))
}
