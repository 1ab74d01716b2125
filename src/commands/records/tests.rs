use super::*;
use proptest::prelude::*;

fn read(bytes: &[u8]) -> Vec<Result<(String, String), String>> {
    parsed(Path::new("texts.jsonl"), bytes).map(|record| record.map_err(|e| e.message)).collect()
}

#[test]
fn a_fault_names_file_line_and_column() {
    let found = read(b"{\"id\":1,\"text\":\"a\"}\n\n  \n{\"id\":\"b\",\"text\":\"\xff\"}\nno\n{\"id\":3}");
    assert_eq!(found[0], Ok(("1".to_owned(), "a".to_owned())));
    assert_eq!(found[1], Err("texts.jsonl:4:19: not UTF-8 from this byte of the line on".to_owned()));
    assert!(found[2].as_ref().unwrap_err().starts_with("texts.jsonl:5: expected {id,text}: "), "{found:?}");
    assert!(found[3].as_ref().unwrap_err().starts_with("texts.jsonl:6: expected {id,text}: "), "{found:?}");
}

proptest! {
    #[test]
    fn fuzz_any_bytes_are_records_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..40_usize) {
        let mut good = b"{\"id\":1,\"text\":\"caf\xc3\xa9 4111 1111 1111 1111\"}\n".to_vec();
        good.splice(at..at, bytes.iter().copied());
        for bytes in [&bytes, &good] {
            for record in read(bytes) {
                match record {
                    Ok((_, text)) => drop(look(&text)),
                    Err(why) => prop_assert!(why.starts_with("texts.jsonl:"), "{}", why),
                }
            }
        }
    }
}
