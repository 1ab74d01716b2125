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
        ("my password is hunter2!", "password", "hunter2!"),
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
fn finds_days_and_times_as_they_are_written() {
    for (text, value) in [
        ("at 14:30 sharp", "14:30"),
        ("at 2:30:15 pm, or", "2:30:15 pm"),
        ("at 6 p.m. today", "6 p.m."),
        ("by 9am", "9am"),
        ("vers 17h30 ici", "17h30"),
        ("um 8 Uhr", "8 Uhr"),
        ("at 5 o'clock", "5 o'clock"),
        ("the card, valid until 09/28, is", "09/28"),
        ("exp 02/2028", "02/2028"),
        ("seen 10/24 again", "10/24"),
        ("since 9/3 we", "9/3"),
        ("until Jan. 27, 2033", "Jan. 27, 2033"),
        ("in March 2024 we", "March 2024"),
        ("on Wednesday, June 5, 2008", "Wednesday, June 5, 2008"),
        ("on Friday the 13th", "Friday the 13th"),
        ("am 3. März 2024", "3. März 2024"),
        ("on 12 de marzo de 2024", "12 de marzo de 2024"),
        ("on 2 juillet 2010", "2 juillet 2010"),
        ("on 13Dec1966", "13Dec1966"),
        ("on 3.4.87", "3.4.87"),
    ] {
        assert_eq!(found(text), [("date", value.to_owned())], "{text:?}");
    }
}

#[test]
fn finds_what_a_label_names() {
    for (text, kind, value) in [
        ("licence no. JYW36KXF00", "driver_license", "JYW36KXF00"),
        ("the licence D1234-56789-01234", "driver_license", "D1234-56789-01234"),
        ("Numéro de passeport : C01X00T47", "passport", "C01X00T47"),
        ("VAT number 12-1633833, please", "national_id", "12-1633833"),
        ("USt-IdNr. DE622446089", "national_id", "DE622446089"),
        ("my TIN is 62 942 240 462", "national_id", "62 942 240 462"),
        ("ID card number 210.868.392-88", "national_id", "210.868.392-88"),
        ("the SWIFT code BCBYUS33", "bank_account", "BCBYUS33"),
        ("number plate SN-378-ZL", "other", "SN-378-ZL"),
        ("IMEI 49-015420-323751-8", "other", "49-015420-323751-8"),
        ("the VIN 1HGCM82633A004352", "other", "1HGCM82633A004352"),
        ("MAC 00:1b:44:11:3a:b7", "other", "00:1b:44:11:3a:b7"),
        ("mac 001b.4411.3ab7", "other", "001b.4411.3ab7"),
        ("to 0x52908400098527886E0F7030069857D2E4169EE7 now", "other", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 now", "other", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        ("user=jdoe1984;", "username", "jdoe1984"),
        ("login zed9000 is gone", "username", "zed9000"),
        ("the domain northgate-bikes.com expired", "url", "northgate-bikes.com"),
        ("the site casaverde.it and", "url", "casaverde.it"),
        ("my mother, 81, lives", "age", "81"),
        ("the CVV is 123", "credit_card", "123"),
    ] {
        let all = found(text);
        assert!(all.contains(&(kind, value.to_owned())), "{text:?}: {all:?}");
    }
}

#[test]
fn finds_phones_as_their_lands_group_them() {
    for number in [
        "(11) 95428-3433",
        "8 (912) 345-67-89",
        "138 0013 8000",
        "98765 43210",
        "612 34 56 78",
        "512 345 678",
        "20 12 34 56",
        "9123 4567",
        "347 1234567",
        "01.48.43.31.47",
    ] {
        assert_eq!(found(&format!("I tried {number} and nobody came")), [("phone", number.to_owned())], "{number}");
    }
    for text in ["order 9123 4567", "it is $512 345 678", "10 12 34 56"] {
        assert_eq!(found(text), [], "{text:?}");
    }
}

#[test]
fn leaves_what_only_looks_like_it() {
    for text in [
        "",
        "std::net::Ipv6Addr on port :8080",
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
        "ratio 3:2, open 24/7, 10/10, 50/50",
        "licence for 25 seats, visa for 2 people",
        "run all.sh, then lib.min.js",
        "I agree.it works",
        "a 2 h drive, 5 amps, 3 march past",
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
        "9/3 ",
        "12:",
        "a.b-",
        "no-no-",
        "00:1b:",
        "40.7128, ",
        "licence no ",
        "Xyzzy\r",
        "the 13th ",
        "Mon, 1 May 2024 ",
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
            "(VIN |IMEI |DL# |BIC |user=|the |0x|bc1|Fri, |è)[A-Za-z0-9éº:/.-]{0,20}",
            "[0-9]{1,4}( de |. |th of |/|h|:|,-)(Mai|may|août|1|[0-9]{2})[ '/.,0-9]{0,6}(pm|é|Uhr)?",
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

    #[test]
    fn fuzz_no_disguise_hides_a_card(
        digits in "4[0-9]{14}",
        marks in proptest::collection::vec("[\u{200b}\u{200e}\u{202a}-\u{202e}\u{2060}\u{ad}\u{feff}]{0,2}", 16),
        zeros in proptest::collection::vec(proptest::sample::select(&['0', '\u{ff10}', '\u{660}', '\u{966}'][..]), 16),
        around in "[a-zа-я \u{200b}é]{0,6}",
    ) {
        let check = (0..10).find(|check| checks::luhn(format!("{digits}{check}").as_bytes())).unwrap();
        let number = format!("{digits}{check}");
        let written = number.chars().zip(&marks).zip(&zeros).map(|((digit, mark), zero)| {
            format!("{}{mark}", char::from_u32(u32::from(*zero) + digit.to_digit(10).unwrap()).unwrap())
        });
        let card: String = written.collect();
        let text = format!("{around} {card} {around}");
        let (start, length) = (around.chars().count() + 1, card.trim_end_matches(|c: char| !c.is_numeric()).chars().count());
        let hidden = PatternPii.find(&text).into_iter().any(|span| {
            span.kind == PiiKind::CreditCard && span.start <= start && start + length <= span.end
        });
        prop_assert!(hidden, "{:?}: {:?}", text, PatternPii.find(&text));
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
        ("the flat is at M20 4BX now", "address", "M20 4BX"),
        ("new one is ec1v 9hq ok", "address", "ec1v 9hq"),
        ("ship it to K1A 0B1 please", "address", "K1A 0B1"),
        ("wij zitten op 1017 XR Zuidplein", "address", "1017 XR"),
        ("policy HX-2231-8840-K lapsed", "other", "HX-2231-8840-K"),
        ("my policy number is 44871233", "other", "44871233"),
        ("remove him from policy AB 4471 8812 3 today", "other", "AB 4471 8812 3"),
        ("and my license is K447-8812-301", "driver_license", "K447-8812-301"),
        ("log in with password Ty7-kk21! today", "password", "Ty7-kk21!"),
        ("customer id CUS-ABC-1042, thanks", "other", "CUS-ABC-1042"),
        ("Kundennummer: 4471188", "other", "4471188"),
        ("the serial number is SN4471881X", "other", "SN4471881X"),
        ("account f81d4fae-7dec-41d0-a765-00a0c91e6bf6 is gone", "other", "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"),
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
        "a password of 8 characters, and password 2 or 3",
        "the M2 8GB is slow and on the s7 3rd party apps hang",
        "your policy says 30 days and 1500 EU points in 2024",
        "build f81d4fae-7dec-41d0-a765-00a0c91e6bf6 of order A12 3BC failed",
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

#[test]
fn finds_what_a_sentence_gives_somebody() {
    for (text, kind, value) in [
        ("a member since May, no. M-47823-42", "other", "M-47823-42"),
        ("Hospital number: 00791955", "other", "00791955"),
        ("your insured's policy is 145/0054/810", "other", "145/0054/810"),
        ("a car, registration 5-FDX-88, red", "other", "5-FDX-88"),
        ("{\"passportNumber\": \"YA6950701\"}", "passport", "YA6950701"),
        ("refunded customer cus_uehi63glLB47la", "other", "cus_uehi63glLB47la"),
        ("he moved to OX4 6ND", "address", "OX4 6ND"),
        ("parcel for SY3 8LP", "address", "SY3 8LP"),
        ("i'm at SY38LP now", "address", "SY38LP"),
        ("nach 77217 Nantes", "address", "77217 Nantes"),
        ("in D-20859 Galway", "address", "D-20859 Galway"),
        ("My mum (Eleni, 71) waits", "age", "71"),
        ("My dad is 61 and well", "age", "61"),
        ("a man aged thirty-seven who", "age", "thirty-seven"),
        ("a sixty-one-year-old teacher", "age", "sixty-one"),
        ("at 1627 hrs", "date", "1627 hrs"),
        ("on 05-May-97", "date", "05-May-97"),
        ("on 26 / 08 / 2003", "date", "26 / 08 / 2003"),
        ("back at 02:08:29: all well", "date", "02:08:29"),
        ("auf +33.7.82.48.76.14", "phone", "+33.7.82.48.76.14"),
        ("from 0160 / 97727204", "phone", "0160 / 97727204"),
        ("at 52°23'12\"N", "location", "52°23'12\"N"),
        ("at N 51° 29.190'", "location", "N 51° 29.190'"),
        ("at 40.72261°N", "location", "40.72261°N"),
        ("das Passwort war zuletzt qX5&rtE9ii", "password", "qX5&rtE9ii"),
        ("password for the cottage: Regenboog78!", "password", "Regenboog78!"),
        ("Mein Benutzername lautet leila43", "username", "leila43"),
        ("deleted by admin Zhou_XM", "username", "Zhou_XM"),
    ] {
        assert!(found(text).contains(&(kind, value.to_owned())), "{text:?}: {:?}", found(text));
    }
    let both = found("my password was qX8&fwA1qr or P4ssw0rd-32, the mail");
    assert_eq!(both.iter().filter(|(kind, _)| *kind == "password").count(), 2, "{both:?}");
}

#[test]
fn what_only_looks_alike_is_nobodys() {
    for text in [
        "registration closes in 2027",
        "the room has 21°C and 40° N facing",
        "on the 6th of bs7 3rd party",
        "order no. 4417 of our customers' favourites",
        "the number 12 bus",
        "which policy is valid for 30 days",
        "thirty-seven items are missing",
        "a password for the cottage: ask Jo",
        "part AB12CDE and SKU XY9-22",
        "my_variable_name1 is undefined",
        "a fare of 3 / 4 of the price",
    ] {
        assert_eq!(found(text), [], "{text:?}");
    }
}
