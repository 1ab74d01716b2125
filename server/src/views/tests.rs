use super::*;

fn view(queue: &str) -> View {
    View { queue: Some(queue.to_owned()), ..View::default() }
}

#[test]
fn what_is_kept_is_there_again_and_is_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let views = Views::open(folder.path()).unwrap();
    assert_eq!(views.keep("kim", "Renewals", view("success")).unwrap(), Ok(()));
    assert_eq!(views.keep("kim", " Renewals ", view("renewals")).unwrap(), Ok(()));
    let again = Views::open(folder.path()).unwrap();
    let kept = again.of("kim");
    assert_eq!(kept, [Named { label: "Renewals".to_owned(), view: view("renewals") }]);
    assert_eq!(kept[0].view.address(), "/?queue=renewals");
    assert_eq!(again.of("lee"), []);
    again.drop_view("kim", "Renewals").unwrap();
    assert_eq!(Views::open(folder.path()).unwrap().of("kim"), []);
}

#[test]
fn there_is_an_end_to_names_and_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let views = Views::open(folder.path()).unwrap();
    for label in ["", " ", "a\nb", &"x".repeat(LONGEST + 1)] {
        assert!(views.keep("kim", label, view("q")).unwrap().is_err(), "{label:?}");
    }
    for number in 0..MOST {
        views.keep("kim", &number.to_string(), view("q")).unwrap().unwrap();
    }
    assert!(views.keep("kim", "more", view("q")).unwrap().is_err());
    assert_eq!(views.of("kim").len(), MOST);
    fs::write(folder.path().join("views.json"), r#"{"version":2,"people":{}}"#).unwrap();
    assert!(Views::open(folder.path()).is_err());
}
