use super::*;

fn end() -> Position {
    Position { number: 3, offset: 4096, last: 4000, chain: [5; 32], records: 2 }
}

fn at() -> Timestamp {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

#[test]
fn a_head_is_authentic_until_anything_of_it_changes() {
    let head = Signer(SigningKey::from_bytes(&[1; 32])).head(at(), &end());
    assert!(head.is_authentic());
    assert!(!SignedHead { v: 2, ..head.clone() }.is_authentic());
    assert!(!SignedHead { at: Timestamp::UNIX_EPOCH, ..head.clone() }.is_authentic());
    assert!(!SignedHead { segment: 4, ..head.clone() }.is_authentic());
    assert!(!SignedHead { offset: 4095, ..head.clone() }.is_authentic());
    assert!(!SignedHead { chain: Digest::new("00".repeat(32)), ..head.clone() }.is_authentic());
    let other = Signer(SigningKey::from_bytes(&[2; 32]));
    assert!(!SignedHead { key: other.public(), ..head.clone() }.is_authentic());
    assert!(!SignedHead { signature: "00".repeat(64), ..head }.is_authentic());
}

#[test]
fn the_key_is_made_once_and_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let options = LogOptions::default();
    let first = Signer::open(dir.path(), &options).unwrap().public();
    assert_eq!(Signer::open(dir.path(), &options).unwrap().public(), first);
    let path = dir.path().join("keys").join("signing");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(&path, "not a key").unwrap();
    assert!(matches!(Signer::open(dir.path(), &options), Err(StoreError::Corrupt { .. })));
    assert_ne!(Signer::open(dir.path(), &options.signing_key([9; 32])).unwrap().public(), first);
}

#[test]
fn kept_heads_are_read_again_and_half_a_line_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let head = Signer(SigningKey::from_bytes(&[1; 32])).head(at(), &end());
    let path = dir.path().join("heads.jsonl");
    keep(&path, &head).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{\"v\":1,\"at");
    std::fs::write(&path, bytes).unwrap();
    keep(&path, &head).unwrap();
    assert_eq!(read_heads(&path).unwrap(), [head.clone(), head.clone()]);
    let text = std::fs::read_to_string(&path).unwrap().replace("4096", "4097");
    std::fs::write(&path, text).unwrap();
    assert!(matches!(read_heads(&path), Err(StoreError::Corrupt { place, .. }) if place.ends_with("heads.jsonl:1")));
}
