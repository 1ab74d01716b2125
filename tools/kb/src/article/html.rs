//! The main content of a web page, as Markdown.

use super::Fields;
use dom_query::{Document, NodeData, NodeRef, Selection};
use dom_smoothie::{Config, Readability};

/// A page with more elements is not read.
const MAX_ELEMENTS: usize = 20_000;

/// A page with more characters that are written by name is not read.
const MAX_ENTITIES: usize = 50_000;

/// A page whose elements are nested deeper is not read.
const MAX_DEPTH: usize = 200;

/// More comments about what customers ask are not read.
const MAX_COMMENTS: usize = 1_000;

/// Stand around the number of a comment. Unicode gives no text the last character of
/// either.
const MARK: &str = "asked\u{fdd0}";
const END: char = '\u{fdd1}';

/// Shorter contents are taken for a mistake of the search for it.
const MIN_CONTENT: usize = 40;

/// What is on a page and is not of the article.
const CHROME: &str = "script, style, noscript, template, iframe, object, embed, svg, canvas, form, button, input, \
     select, textarea, nav, aside, footer, [hidden], [aria-hidden=true], [role=navigation], [role=search], \
     [role=banner], [role=contentinfo], [role=complementary]";

/// Where a page says itself that its main content is.
const MAIN: [&str; 3] = ["main", "[role=main]", "article"];

pub(super) struct Page {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) fields: Fields,
}

/// Reads a page.
pub(super) fn read(html: &str) -> Result<Page, String> {
    if html.bytes().filter(|byte| *byte == b'&').count() > MAX_ENTITIES {
        return Err(format!("the page has more than {MAX_ENTITIES} character references"));
    }
    count_tags(html)?;
    let document = Document::from(html);
    measure(&document)?;
    let fields = said(&document);
    let title = title(&document);
    anchors(&document);
    let comments = mark_comments(&document);
    let text = main_content(&document).ok_or("the page has no text")?;
    let text = unmark(&text, &comments);
    Ok(Page { title, text, fields })
}

/// Counts tags before the page is parsed: the time of the standard's own repairs
/// grows with the square of how many elements stay open.
fn count_tags(html: &str) -> Result<(), String> {
    /// Elements without an end, or with one that may be left out.
    const ENDLESS: [&str; 33] = [
        "area", "base", "body", "br", "col", "colgroup", "dd", "dt", "embed", "head", "hr", "html", "img", "input",
        "li", "link", "meta", "optgroup", "option", "p", "param", "path", "rp", "rt", "source", "tbody", "td", "tfoot",
        "th", "thead", "tr", "track", "wbr",
    ];
    let (mut tags, mut depth) = (0_usize, 0_usize);
    for rest in html.split('<').skip(1) {
        let (close, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        tags += 1;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default().to_ascii_lowercase();
        let inside = rest.split('>').next().unwrap_or_default();
        if close && !ENDLESS.contains(&name.as_str()) {
            depth = depth.saturating_sub(1);
        } else if !close && !ENDLESS.contains(&name.as_str()) && !inside.ends_with('/') {
            depth += 1;
        }
        if tags > 2 * MAX_ELEMENTS {
            return Err(format!("the page has more than {MAX_ELEMENTS} elements"));
        }
        if depth > MAX_DEPTH {
            return Err(format!("the page is nested deeper than {MAX_DEPTH} elements"));
        }
    }
    Ok(())
}

/// Walks without recursion: how deep it would have to go is what is asked.
fn measure(document: &Document) -> Result<(), String> {
    let mut open: Vec<(NodeRef<'_>, usize)> = vec![(document.root(), 0)];
    let mut elements = 0_usize;
    while let Some((node, depth)) = open.pop() {
        elements += usize::from(node.is_element());
        if elements > MAX_ELEMENTS {
            return Err(format!("the page has more than {MAX_ELEMENTS} elements"));
        }
        if depth > MAX_DEPTH {
            return Err(format!("the page is nested deeper than {MAX_DEPTH} elements"));
        }
        open.extend(node.children_it(false).map(|child| (child, depth + 1)));
    }
    Ok(())
}

fn main_content(document: &Document) -> Option<String> {
    let long = |text: &String| text.trim().chars().count() >= MIN_CONTENT;
    for main in MAIN {
        let found = document.select(main);
        // Several articles are a list of teasers.
        if found.length() == 1 {
            found.select(CHROME).remove();
            if let Some(text) = Some(markdown(&found)).filter(long) {
                return Some(text);
            }
        }
    }
    let whole = document.html();
    let config = Config { max_elements_to_parse: MAX_ELEMENTS + MAX_COMMENTS, ..Config::default() };
    let readable = Readability::new(whole, None, Some(config)).ok().and_then(|mut page| page.parse().ok());
    let readable = readable.map(|article| markdown(&Document::from(article.content).select("body")));
    readable.filter(long).or_else(|| {
        let body = document.select("body");
        body.select(CHROME).remove();
        body.select("header").remove();
        Some(markdown(&body)).filter(|text| !text.trim().is_empty())
    })
}

fn markdown(selection: &Selection<'_>) -> String {
    let skip = ["script", "style", "meta", "head", "noscript", "template"];
    selection.nodes().iter().map(|node| node.md(Some(&skip)).trim().to_owned()).collect::<Vec<_>>().join("\n\n")
}

/// Writes the anchor of each heading where Markdown has it.
fn anchors(document: &Document) {
    for heading in document.select("h1, h2, h3, h4, h5, h6").nodes() {
        let inner = Selection::from(*heading).select("[id]");
        let id = heading.attr("id").or_else(|| inner.attr("id"));
        // A link to itself is no part of what it says.
        Selection::from(*heading).select("a.anchor, a.headerlink, a.hash-link").remove();
        let plain =
            |id: &str| !id.is_empty() && id.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | ':'));
        if let Some(id) = id.filter(|id| plain(id)) {
            heading.append_html(format!(" {{#{id}}}"));
        }
    }
}

/// Puts a mark where a comment says what customers ask, for a page's comments do not
/// outlive the search for its content: the comments, by the number in their mark.
fn mark_comments(document: &Document) -> Vec<String> {
    let text = |node: &NodeRef<'_>| {
        node.query(|node| match &node.data {
            NodeData::Comment { contents } => Some(contents.trim().to_owned()),
            _ => None,
        })
    };
    let root = document.root();
    let comments = root.descendants_it().filter_map(|node| Some((node, text(&node)??)));
    let asked: Vec<_> = comments.filter(|(_, text)| text.starts_with("asked:")).take(MAX_COMMENTS).collect();
    let mark = |(at, (node, text)): (usize, (NodeRef<'_>, String))| {
        node.after_html(format!("<p>{MARK}{at}{END}</p>"));
        text
    };
    asked.into_iter().enumerate().map(mark).collect()
}

/// Puts each comment where its mark stands.
fn unmark(text: &str, comments: &[String]) -> String {
    let comment = |number: &str| comments.get(number.parse::<usize>().ok()?);
    let mut parts = text.split(MARK);
    let mut unmarked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(END).and_then(|(number, rest)| Some((comment(number)?, rest))) {
            Some((comment, rest)) => unmarked.extend(["\n\n<!-- ", comment, "\n-->\n\n", rest]),
            None => unmarked.push_str(part),
        }
    }
    unmarked
}

fn title(document: &Document) -> String {
    let heading = document.select("main h1, article h1, h1");
    let heading = heading.nodes().first().map(|node| node.text().to_string());
    let meta = || document.select("meta[property='og:title']").attr("content").map(|title| title.to_string());
    let head = || Some(document.select("title").text().to_string());
    let title = [heading, meta(), head()].into_iter().flatten().find(|title| !title.trim().is_empty());
    title.map(|title| title.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

/// What the page's head says of it.
fn said(document: &Document) -> Fields {
    let mut fields = Fields::default();
    for meta in document.select("meta").nodes() {
        let Some(name) = meta.attr("name").or_else(|| meta.attr("property")).or_else(|| meta.attr("itemprop")) else {
            continue;
        };
        let Some(content) = meta.attr("content") else { continue };
        let name = match name.as_ref() {
            "article:modified_time" | "og:updated_time" | "dateModified" | "dcterms.modified" => "updated_at",
            "article:published_time" => "date",
            "docsearch:version" => "version",
            "docsearch:language" => "language",
            other => other,
        };
        fields.add(name, &content);
    }
    if let Some(language) = document.select("html").attr("lang") {
        fields.add("language", &language);
    }
    fields
}
