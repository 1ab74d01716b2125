use super::*;

fn begun(minute: i64) -> Begun {
    Begun {
        state: fingerprint("state"),
        nonce: Nonce::new("nonce".to_owned()),
        verifier: PkceCodeVerifier::new("verifier".to_owned()),
        at: at(minute),
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
}

#[test]
fn it_comes_back_once_in_its_browser_with_its_state_and_in_time() {
    let all = AllBegun::default();
    let secret = all.add(begun(0)).unwrap();
    assert!(all.take("another browser", "state", at(1)).is_none());
    assert!(all.take(&secret, "state", at(9)).is_some());
    assert!(all.take(&secret, "state", at(9)).is_none(), "it was used");
    let secret = all.add(begun(0)).unwrap();
    assert!(all.take(&secret, "another state", at(1)).is_none());
    assert!(all.take(&secret, "state", at(1)).is_none(), "a wrong state uses it up");
    let secret = all.add(begun(0)).unwrap();
    assert!(all.take(&secret, "state", at(10)).is_none(), "it is too old");
}

#[test]
fn what_never_comes_back_takes_no_more_room_than_there_is() {
    let all = AllBegun::default();
    for _ in 0..MOST + 5 {
        all.add(begun(0)).unwrap();
    }
    assert_eq!(all.0.lock().unwrap().len(), MOST);
    all.add(begun(10)).unwrap();
    assert_eq!(all.0.lock().unwrap().len(), 1, "those that are too old go");
}
