use super::*;
use crate::sentiment::model::{ModelNumbers, OUTS, write_model};

fn with_words<T>(words: &[(&str, f32)], check: impl FnOnce(&SentimentModel<'_>) -> T) -> T {
    let words: Vec<_> = words.iter().map(|(word, valence)| ((*word).to_owned(), *valence)).collect();
    let bytes = write_model(&ModelNumbers::default(), &words, &[[0; OUTS]]);
    check(&SentimentModel::new(&bytes).unwrap())
}

#[test]
fn the_lists_are_in_order() {
    assert!(NEGATORS.is_sorted());
}

#[test]
fn grams_depend_on_words_and_their_order() {
    with_words(&[], |model| {
        let grams = |text| Features::of(text, model).grams;
        assert_eq!(grams("Not good"), grams("not GOOD"));
        assert_ne!(grams("not good"), grams("good not"));
        assert_eq!(grams("waiting 2 hours"), grams("waiting 3 hours"));
        assert_eq!(grams("soooo bad"), grams("sooo bad"));
    });
}

#[test]
fn a_negation_turns_a_valence_round() {
    with_words(&[("good", 2.0), ("really", 0.0)], |model| {
        let sums = |text| {
            let [good, bad, ..] = Features::of(text, model).dense;
            (good > 0.0, bad > 0.0)
        };
        assert_eq!(sums("good"), (true, false));
        assert_eq!(sums("not really good"), (false, true));
        assert_eq!(sums("not here. good"), (true, false));
        assert_eq!(Features::of("good, really, unheard", model).known, 2);
    });
}

#[test]
fn letters_of_very_long_words_are_bounded() {
    with_words(&[], |model| {
        let [words, letters] = Features::of(&"ab".repeat(50_000), model).grams;
        assert!(words.len() < 8 && letters.len() < 3 * (SPELLED + 2), "{} {}", words.len(), letters.len());
    });
}
