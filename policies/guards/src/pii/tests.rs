use super::*;
use proptest::prelude::*;

/// The kinds and texts of what is found.
fn found(text: &str) -> Vec<(&'static str, String)> {
    PatternPii
        .find(text)
        .into_iter()
        .map(|span| (span.kind.as_str(), text.chars().skip(span.start).take(span.end - span.start).collect()))
        .collect()
}

#[test]
fn finds_what_has_a_shape() {
    for (text, kind, value) in [
        ("write to dana.w+x@northwind.example.", "email", "dana.w+x@northwind.example"),
        ("(dana@mail.northwind.co.uk)", "email", "dana@mail.northwind.co.uk"),
        ("“jürgen@müller.de”", "email", "jürgen@müller.de"),
        ("see https://example.com/a?b=c.", "url", "https://example.com/a?b=c"),
        ("see www.example.com, thanks", "url", "www.example.com"),
        ("(http://example.com/a_(b))", "url", "http://example.com/a_(b))"),
        ("from 192.168.0.1:80", "ip_address", "192.168.0.1"),
        ("host 2001:db8::8a2e:370:7334 is down", "ip_address", "2001:db8::8a2e:370:7334"),
        ("card 4111 1111 1111 1111 please", "credit_card", "4111 1111 1111 1111"),
        ("card 4111-1111-1111-1111", "credit_card", "4111-1111-1111-1111"),
        ("amex 378282246310005!", "credit_card", "378282246310005"),
        ("order 123 5555555555554444", "credit_card", "5555555555554444"),
        ("IBAN DE89 3704 0044 0532 0130 00 is mine", "iban", "DE89 3704 0044 0532 0130 00"),
        ("GB82WEST12345698765432", "iban", "GB82WEST12345698765432"),
        ("call +49 171 2345678", "phone", "+49 171 2345678"),
        ("call +1 (415) 555-2671 now", "phone", "+1 (415) 555-2671"),
        ("0044 20 7946 0958", "phone", "0044 20 7946 0958"),
        ("(415) 555-2671", "phone", "(415) 555-2671"),
        ("415-555-2671 x123", "phone", "415-555-2671 x123"),
        ("1-415-555-2671", "phone", "1-415-555-2671"),
        ("020 7946 0958", "phone", "020 7946 0958"),
        ("0171/2345678", "phone", "0171/2345678"),
        ("my phone is 4155552671", "phone", "4155552671"),
        ("SSN 460-89-9847", "national_id", "460-89-9847"),
        ("my ssn is 460899847", "national_id", "460899847"),
        ("key sk-abcDEF1234567890abcd.", "secret", "sk-abcDEF1234567890abcd"),
        ("Authorization: Bearer abc123def456ghi789", "secret", "abc123def456ghi789"),
        ("AKIAIOSFODNN7EXAMPLE", "secret", "AKIAIOSFODNN7EXAMPLE"),
        ("{\"api_key\":\"9f8e7d6c5b4a\"}", "secret", "9f8e7d6c5b4a"),
        ("my password is hunter2!", "password", "hunter2"),
        ("on 2024-03-01 it", "date", "2024-03-01"),
        ("\"at\":\"2026-10-01T00:00:00Z\"", "date", "2026-10-01T00:00:00Z"),
        ("on 3/23/1940", "date", "3/23/1940"),
        ("since March 3rd, 2024 we", "date", "March 3rd, 2024"),
        ("since 3 March 2024 we", "date", "3 March 2024"),
        ("DOB: 12.03.1980", "date_of_birth", "12.03.1980"),
        ("I was born on May 4, 1980", "date_of_birth", "May 4, 1980"),
    ] {
        assert_eq!(found(text), [(kind, value.to_owned())], "{text:?}");
    }
}

#[test]
fn leaves_what_only_looks_like_it() {
    for text in [
        "",
        "std::net::Ipv6Addr at 12:30:45",
        "version 1.2.10 of 3.4",
        "order 123456789, 1699999999999",
        "4111 1111 1111 1112",
        "id 550e8400-e29b-41d4-a716-446655440000",
        "cus_1042 tick_4155552671 a1b2c3d4",
        "666-12-1234 000-12-3456",
        "my password is not working",
        "a@b @dana dana@localhost",
        "task-force-of-risk-managers, desk-bound",
        "I have 3 of 12 seats and 45,000 rows",
        "999.999.999.999",
        "GB82 WEST 1234 5698 7654 33",
        "3 may work",
        "we need bearer authentication",
        "ratio 3:2 at 10:05",
    ] {
        assert_eq!(found(text), [], "{text:?}");
    }
}

#[test]
fn offsets_are_scalar_values() {
    let spans = PatternPii.find("Größe 😀: dana@x.example");
    assert_eq!(spans.iter().map(|span| (span.start, span.end)).collect::<Vec<_>>(), [(9, 23)]);
}

#[test]
fn an_escape_of_json_is_no_part_of_a_value() {
    assert_eq!(
        found(r#"{"body":"Hi\ndana@x.example\n+49 171 2345678\n4111111111111111"}"#),
        [
            ("email", "dana@x.example".to_owned()),
            ("phone", "+49 171 2345678".to_owned()),
            ("credit_card", "4111111111111111".to_owned())
        ]
    );
}

#[test]
fn the_longest_wins_and_candidates_keep_the_rest() {
    let text = "https://x.example/?mail=dana@x.example";
    assert_eq!(found(text), [("url", text.to_owned())]);
    let kinds: Vec<_> = PatternPii.candidates(text).into_iter().map(|span| span.kind).collect();
    assert_eq!(kinds, [PiiKind::Url, PiiKind::Email]);
}

#[test]
fn the_words_are_those_of_the_contract() {
    let words: Vec<_> = PiiKind::ALL.into_iter().map(PiiKind::as_str).collect();
    assert_eq!(
        words.join(" "),
        "person email phone address organization date_of_birth credit_card iban bank_account national_id passport \
         driver_license ip_address url username password secret location date age nrp other"
    );
}

#[test]
fn a_mebibyte_takes_no_longer_than_its_length() {
    for text in [
        "a",
        "1",
        "@",
        ":",
        ".",
        "+",
        "-",
        " ",
        "a@",
        "1 ",
        "1-",
        "(1",
        "a.a@a.a",
        "://",
        "a://",
        "www.",
        "A1",
        "DE8",
        "0:",
        "password ",
        "-----BEGIN ",
        "sk-",
        "é",
        "1@",
        "::1",
        "\\n",
        "2024-01-01",
        "Mar 1 ",
        "key: ",
    ] {
        let _ = PatternPii.candidates(&crate::tests::long(text));
    }
}

/// Text made of what the patterns look for.
fn mixed() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            "\\PC{0,6}",
            "[0-9 +().:/@-]{0,12}",
            "[a-z]{0,4}@[a-zé]{0,4}\\.[a-z]{0,3}",
            "(http|www|é)[:./]{0,3}[a-zé.]{0,6}",
            "(sk-|AKIA|Bearer |password: |DE89|\\\\n|Mar )[A-Za-z0-9é]{0,24}",
        ],
        0..12,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn fuzz_spans_are_in_order_and_inside(text in mixed()) {
        let length = text.chars().count();
        let mut last = 0;
        for span in PatternPii.find(&text) {
            prop_assert!(last <= span.start && span.start < span.end && span.end <= length);
            prop_assert!((0.0..=1.0).contains(&span.score));
            last = span.end;
        }
        for span in PatternPii.candidates(&text) {
            prop_assert!(span.start < span.end && span.end <= length);
        }
    }
}

/// What words say rather than shapes.
#[test]
fn finds_what_words_tell() {
    for (text, kind, value) in [
        ("My name is Rubija", "person", "Rubija"),
        ("please ask for Mr. Pálffy tomorrow", "person", "Pálffy"),
        ("I want to add Anthony Kortig as a beneficiary to my account", "person", "Anthony Kortig"),
        ("She works for Deloitte now", "organization", "Deloitte"),
        ("we bought it from Barnett Holdings Ltd last year", "organization", "Barnett Holdings Ltd"),
        ("I grew up in Wrocław", "location", "Wrocław"),
        ("I live in New Zealand", "location", "New Zealand"),
        ("we live on 90 Whitchurch Road", "address", "90 Whitchurch Road"),
        ("the shop is at Villacher Strasse 89", "address", "Villacher Strasse 89"),
        ("send it to PSC 6695, Box 2353\nAPO AP 20849", "address", "PSC 6695, Box 2353\nAPO AP 20849"),
        ("my zip code is 35350", "address", "35350"),
        ("my driver's license number is F162823540116", "driver_license", "F162823540116"),
        ("passport no. C01X00T47", "passport", "C01X00T47"),
        ("account number 12345678", "bank_account", "12345678"),
        ("they answer at 78 651 450", "phone", "78 651 450"),
        ("username: dana_w", "username", "dana_w"),
        ("my DNI is 12345678Z", "national_id", "12345678Z"),
        ("CPF 529.982.247-25", "national_id", "529.982.247-25"),
        ("AHV 756.9217.0769.85", "national_id", "756.9217.0769.85"),
        ("codice RSSMRA85T10A562S", "national_id", "RSSMRA85T10A562S"),
        ("he retired at the age of 61", "age", "61"),
        ("a band founded in 1977", "date", "1977"),
        ("I am Italian and happy", "nrp", "Italian"),
    ] {
        assert_eq!(found(text), [(kind, value.to_owned())], "{text:?}");
    }
}

#[test]
fn service_talk_holds_nobody() {
    for text in [
        "How long will a transfer from China take?",
        "Can I use Apple Pay with my Visa card?",
        "why was I charged when I used the ATM on Friday",
        "cancel order 732201349959 please",
        "I need help cancelling purchase 370795561790",
        "Is there an age limit? My son is 16",
        "What is Direct Debit and how do I Top Up?",
        "I'm still waiting and I've tried it twice",
        "HOW DO I CHANGE MY PIN",
    ] {
        assert_eq!(found(text), [], "{text:?}");
    }
}

#[test]
fn disguises_hide_nothing() {
    let card = "4111111111111111";
    let wide: String = card.chars().filter_map(|c| char::from_u32(u32::from(c) - 0x30 + 0xff10)).collect();
    let zero: String = card.chars().flat_map(|c| [c, '\u{200b}']).collect();
    let bidi = format!("\u{202e}{card}\u{202c}");
    let arabic: String = card.chars().filter_map(|c| char::from_u32(u32::from(c) - 0x30 + 0x660)).collect();
    for text in [&wide, &zero, &bidi, &arabic] {
        let text = format!("é {text}.");
        let spans = PatternPii.find(&text);
        assert_eq!(spans.iter().map(|span| span.kind).collect::<Vec<_>>(), [PiiKind::CreditCard], "{text:?}");
        let span: String = spans
            .iter()
            .flat_map(|span| text.chars().skip(span.start).take(span.end - span.start))
            .filter(|c| c.is_numeric())
            .collect();
        assert_eq!(span.chars().count(), 16, "{text:?}");
    }
    // A Cyrillic о in the domain.
    assert_eq!(found("dana@nоrthwind.example")[0].0, "email");
}
