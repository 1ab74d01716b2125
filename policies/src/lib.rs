//! WHAT MAY be done: rules, verdicts and the history they see.
