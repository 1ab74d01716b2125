use super::*;

fn written(text: &str, format: Format) -> Written {
    Written::file("a", text.to_owned(), format, Path::new("a.md"), None)
}

fn markdown(text: &str) -> Article {
    written(text, Format::Markdown).read().unwrap()
}

fn page(html: &str) -> Article {
    written(html, Format::Html).read().unwrap()
}

#[test]
fn front_matter_says_what_an_article_is() {
    let article = markdown(
        "---\ntitle: \"Reset: how to\"\naudience: Internal\nproduct: Flow # ours\nlang: en\n\
         updated_at: 2026-03-01\nversion: '2.1'\ntags: [a, b]\nnested:\n  audience: public\n---\n\n# Other\n\nText.\n",
    );
    let about = article.document.about;
    assert_eq!(article.document.title, "Reset: how to");
    assert_eq!((about.audience, about.product.as_deref()), (Readers::Internal, Some("Flow")));
    assert_eq!((about.language.as_deref(), about.version.as_deref()), (Some("en"), Some("2.1")));
    assert_eq!(about.updated_at, Some("2026-03-01T00:00:00Z".parse().unwrap()));
}

#[test]
fn an_unknown_audience_means_colleagues() {
    for (said, readers) in [
        ("", Readers::Public),
        ("audience: public\n", Readers::Public),
        ("audience: Customers\n", Readers::Public),
        ("audience: agents\n", Readers::Internal),
        ("audience:\n", Readers::Internal),
        ("audience: [public, internal]\n", Readers::Internal),
        ("audience: public\nvisibility: internal\n", Readers::Internal),
        ("internal: true\n", Readers::Internal),
        ("Internal:\n", Readers::Internal),
        ("internal: false\n", Readers::Public),
        ("private: yes\naudience: public\n", Readers::Internal),
        ("public: false\n", Readers::Internal),
        ("public: off\n", Readers::Internal),
        ("public: true\n", Readers::Public),
    ] {
        let about = markdown(&format!("---\ntitle: x\n{said}---\nText.\n")).document.about;
        assert_eq!(about.audience, readers, "{said:?}");
    }
    let Value::Object(object) = serde_json::json!({ "audience": ["public"] }) else { panic!() };
    assert_eq!(Fields::of_json(&object).about().audience, Readers::Internal);
    let Value::Object(object) = serde_json::json!({ "internal": true }) else { panic!() };
    assert_eq!(Fields::of_json(&object).about().audience, Readers::Internal);
}

#[test]
fn times_are_read_in_the_usual_ways() {
    for text in ["2026-03-01", "2026-03-01T00:00:00", "2026-03-01T01:00:00+01:00", "03/01/2026"] {
        assert_eq!(time(text), Some("2026-03-01T00:00:00Z".parse().unwrap()), "{text}");
    }
    for text in ["", "soon", "2026", "31/31/2026"] {
        assert_eq!(time(text), None, "{text}");
    }
}

#[test]
fn drafts_are_left_out() {
    for text in ["---\ndraft: true\n---\nText.", "---\npublished: false\n---\nText."] {
        let fault = written(text, Format::Markdown).read().unwrap_err();
        assert_eq!(fault, "marked as a draft");
    }
}

#[test]
fn front_matter_bombs_say_nothing_of_an_article() {
    let alias = "---\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b]\n---\nText.\n";
    assert_eq!(markdown(alias).document.about, About::default());
    let deep = format!("---\na: {}\n---\nText.\n", "[".repeat(1_000_000));
    assert_eq!(markdown(&deep).document.about, About::default());
    let long = format!("---\n{}\nText.\n", "title: x\n".repeat(400_000));
    assert!(markdown(&long).document.about.is_plain());
}

const PAGE: &str = r##"<!doctype html><html lang="en"><head><title>Refunds | Help</title>
<meta name="audience" content="public"><meta property="article:modified_time" content="2026-02-03T04:05:06Z">
<script>alert("stolen")</script><style>.x{color:red}</style></head>
<body><header>Site head</header><nav><a href="/">Home of everything</a></nav>
<main><h1>Refunds</h1><p>You get your <b>money</b> back within 14 days.</p>
<h2 id="how-long">How long it takes<a class="headerlink" href="#how-long">¶</a></h2>
<ol><li>Open Billing.</li><li>Choose <code>Refund</code>.</li></ol>
<table><tr><th>Plan</th><th>Days</th></tr><tr><td>Team</td><td>30</td></tr></table>
<pre><code>curl -X POST /refunds</code></pre>
<p>See <a href="https://help.example/plans">the plans</a>.</p>
<script>track("me")</script><form><input value="search"></form></main>
<footer>Copyright notice</footer></body></html>"##;

#[test]
fn a_page_is_read_for_its_main_content() {
    let article = page(PAGE);
    let text = &article.document.text;
    assert_eq!(article.document.title, "Refunds");
    for gone in ["stolen", "track", "color:red", "Site head", "Home of", "Copyright", "search", "¶"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    for kept in ["14 days", "1. Open Billing.", "`Refund`", "| Team |", "curl -X POST", "(https://help.example/plans)"]
    {
        assert!(text.contains(kept), "{kept} not in {text}");
    }
    assert_eq!(article.document.about.language.as_deref(), Some("en"));
    assert_eq!(article.document.about.updated_at, Some("2026-02-03T04:05:06Z".parse().unwrap()));
    let cut = crate::passages::cut(text, Markup::Markdown);
    let anchors: Vec<_> =
        cut.pieces.iter().map(|piece| (piece.trail.last().unwrap().as_str(), piece.anchor.as_deref())).collect();
    assert_eq!(anchors, [("Refunds", Some("refunds")), ("How long it takes", Some("how-long"))], "{text}");
}

#[test]
fn a_page_without_a_main_element_is_read_too() {
    let body = "<p>The exporter writes every work order into one file that a spreadsheet opens, with a header line, \
                commas between the values, and quotes around those that need them.</p>"
        .repeat(6);
    let article = page(&format!(
        "<html><head><title>Export</title></head><body><div class=sidebar><a href=/a>One</a><a href=/b>Two</a></div>\
         <div class=content>{body}</div><footer>Imprint</footer></body></html>"
    ));
    assert!(article.document.text.contains("every work order"));
    assert!(!article.document.text.contains("Imprint"), "{}", article.document.text);
    let short = page("<html><body><nav>Menu</nav><p>Call us.</p></body></html>");
    assert_eq!(short.document.text.trim(), "Call us.");
}

#[test]
fn hostile_pages_are_refused_or_read() {
    let read = |html: String| written(&html, Format::Html).read().map(|article| article.document.text.len());
    assert!(read("<div>".repeat(100_000)).unwrap_err().contains("nested deeper"));
    assert!(read("<b><i><a>".repeat(20_000)).is_err());
    assert!(read("<p>x".repeat(300_000)).unwrap_err().contains("elements"));
    assert!(read("<table><tr><td>".repeat(30_000)).is_err());
    assert!(read("<script>".to_owned() + &"x".repeat(1_000_000)).is_err());
    assert!(read("<p>".to_owned() + &"&lt;".repeat(500_000)).unwrap_err().contains("references"));
    assert!(read("<p>".to_owned() + &"&lt;".repeat(40_000)).is_ok());
    assert!(read("<a href='".to_owned() + &"x".repeat(100_000)).is_err());
    assert!(read("<p><b><i>x</p>".repeat(300)).is_err());
    assert!(read("<p><b>x</b></p>".repeat(9_000)).is_ok());
}

#[test]
fn whether_an_article_changed_is_known_before_it_is_read() {
    // A page that takes long and is refused in the end.
    let page = "<div>".repeat(100_000);
    let digest = |text: &str, format| written(text, format).digest;
    assert_eq!(digest(&page, Format::Html), digest(&page, Format::Html));
    assert!(written(&page, Format::Html).read().is_err());
    let text = "# Refunds\n\nMoney is back in 14 days.\n";
    let other = text.replace("14", "15");
    let known = [(text, Format::Html), (text, Format::Markdown), (text, Format::Plain), (&other, Format::Markdown)];
    let digests: std::collections::BTreeSet<_> = known.iter().map(|(text, format)| digest(text, *format)).collect();
    assert_eq!(digests.len(), known.len());
    // What an article includes is a part of it.
    let folder = tempfile::tempdir().unwrap();
    let dir = std::fs::canonicalize(folder.path()).unwrap();
    let including = || {
        let file = dir.join("a.md");
        Written::file("a", "{{#include part.txt}}".to_owned(), Format::Markdown, &file, Some(&dir)).digest
    };
    std::fs::write(dir.join("part.txt"), text).unwrap();
    let before = including();
    std::fs::write(dir.join("part.txt"), other).unwrap();
    assert_ne!(including(), before);
}

#[test]
fn a_page_says_what_customers_ask() {
    let filler = "This paragraph is long enough to be taken for the main content of a page, twice. ".repeat(3);
    for (open, close) in [("<main>", "</main>"), ("<div class=content>", "</div>")] {
        let article = page(&format!(
            "<html><body>\u{fdd0}<nav><!-- asked:\nNot this?\n--></nav>{open}<h1>Bikes</h1><p>{filler}</p><h2>Rain</h2>\
             <p>{filler}</p><!-- asked:\nWhat if it pours?\n--><!-- hidden --><h2>Snow</h2><p>{filler}</p>{close}</body></html>"
        ));
        let text = article.document.text;
        let (rain, snow) = text.split_once("Snow").unwrap();
        assert!(rain.contains("\n\n<!-- asked:\nWhat if it pours?\n-->\n"), "{text}");
        assert!(!snow.contains("<!--") && !text.contains("Not this") && !text.contains("hidden"), "{text}");
    }
}
