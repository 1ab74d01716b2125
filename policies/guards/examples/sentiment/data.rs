//! Labelled texts: the public sets and our own.

use crate::{Outcome, here};
use attache_guards::hashed;
use attache_journal::{Emotion, SentimentLabel};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A text and what it is.
#[derive(Clone, Debug)]
pub(crate) struct Labelled {
    pub(crate) text: String,
    pub(crate) label: Option<SentimentLabel>,
    pub(crate) emotion: Option<Emotion>,
    /// What it counts beside others.
    pub(crate) weight: f32,
    /// Same number, same side when some are held out.
    pub(crate) family: u64,
    pub(crate) source: Source,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    Forum,
    Own,
    Bank,
}

#[derive(Deserialize)]
struct Row {
    text: String,
    #[serde(default)]
    emotions: Vec<String>,
    #[serde(default)]
    sentiments: Vec<String>,
    #[serde(default)]
    offensive: bool,
}

/// The forum comments of a GoEmotions file.
pub(crate) fn forum(path: &Path) -> Outcome<Vec<Labelled>> {
    let rows: Vec<Row> = rows(path)?;
    let labelled = rows.into_iter().enumerate().filter_map(|(index, row)| {
        let label = match row.sentiments.as_slice() {
            [one] => named(one),
            _ => None,
        };
        let emotion = match row.emotions.as_slice() {
            [one] => forum_emotion(one),
            _ => None,
        };
        (label.is_some() || emotion.is_some()).then_some(Labelled {
            text: row.text,
            label,
            emotion,
            weight: 1.0,
            family: index as u64,
            source: Source::Forum,
        })
    });
    Ok(labelled.collect())
}

/// The one of our emotions that is nearest to one of the set's 28, where one is near.
fn forum_emotion(name: &str) -> Option<Emotion> {
    match name {
        "anger" => Some(Emotion::Angry),
        "annoyance" => Some(Emotion::Frustrated),
        "disappointment" => Some(Emotion::Disappointed),
        "confusion" => Some(Emotion::Confused),
        "gratitude" => Some(Emotion::Thankful),
        "neutral" | "admiration" | "amusement" | "approval" | "joy" | "love" | "optimism" | "excitement" => {
            Some(Emotion::None)
        }
        _ => None,
    }
}

/// What a question of a bank's customer weighs: none of them was labelled by us.
const BANK: f32 = 0.5;

/// The questions of a bank's customers, which are calm.
pub(crate) fn bank(path: &Path) -> Outcome<Vec<Labelled>> {
    let rows: Vec<Row> = rows(path)?;
    let calm =
        rows.into_iter().enumerate().filter(|(_, row)| row.text.trim_end().ends_with('?') && row.text.len() < 120);
    Ok(calm
        .map(|(index, row)| Labelled {
            text: row.text,
            label: Some(SentimentLabel::Neutral),
            emotion: Some(Emotion::None),
            weight: BANK,
            family: index as u64,
            source: Source::Bank,
        })
        .collect())
}

/// Requests to a company that nobody is upset about, as far as their set says.
pub(crate) fn requests(path: &Path) -> Outcome<Vec<String>> {
    let rows: Vec<Row> = rows(path)?;
    Ok(rows.into_iter().filter(|row| !row.offensive).map(|row| row.text).collect())
}

/// What customers ask fifteen companies that nothing is trained on; hardly one of them complains.
pub(crate) fn questions() -> Outcome<Vec<String>> {
    #[derive(Deserialize)]
    #[serde(tag = "kind", rename_all = "lowercase")]
    enum Line {
        Question {
            text: String,
        },
        #[serde(other)]
        Other,
    }
    let mut texts = Vec::new();
    for folder in ["fitted", "apart"] {
        let folder = here("../../tools/kb/embed/training").join(folder);
        let said = |e: std::io::Error| format!("{}: {e}", folder.display());
        for file in std::fs::read_dir(&folder).map_err(said)? {
            for line in rows(&file.map_err(said)?.path())? {
                if let Line::Question { text } = line {
                    texts.push(text);
                }
            }
        }
    }
    Ok(texts)
}

fn rows<T: DeserializeOwned>(path: &Path) -> Outcome<Vec<T>> {
    let file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let reader: Box<dyn Read> = match path.extension() {
        Some(end) if end == "gz" => Box::new(flate2::read::GzDecoder::new(file)),
        _ => Box::new(file),
    };
    BufReader::new(reader)
        .lines()
        .map(|line| {
            let line = line.map_err(|e| e.to_string())?;
            serde_json::from_str(&line).map_err(|e| e.to_string())
        })
        .collect::<Result<_, String>>()
        .map_err(|e| format!("{}: {e}", path.display()))
}

/// A table of ours: label, emotion and text with tabs between them, `#` before
/// a remark. `-` stands for what is not judged.
pub(crate) fn table(path: &str) -> Outcome<Vec<Labelled>> {
    let text = std::fs::read_to_string(here(path)).map_err(|e| format!("{path}: {e}"))?;
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.is_empty()) {
        let refused = || format!("{path}:{}: expected label, emotion and text with tabs between them", index + 1);
        let mut cells = line.splitn(3, '\t');
        let (Some(label), Some(emotion), Some(text)) = (cells.next(), cells.next(), cells.next()) else {
            return Err(refused());
        };
        all.push(Labelled {
            text: text.replace("\\n", "\n"),
            label: judged(label).ok_or_else(refused)?,
            emotion: judged(emotion).ok_or_else(refused)?,
            weight: 1.0,
            // By the text, so that it stays when lines come or go around it.
            family: hashed(text.as_bytes()),
            source: Source::Own,
        });
    }
    Ok(all)
}

/// What a cell of a table says: nothing for `-`.
fn judged<T: DeserializeOwned>(cell: &str) -> Option<Option<T>> {
    if cell == "-" { Some(None) } else { named(cell).map(Some) }
}

/// The words with their valences.
pub(crate) fn lexicon() -> Outcome<Vec<(String, f32)>> {
    let path = "training/lexicon.tsv";
    let text = std::fs::read_to_string(here(path)).map_err(|e| format!("{path}: {e}"))?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#'))
        .map(|(index, line)| {
            let (word, valence) = line.split_once('\t').ok_or_else(|| format!("{path}:{}: no tab", index + 1))?;
            Ok((word.to_owned(), valence.parse().map_err(|e| format!("{path}:{}: {e}", index + 1))?))
        })
        .collect()
}

/// A label or an emotion by its name.
pub(crate) fn named<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(name.into()).ok()
}
