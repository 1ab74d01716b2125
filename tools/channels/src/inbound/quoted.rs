//! What of a text was written now: no history, no signature.

/// How mail programs begin what they quote, with the verb of that line; it ends
/// with a colon.
const WROTE: [(&str, &str); 9] = [
    ("on ", "wrote"),
    ("am ", "schrieb"),
    ("le ", "a écrit"),
    ("el ", "escribió"),
    ("il ", "ha scritto"),
    ("op ", "schreef"),
    ("em ", "escreveu"),
    ("den ", "skrev"),
    ("w dniu ", "napisał"),
];

/// Lines after which there is only history.
const HISTORY: [&str; 6] = [
    "-----original message-----",
    "-----ursprüngliche nachricht-----",
    "-----message d'origine-----",
    "-----mensaje original-----",
    "---------- forwarded message ---------",
    "________________________________",
];

/// How the headers of a quoted message begin.
const HEADERS: [&str; 6] = ["from:", "von:", "de:", "da:", "van:", "od:"];
const NEXT_HEADERS: [&str; 10] =
    ["sent:", "date:", "gesendet:", "datum:", "envoyé :", "enviado:", "inviato:", "verzonden:", "to:", "an:"];

/// What phones write below a message.
const PHONES: [&str; 5] = ["sent from my ", "get outlook for ", "von meinem ", "gesendet mit ", "envoyé de mon "];

/// A line that begins a quotation can be broken into so many.
const BROKEN: usize = 3;

/// The newest part of a text.
pub(super) fn newest(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let end = (0..lines.len()).find(|at| ends(lines.get(*at..).unwrap_or_default())).unwrap_or(lines.len());
    let said = unquoted(lines.get(..end).unwrap_or_default());
    if !said.is_empty() {
        return said;
    }
    // Who writes below what they quote.
    unquoted(&lines)
}

fn unquoted(lines: &[&str]) -> String {
    let kept: Vec<&str> = lines.iter().copied().filter(|line| !line.trim_start().starts_with('>')).collect();
    let mut said = String::new();
    for (at, line) in kept.iter().enumerate() {
        if !wrote(kept.get(at..).unwrap_or_default()) {
            said.push_str(line);
            said.push('\n');
        }
    }
    said.trim().to_owned()
}

/// Whether what a person wrote ends before these lines.
fn ends(lines: &[&str]) -> bool {
    let Some(first) = lines.first() else { return true };
    // The mark of a signature has a space at its end, which trimming takes.
    if *first == "--" || wrote(lines) {
        return true;
    }
    let lower = first.trim().to_lowercase();
    let next = lines.get(1..3).unwrap_or_default().iter();
    let headers = HEADERS.iter().any(|header| lower.starts_with(header))
        && next
            .map(|line| line.trim().to_lowercase())
            .any(|line| NEXT_HEADERS.iter().any(|header| line.starts_with(header)));
    let last = lines.iter().skip(1).all(|line| line.is_empty() || line.starts_with('>'));
    headers
        || HISTORY.iter().any(|mark| lower.starts_with(mark))
        || last && PHONES.iter().any(|phone| lower.starts_with(phone))
}

/// Whether a program begins to quote here.
fn wrote(lines: &[&str]) -> bool {
    let mut joined = String::new();
    for line in lines.iter().take(BROKEN).take_while(|line| !line.is_empty()) {
        joined = format!("{joined} {}", line.trim().to_lowercase()).trim().to_owned();
        let dated = joined.ends_with(':') && joined.chars().any(|c| c.is_ascii_digit());
        let said = dated && WROTE.iter().any(|(begin, verb)| joined.starts_with(begin) && joined.contains(verb));
        if said {
            return true;
        }
    }
    false
}
