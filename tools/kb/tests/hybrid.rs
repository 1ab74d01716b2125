//! Searching by sense: an embedder that knows a few synonyms stands in for a
//! sentence model.

use attache_kb::{Document, EmbedFault, Embedder, Kb, Retrieval, WEIGHTS};
use attache_tools::{About, Ask, KnowledgeBase, Readers, Scope};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One direction for each group of words.
#[derive(Default)]
struct Senses {
    texts: AtomicUsize,
    broken: bool,
    /// What is in all texts, beside their words.
    share: f32,
    /// The word that a passage answers by.
    answers: Option<&'static str>,
    read: Mutex<Vec<(String, Vec<String>)>>,
}

const GROUPS: [&[&str]; 3] = [&["refund", "money", "reimburse"], &["password", "credentials", "login"], &["export"]];

impl Embedder for Senses {
    fn name(&self) -> &str {
        "senses"
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedFault> {
        self.texts.fetch_add(texts.len(), Ordering::Relaxed);
        if self.broken {
            return Err(EmbedFault::new("the server is away"));
        }
        let vector = |text: &&str| {
            let text = text.to_lowercase();
            let count = |words: &&[&str]| words.iter().map(|word| text.matches(word).count()).sum::<usize>() as f32;
            let mut vector: Vec<f32> = GROUPS.iter().map(count).collect();
            vector.push(0.1 + self.share);
            vector
        };
        Ok(texts.iter().map(vector).collect())
    }

    fn read(&self, question: &str, passages: &[&str]) -> Result<Option<Vec<f32>>, EmbedFault> {
        if question.contains("unreadable") {
            return Err(EmbedFault::new("it cannot be read"));
        }
        let passages: Vec<String> = passages.iter().map(|&passage| passage.to_owned()).collect();
        self.read.lock().unwrap_or_else(PoisonError::into_inner).push((question.to_owned(), passages.clone()));
        let odds = |word: &str| passages.iter().map(|it| if it.contains(word) { 4.0 } else { -4.0 }).collect();
        Ok(self.answers.map(odds))
    }
}

fn document(id: &str, text: &str) -> Document {
    Document { id: id.into(), text: text.into(), ..Document::default() }
}

fn documents() -> Vec<Document> {
    let internal = About { audience: Readers::Internal, ..About::default() };
    vec![
        document("refunds", "# Refunds\n\nYou get a refund within 14 days.\n"),
        document("password", "# Reset\n\nChoose a new password on the sign-in page.\n"),
        document("export", "# Export\n\nThe export is a ZIP file.\n"),
        Document { about: internal, ..document("runbook", "# Refund by hand\n\nReimburse the money: refund it.\n") },
    ]
}

#[test]
fn a_question_in_other_words_is_found_by_its_sense() {
    let plain = Kb::in_memory(documents()).unwrap();
    let ask = Ask::new("how do you reimburse us", 3);
    let near = |kb: &Kb| kb.signs(&ask).unwrap().iter().any(|(_, signs)| signs.unwrap().near);
    assert!(!near(&plain));
    let kb = plain.embedder(Arc::new(Senses::default()));
    assert!(!near(&kb), "no vectors yet");
    assert_eq!(kb.lacking().unwrap(), Some(4));
    assert_eq!(kb.embed(&mut |_, _| {}).unwrap(), 4);
    assert_eq!(kb.embed(&mut |_, _| {}).unwrap(), 0, "each passage once");
    assert_eq!(kb.lacking().unwrap(), Some(0));
    for retrieval in [Retrieval::Fused, Retrieval::Dense] {
        assert_eq!(kb.search_by(&ask, retrieval).unwrap().first().unwrap().doc, "refunds");
        assert_eq!(kb.search_documents_by(&ask, retrieval).unwrap().first().unwrap().doc, "refunds");
    }
    assert!(kb.search_by(&ask, Retrieval::Lexical).unwrap().is_empty());
}

#[test]
fn what_customers_ask_finds_its_article_and_is_not_shown() {
    let asked =
        "# Export\n\nThe export is a ZIP file.\n\n<!-- asked:\nHow do I bring our belongings along?\nreimburse\n-->\n";
    let plain = Kb::in_memory([document("export", asked), documents().remove(0)]).unwrap();
    let found = |kb: &Kb, query: &str| kb.search(&Ask::new(query, 2)).unwrap();
    for kb in [plain.clone(), plain.embedder(Arc::new(Senses::default()))] {
        kb.embed(&mut |_, _| {}).unwrap();
        let hit = found(&kb, "Can we bring belongings?").remove(0);
        assert_eq!((hit.doc.as_str(), hit.passage.as_str()), ("export", "The export is a ZIP file."));
        // Whoever is known to answer just that is likelier to.
        let fits = |docs: [Document; 2]| {
            let other = Kb::in_memory(docs).unwrap();
            found(&other, "How do I bring our belongings along?").first().and_then(|hit| hit.fit).unwrap_or_default()
        };
        let bare = document("export", "# Export\n\nThe export is a ZIP file with our belongings in it.\n");
        let known = fits([document("export", asked), documents().remove(0)]);
        let unknown = fits([bare, documents().remove(0)]);
        assert!(known > unknown, "{known} {unknown}");
    }
}

#[test]
fn a_question_is_found_by_its_sense_among_others() {
    let asked = |id: &str, question: &str| document(id, &format!("# {id}\n\nText.\n\n<!-- asked:\n{question}\n-->\n"));
    let documents = [asked("one", "my credentials, please"), asked("two", "an archive")];
    let kb = Kb::in_memory(documents).unwrap().embedder(Arc::new(Senses::default()));
    assert_eq!(kb.embed(&mut |_, _| {}).unwrap(), 4, "two passages, two questions");
    for retrieval in [Retrieval::Fused, Retrieval::Dense] {
        let found = kb.search_by(&Ask::new("login", 2), retrieval).unwrap();
        assert_eq!(found.first().unwrap().doc, "one");
        assert_eq!(kb.search_documents_by(&Ask::new("login", 2), retrieval).unwrap().first().unwrap().doc, "one");
    }
}

#[test]
fn sense_shows_nobody_what_is_not_theirs() {
    let kb = Kb::in_memory(documents()).unwrap().embedder(Arc::new(Senses::default()));
    kb.embed(&mut |_, _| {}).unwrap();
    let mut ask = Ask::new("reimburse the money", 9);
    for retrieval in [Retrieval::Fused, Retrieval::Dense] {
        ask.scope = Scope::default();
        assert!(kb.search_by(&ask, retrieval).unwrap().iter().all(|hit| hit.doc != "runbook"));
        assert!(kb.search_documents_by(&ask, retrieval).unwrap().iter().all(|hit| hit.doc != "runbook"));
        ask.scope = Scope { readers: Readers::Internal, since: None };
        assert!(kb.search_by(&ask, retrieval).unwrap().iter().any(|hit| hit.doc == "runbook"));
    }
}

#[test]
fn without_its_model_words_still_find() {
    let kb = Kb::in_memory(documents()).unwrap();
    let with = kb.clone().embedder(Arc::new(Senses::default()));
    with.embed(&mut |_, _| {}).unwrap();
    let broken = kb.embedder(Arc::new(Senses { broken: true, ..Senses::default() }));
    assert_eq!(broken.search(&Ask::new("refund", 1)).unwrap().first().unwrap().doc, "refunds");
    assert!(broken.search_by(&Ask::new("refund", 1), Retrieval::Dense).is_err());
    assert!(broken.embed(&mut |_, _| {}).is_ok(), "nothing is left to embed");
}

#[test]
fn what_others_are_asked_is_told_from_what_we_are() {
    let dir = tempfile::tempdir().unwrap();
    let docs = dir.path().join("docs.jsonl");
    std::fs::write(&docs, r#"{"id":"export","title":"Export","text":"The export is a ZIP file."}"#).unwrap();
    let open = || Kb::open(&dir.path().join("kb")).unwrap().embedder(Arc::new(Senses::default()));
    open().add(&[docs], &mut |_| {}).unwrap();
    let at = WEIGHTS.iter().position(|(name, _)| *name == "foreign").unwrap();
    let foreign = |query: &str| {
        let seen = open().signs(&Ask::new(query, 1)).unwrap();
        *seen.first().and_then(|(_, signs)| signs.as_ref()?.values.get(at)).unwrap()
    };
    assert_eq!(foreign("the export"), 0.0, "no vectors yet");
    open().embed(&mut |_, _| {}).unwrap();
    let (ours, theirs) = (foreign("the export"), foreign("refund my money for the file"));
    assert!(ours < 0.6 && theirs > 0.9, "{ours} {theirs}");
}

#[test]
fn nothing_to_answer_asks_no_model() {
    let kb = Kb::in_memory([]).unwrap().embedder(Arc::new(Senses { broken: true, ..Senses::default() }));
    assert_eq!(kb.embed(&mut |_, _| {}).unwrap(), 0);
}

/// Another model under the same name.
struct Longer;

impl Embedder for Longer {
    fn name(&self) -> &str {
        "senses"
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedFault> {
        Ok(vec![vec![1.0; 9]; texts.len()])
    }
}

#[test]
fn a_question_of_other_dimensions_is_searched_by_words() {
    let kb = Kb::in_memory(documents()).unwrap().embedder(Arc::new(Senses::default()));
    kb.embed(&mut |_, _| {}).unwrap();
    let seen = kb.embedder(Arc::new(Longer)).signs(&Ask::new("refund", 1)).unwrap();
    let (hit, signs) = seen.first().unwrap();
    assert_eq!((hit.doc.as_str(), signs.as_ref().unwrap().near), ("refunds", false));
}

#[test]
fn vectors_follow_the_articles_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let docs = dir.path().join("docs");
    std::fs::create_dir_all(&docs).unwrap();
    for document in documents() {
        std::fs::write(docs.join(format!("{}.md", document.id)), document.text).unwrap();
    }
    let embedder = Arc::new(Senses::default());
    let open = || Kb::open(&dir.path().join("kb")).unwrap().embedder(embedder.clone());
    let kb = open();
    kb.add(std::slice::from_ref(&docs), &mut |_| {}).unwrap();
    assert_eq!(kb.embed(&mut |_, _| {}).unwrap(), 4);
    std::fs::write(docs.join("export.md"), "# Export\n\nCredentials are exported: login names.\n").unwrap();
    std::fs::remove_file(docs.join("password.md")).unwrap();
    kb.add(&[docs], &mut |_| {}).unwrap();
    assert_eq!(open().embed(&mut |_, _| {}).unwrap(), 1, "only what changed");
    let found = open().search(&Ask::new("my credentials", 1)).unwrap();
    assert_eq!(found.first().unwrap().doc, "export");
}

#[test]
fn what_is_read_tells_an_answer_from_its_neighbour() {
    let text = |what: &str| format!("# Refunds\n\nA refund takes {what}.\n");
    let documents = ["long", "money", "a form", "patience", "nerve"].map(|what| document(what, &text(what)));
    let senses = Arc::new(Senses { answers: Some("a form"), ..Senses::default() });
    let kb = Kb::in_memory(documents.clone()).unwrap().embedder(senses.clone());
    kb.embed(&mut |_, _| {}).unwrap();
    let seen = kb.signs(&Ask::new("what does a refund take?", 5)).unwrap();
    let read = senses.read.lock().unwrap().clone();
    let [(question, passages)] = &read[..] else { panic!("read once") };
    assert_eq!(question, "what does a refund take?");
    assert_eq!(passages.len(), 3, "the likeliest, since reading takes long");
    let odds = WEIGHTS.iter().position(|(name, _)| *name == "odds").unwrap();
    for (hit, signs) in &seen {
        let expected = match passages.contains(&format!("{}: {}", hit.title, hit.passage)) {
            true if hit.doc == "a form" => 4.0,
            true => -4.0,
            false => -4.5, // worse than the worst that was read
        };
        assert_eq!(signs.unwrap().values[odds], expected, "{}", hit.doc);
    }
    assert!(seen.iter().all(|(_, signs)| signs.unwrap().read));
    let fit = |kb: &Kb| kb.search(&Ask::new("what does a refund take?", 5)).unwrap();
    let best = fit(&kb).into_iter().max_by(|one, other| one.fit.partial_cmp(&other.fit).unwrap()).unwrap();
    assert_eq!(best.doc, "a form");
    // A model that only compares weighs by other numbers.
    let plain = Kb::in_memory(documents).unwrap().embedder(Arc::new(Senses::default()));
    plain.embed(&mut |_, _| {}).unwrap();
    let seen = plain.signs(&Ask::new("what does a refund take?", 5)).unwrap();
    assert!(seen.iter().all(|(_, signs)| !signs.unwrap().read && signs.unwrap().values[odds] == 0.0));
}

/// What is found first is not always what answers likeliest.
#[test]
fn the_likeliest_are_read() {
    let asked = "money";
    let documents = [
        document(
            "said often",
            "# Ways to pay\n\nMoney, money, money: a song that we sing while a parcel is on its way.\n",
        ),
        document("near", "# Pay\n\nYou are reimbursed by a refund of money, which is a refund that reimburses.\n"),
        document(
            "titled",
            "# Money\n\nIt comes within two weeks. We send a letter about it to where you live, and nothing else.\n",
        ),
        document("one more", "# Cards\n\nA card takes money.\n"),
        document("another", "# Banks\n\nA bank takes money.\n"),
        document("a third", "# Boxes\n\nA box takes money.\n"),
    ];
    let kb = |senses: Arc<Senses>| {
        let kb = Kb::in_memory(documents.clone()).unwrap().embedder(senses);
        kb.embed(&mut |_, _| {}).unwrap();
        kb
    };
    let plain = kb(Arc::default());
    let first: Vec<String> =
        plain.signs(&Ask::new(asked, 6)).unwrap().into_iter().take(3).map(|(hit, _)| hit.passage).collect();
    let likeliest = plain.search(&Ask::new(asked, 3)).unwrap();
    let likeliest: Vec<String> = likeliest.iter().map(|hit| format!("{}: {}", hit.title, hit.passage)).collect();
    assert!(!first.iter().all(|it| likeliest.iter().any(|other| other.ends_with(it))), "{first:?} {likeliest:?}");
    let senses = Arc::new(Senses { answers: Some("weeks"), ..Senses::default() });
    kb(senses.clone()).search(&Ask::new(asked, 6)).unwrap();
    assert_eq!(senses.read.lock().unwrap()[0].1, likeliest);
}

#[test]
fn what_cannot_be_read_is_found_by_likeness() {
    let senses = Arc::new(Senses { answers: Some("refund"), ..Senses::default() });
    let kb = Kb::in_memory(documents()).unwrap().embedder(senses);
    kb.embed(&mut |_, _| {}).unwrap();
    let seen = kb.signs(&Ask::new("an unreadable refund", 3)).unwrap();
    assert_eq!(seen[0].0.doc, "refunds");
    assert!(seen.iter().all(|(_, signs)| !signs.unwrap().read && signs.unwrap().near));
}

#[tokio::test]
async fn embeddings_are_compared_without_what_all_questions_share() {
    let kb = Kb::in_memory(documents()).unwrap();
    let texts = ["reimburse me", "my money", "login", "reimburse me"];
    assert_eq!(kb.embeddings(&texts).await.unwrap().unwrap().len(), 4, "by what they are about");
    let senses = Arc::new(Senses { share: 3.0, ..Senses::default() });
    let kb = kb.embedder(senses.clone());
    assert_eq!(kb.embeddings(&texts).await.unwrap().unwrap().len(), 4, "no vectors yet");
    kb.embed(&mut |_, _| {}).unwrap();
    let dot = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f32>();
    let raw = senses.embed(&texts).unwrap();
    let cosine = |one: &[f32], other: &[f32]| dot(one, other) / (dot(one, one) * dot(other, other)).sqrt();
    assert!(cosine(&raw[0], &raw[2]) > 0.85, "by the model all are alike");
    let before = senses.texts.load(Ordering::Relaxed);
    let found = kb.embeddings(&texts).await.unwrap().unwrap();
    let [reimburse, money, login, again] = found.as_slice() else { panic!("{found:?}") };
    assert!(dot(reimburse, money) > 0.99 && dot(reimburse, login) < 0.2, "{found:?}");
    assert_eq!(reimburse, again);
    assert_eq!(kb.embeddings(&texts).await.unwrap().unwrap(), found);
    assert_eq!(senses.texts.load(Ordering::Relaxed), before + 3, "each text once");
    assert!(kb.embeddings(&[]).await.unwrap().unwrap().is_empty());
    let broken = kb.clone().embedder(Arc::new(Senses { broken: true, ..Senses::default() }));
    assert!(broken.embeddings(&["another"]).await.is_err());
    assert!(kb.embedder(Arc::new(Longer)).embeddings(&["another"]).await.is_err(), "of another model");
}
