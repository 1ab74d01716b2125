use super::*;
use std::io::Write;

fn names(listing: &Listing) -> Vec<String> {
    let id = |source: &Source| match &source.form {
        Form::Article { id, .. } => id.clone(),
        Form::Lines => "lines".to_owned(),
    };
    listing.files.iter().map(id).collect()
}

fn write(dir: &Path, name: &str, bytes: &[u8]) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap().write_all(bytes).unwrap();
}

fn read(dir: &Path) -> (Vec<String>, Vec<String>) {
    let listing = list(&[dir.to_owned()]).unwrap();
    let (mut ids, mut faults) = (Vec::new(), Vec::new());
    faults.extend(listing.skipped.iter().map(ToString::to_string));
    for source in &listing.files {
        source
            .read(&mut |item| {
                match item.and_then(|written| written.read().map_err(|reason| source.fault(None, reason))) {
                    Ok(article) => ids.push(article.document.id),
                    Err(fault) => faults.push(fault.to_string()),
                }
                Ok(())
            })
            .unwrap();
    }
    let shown = format!("{}/", dir.display());
    (ids, faults.into_iter().map(|fault| fault.replace(&shown, "")).collect())
}

#[test]
fn a_file_is_named_by_its_stem_or_as_much_of_its_path_as_it_takes() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["b.md", "a/b.markdown", "a/c.txt", "d/e.md", "d/e.txt", "x/i.MD", "pic.png", ".git/h.md", ".h.md"] {
        write(dir.path(), file, b"text");
    }
    write(dir.path(), "l.jsonl", b"");
    let listing = list(&[dir.path().to_owned()]).unwrap();
    assert_eq!(names(&listing), ["a/b", "c", "b.md", "d/e.md", "d/e.txt", "lines", "i"]);
    assert_eq!(listing.skipped, []);
    let single = list(&[dir.path().join("a/b.markdown")]).unwrap();
    assert_eq!(names(&single), ["b"]);
    let twice = list(&[dir.path().join("d/e.md"), dir.path().to_owned()]).unwrap();
    assert_eq!(twice.files.len(), 7);
}

#[cfg(unix)]
#[test]
fn links_in_a_folder_are_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "kb/a.md", b"text");
    write(dir.path(), "other/b.md", b"text");
    std::os::unix::fs::symlink(dir.path(), dir.path().join("kb/loop")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("other/b.md"), dir.path().join("kb/b.md")).unwrap();
    assert_eq!(names(&list(&[dir.path().join("kb")]).unwrap()), ["a"]);
}

#[test]
fn faults_are_lines_of_the_report() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "binary.md", b"a\0b\xff");
    write(dir.path(), "nul.md", b"a\0b");
    write(dir.path(), "latin.md", b"caf\xe9");
    write(dir.path(), "empty.md", b" \n");
    write(dir.path(), "page.html", b"<p>");
    write(dir.path(), "large.txt", "x".repeat(MAX_DOCUMENT + 1).as_bytes());
    write(dir.path(), "good.md", "\u{feff}text".as_bytes());
    let lines = format!(
        "{{\"id\":\"1\",\"title\":\"T\",\"text\":\"x\"}}\n\n{{\"id\":2}}\n{{\"id\":\"3\",\"text\":\"{}\"}}\nnothing\n{{\"id\":\"\",\"text\":\"x\"}}\n{{\"id\":\"4\",\"text\":\"x\"}}",
        "y".repeat(MAX_DOCUMENT)
    );
    write(dir.path(), "lines.jsonl", lines.as_bytes());
    let (ids, faults) = read(dir.path());
    assert_eq!(ids, ["good", "1", "4"]);
    assert_eq!(
        faults,
        [
            "binary.md: binary content, no text (byte 3)",
            "empty.md: there is no text",
            "large.txt: larger than 5 MiB",
            "latin.md: not UTF-8 (byte 3)",
            "lines.jsonl:3: `id` is no text; expected {\"id\",\"title\",\"text\"}",
            "lines.jsonl:4: the line is longer than 5 MiB",
            "lines.jsonl:5: column 2: expected ident; expected {\"id\",\"title\",\"text\"}",
            "lines.jsonl:6: the id has 0 characters, expected 1 to 256",
            "nul.md: binary content, no text",
            "page.html: the page has no text",
        ]
    );
}

#[test]
fn a_path_that_is_not_there_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    assert!(matches!(list(std::slice::from_ref(&missing)), Err(KbError::Path { path, .. }) if path == missing));
}
