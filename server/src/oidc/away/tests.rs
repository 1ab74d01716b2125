use super::*;

#[test]
fn it_comes_back_in_its_browser_with_its_state_and_nothing_tells_another() {
    let away = Away::begin().unwrap();
    let (secret, state) = (away.secret(), away.state().secret().clone());
    let back = Away::back(&secret, &state).unwrap();
    assert_eq!(back.nonce().secret(), away.nonce().secret());
    assert_eq!(back.verifier().secret(), away.verifier().secret());
    let other = Away::begin().unwrap();
    assert!(Away::back(&other.secret(), &state).is_none());
    assert!(Away::back(&secret, other.state().secret()).is_none());
    assert!(Away::back("", "").is_none());
    let all = [secret, state, away.nonce().secret().clone(), away.verifier().secret().clone()];
    for (i, one) in all.iter().enumerate() {
        assert!(one.len() == 64 && all.iter().skip(i + 1).all(|other| other != one), "{all:?}");
    }
}
