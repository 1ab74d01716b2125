//! Templates that refer to each other, which tera compiles together.

use crate::PromptFault;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use tera::Tera;

/// Templates that refer to each other, by name.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) compiled: OnceLock<Result<Tera, PromptFault>>,
}

impl Family {
    pub(crate) fn compile(&self) -> Result<&Tera, PromptFault> {
        let compiled = self.compiled.get_or_init(|| {
            if let Some(circle) = circle(&self.texts) {
                return Err(circle);
            }
            let mut tera = Tera::default();
            // Plain text, never HTML; the desk escapes what it shows.
            tera.autoescape_on(Vec::new());
            // Together, since templates include each other.
            tera.add_raw_templates(&self.texts).map_err(|e| fault_of_set(&self.texts, &e))?;
            Ok(tera)
        });
        compiled.as_ref().map_err(Clone::clone)
    }
}

/// Templates together that refer to each other.
pub(crate) fn families(texts: &BTreeMap<String, String>) -> Vec<Family> {
    let mut near: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, text) in texts {
        for (_, other) in references(text) {
            near.entry(name).or_default().push(other);
            near.entry(other).or_default().push(name);
        }
    }
    let mut left: BTreeMap<&str, &String> = texts.iter().map(|(name, text)| (name.as_str(), text)).collect();
    let mut families = Vec::new();
    while let Some(first) = left.pop_first() {
        let (mut family, mut new) = (BTreeMap::new(), vec![first]);
        while let Some((name, text)) = new.pop() {
            let others = near.get(name).into_iter().flatten();
            new.extend(others.filter_map(|other| left.remove_entry(other)));
            family.insert(name.to_owned(), text.clone());
        }
        families.push(Family { texts: family, compiled: OnceLock::new() });
    }
    families
}

/// How a template refers to others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tie {
    Extends,
    Include,
    Import,
}

/// The templates that one refers to, in its comments and raw text none.
fn references(text: &str) -> Vec<(Tie, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, from)) = rest.split_once('{') {
        rest = from;
        if let Some(comment) = from.strip_prefix('#') {
            rest = comment.split_once("#}").map_or("", |(_, after)| after);
            continue;
        }
        let Some((tag, after)) = from.strip_prefix('%').and_then(|tag| tag.split_once("%}")) else { continue };
        rest = after;
        let tag = tag.trim_start_matches('-').trim_start();
        if tag.starts_with("raw") {
            rest = rest.split_once("endraw").map_or("", |(_, after)| after);
        }
        let ties = [("extends", Tie::Extends), ("include", Tie::Include), ("import", Tie::Import)];
        if let Some((_, tie)) = ties.into_iter().find(|(word, _)| tag.starts_with(word)) {
            found.extend(quoted(tag).map(|name| (tie, name)));
        }
    }
    found
}

/// What stands in quotation marks.
fn quoted(mut rest: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (_, from) = rest.split_at_checked(rest.find(['"', '\'', '`'])?)?;
        let mut chars = from.chars();
        let (inside, after) = chars.next().and_then(|mark| chars.as_str().split_once(mark))?;
        rest = after;
        Some(inside)
    })
}

/// A circle of templates that tera would follow for ever: one that is rendered in the course of rendering itself, which
/// nothing bounds but the data, or whose macros are looked for in the course of looking for them.
fn circle(texts: &BTreeMap<String, String>) -> Option<PromptFault> {
    circle_of(texts, Tie::Include).or_else(|| circle_of(texts, Tie::Import))
}

/// A circle of these and of `extends`.
fn circle_of(texts: &BTreeMap<String, String>, tie: Tie) -> Option<PromptFault> {
    let followed = |text| references(text).into_iter().filter(|(how, _)| [tie, Tie::Extends].contains(how));
    let mut open: BTreeMap<&str, Vec<&str>> =
        texts.iter().map(|(name, text)| (name.as_str(), followed(text).map(|(_, to)| to).collect())).collect();
    loop {
        // Whoever refers to nobody that is open is on no circle.
        let names: BTreeSet<&str> = open.keys().copied().collect();
        open.retain(|_, to| to.iter().any(|name| names.contains(name)));
        if open.len() == names.len() {
            break;
        }
    }
    let mut way = Vec::new();
    let mut next = *open.keys().next()?;
    while !way.contains(&next) {
        way.push(next);
        next = *open.get(next)?.iter().find(|name| open.contains_key(*name))?;
    }
    let circle: Vec<&str> = way.into_iter().skip_while(|name| *name != next).chain([next]).collect();
    let message = format!("it extends, includes or imports itself: {}", circle.join(", "));
    Some(PromptFault { template: next.to_owned(), message })
}

/// tera reports a set as one; the first template that fails alone is the one.
fn fault_of_set(texts: &BTreeMap<String, String>, all: &tera::Error) -> PromptFault {
    for (name, text) in texts {
        let mut alone = Tera::default();
        if let Err(e) = alone.add_raw_template(name, text)
            && matches!(e.kind, tera::ErrorKind::Msg(_))
        {
            let fault = PromptFault::of(name, &e);
            if !fault.message.contains("isn't present") {
                return fault;
            }
        }
    }
    PromptFault::of("", all)
}
