//! Guards: sentiment, personal data, pseudonyms and text checks, behind traits.
