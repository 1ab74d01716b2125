use super::*;
use crate::{CustomerSentiment, SentimentDetector};
use attache_journal::SentimentLabel::Unknown;

#[test]
fn the_list_is_in_order() {
    assert!(FOREIGN.is_sorted());
    assert!(FOREIGN.windows(2).all(|two| two[0] != two[1]));
}

#[test]
fn other_languages_are_unknown() {
    for text in [
        "Ich warte seit drei Wochen auf meine Bestellung und niemand antwortet!",
        "Warum wurde mein Konto gesperrt?",
        "Guten Tag, wo finde ich die Rechnung",
        "Bonjour, je n'ai toujours pas reçu mon colis, c'est inadmissible",
        "Comment annuler mon abonnement ?",
        "Hola, ¿cuándo llega mi pedido? Estoy muy enfadado",
        "no funciona la aplicación",
        "Buongiorno, il mio ordine non è ancora arrivato",
        "Vorrei un rimborso, grazie",
        "Olá, meu pedido ainda não chegou",
        "Ik wacht al drie weken op mijn pakket",
        "Dzień dobry, gdzie jest moja paczka?",
        "Min beställning har inte kommit än",
        "Siparişim hala gelmedi, lütfen yardım edin",
        "Pesanan saya belum sampai, tolong bantu",
        "Tôi chưa nhận được đơn hàng",
        "Dobrý den, kde je moje zásilka?",
        "なぜ動かないのですか",
        "Attaché が動きません、どうすればよいですか",
        "Почему не работает",
        "我的订单在哪里",
        "لماذا لا يعمل",
        "Γιατί δεν λειτουργεί",
        "asdkj qwpoe zmxnb lkjqw",
    ] {
        assert_eq!(CustomerSentiment.assess(text).label, Unknown, "{text:?}");
    }
}

#[test]
fn english_with_names_and_slips_is_read() {
    for text in [
        "thanks",
        "Wheres my ordr",
        "hi",
        "Hi, this is Tomasz Wierzba of Wendlemere Farms about the Kubota pump",
        "pls fix asap",
        "Do you ship to São Paulo?",
        "My name is Jürgen Müller and my invoice is wrong",
        "The schnitzel was cold.",
        "lol wtf",
        "Refund",
        "Can I fly from Den Haag to El Paso?",
    ] {
        assert_ne!(CustomerSentiment.assess(text).label, Unknown, "{text:?}");
    }
}
