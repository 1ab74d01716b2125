use super::*;
use crate::fs::RealFs;
use crate::fs::tests::MemoryFs;

fn customer(id: &str) -> CustomerId {
    CustomerId::new(id).unwrap()
}

fn bytes(dir: &Path) -> Vec<u8> {
    std::fs::read(dir.join("ring")).unwrap()
}

#[test]
fn a_customer_keeps_their_subject_and_shares_it_with_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let ring = Ring::open(&RealFs, dir.path()).unwrap();
    let ada = ring.subject(&RealFs, &customer("ada")).unwrap();
    assert_eq!(ring.subject(&RealFs, &customer("ada")).unwrap().id(), ada.id());
    let mut ids: HashSet<_> =
        (0..600).map(|i| ring.subject(&RealFs, &customer(&format!("c{i}"))).unwrap().id().clone()).collect();
    ids.insert(ada.id().clone());
    assert_eq!(ids.len(), 601);
    assert_eq!(bytes(dir.path()).len(), SLOT * (1 + 3 * BATCH), "slots come many at a time");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(dir.path().join("ring")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else may read keys");
    }
}

#[test]
fn a_ring_does_not_know_whose_its_keys_are_until_the_log_says() {
    let dir = tempfile::tempdir().unwrap();
    let ring = Ring::open(&RealFs, dir.path()).unwrap();
    let ada = ring.subject(&RealFs, &customer("ada")).unwrap();
    let sealed = ada.seal_name(&customer("ada"));
    let ring = Ring::open(&RealFs, dir.path()).unwrap();
    assert!(!String::from_utf8_lossy(&bytes(dir.path())).contains("ada"));
    assert_eq!(ring.find(&customer("ada")), None);
    let Key::Of(again) = ring.get(ada.id()) else { panic!("there is a key") };
    assert_eq!(again.open_name(&sealed), Some(customer("ada")), "the key is the same");
    ring.claim(ada.id(), &customer("ada"));
    assert_eq!(ring.customer(ada.id()), Some(customer("ada")));
    assert_ne!(ring.subject(&RealFs, &customer("bob")).unwrap().id(), ada.id(), "it is not given away");
}

#[test]
fn a_destroyed_key_is_nowhere_and_stays_so() {
    let dir = tempfile::tempdir().unwrap();
    let ring = Ring::open(&RealFs, dir.path()).unwrap();
    let ada = ring.subject(&RealFs, &customer("ada")).unwrap();
    let bob = ring.subject(&RealFs, &customer("bob")).unwrap();
    let secret = ring.state().slots[ada.id()].secret;
    assert!(bytes(dir.path()).windows(32).any(|window| window == secret));
    ring.condemn(ada.id());
    assert!(!ring.accepts(ada.id()) && ring.accepts(bob.id()));
    assert_ne!(ring.subject(&RealFs, &customer("ada")).unwrap().id(), ada.id(), "who comes back is somebody else");
    for _ in 0..2 {
        ring.destroy(&RealFs, ada.id()).unwrap();
        assert!(!bytes(dir.path()).windows(32).any(|window| window == secret));
    }
    for ring in [ring, Ring::open(&RealFs, dir.path()).unwrap(), Ring::look(&RealFs, dir.path()).unwrap()] {
        assert!(matches!(ring.get(ada.id()), Key::Destroyed));
        assert!(matches!(ring.get(bob.id()), Key::Of(_)));
        assert!(matches!(ring.get(&SubjectId::new("ff")), Key::Missing));
    }
}

#[test]
fn a_ring_torn_at_any_byte_keeps_its_whole_slots() {
    let dir = tempfile::tempdir().unwrap();
    Ring::open(&RealFs, dir.path()).unwrap().subject(&RealFs, &customer("ada")).unwrap();
    let whole = bytes(dir.path());
    for len in (0..3 * SLOT).chain([whole.len() - 1]) {
        std::fs::write(dir.path().join("ring"), &whole[..len]).unwrap();
        let ring = Ring::open(&RealFs, dir.path()).unwrap();
        assert_eq!(ring.state().slots.len(), (len / SLOT).saturating_sub(1), "cut at {len}");
        let bob = ring.subject(&RealFs, &customer("bob")).unwrap();
        let again = Ring::open(&RealFs, dir.path()).unwrap();
        assert!(matches!(again.get(bob.id()), Key::Of(_)), "cut at {len}");
    }
    std::fs::write(dir.path().join("ring"), vec![7; 200]).unwrap();
    assert!(matches!(Ring::open(&RealFs, dir.path()), Err(StoreError::Corrupt { .. })));
}

#[test]
fn what_was_synced_survives_a_cut() {
    let fs = MemoryFs::default();
    let ring = Ring::open(&fs, Path::new("keys")).unwrap();
    let ada = ring.subject(&fs, &customer("ada")).unwrap();
    assert!(matches!(Ring::open(&fs.after_cut(0), Path::new("keys")).unwrap().get(ada.id()), Key::Missing));
    ring.sync(&fs).unwrap();
    assert!(matches!(Ring::open(&fs.after_cut(0), Path::new("keys")).unwrap().get(ada.id()), Key::Of(_)));
}
