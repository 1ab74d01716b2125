//! Check digits and tables.

/// The Luhn check (ISO/IEC 7812-1) over the digits of `bytes`; other bytes are skipped.
pub(super) fn luhn(bytes: &[u8]) -> bool {
    let sum: u32 = bytes
        .iter()
        .rev()
        .filter(|byte| byte.is_ascii_digit())
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The mod 97 check (ISO 7064) over the letters and digits of an IBAN.
pub(super) fn mod97(iban: &[u8]) -> bool {
    let (head, tail) = iban.split_at(iban.len().min(4));
    let rest = tail.iter().chain(head).fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        b'A'..=b'Z' => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
        b'a'..=b'z' => (rest * 100 + u32::from(byte - b'a') + 10) % 97,
        _ => rest,
    });
    rest == 1
}

/// How long the IBANs of a country are, from the SWIFT IBAN registry.
pub(super) fn iban_length(country: [u8; 2]) -> Option<usize> {
    let country = country.map(|letter| letter.to_ascii_uppercase());
    IBANS
        .iter()
        .find(|(_, countries)| countries.as_bytes().chunks(2).any(|code| code == country))
        .map(|(length, _)| *length)
}

const IBANS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DKFIFOGLNLSD"),
    (19, "MKSI"),
    (20, "ATBABIEEKZLTLUMNXK"),
    (21, "CHHRLILV"),
    (22, "BGBHCRDEGBGEIEMERSVA"),
    (23, "AEGIILIQTLOMSO"),
    (24, "ADCZESMDPKROSASESKTNVG"),
    (25, "LYPTST"),
    (26, "ISTR"),
    (27, "FRGRITMCMRSMBUDJ"),
    (28, "ALAZBYCYDOGTHULBPLSVNI"),
    (29, "BREGPSQAUA"),
    (30, "JOKWMUYE"),
    (31, "MTSC"),
    (32, "LC"),
    (33, "RU"),
];

/// Whether digits start with a country calling code (ITU-T E.164, assigned codes).
pub(super) fn calling_code(digits: &[u8]) -> Option<usize> {
    let code = |length: usize| {
        digits
            .get(..length)?
            .iter()
            .try_fold(0u16, |code, byte| byte.is_ascii_digit().then(|| code * 10 + u16::from(byte - b'0')))
    };
    match code(1)? {
        1 | 7 => return Some(1),
        0 => return None,
        _ => {}
    }
    let two = code(2)?;
    if TWO_DIGITS.contains(&two) {
        return Some(2);
    }
    let three = code(3)?;
    let assigned = match three {
        210 | 214 | 215 | 217 | 219 | 259 | 296 | 384 | 422 | 684 | 978 | 997 => false,
        211..=299 | 350..=389 | 420..=423 | 500..=509 | 590..=599 | 670..=692 => true,
        800 | 808 | 850 | 852 | 853 | 855 | 856 | 870 | 878 | 880..=883 | 886 | 888 | 960..=979 | 992..=998 => true,
        _ => false,
    };
    assigned.then_some(3)
}

const TWO_DIGITS: &[u16] = &[
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62,
    63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
];
