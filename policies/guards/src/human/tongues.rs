//! The wish for a person in other languages than English.

use crate::flat::{Flat, is_mark};
use std::collections::HashSet;
use std::sync::LazyLock;

/// How one language asks for a person, in plain words without diacritics.
struct Tongue {
    /// To talk, to be connected.
    talk: &'static [&'static str],
    /// To want, to need, to give.
    want: &'static [&'static str],
    /// Somebody who is no machine, whatever one does with them.
    human: &'static [&'static str],
    /// Somebody whom one may also employ, count or invite: asked for only where
    /// the writer wants to talk.
    staff: &'static [&'static str],
    /// What takes it back.
    denial: &'static [&'static str],
}

/// So many words at most stand between the wish and the person.
const APART: usize = 6;

/// A denial counts so many words before the person.
const DENIED: usize = 3;

/// And so many before the wish.
const DENIED_WISH: usize = 2;

const TONGUES: &[Tongue] = &[
    // German
    Tongue {
        talk: &[
            "sprechen",
            "reden",
            "verbinden",
            "verbinde",
            "verbindet",
            "chatten",
            "telefonieren",
            "schreiben",
            "weiterleiten",
        ],
        want: &["will", "mochte", "moechte", "brauche", "wunsche", "verlange", "gib", "geben", "hatte", "statt"],
        human: &["mensch", "menschen"],
        staff: &[
            "mitarbeiter",
            "mitarbeiterin",
            "berater",
            "beraterin",
            "kundenberater",
            "person",
            "jemand",
            "jemandem",
            "jemanden",
            "ansprechpartner",
        ],
        denial: &["kein", "keine", "keinen", "keinem", "nicht", "nie", "ohne"],
    },
    // French
    Tongue {
        talk: &["parler", "discuter", "contacter", "joindre", "transferer", "transferez", "echanger", "passez"],
        want: &["veux", "voudrais", "souhaite", "besoin", "donnez", "exige"],
        human: &["humain", "humaine", "humains"],
        staff: &["personne", "conseiller", "conseillere", "agent", "quelqu", "quelquun", "operateur", "responsable"],
        denial: &["pas", "sans", "jamais"],
    },
    // Spanish
    Tongue {
        talk: &[
            "hablar",
            "comunicarme",
            "contactar",
            "conectar",
            "conecteme",
            "pasame",
            "paseme",
            "transferir",
            "hable",
        ],
        want: &["quiero", "quisiera", "necesito", "deseo", "dame", "deme", "exijo"],
        human: &["humano", "humana"],
        staff: &["persona", "agente", "alguien", "asesor", "asesora", "operador", "operadora", "representante"],
        denial: &["no", "sin", "nunca"],
    },
    // Italian
    Tongue {
        talk: &["parlare", "contattare", "passatemi", "mettermi", "trasferire", "parlo"],
        want: &["voglio", "vorrei", "desidero", "serve", "bisogno", "datemi"],
        human: &["umano", "umana"],
        staff: &["persona", "operatore", "operatrice", "qualcuno", "agente", "consulente"],
        denial: &["non", "senza", "mai"],
    },
    // Portuguese
    Tongue {
        talk: &["falar", "conversar", "contatar", "transferir", "transfira", "conectar", "passa", "fale"],
        want: &["quero", "queria", "gostaria", "preciso", "desejo"],
        human: &["humano", "humana"],
        staff: &["pessoa", "atendente", "alguem", "agente", "operador", "operadora", "representante"],
        denial: &["nao", "sem", "nunca"],
    },
    // Dutch
    Tongue {
        talk: &["spreken", "praten", "doorverbinden", "doorverbonden", "verbind", "chatten", "bellen"],
        want: &["wil", "graag", "nodig", "geef"],
        human: &["mens", "mensen"],
        staff: &["medewerker", "persoon", "iemand", "collega"],
        denial: &["geen", "niet", "zonder", "nooit"],
    },
    // Polish
    Tongue {
        talk: &["rozmawiac", "porozmawiac", "polaczyc", "polaczcie", "polacz", "skontaktowac"],
        want: &["chce", "chcialbym", "chcialabym", "potrzebuje", "prosze"],
        human: &["czlowiekiem", "czlowieka", "czlowiek"],
        staff: &["konsultantem", "pracownikiem", "osoba", "kims", "doradca"],
        denial: &["nie", "bez"],
    },
    // Swedish, Danish and Norwegian
    Tongue {
        talk: &["prata", "tala", "koppla", "tale", "snakke", "prate", "kontakte"],
        want: &["vill", "behover", "vil", "onsker", "trenger"],
        human: &["manniska", "menneske", "menneskelig"],
        staff: &["person", "medarbetare", "medarbejder", "medarbeider", "nagon", "nogen", "noen"],
        denial: &["inte", "ingen", "ikke", "utan", "uden", "uten"],
    },
    // Czech and Slovak
    Tongue {
        talk: &["mluvit", "promluvit", "spojit", "spojte", "hovorit"],
        want: &["chci", "chcem", "potrebuji", "potrebujem", "prosim"],
        human: &["clovekem", "cloveka", "clovekom"],
        staff: &["operatorem", "operatorom", "pracovnikem", "nekym", "niekym"],
        denial: &["ne", "bez", "nechci", "nechcem"],
    },
    // Turkish
    Tongue {
        talk: &["konusmak", "baglanmak", "baglayin", "gorusmek"],
        want: &["istiyorum", "lazim", "isterim"],
        human: &["insanla", "insan", "insana"],
        staff: &["temsilciyle", "temsilci", "temsilcisi", "yetkiliyle", "biriyle"],
        denial: &["istemiyorum", "degil"],
    },
    // Romanian
    Tongue {
        talk: &["vorbesc", "vorbi", "conectati", "contactez"],
        want: &["vreau", "doresc", "nevoie"],
        human: &["om", "uman", "umana"],
        staff: &["persoana", "operator", "cineva", "agent"],
        denial: &["nu", "fara"],
    },
    // Hungarian
    Tongue {
        talk: &["beszelni", "kapcsoljon", "kapcsoljatok"],
        want: &["szeretnek", "akarok", "kerek"],
        human: &["emberrel", "embert"],
        staff: &["ugyintezovel", "ugyintezot", "valakivel", "kollegaval"],
        denial: &["nem", "nelkul"],
    },
    // Finnish
    Tongue {
        talk: &["puhua", "jutella", "yhdista", "yhdistakaa"],
        want: &["haluan", "haluaisin", "tarvitsen"],
        human: &["ihmisen", "ihmiselle", "ihmista"],
        staff: &["asiakaspalvelijan", "jonkun", "asiakaspalvelijalle"],
        denial: &["en", "ei"],
    },
    // Indonesian and Malay
    Tongue {
        talk: &["bicara", "berbicara", "hubungkan", "bercakap"],
        want: &["mau", "ingin", "butuh", "mahu"],
        human: &["manusia"],
        staff: &["orang", "petugas", "agen", "ejen"],
        denial: &["tidak", "jangan", "bukan", "tanpa"],
    },
    // Russian
    Tongue {
        talk: &["поговорить", "говорить", "соедините", "соедини", "связаться", "переключите", "позовите"],
        want: &["хочу", "нужен", "нужна", "дайте", "можно", "хотел", "хотела"],
        human: &["человек", "человека", "человеком"],
        staff: &["оператор", "оператора", "оператором", "сотрудником", "менеджером", "специалистом"],
        denial: &["не", "без"],
    },
    // Ukrainian
    Tongue {
        talk: &["поговорити", "говорити", "зв'яжіть", "звязатися", "зєднайте", "покличте"],
        want: &["хочу", "потрібен", "потрібна", "дайте", "можна"],
        human: &["людина", "людину", "людиною"],
        staff: &["оператор", "оператора", "оператором", "працівником", "менеджером"],
        denial: &["не", "без"],
    },
    // Arabic
    Tongue {
        talk: &["التحدث", "اتحدث", "أتحدث", "التكلم", "اتكلم", "أتكلم", "تحويلي"],
        want: &["أريد", "اريد", "احتاج", "أحتاج"],
        human: &["إنسان", "انسان", "بشري"],
        staff: &["شخص", "موظف", "أحد", "احد"],
        denial: &["لا", "بدون"],
    },
    // Hindi
    Tongue {
        talk: &["बात", "जोड़ें", "संपर्क"],
        want: &["चाहिए", "चाहता", "चाहती"],
        human: &["इंसान", "मनुष्य"],
        staff: &["व्यक्ति", "प्रतिनिधि", "एजेंट", "किसी"],
        denial: &["नहीं", "मत"],
    },
];

/// What asks for a person in languages that put no space between words.
const UNSPACED: &[&str] = &[
    "人工客服",
    "人工服务",
    "人工服務",
    "转人工",
    "轉人工",
    "找人工",
    "要人工",
    "真人客服",
    "真人服务",
    "和真人",
    "跟真人",
    "与真人",
    "人間と話",
    "人と話した",
    "担当者と話",
    "担当者につな",
    "オペレーターと",
    "オペレーターにつな",
    "オペレーターに繋",
    "有人対応",
    "상담원",
    "상담사",
    "사람과 이야기",
    "사람과 대화",
    "사람이랑",
    "사람 연결",
    "คุยกับคน",
    "คุยกับเจ้าหน้าที่",
    "ติดต่อเจ้าหน้าที่",
];

/// The words without which nobody asks for a person in any of the languages.
static PEOPLE: LazyLock<HashSet<&str>> =
    LazyLock::new(|| TONGUES.iter().flat_map(|tongue| tongue.human.iter().chain(tongue.staff)).copied().collect());

/// Whether a text asks for a person in one of the languages known here, as it is
/// or as what it reads like without disguises, `straight`, where that is another.
pub(super) fn ask(text: &str, flat: &Flat, straight: Option<&Flat>) -> bool {
    // Scripts of their own are no disguise of ours, so they are read as written.
    UNSPACED.iter().any(|phrase| text.contains(phrase))
        || clauses(straight.unwrap_or(flat))
        || (straight.is_some() && !text.is_ascii() && clauses(flat))
}

fn clauses(flat: &Flat) -> bool {
    // Nearly no text has one of them, and most of the work is to look.
    if !flat.text.split(' ').any(|word| PEOPLE.contains(word)) {
        return false;
    }
    let words: Vec<&str> = flat.text.split(' ').filter(|word| !word.is_empty()).collect();
    words.split(|word| is_mark(word)).any(|clause| TONGUES.iter().any(|tongue| tongue.asks(clause)))
}

impl Tongue {
    fn asks(&self, clause: &[&str]) -> bool {
        clause.iter().enumerate().any(|(at, word)| {
            let human = self.human.contains(word);
            if !human && !self.staff.contains(word) {
                return false;
            }
            let denied = |at: usize, words: usize| {
                let before = clause.get(at.saturating_sub(words)..at).unwrap_or_default();
                before.iter().any(|word| self.denial.contains(word))
            };
            let near = at.saturating_sub(APART)..(at + APART).min(clause.len());
            let wished = |wish: &[&str]| {
                let is_wish = |place: usize| clause.get(place).is_some_and(|word| wish.contains(word));
                near.clone().any(|place| is_wish(place) && !denied(place, DENIED_WISH))
            };
            !denied(at, DENIED) && (wished(self.talk) || (human && wished(self.want)))
        })
    }
}
