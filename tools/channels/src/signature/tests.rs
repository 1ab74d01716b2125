use super::*;
use proptest::prelude::*;

fn keys() -> WebhookKeys {
    WebhookKeys::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

#[test]
fn the_example_of_the_standard_is_signed_as_it_says() {
    let signature = keys().sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at(1_614_265_330), br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn keys_are_read_or_refused() {
    for wrong in ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
        assert!(WebhookKeys::parse(wrong).is_err(), "{wrong}");
    }
    assert!(!format!("{:?}", keys()).contains("MfKQ"));
}

#[test]
fn a_new_key_signs_and_the_old_one_is_still_taken() {
    let old = keys();
    let both = "whsec_YWJjZGVmZ2hpamtsbW5vcHFy whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let both = WebhookKeys::parse(both).unwrap();
    let now = at(1_000_000);
    let signature = format!("v1a,AAAA {}", old.sign("msg", now, b"{}"));
    let signed = Signed { id: "msg", timestamp: "1000000", signature: &signature };
    assert_eq!(both.verify(&signed, b"{}", now), Ok(()));
    let signature = both.sign("msg", now, b"{}");
    let signed = Signed { signature: &signature, ..signed };
    assert_eq!(old.verify(&signed, b"{}", now), Err(Rejected::Forged));
}

#[test]
fn an_id_that_could_be_cut_in_two_ways_is_refused() {
    let now = at(1_000_000);
    // Signed as id `a`, time 1000000, body `1000000.{}`.
    let signature = keys().sign("a", now, b"1000000.{}");
    let signed = Signed { id: "a.1000000", timestamp: "1000000", signature: &signature };
    assert!(matches!(keys().verify(&signed, b"{}", now), Err(Rejected::Malformed(_))));
}

proptest! {
    /// Taken when fresh and untouched; refused for any other byte, id or time.
    #[test]
    fn what_was_signed_is_taken_within_the_window_and_nothing_else(
        id in "[a-zA-Z0-9_-]{1,40}",
        body in prop::collection::vec(any::<u8>(), 0..200),
        signed_at in 0i64..4_000_000_000,
        drift in -1_000i64..1_000,
        place in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let signature = keys().sign(&id, at(signed_at), &body);
        let timestamp = signed_at.to_string();
        let signed = Signed { id: &id, timestamp: &timestamp, signature: &signature };
        let fresh = drift.abs() <= 300;
        let expected = if fresh { Ok(()) } else { Err(Rejected::Stale) };
        prop_assert_eq!(keys().verify(&signed, &body, at(signed_at + drift)), expected);

        let now = at(signed_at);
        if !body.is_empty() {
            let mut other = body.clone();
            let byte = place.index(body.len());
            other[byte] ^= 1 << bit;
            prop_assert_eq!(keys().verify(&signed, &other, now), Err(Rejected::Forged));
        }
        let other = format!("{id}x");
        prop_assert_eq!(keys().verify(&Signed { id: &other, ..signed }, &body, now), Err(Rejected::Forged));
        let later = (signed_at + 1).to_string();
        prop_assert_eq!(keys().verify(&Signed { timestamp: &later, ..signed }, &body, now), Err(Rejected::Forged));
    }

    #[test]
    fn no_header_breaks_it(id in ".{0,20}", timestamp in ".{0,20}", signature in ".{0,60}", body in ".{0,20}") {
        let signed = Signed { id: &id, timestamp: &timestamp, signature: &signature };
        prop_assert!(keys().verify(&signed, body.as_bytes(), at(1_000_000)).is_err());
    }
}
