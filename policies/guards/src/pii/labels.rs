//! Words that say what the number after them is, in several languages.

use super::PiiKind;
use super::tokens::Token;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a number after a label looks like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    /// What it is.
    pub(super) kind: PiiKind,
    /// The fewest and the most letters and digits it has.
    pub(super) length: (usize, usize),
    /// The fewest digits.
    pub(super) digits: usize,
}

/// Kinds with the labels of their values: folded, hyphens as spaces, parted by `|`.
const LABELS: &[(Label, &str)] = &[
    (
        label(PiiKind::DriverLicense, 5, 20, 3),
        "driver's license|driver's licence|driver s license|driver s licence|drivers license|drivers licence\
         |driver license|driver licence|driving license|driving licence|driving licences|driving permit|license no\
         |licence no|license nr|licence nr|license number|licence number|dl|fuhrerschein|fuhrerscheinnummer\
         |fuhrerscheinnr|permis|permis de conduire|carnet de conducir|licencia de conducir|patente di guida\
         |numero di patente|carta de conducao|rijbewijs|rijbewijsnummer|korkort|korkortsnummer|forerkort|cnh",
    ),
    (
        label(PiiKind::Passport, 6, 10, 3),
        "passport|passport number|passport no|reisepass|reisepassnummer|passeport|pasaporte|passaporto|passaporte|paspoort|paspoortnummer\
         |paszport|passnummer|pasnummer",
    ),
    (
        label(PiiKind::BankAccount, 6, 18, 6),
        "acct|konto|kontonummer|kontonr|routing|aba|cuenta|compte|conto|rekening|rekeningnummer|sort code\
         |account number|account no|account nr|account num|account id|account is|bank account",
    ),
    (label(PiiKind::BankAccount, 5, 18, 5), "blz|bankleitzahl|bsb|clabe|ifsc|bank code"),
    (label(PiiKind::Iban, 15, 34, 8), "iban"),
    (label(PiiKind::CreditCard, 12, 19, 12), "card|visa|mastercard|amex|maestro|kreditkarte|tarjeta|carte bancaire"),
    (label(PiiKind::CreditCard, 3, 4, 3), "cvv|cvc|cvv2|cvc2|cid|security code"),
    (label(PiiKind::Password, 4, 6, 4), "pin"),
    (
        label(PiiKind::NationalId, 7, 20, 6),
        "ssn|social security|national insurance|insurance number|ni number|nin|nino|social insurance|sin|itin|ein\
         |tin|tax id|tax number|tax no|tax identification|taxpayer|utr|tfn|abn|vat|vat id|vat no|vat number|ust id\
         |ustid|ust idnr|ust id nr|gst|gstin|steuer id|steuernummer|steuernr|steueridentifikationsnummer\
         |identifikationsnummer|idnr|siren|siret|tva|numero fiscal|identifiant fiscal|codice fiscale|codice\
         |partita iva|piva|nif|cif|nie|dni|numero de identificacion|btw|btw nummer|nip|regon|pesel|dic|ico|rodne cislo\
         |cnpj|cpf|rut|cuit|cuil|curp|rfc|dui|nit|cedula|documento|bsn|burgerservicenummer|personnummer\
         |fodselsnummer|henkilotunnus|hetu|cpr|kennitala|ahv|sozialversicherungsnummer|securite sociale|insee|nir|oib\
         |jmbg|cnp|egn|nhs|aadhaar|aadhar|pan card|nric|mykad|hkid|national id|national identity\
         |national number|national identification|identity card|identity number|id card|citizen id|citizen number\
         |personal id|personal number|personal identification|identity id|personalausweis|ausweisnummer\
         |carte d'identite|carta d'identita|identiteitskaart|tc kimlik|emirates id",
    ),
    (
        label(PiiKind::Address, 3, 10, 2),
        "zip|postcode|postal|plz|postleitzahl|zipcode|eircode|pincode|code postal|codigo postal|cap|cep",
    ),
    (
        label(PiiKind::Other, 4, 20, 3),
        "hospital number|hospital no|chart number|chart no|mrn|medical record|medicare|health insurance|student no|employee no|patient id|patient number|patient no|employee id|employee number|student id\
         |student number|matrikelnummer|beneficiary number|beneficiary no|beneficiary id|health plan|member id|member no\
         |member number|membership id|membership no|membership number|membership card|mitgliedsnummer|lidnummer\
         |loyalty card|loyalty id|loyalty number|frequent flyer|subscriber id|subscriber no|subscriber number\
         |group id|group no|group number|staff id|staff no|staff number|badge id|badge no|badge number\
         |personnel no|personnel number|personalnummer|matricule",
    ),
    (
        label(PiiKind::Other, 5, 20, 4),
        "vertragsnummer|vertragsnr|contract number|contract no|policy id|policy no|policy nr|policy number|insurance id|insurance no|insurance policy|versicherungsnummer\
         |versicherungsnr|versichertennummer|versicherungsscheinnummer|numero de police|numero de poliza\
         |numero di polizza|polisnummer|certificate no|certificate number",
    ),
    (
        label(PiiKind::Other, 4, 20, 3),
        "customer id|customer no|customer nr|customer number|client id|client no|client number|kundennummer|kundennr\
         |kunden nr|numero client|numero de client|numero de cliente|numero cliente|codice cliente|klantnummer\
         |numer klienta|kundnummer|asiakasnumero",
    ),
    (
        label(PiiKind::Other, 6, 24, 4),
        "serial no|serial number|seriennummer|device id|device identifier|device serial|unique id|unique identifier\
         |biometric id|biometric identifier",
    ),
    (label(PiiKind::Other, 12, 12, 2), "mac|mac address|hardware address"),
    (label(PiiKind::Other, 14, 17, 14), "imei|imeisv|meid|iccid"),
    (label(PiiKind::Other, 11, 17, 5), "vin|vehicle identification|chassis|fahrgestellnummer|fin"),
    (
        label(PiiKind::Other, 4, 10, 1),
        "plate|license plate|licence plate|number plate|plate number|registration number|reg number|reg no|kennzeichen\
         |immatriculation|matricula|targa|kenteken",
    ),
];

const fn label(kind: PiiKind, least: usize, most: usize, digits: usize) -> Label {
    Label { kind, length: (least, most), digits }
}

/// The labels by their last word.
static BY_LAST: LazyLock<HashMap<&'static str, Vec<(&'static str, Label)>>> = LazyLock::new(|| {
    let mut by_last: HashMap<_, Vec<_>> = HashMap::new();
    for (label, phrases) in LABELS {
        for phrase in phrases.split('|') {
            let last = phrase.rsplit(' ').next().unwrap_or(phrase);
            by_last.entry(last).or_default().push((phrase, *label));
        }
    }
    for phrases in by_last.values_mut() {
        phrases.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
    }
    by_last
});

/// How many words before the last one a label has at most.
const BEFORE: usize = 3;

/// The label that ends with the token `index`: the longest one.
pub(super) fn ending_at(tokens: &[Token<'_>], index: usize) -> Option<Label> {
    let token = tokens.get(index)?;
    let last = token.word.rsplit('-').next()?;
    // `passportNumber` of JSON is a passport number.
    let (head, last) = ["number", "no", "id"]
        .into_iter()
        .find_map(|end| last.strip_suffix(end).filter(|head| head.len() > 3).map(|head| (head, end)))
        .filter(|_| !BY_LAST.contains_key(last))
        .unwrap_or(("", last));
    let phrases = BY_LAST.get(last)?;
    let mut said = String::new();
    for token in tokens.get(index.saturating_sub(BEFORE)..index)? {
        said.push(' ');
        said.extend(token.word.chars().map(|c| if c == '-' { ' ' } else { c }));
    }
    said.push(' ');
    if head.is_empty() {
        said.extend(token.word.chars().map(|c| if c == '-' { ' ' } else { c }));
    } else {
        said.extend([head, " ", last]);
    }
    phrases
        .iter()
        .find(|(phrase, _)| said.strip_suffix(phrase).is_some_and(|before| before.ends_with(' ')))
        .map(|(_, label)| *label)
}

/// Whether a word is a label by itself, and so names nobody.
pub(super) fn is_one(word: &str) -> bool {
    BY_LAST.get(word).is_some_and(|phrases| phrases.iter().any(|(phrase, _)| *phrase == word))
}
