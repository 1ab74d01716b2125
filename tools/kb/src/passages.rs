//! A document cut into passages at its headings, paragraphs and list items.

use crate::article::Markup;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// How long a passage may be, in Unicode scalar values.
pub const MAX_PASSAGE: usize = 900;

/// A cut leaves at least this much before it, if it can: shorter passages say
/// too little to be an answer.
const MIN_PASSAGE: usize = 200;

/// So many questions may a section have, and so long may each be; what is over is
/// left out.
const MAX_QUESTIONS: usize = 100;
const MAX_QUESTION: usize = 300;

/// So many may all passages of a document have together, each by itself: those of a
/// section are kept with every passage of it.
const MAX_KEPT: usize = 5_000;

/// A document as it is indexed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cut {
    /// The title that the text gives itself.
    pub(crate) title: Option<String>,
    /// Every heading.
    pub(crate) headings: Vec<String>,
    /// The words, without markup.
    pub(crate) words: String,
    /// The passages, in order.
    pub(crate) pieces: Vec<Piece>,
}

/// A passage of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Piece {
    /// The headings above it, outermost first.
    pub(crate) trail: Vec<String>,
    /// Where it starts, in Unicode scalar values.
    pub(crate) start: usize,
    /// Where it ends, exclusive.
    pub(crate) end: usize,
    /// The text, exactly as in the document.
    pub(crate) text: String,
    /// The words, without markup.
    pub(crate) words: String,
    /// The anchor of the heading above it.
    pub(crate) anchor: Option<String>,
    /// What customers ask that its section answers, in their words.
    pub(crate) asked: Arc<[String]>,
}

/// Cuts `text` into passages of at most [`MAX_PASSAGE`] characters.
///
/// A passage is one section or a part of it, without its heading (the trail has
/// it), without comments between its blocks and without white space at its ends.
pub(crate) fn cut(text: &str, markup: Markup) -> Cut {
    let mut outline = match markup {
        Markup::Markdown => Outline::markdown(text),
        Markup::Plain => Outline::plain(text),
    };
    outline.words.sort_by_key(|range| range.start);
    outline.breaks.sort_unstable();
    let mut at = Offsets { text, byte: 0, chars: 0 };
    let mut pieces = Vec::new();
    for section in &outline.sections {
        pieces_of(text, section, &outline, &mut at, &mut pieces);
    }
    if pieces.is_empty() {
        // Nothing but headings: they are the text then.
        let whole = Section { range: outline.start..text.len(), ..Section::default() };
        outline.words.clear();
        outline.words.push(outline.start..text.len());
        pieces_of(text, &whole, &outline, &mut at, &mut pieces);
    }
    let mut left = MAX_KEPT;
    for piece in &mut pieces {
        match left.checked_sub(piece.asked.len()) {
            Some(less) => left = less,
            None => piece.asked = Arc::default(),
        }
    }
    let words = join(text, &outline.words, &(0..text.len()));
    Cut { title: outline.title, headings: outline.headings, words, pieces }
}

/// Where a document can be cut.
#[derive(Default)]
struct Outline {
    title: Option<String>,
    headings: Vec<String>,
    /// Where the text starts after the front matter.
    start: usize,
    sections: Vec<Section>,
    /// The start of every block with its depth.
    breaks: Vec<(usize, usize)>,
    /// Where there are words; not in markup, not in headings.
    words: Vec<Range<usize>>,
}

/// What is between two headings, or a part of that between comments.
#[derive(Clone, Default)]
struct Section {
    trail: Vec<String>,
    anchor: Option<String>,
    range: Range<usize>,
    asked: Arc<[String]>,
}

impl Outline {
    fn plain(text: &str) -> Self {
        let breaks = text.match_indices("\n\n").map(|(at, found)| (at + found.len(), 0)).collect();
        let whole = 0..text.len();
        Self {
            breaks,
            sections: vec![Section { range: whole.clone(), ..Section::default() }],
            words: vec![whole],
            ..Self::default()
        }
    }

    fn markdown(text: &str) -> Self {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_HEADING_ATTRIBUTES
            | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        let mut outline = Self::default();
        let mut trail: Vec<(HeadingLevel, String)> = Vec::new();
        let mut heading: Option<String> = None;
        let mut front_matter = false;
        let mut first_title = None;
        let mut depth = 0_usize;
        let mut from = 0;
        let mut comments: Vec<Range<usize>> = Vec::new();
        let mut anchors = Anchors::default();
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { level, id, .. }) if depth == 0 => {
                    outline.section(text, &trail, anchors.last.take(), from..range.start, &mut comments);
                    anchors.last = id.map(|id| id.to_string());
                    from = range.end;
                    trail.retain(|(above, _)| *above < level);
                    trail.push((level, String::new()));
                    heading = Some(String::new());
                }
                Event::End(TagEnd::Heading(level)) if depth == 0 => {
                    let words = heading.take().unwrap_or_default().trim().to_owned();
                    if level == HeadingLevel::H1 && first_title.is_none() && !words.is_empty() {
                        first_title = Some(words.clone());
                    }
                    if let Some((_, last)) = trail.last_mut() {
                        last.clone_from(&words);
                    }
                    anchors.name(&words);
                    outline.headings.push(words);
                }
                Event::Start(Tag::MetadataBlock(_)) => {
                    front_matter = true;
                    from = range.end;
                    outline.start = range.end;
                }
                Event::End(TagEnd::MetadataBlock(_)) => front_matter = false,
                Event::Text(words) if front_matter => outline.title = outline.title.or_else(|| titled(&words)),
                Event::Start(tag) if is_block(&tag) => {
                    if depth == 0 && tag == Tag::HtmlBlock && is_comment(text.get(range.clone()).unwrap_or_default()) {
                        comments.push(range.clone());
                    }
                    outline.breaks.push((range.start, depth));
                    depth += 1;
                }
                Event::End(tag) if is_block_end(tag) => depth = depth.saturating_sub(1),
                Event::Text(words) | Event::Code(words) => match &mut heading {
                    Some(heading) => heading.push_str(&words),
                    None => outline.words.push(range),
                },
                Event::SoftBreak | Event::HardBreak => {
                    if let Some(heading) = &mut heading {
                        heading.push(' ');
                    }
                }
                // A rule, HTML and marks that carry no words of the article.
                _ => {}
            }
        }
        outline.section(text, &trail, anchors.last, from..text.len(), &mut comments);
        outline.title = outline.title.or(first_title);
        outline
    }

    /// A section, in parts where `comments` stand in it: they are the writers' own,
    /// and nobody is answered with them.
    fn section(
        &mut self,
        text: &str,
        trail: &[(HeadingLevel, String)],
        anchor: Option<String>,
        range: Range<usize>,
        comments: &mut Vec<Range<usize>>,
    ) {
        let trail = trail.iter().filter(|(_, words)| !words.is_empty()).map(|(_, words)| words.clone()).collect();
        let asked = comments.iter().flat_map(|comment| asked(text.get(comment.clone()).unwrap_or_default()));
        let asked = asked.take(MAX_QUESTIONS).collect();
        let whole = Section { trail, anchor, range, asked };
        let mut from = whole.range.start;
        for comment in comments.drain(..) {
            self.sections.push(Section { range: from..comment.start, ..whole.clone() });
            from = comment.end;
        }
        self.sections.push(Section { range: from..whole.range.end, ..whole });
    }
}

/// Whether a block of HTML is one comment and nothing else.
fn is_comment(block: &str) -> bool {
    block.trim().strip_prefix("<!--").and_then(|rest| rest.find("-->").map(|end| rest.len() == end + 3)) == Some(true)
}

/// The questions of a comment that says what customers ask:
///
/// ```markdown
/// <!-- asked:
/// How do I get out of the contract?
/// Is there a fee for quitting early?
/// -->
/// ```
fn asked(comment: &str) -> impl Iterator<Item = String> {
    let inside = comment.trim().trim_start_matches("<!--").trim_end_matches("-->").trim();
    let lines = inside.strip_prefix("asked:").into_iter().flat_map(str::lines);
    let questions =
        lines.map(|line| line.trim().trim_start_matches("- ").chars().take(MAX_QUESTION).collect::<String>());
    questions.filter(|question| !question.is_empty())
}

/// The anchors of headings, as pages of Markdown have them.
#[derive(Default)]
struct Anchors {
    counts: BTreeMap<String, usize>,
    last: Option<String>,
}

impl Anchors {
    /// Gives the last heading its anchor, if it has none of its own: its words
    /// in lower case with hyphens between, numbered where they are not the first.
    fn name(&mut self, words: &str) {
        if self.last.is_some() {
            return;
        }
        let kept = words.to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        if name.is_empty() {
            return;
        }
        let before = self.counts.entry(name.clone()).and_modify(|count| *count += 1).or_insert(0);
        self.last = Some(if *before == 0 { name } else { format!("{name}-{before}") });
    }
}

/// The `title:` of a front matter.
fn titled(front_matter: &str) -> Option<String> {
    let title = front_matter.lines().find_map(|line| line.strip_prefix("title:"))?;
    let title = title.trim().trim_matches(['"', '\'']).trim();
    (!title.is_empty()).then(|| title.to_owned())
}

/// Whether a line can end before this element.
fn is_block(tag: &Tag<'_>) -> bool {
    is_block_end(tag.to_end())
}

fn is_block_end(tag: TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::HtmlBlock
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::FootnoteDefinition
            | TagEnd::Table
            | TagEnd::TableHead
            | TagEnd::TableRow
    )
}

/// Cuts one section.
fn pieces_of(text: &str, section: &Section, outline: &Outline, at: &mut Offsets<'_>, pieces: &mut Vec<Piece>) {
    let mut rest = section.range.clone();
    loop {
        rest = trimmed(text, rest);
        if rest.is_empty() {
            return;
        }
        let end = end_of_piece(text, &rest, &outline.breaks);
        let piece = trimmed(text, rest.start..end);
        rest.start = end;
        let Some(slice) = text.get(piece.clone()).filter(|slice| !slice.is_empty()) else { continue };
        let start = at.chars_before(piece.start);
        pieces.push(Piece {
            trail: section.trail.clone(),
            anchor: section.anchor.clone(),
            asked: section.asked.clone(),
            start,
            end: start + slice.chars().count(),
            text: slice.to_owned(),
            words: join(text, &outline.words, &piece),
        });
    }
}

/// Where the piece that starts `rest` ends: after `rest.start`.
///
/// The best place is the last one that still fits of the best kind: before an
/// outer block, an inner block, a line, a sentence, a word, anything.
fn end_of_piece(text: &str, rest: &Range<usize>, breaks: &[(usize, usize)]) -> usize {
    let slice = text.get(rest.clone()).unwrap_or_default();
    let Some((limit, _)) = slice.char_indices().nth(MAX_PASSAGE) else { return rest.end };
    let least = slice.char_indices().nth(MIN_PASSAGE).map_or(0, |(at, _)| at);
    let fits = rest.start + least..=rest.start + limit;

    let first = breaks.partition_point(|(at, _)| at < fits.start());
    let inside = breaks.iter().skip(first).take_while(|(at, _)| fits.contains(at));
    // The outermost block, and of these the last.
    if let Some((at, _)) = inside.min_by_key(|(at, depth)| (*depth, std::cmp::Reverse(*at))) {
        return *at;
    }
    let window = slice.get(..limit).unwrap_or_default();
    let after = |ends: &[&str]| {
        let ends = ends.iter().filter_map(|end| window.rfind(end).map(|at| at + end.len()));
        ends.filter(|at| *at >= least).max()
    };
    let word = || window.rfind(char::is_whitespace).filter(|at| *at >= least);
    let end = after(&["\n"]).or_else(|| after(&[". ", "! ", "? ", ".\n"])).or_else(word).unwrap_or(limit);
    rest.start + end
}

/// `range` without white space at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let slice = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (slice.len() - slice.trim_start().len());
    start..start + slice.trim().len()
}

/// The text of `words` inside `piece`.
fn join(text: &str, words: &[Range<usize>], piece: &Range<usize>) -> String {
    let mut joined = String::new();
    let mut last = piece.start;
    // Ranges do not overlap, so their ends are in order too.
    let first = words.partition_point(|range| range.end <= piece.start);
    for range in words.iter().skip(first).take_while(|range| range.start < piece.end) {
        let shared = range.start.max(piece.start)..range.end.min(piece.end);
        // A word may be half bold: only other marks part words.
        let between = text.get(last..shared.start).unwrap_or_default();
        if !between.chars().all(|mark| matches!(mark, '*' | '_' | '~' | '\\')) {
            joined.push(' ');
        }
        last = shared.end;
        joined.push_str(text.get(shared).unwrap_or_default());
    }
    joined
}

/// Counts characters once, from front to back.
struct Offsets<'a> {
    text: &'a str,
    byte: usize,
    chars: usize,
}

impl Offsets<'_> {
    fn chars_before(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            (self.byte, self.chars) = (0, 0);
        }
        self.chars += self.text.get(self.byte..byte).map_or(0, |slice| slice.chars().count());
        self.byte = byte;
        self.chars
    }
}

#[cfg(test)]
mod tests;
