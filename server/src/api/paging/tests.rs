use super::*;

fn read(limit: usize, count: usize) -> Vec<Vec<String>> {
    let all: Vec<String> = (0..count).map(|i| format!("r{i}")).collect();
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let got = page(&Page { cursor, limit: Some(limit) }, all.clone(), |item| item).unwrap();
        pages.push(got.items);
        cursor = got.next;
        if cursor.is_none() {
            return pages;
        }
    }
}

#[test]
fn pages_follow_each_other_without_gap_or_repeat() {
    assert_eq!(read(2, 5), [vec!["r0", "r1"], vec!["r2", "r3"], vec!["r4"]]);
    assert_eq!(read(2, 4), [vec!["r0", "r1"], vec!["r2", "r3"]]);
    assert_eq!(read(2, 0), [Vec::<String>::new()]);
}

#[test]
fn a_limit_or_cursor_that_cannot_be_is_refused() {
    for asked in [
        Page { cursor: None, limit: Some(0) },
        Page { cursor: None, limit: Some(201) },
        Page { cursor: Some("gone".into()), limit: None },
    ] {
        assert_eq!(page(&asked, vec!["a".to_owned()], |item| item).unwrap_err().code, "refused", "{asked:?}");
    }
}
