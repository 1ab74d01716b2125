use super::*;
use proptest::prelude::*;

fn slice(text: &str, start: usize, end: usize) -> String {
    text.chars().skip(start).take(end - start).collect()
}

fn texts(cut: &Cut) -> Vec<&str> {
    cut.pieces.iter().map(|piece| piece.text.as_str()).collect()
}

#[test]
fn an_article_is_cut_at_its_headings() {
    let text = "---\ntitle: \"Money back\"\nowner: Kim\n---\n# Réfunds\n\nWithin **14** days.\n\n## How\n\n1. Write to us.\n2. Wait.\n\n### When\n\nSoon.\n\n## Empty\n\n## Why\n\nBe*cause*, [really](https://x.example).\n";
    let cut = cut(text, Markup::Markdown);
    assert_eq!(cut.title.as_deref(), Some("Money back"));
    assert_eq!(cut.headings, ["Réfunds", "How", "When", "Empty", "Why"]);
    let found: Vec<_> =
        cut.pieces.iter().map(|piece| (piece.trail.join("/"), piece.text.as_str(), piece.words.trim())).collect();
    assert_eq!(
        found,
        [
            ("Réfunds".to_owned(), "Within **14** days.", "Within 14 days."),
            ("Réfunds/How".to_owned(), "1. Write to us.\n2. Wait.", "Write to us. Wait."),
            ("Réfunds/How/When".to_owned(), "Soon.", "Soon."),
            ("Réfunds/Why".to_owned(), "Be*cause*, [really](https://x.example).", "Because,  really ."),
        ]
    );
    for piece in &cut.pieces {
        assert_eq!(slice(text, piece.start, piece.end), piece.text);
    }
}

#[test]
fn the_first_heading_is_the_title_only_if_it_is_the_first_level() {
    assert_eq!(cut("# One\n\ntext\n\n# Two\n\ntext", Markup::Markdown).title.as_deref(), Some("One"));
    assert_eq!(cut("## One\n\ntext", Markup::Markdown).title, None);
    assert_eq!(cut("# One\n\ntext", Markup::Plain).title, None);
}

#[test]
fn a_long_section_is_cut_between_blocks() {
    let item = format!("- {}\n", "word ".repeat(30).trim());
    let text = format!("Intro.\n\n{}\n{}", item.repeat(10), "Last paragraph.");
    let cut = cut(&text, Markup::Markdown);
    assert!(cut.pieces.len() > 1);
    assert!(cut.pieces.iter().skip(1).take(cut.pieces.len() - 2).all(|piece| piece.text.starts_with("- ")));
}

#[test]
fn a_long_paragraph_is_cut_between_sentences() {
    let text = "This is a sentence of the paragraph. ".repeat(60);
    let cut = cut(&text, Markup::Markdown);
    assert!(texts(&cut).iter().all(|piece| piece.starts_with("This") && piece.ends_with('.')));
    let plain = super::cut(&text, Markup::Plain);
    assert_eq!(texts(&plain), texts(&cut));
}

#[test]
fn plain_text_is_cut_between_paragraphs() {
    let paragraph = format!("# {}\n\n", "no heading here ".repeat(20).trim());
    let text = paragraph.repeat(5);
    let cut = cut(&text, Markup::Plain);
    assert_eq!(cut.pieces.len(), 3);
    assert!(texts(&cut).iter().all(|piece| piece.starts_with("# no")));
}

#[test]
fn headings_alone_are_a_passage() {
    let cut = cut("# One\n\n## Two\n", Markup::Markdown);
    assert_eq!(texts(&cut), ["# One\n\n## Two"]);
    assert_eq!(super::cut(" \n\t", Markup::Markdown).pieces, []);
}

proptest! {
    #[test]
    fn a_passage_is_exactly_its_place(
        text in "(# |## |### |- |  - |1\\. |> |\\| a \\| b \\|\n|\n|\n\n|---\n|title: x\n|```\n|<b>|&amp;|\\*\\*|`|\\[a\\]\\(b\\)|\r\n|\t|wörd |日本語|😀 |[a-z]{1,12}[ .]{1,2}|x{400}){0,80}",
        plain: bool,
    ) {
        let markup = if plain { Markup::Plain } else { Markup::Markdown };
        let cut = cut(&text, markup);
        let mut last = 0;
        for piece in &cut.pieces {
            prop_assert_eq!(&slice(&text, piece.start, piece.end), &piece.text);
            prop_assert!(piece.start < piece.end && piece.end - piece.start <= MAX_PASSAGE);
            prop_assert!(piece.start >= last);
            prop_assert_eq!(piece.text.trim(), &piece.text);
            last = piece.end;
        }
        prop_assert_eq!(text.trim().is_empty() || cut.pieces.is_empty() && !plain, cut.pieces.is_empty());
        if plain {
            let kept: String = cut.pieces.iter().flat_map(|piece| piece.text.chars()).filter(|c| !c.is_whitespace()).collect();
            prop_assert_eq!(kept, text.chars().filter(|c| !c.is_whitespace()).collect::<String>());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text: String) {
        let _ = cut(&text, Markup::Markdown);
    }
}

#[test]
fn comments_are_in_no_passage_and_say_what_customers_ask() {
    let text = "# Leave\n\nBefore.\n\n<!-- legal has not read this -->\n\nChoose **Leave**.\n\n\
        <!-- asked:\n- How do I quit?\n\n  get out of the contract  \n-->\n\n## Later\n\n<!-- asked: \nCan I come back? -->\nAny time.\n\n\
        ```\n<!-- asked:\nNot one.\n-->\n```\n\n<!-- asked -->\n<b>Bold</b> <!-- asked:\nNor this.\n-->\n";
    let cut = cut(text, Markup::Markdown);
    let found: Vec<_> =
        cut.pieces.iter().map(|piece| (piece.text.lines().next().unwrap(), piece.asked.join("|"))).collect();
    let (leave, later) = ("How do I quit?|get out of the contract", "Can I come back?");
    assert_eq!(
        found,
        [("Before.", leave), ("Choose **Leave**.", leave), ("Any time.", later), ("<b>Bold</b> <!-- asked:", later)]
            .map(|(text, asked)| (text, asked.to_owned()))
    );
    for piece in &cut.pieces {
        assert_eq!(slice(text, piece.start, piece.end), piece.text);
    }
    assert!(!cut.words.contains("quit") && !cut.words.contains("legal"), "{}", cut.words);
}

#[test]
fn of_what_customers_ask_not_everything_is_kept() {
    let many: String = (0..150).map(|n| format!("{n} {}\n", "a".repeat(400))).collect();
    let cut = cut(&format!("text\n\n<!-- asked:\n{many}-->\n"), Markup::Markdown);
    let asked = &cut.pieces.first().unwrap().asked;
    assert_eq!((asked.len(), asked.iter().map(|q| q.chars().count()).max()), (MAX_QUESTIONS, Some(MAX_QUESTION)));
    assert_eq!(cut.pieces.len(), 1);
}

#[test]
fn a_hostile_article_keeps_no_more_of_what_customers_ask_than_an_honest_one() {
    let text: String = (0..20_000).map(|n| format!("Text {n}.\n\n<!-- asked:\nOne?\nTwo {n}?\n-->\n\n")).collect();
    let cut = cut(&text, Markup::Markdown);
    assert_eq!(cut.pieces.len(), 20_000);
    let kept: Vec<usize> = cut.pieces.iter().map(|piece| piece.asked.len()).collect();
    assert_eq!(kept.iter().sum::<usize>(), MAX_KEPT);
    assert_eq!(kept.first(), Some(&MAX_QUESTIONS));
}
