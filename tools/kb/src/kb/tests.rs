use super::*;
use attache_tools::{KnowledgeBase, Readers, Scope};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn doc(id: &str, title: &str, text: &str) -> Document {
    Document { id: id.into(), title: title.into(), text: text.into(), ..Document::default() }
}

fn sample() -> Vec<Document> {
    vec![
        doc(
            "refunds",
            "",
            "# Refunds\n\nYou get your first payment back within 14 days.\n\n## How the money arrives\n\nThe money goes back to your card in 5 to 10 business days.\n",
        ),
        doc(
            "reset-password",
            "",
            "# Reset your password\n\nOn the sign-in page choose **Forgot password** and follow the link.\n\n## The link has expired\n\nA link is good for one hour. Ask for a new one.\n",
        ),
        doc(
            "export",
            "Export your data",
            "Open Settings and choose Export. You receive a ZIP file with your work orders.\n",
        ),
        doc(
            "sso",
            "",
            "# Single sign-on\n\nOwners connect an identity provider with SAML. Passwords are then not used.\n",
        ),
    ]
}

fn docs(hits: &[Passage]) -> Vec<&str> {
    hits.iter().map(|hit| hit.doc.as_str()).collect()
}

fn put(dir: &Path, name: &str, text: &str) {
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join(name), text).unwrap();
}

fn add(kb: &Kb, paths: &[&Path]) -> Report {
    let paths: Vec<_> = paths.iter().map(|path| path.to_path_buf()).collect();
    kb.add(&paths, &mut |_| {}).unwrap()
}

fn counts(report: &Report) -> [usize; 5] {
    [report.added, report.updated, report.unchanged, report.removed, report.skipped.len()]
}

#[test]
fn questions_find_their_passage() {
    let kb = Kb::in_memory(sample()).unwrap();
    for (question, doc, passage) in [
        ("How do I get a refund?", "refunds", "You get your first payment"),
        ("when will the money be on my card", "refunds", "The money goes back"),
        ("I forgot my password!!", "reset-password", "On the sign-in page"),
        ("the link in the mail has expired", "reset-password", "A link is good"),
        ("exporting work orders", "export", "Open Settings"),
        ("Can we use SAML?", "sso", "Owners connect"),
    ] {
        let hits = kb.search(&Ask::new(question, 3)).unwrap();
        assert_eq!(hits[0].doc, doc, "{question}: {hits:#?}");
        assert!(hits[0].passage.starts_with(passage), "{question}: {hits:#?}");
        assert_eq!(docs(&kb.search_documents(&Ask::new(question, 1)).unwrap()), [doc], "{question}");
    }
}

#[test]
fn a_hit_names_its_place() {
    let kb = Kb::in_memory(sample()).unwrap();
    let hit = kb.search(&Ask::new("expired link", 1)).unwrap().remove(0);
    assert_eq!(hit.title, "Reset your password > The link has expired");
    assert_eq!(hit.id, format!("reset-password#{}-{}", hit.start, hit.end));
    let text = kb.document("reset-password").unwrap().unwrap();
    assert_eq!(text.chars().skip(hit.start).take(hit.end - hit.start).collect::<String>(), hit.passage);
    assert_eq!(attache_tools::parse_citation(&hit.id), Some(hit.citation()));
}

#[test]
fn documents_are_there_once_with_their_best_passage() {
    let kb = Kb::in_memory(sample()).unwrap();
    let hits = kb.search_documents(&Ask::new("money back to my card", 9)).unwrap();
    assert_eq!(docs(&hits), ["refunds"]);
    assert!(hits[0].passage.starts_with("The money goes"));
    let hits = kb.search_documents(&Ask::new("password", 9)).unwrap();
    assert_eq!(docs(&hits), ["reset-password", "sso"]);
    assert!(hits[0].score > hits[1].score);
}

#[test]
fn nothing_in_a_question_is_syntax() {
    let kb = Kb::in_memory(sample()).unwrap();
    for question in [
        "\"refund",
        "refund AND (",
        "title:refund^9",
        "refund~2 -payment",
        "+refund* [a TO",
        "refund'); --",
        "\u{0}refund",
    ] {
        assert_eq!(kb.search(&Ask::new(question, 1)).unwrap()[0].doc, "refunds", "{question}");
    }
    for question in ["", "how do I?", "***", "zeppelin", "日本語"] {
        assert_eq!(kb.search(&Ask::new(question, 5)).unwrap(), []);
        assert_eq!(kb.search_documents(&Ask::new(question, 5)).unwrap(), []);
    }
    assert_eq!(kb.search(&Ask::new("refund", 0)).unwrap(), []);
    assert_eq!(kb.search(&Ask::new("refund", usize::MAX)).unwrap().len(), 2);
    let long = (0..20_000).map(|n| format!("w{n} ")).collect::<String>() + "refund";
    assert_eq!(kb.search(&Ask::new(&format!("refund {long}"), 1)).unwrap()[0].doc, "refunds");
}

#[test]
fn ties_are_in_the_order_of_their_places() {
    let same = (0..50).rev().map(|n| doc(&format!("d{n:02}"), "Alike", "Identical words."));
    let kb = Kb::in_memory(same).unwrap();
    let hits = kb.search(&Ask::new("identical words", 3)).unwrap();
    assert_eq!(docs(&hits), ["d00", "d01", "d02"]);
    assert_eq!(docs(&kb.search_documents(&Ask::new("alike", 2)).unwrap()), ["d00", "d01"]);
}

#[test]
fn an_answer_fits_and_a_neighbour_does_not() {
    let kb = Kb::in_memory(sample()).unwrap();
    let best = |question: &str| kb.search(&Ask::new(question, 1)).unwrap().remove(0).fit.unwrap();
    assert!(best("how do I reset my password") > 0.5);
    assert!(best("does your password work for the zeppelin garage in Paris?") < 0.1);
}

#[test]
fn other_words_find_an_answer_and_a_near_miss_in_its_words_does_not() {
    let kb = Kb::in_memory(sample()).unwrap();
    let best = |question: &str| kb.search(&Ask::new(question, 1)).unwrap().remove(0);
    let found = best("when do I see the cash on my card?");
    let missed = best("which card does the money of a payment go back to in Paris?");
    assert_eq!(found.doc, "refunds");
    assert!(found.fit > missed.fit, "{:?} {:?}", found.fit, missed.fit);
}

#[test]
fn what_answers_likeliest_comes_first_wherever_it_was_found() {
    // Each says the words of the question more often than the one that answers it.
    let noise =
        |n: usize| doc(&format!("n{n:02}"), "", &format!("# Note {n}\n\nRefund, card, refund, card, refund {n}.\n"));
    let kb = Kb::in_memory((0..20).map(noise).chain(sample())).unwrap();
    let hits = kb.search(&Ask::new("When does the refund arrive on my card?", 3)).unwrap();
    assert_eq!(hits[0].doc, "refunds", "{hits:?}");
    assert!(hits.is_sorted_by(|one, other| one.fit >= other.fit));
}

#[test]
fn most_articles_may_be_for_colleagues() {
    let internal = About { audience: Readers::Internal, ..About::default() };
    let runbook = |n: usize| Document { about: internal.clone(), ..doc(&format!("r{n}"), "", "# R\n\nA runbook.\n") };
    let kb = Kb::in_memory((0..5).map(runbook).chain([doc("animals", "", "# A\n\nA giraffe.\n")])).unwrap();
    for search in [Kb::search, Kb::search_documents] {
        assert_eq!(docs(&search(&kb, &Ask::new("giraffe", 3)).unwrap()), ["animals"]);
    }
}

#[test]
fn an_empty_or_missing_folder_is_an_empty_knowledge_base() {
    let dir = tempfile::tempdir().unwrap();
    for folder in [dir.path().to_owned(), dir.path().join("not/there")] {
        let kb = Kb::open(&folder).unwrap();
        assert_eq!(kb.search(&Ask::new("refund", 5)).unwrap(), []);
        assert_eq!(kb.list().unwrap(), []);
        assert_eq!(kb.document("x").unwrap(), None);
        assert!(!kb.remove("x").unwrap());
    }
    assert!(!dir.path().join("not").exists());
    assert_eq!(Kb::in_memory([]).unwrap().search(&Ask::new("refund", 5)).unwrap(), []);
}

#[test]
fn a_folder_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, folder) = (dir.path().join("store"), dir.path().join("kb"));
    put(&folder, "a.md", "# Alpha\n\nAbout apples.");
    put(&folder, "b.txt", "About bananas.");
    put(&folder, "bad.md", "\0");
    put(&folder, "c.jsonl", "{\"id\":\"c1\",\"title\":\"C\",\"text\":\"About cherries.\"}\nbad\n");
    let kb = Kb::open(&store).unwrap();
    let other = Kb::open(&store).unwrap();
    let mut seen = Vec::new();
    let report = kb.add(std::slice::from_ref(&folder), &mut |p| seen.push((p.done, p.files))).unwrap();
    assert_eq!(counts(&report), [3, 0, 0, 0, 2]);
    assert_eq!(report.skipped[1].line, Some(2));
    assert_eq!(seen, [(0, 4), (1, 4), (2, 4), (3, 4)]);
    let titles = |kb: &Kb| kb.list().unwrap().into_iter().map(|l| (l.id, l.title, l.passages)).collect::<Vec<_>>();
    let expected = [("a", "Alpha", 1), ("b", "b", 1), ("c1", "C", 1)];
    assert_eq!(titles(&kb), expected.map(|(id, title, n)| (id.to_owned(), title.to_owned(), n)));
    assert_eq!(titles(&other), titles(&kb), "a change is seen by who opened before it");
    assert_eq!(counts(&add(&kb, &[&folder])), [0, 0, 3, 0, 2]);

    put(&folder, "a.md", "# Alpha\n\nAbout apricots.");
    put(&folder, "c.jsonl", "bad\n");
    fs::remove_file(folder.join("b.txt")).unwrap();
    let report = add(&kb, &[&folder]);
    assert_eq!(counts(&report), [0, 1, 0, 1, 2], "a document whose file could not be read stays");
    assert_eq!(docs(&kb.search(&Ask::new("apples bananas cherries", 9)).unwrap()), ["c1"]);
    assert_eq!(docs(&other.search(&Ask::new("apricot", 9)).unwrap()), ["a"]);
    assert_eq!(kb.document("a").unwrap().unwrap(), "# Alpha\n\nAbout apricots.");

    assert!(kb.remove("a").unwrap());
    assert!(!kb.remove("a").unwrap());
    assert_eq!(Kb::open(&store).unwrap().search(&Ask::new("apricot", 9)).unwrap(), []);
}

#[test]
fn two_files_with_one_id_do_not_take_each_others_place() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    put(&one, "a.md", "About apples.");
    put(&two, "a.md", "Where to pay.");
    let kb = Kb::open(&dir.path().join("store")).unwrap();
    assert_eq!(counts(&add(&kb, &[&one, &two])), [1, 0, 0, 0, 1]);
    let report = add(&kb, &[&two]);
    assert_eq!(counts(&report), [0, 0, 0, 0, 1]);
    assert!(report.skipped[0].reason.starts_with("the id `a` is taken by "), "{report:?}");
    assert_eq!(docs(&kb.search(&Ask::new("apples", 1)).unwrap()), ["a"]);
    // The folder has moved.
    fs::remove_dir_all(&one).unwrap();
    assert_eq!(counts(&add(&kb, &[&two])), [0, 1, 0, 0, 0]);
    assert_eq!(kb.search(&Ask::new("apples", 1)).unwrap(), []);
}

#[test]
fn the_way_to_an_index_does_not_change_its_answers() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("kb");
    let (grown, fresh) = (Kb::open(&dir.path().join("1")).unwrap(), Kb::open(&dir.path().join("2")).unwrap());
    for document in sample() {
        put(&folder, &format!("{}.md", document.id), "# Old\n\nOld text about your password and money.");
        add(&grown, &[&folder]);
        put(&folder, &format!("{}.md", document.id), &document.text);
        add(&grown, &[&folder]);
    }
    add(&fresh, &[&folder]);
    for question in ["password", "money back", "sign-in link", "work orders"] {
        assert_eq!(grown.search(&Ask::new(question, 9)).unwrap(), fresh.search(&Ask::new(question, 9)).unwrap());
        assert_eq!(
            grown.search_documents(&Ask::new(question, 9)).unwrap(),
            fresh.search_documents(&Ask::new(question, 9)).unwrap()
        );
    }
}

#[test]
fn a_change_that_did_not_end_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let (store, folder) = (dir.path().join("store"), dir.path().join("kb"));
    put(&folder, "a.md", "About apples.");
    let kb = Kb::open(&store).unwrap();
    add(&kb, &[&folder]);
    let opened = kb.opened().unwrap().unwrap();
    let mut change = Change::begin(&opened.index, opened.fields).unwrap();
    change.remove("a");
    assert!(matches!(kb.remove("a"), Err(KbError::Busy { .. })));
    assert_eq!(docs(&Kb::open(&store).unwrap().search(&Ask::new("apples", 1)).unwrap()), ["a"]);
    drop(change);
    assert_eq!(docs(&Kb::open(&store).unwrap().search(&Ask::new("apples", 1)).unwrap()), ["a"]);
    assert!(kb.remove("a").unwrap());
}

#[test]
fn a_damaged_index_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let (store, folder) = (dir.path().join("store"), dir.path().join("kb"));
    put(&folder, "a.md", "About apples.");
    add(&Kb::open(&store).unwrap(), &[&folder]);
    let file = |ext: &str| {
        let mut files = fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().path());
        files.find(|path| path.extension().is_some_and(|e| e == ext)).unwrap()
    };
    fs::write(file("store"), b"short").unwrap();
    let error = Kb::open(&store).map(|_| ()).unwrap_err();
    assert!(matches!(error, KbError::Damaged { .. } | KbError::Unavailable { .. }), "{error}");
    fs::write(store.join(META), b"{").unwrap();
    let error = Kb::open(&store).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("delete the folder and add the articles again"), "{error}");
    let plain = dir.path().join("file");
    fs::write(&plain, "").unwrap();
    let kb = Kb::open(&plain);
    assert!(kb.is_err() || kb.unwrap().add(&[folder], &mut |_| {}).is_err());
}

/// A disk that changes a byte of a segment makes no other answer, and no panic.
#[test]
fn a_changed_byte_of_an_index_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (store, folder) = (dir.path().join("store"), dir.path().join("kb"));
    put(&folder, "a.md", "# Apples\n\nAbout apples.\n\n## Storing\n\nKeep them cool.");
    add(&Kb::open(&store).unwrap(), &[&folder]);
    let mut tried = 0;
    for entry in fs::read_dir(&store).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_none_or(|stem| stem.len() != 32) {
            continue;
        }
        let written = fs::read(&path).unwrap();
        // Behind it, who wrote the file: another patch of tantivy would be as good.
        let end = written.windows(9).rposition(|bytes| bytes == b"{\"version").unwrap();
        for at in (0..end).step_by(7) {
            let mut bytes = written.clone();
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            let found = Kb::open(&store).map(|_| ());
            assert!(matches!(found, Err(KbError::Damaged { .. })), "{}, byte {at}: {found:?}", path.display());
            tried += 1;
        }
        fs::write(&path, written).unwrap();
    }
    assert!(tried > 100);
    assert!(Kb::open(&store).is_ok());
}

#[test]
fn what_cannot_be_a_document_is_refused_in_memory() {
    assert!(Kb::in_memory([doc("", "", "text")]).is_err());
    assert!(Kb::in_memory([doc("a", "", " ")]).is_err());
}

#[test]
fn the_shipped_articles_answer_questions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/company/kb");
    if !folder.is_dir() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let kb = Kb::open(dir.path()).unwrap();
    assert_eq!(add(&kb, &[&folder]).skipped, []);
    for (question, doc) in [
        ("How do I get my money back? I was charged twice", "refunds"),
        ("I can't remember my password", "reset-password"),
        ("how can I import our assets from a spreadsheet", "import-assets-csv"),
        ("Please cancel my subscription", "cancel-subscription"),
        ("set up two-factor authentication", "two-factor-authentication"),
    ] {
        let found = kb.search_documents(&Ask::new(question, 3)).unwrap();
        assert!(docs(&found).contains(&doc), "{question}: {:?}", docs(&found));
    }
}

#[tokio::test]
async fn it_is_a_knowledge_base_for_the_tools() {
    let dir = tempfile::tempdir().unwrap();
    put(&dir.path().join("kb"), "a.md", "About apples.");
    let on_disk = Kb::open(&dir.path().join("store")).unwrap();
    add(&on_disk, &[&dir.path().join("kb")]);
    for (kb, question) in [(on_disk, "apples"), (Kb::in_memory(sample()).unwrap(), "refund")] {
        let kb: Box<dyn KnowledgeBase> = Box::new(kb);
        assert_eq!(kb.search(&Ask::new(question, 1)).await.unwrap().len(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn fuzz_questions_never_fail(question: String, top in 0_usize..5) {
        static KB: std::sync::LazyLock<Kb> = std::sync::LazyLock::new(|| Kb::in_memory(sample()).unwrap());
        let kb = &*KB;
        let found = kb.search(&Ask::new(&question, top)).unwrap();
        prop_assert!(found.len() <= top);
        prop_assert!(found.iter().all(|hit| (0.0..=1.0).contains(&hit.fit.unwrap())));
        prop_assert!(kb.search_documents(&Ask::new(&question, top)).unwrap().len() <= top);
    }
}

#[test]
fn an_index_of_another_version_is_made_anew_by_the_next_add() {
    let dir = tempfile::tempdir().unwrap();
    let (index, docs) = (dir.path().join("kb"), dir.path().join("docs"));
    fs::create_dir_all(&docs).unwrap();
    fs::create_dir_all(&index).unwrap();
    fs::write(docs.join("refunds.md"), "# Refunds\n\nA refund takes 14 days.\n").unwrap();
    let mut other = tantivy::schema::Schema::builder();
    let field = other.add_text_field("body", tantivy::schema::TEXT);
    let mut writer = Index::create_in_dir(&index, other.build()).unwrap().writer(50_000_000).unwrap();
    writer.add_document(tantivy::doc!(field => "refund")).unwrap();
    writer.commit().unwrap();
    drop(writer);
    let ask = Ask::new("refund", 1);
    let kb = Kb::open(&index).unwrap();
    let told = kb.search(&ask).unwrap_err().to_string();
    assert!(told.contains("another version") && told.contains("attache kb add"), "{told}");
    assert_eq!(kb.add(&[docs], &mut |_| {}).unwrap().added, 1);
    assert_eq!(Kb::open(&index).unwrap().search(&ask).unwrap()[0].doc, "refunds");
}

#[test]
fn what_is_about_the_same_is_found_in_other_words_and_within_scope() {
    let about = |audience, days: i64| About {
        audience,
        updated_at: Some(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days)),
        ..About::default()
    };
    let dogs = "# Animals\n\nDogs may come in if they are on a lead.\n";
    let document =
        |id: &str, text: &str, about| Document { id: id.into(), text: text.into(), about, ..Document::default() };
    let kb = Kb::in_memory([
        document("public", dogs, about(Readers::Public, 100)),
        document("internal", dogs, about(Readers::Internal, 100)),
        document("old", dogs, about(Readers::Public, 1)),
        document("parking", "# Parking\n\nCars may stay for three hours.\n", about(Readers::Public, 100)),
    ]);
    let kb = kb.unwrap();
    let ask = |readers, days: Option<i64>| {
        let since = days.map(|days| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days));
        let ask = Ask { scope: Scope { readers, since }, ..Ask::new("is a puppy allowed?", 5) };
        let found = [kb.search(&ask).unwrap(), kb.search_documents(&ask).unwrap()];
        found.map(|hits| hits.iter().map(|hit| hit.doc.clone()).collect::<BTreeSet<_>>())
    };
    let docs = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(ask(Readers::Public, None), [docs(&["old", "public"]), docs(&["old", "public"])]);
    assert_eq!(ask(Readers::Public, Some(50)), [docs(&["public"]), docs(&["public"])]);
    let all = docs(&["internal", "old", "public"]);
    assert_eq!(ask(Readers::Internal, None), [all.clone(), all]);
}

#[test]
fn each_line_of_customers_is_found_and_a_change_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let (docs, kb) = (dir.path().join("docs"), Kb::open(&dir.path().join("store")).unwrap());
    let text = "# Arrival\n\nRooms are ready from 15:00.\n\n<!-- asked:\nis a puppy allowed?\nwhere do we leave our luggage?\n-->\n";
    put(&docs, "arrival.md", text);
    put(&docs, "prices.md", "# Prices\n\nA night costs 90 euros.\n");
    add(&kb, &[&docs]);
    let first = |query: &str| kb.search_documents(&Ask::new(query, 1)).unwrap().first().map(|hit| hit.doc.clone());
    for query in ["are dogs permitted?", "storing bags and suitcases"] {
        assert_eq!(first(query).as_deref(), Some("arrival"), "{query}");
    }
    put(&docs, "arrival.md", "# Arrival\n\nRooms are ready from 15:00.\n");
    add(&kb, &[&docs]);
    assert_ne!(first("are dogs permitted?").as_deref(), Some("arrival"));
}

#[test]
fn words_of_an_article_are_found_beside_a_hundred_that_are_about_the_same() {
    let near =
        (0..150).map(|n| doc(&format!("near{n}"), "Signing in", &format!("You sign in at the login page, way {n}.")));
    let right = doc("right", "Codes", "| E4711 | wait a minute |\n|---|---|\n");
    let kb = Kb::in_memory(near.chain([right])).unwrap();
    let ask = Ask::new("what is E4711 when I sign in at the login page?", 5);
    assert_eq!(kb.search_documents(&ask).unwrap()[0].doc, "right");
    assert!(kb.search(&ask).unwrap().iter().any(|hit| hit.doc == "right"));
}
