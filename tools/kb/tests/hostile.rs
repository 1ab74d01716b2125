//! What a knowledge base is given that no company meant to write.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use attache_kb::{Kb, Report};
use attache_tools::{Ask, Readers, Scope};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

struct World {
    dir: TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        world.put("good.md", "# Refunds\n\nYou get your money back within 14 days.\n");
        world
    }

    fn docs(&self) -> PathBuf {
        self.dir.path().join("docs")
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.docs().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn kb(&self) -> Kb {
        Kb::open(&self.dir.path().join("kb")).unwrap()
    }

    fn add(&self) -> Report {
        self.kb().add(&[self.docs()], &mut |_| {}).unwrap()
    }

    /// Adds all and checks that the good article is there and that each bad one
    /// has a line that says why.
    fn expect(&self, lines: &[(&str, &str)]) -> Report {
        let report = self.add();
        let said: Vec<_> = report.skipped.iter().map(ToString::to_string).collect();
        for (file, why) in lines {
            assert!(said.iter().any(|line| line.contains(file) && line.contains(why)), "{file}: {why} in {said:#?}");
        }
        assert_eq!(said.len(), lines.len(), "{said:#?}");
        assert_eq!(self.kb().search(&Ask::new("money back", 1)).unwrap().first().unwrap().doc, "good");
        report
    }
}

#[test]
fn files_that_are_no_text_are_reported() {
    let world = World::new();
    world.put("picture.md", [0x89, b'P', b'N', b'G', 0, 0xff, 0xfe, 0, 0]);
    world.put("zeros.md", [0; 1000]);
    world.put("latin.md", b"# Caf\xe9\n\ntext");
    world.put("cut.html", b"<p>caf\xc3</p>");
    world.put("empty.md", "  \n");
    world.put(
        "rows.jsonl",
        "{\"id\":\"x\",\"text\":\"fine\"}\n{\"id\":7}\nnot json\n{\"id\":\"y\",\"text\":\"a\\u0000b\"}\n",
    );
    let report = world.expect(&[
        ("picture.md", "binary content"),
        ("zeros.md", "binary content"),
        ("latin.md", "not UTF-8 (byte 5)"),
        ("cut.html", "not UTF-8"),
        ("empty.md", "no text"),
        ("rows.jsonl:2", "`id` is no text"),
        ("rows.jsonl:3", "column"),
        ("rows.jsonl:4", "binary content"),
    ]);
    assert_eq!(report.added, 2);
}

#[test]
fn an_article_of_50_mb_is_not_read() {
    let world = World::new();
    for name in ["large.md", "large.html", "large.txt", "large.jsonl"] {
        world.put(name, "");
        let mut file = fs::OpenOptions::new().write(true).open(world.docs().join(name)).unwrap();
        file.seek(SeekFrom::Start(50 << 20)).unwrap();
        file.write_all(b"x").unwrap();
    }
    world.expect(&[
        ("large.md", "larger than 5 MiB"),
        ("large.html", "larger than 5 MiB"),
        ("large.txt", "larger than 5 MiB"),
        ("large.jsonl", "longer than 5 MiB"),
    ]);
}

#[test]
fn includes_stay_inside_and_end() {
    let world = World::new();
    fs::write(world.dir.path().join("secret.md"), "the secret of the house").unwrap();
    world.put("_includes/step.md", "---\ntitle: x\n---\nPress the **green** button.\n");
    world.put("press.md", "# Press\n\n{{#include _includes/step.md}}\n\n[!INCLUDE [s](_includes/step.md)] Done.\n");
    world.put("out.md", "# Out\n\nBefore. {{#include ../secret.md}} After.\n");
    world.put("absolute.md", format!("Text.\n{{{{#include {}}}}}\n", world.dir.path().join("secret.md").display()));
    world.put("self.md", "# Self\n\n{{#include self.md}}\n");
    world.put("one.md", "# One\n\n{% include two.md %}\n");
    world.put("two.md", "# Two\n\n{% include one.md %}\n");
    world.put("bomb.md", "# Bomb\n\n{{#include _includes/b1.md}}\n");
    for depth in 1..7 {
        world.put(&format!("_includes/b{depth}.md"), format!("{{{{#include b{}.md}}}}\n", depth + 1).repeat(20));
    }
    world.put("_includes/b7.md", "boom\n".repeat(100_000));
    #[cfg(unix)]
    std::os::unix::fs::symlink(world.dir.path().join("secret.md"), world.docs().join("_includes/link.md")).unwrap();
    world.put("linked.md", "# Linked\n\n--8<-- \"_includes/link.md\"\n");
    let report = world.add();
    let said: Vec<_> = report.skipped.iter().map(ToString::to_string).collect();
    for (file, why) in [
        ("out.md", "outside the folder"),
        ("absolute.md", "outside the folder"),
        ("linked.md", "outside the folder"),
        ("self.md", "includes itself"),
        ("one.md", "includes itself"),
        ("two.md", "includes itself"),
        ("bomb.md", "left out"),
        ("_includes", "read where they are included"),
    ] {
        assert!(said.iter().any(|line| line.contains(file) && line.contains(why)), "{file}: {why} in {said:#?}");
    }
    let kb = world.kb();
    assert_eq!(kb.document("press").unwrap().unwrap().matches("Press the **green** button.").count(), 2);
    for document in kb.list().unwrap() {
        assert!(!kb.document(&document.id).unwrap().unwrap().contains("secret of the house"), "{}", document.id);
    }
    // A change of the included part is a change of the article.
    world.put("_includes/step.md", "Press the **red** button.\n");
    assert_eq!((world.add().updated, world.add().updated), (1, 0));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let world = World::new();
    fs::create_dir_all(world.dir.path().join("outside")).unwrap();
    fs::write(world.dir.path().join("outside/other.md"), "outside").unwrap();
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, world.docs().join(name)).unwrap();
    link(&world.docs(), "loop");
    link(&world.dir.path().join("outside"), "away");
    link(&world.dir.path().join("outside/other.md"), "other.md");
    link(Path::new("nowhere"), "dangling.md");
    let report = world.expect(&[
        ("loop", "symbolic link"),
        ("away", "symbolic link"),
        ("other.md", "symbolic link"),
        ("dangling.md", "symbolic link"),
    ]);
    assert_eq!(report.added, 1);
}

#[test]
fn scripts_of_pages_are_no_text() {
    let world = World::new();
    world.put(
        "page.html",
        "<html><head><title>Parts</title><script>let stolen = 'cookie';</script></head><body><main><h1>Parts</h1>\
         <p onclick=\"steal()\">Parts are kept in stock.</p><script src=\"https://evil.example/x.js\">track()</script>\
         <noscript>Switch scripts on.</noscript><style>.hidden{}</style></main></body></html>",
    );
    assert_eq!(world.expect(&[]).added, 2);
    let page = world.kb().document("page").unwrap().unwrap();
    assert!(page.contains("Parts are kept in stock."), "{page}");
    for code in ["script", "stolen", "steal", "track", "evil", "hidden"] {
        assert!(!page.contains(code), "{code} in {page}");
    }
}

#[test]
fn bombs_in_front_matter_and_pages_leave_the_rest() {
    let world = World::new();
    world.put("alias.md", "---\na: &a [x,x]\nb: &b [*a,*a]\ntitle: Alias\n---\n\nText.\n");
    world.put("deep.md", format!("---\na: {}\n---\n\nText.\n", "[".repeat(2_000_000)));
    world.put("open.md", format!("---\n{}", "title: x\n".repeat(100_000)));
    world.put("nested.html", "<div>".repeat(100_000));
    world.put("lists.md", "> ".repeat(50_000) + "x");
    world.put("emphasis.md", "*a **b ".repeat(100_000));
    world.put("brackets.md", "[".repeat(300_000));
    let report = world.expect(&[("nested.html", "nested deeper")]);
    assert_eq!(report.added, 7);
}

#[test]
fn a_query_of_100_000_characters_is_a_query() {
    let world = World::new();
    world.add();
    let kb = world.kb();
    for query in ["money back ".repeat(10_000), "x".repeat(100_000), "+\"(*:^~".repeat(15_000), "é ".repeat(50_000)] {
        let found = kb.search(&Ask::new(&query, 5)).unwrap();
        assert!(found.iter().all(|hit| hit.doc == "good"));
        kb.search_documents(&Ask::new(&query, 5)).unwrap();
    }
}

#[test]
fn what_is_for_colleagues_is_found_by_colleagues() {
    let world = World::new();
    world.put(
        "runbook.md",
        "---\naudience: internal\nupdated: 2026-01-01\n---\n# Money back by hand\n\nOverride the ledger.\n",
    );
    world.put("fresh.md", "---\nupdated: 2026-06-01\n---\n# Money back, new\n\nPress the button.\n");
    world.add();
    let found = |readers, since: Option<&str>| {
        let scope = Scope { readers, since: since.map(|at| at.parse().unwrap()) };
        let ask = Ask { query: "money back", top: 9, scope };
        let mut passages: Vec<_> = world.kb().search(&ask).unwrap().into_iter().map(|hit| hit.doc).collect();
        let mut documents: Vec<_> = world.kb().search_documents(&ask).unwrap().into_iter().map(|hit| hit.doc).collect();
        passages.sort();
        documents.sort();
        assert_eq!(passages, documents);
        passages
    };
    assert_eq!(found(Readers::Public, None), ["fresh", "good"]);
    assert_eq!(found(Readers::Internal, None), ["fresh", "good", "runbook"]);
    assert_eq!(found(Readers::Internal, Some("2026-01-01T00:00:00Z")), ["fresh", "runbook"]);
    assert_eq!(found(Readers::Public, Some("2026-02-01T00:00:00Z")), ["fresh"]);
    // The audience is part of what an article is: a change of it is a change.
    world.put("runbook.md", "---\naudience: public\n---\n# Money back by hand\n\nOverride the ledger.\n");
    assert_eq!(world.add().updated, 1);
    assert_eq!(found(Readers::Public, None), ["fresh", "good", "runbook"]);
}

/// The other half of the test below: adds until it is killed.
#[test]
fn child_that_adds() {
    let Ok(dir) = std::env::var("ATTACHE_KB_KILLED") else { return };
    let dir = Path::new(&dir);
    let mut begun = false;
    let _ = Kb::open(&dir.join("kb")).unwrap().add(&[dir.join("docs")], &mut |progress| {
        if progress.done > progress.files / 2 && !begun {
            begun = true;
            fs::write(dir.join("half"), "").unwrap();
        }
        if begun {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}

#[test]
fn a_kill_in_the_middle_leaves_the_old_index() {
    let world = World::new();
    world.add();
    for n in 0..400 {
        world.put(&format!("new-{n}.md"), format!("# New {n}\n\n{}", "Money is sent back late. ".repeat(50)));
    }
    fs::remove_file(world.docs().join("good.md")).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_adds", "--nocapture"])
        .env("ATTACHE_KB_KILLED", world.dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !world.dir.path().join("half").exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "the child does not come to the middle");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    let kb = world.kb();
    assert_eq!(kb.list().unwrap().len(), 1);
    assert_eq!(kb.search(&Ask::new("money back", 9)).unwrap().first().unwrap().doc, "good");
    // The same command again does the whole of it.
    let report = world.add();
    assert_eq!((report.added, report.removed), (400, 1));
    assert_eq!(world.kb().list().unwrap().len(), 400);
}
