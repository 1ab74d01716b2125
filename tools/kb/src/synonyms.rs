//! Words that mean the same.
//!
//! A company's own list is taken at its word. The shipped one stands in only
//! where a question has a word that no article has: it finds something where
//! nothing was found, and cannot push aside what the customer's own words find.

use crate::analysis::terms;
use std::collections::{BTreeMap, BTreeSet};

/// Words of support, a group on each line, by commas.
const SHIPPED: &str = "\
    cancel, terminate, quit, unsubscribe, discontinue, opt out
    delete, remove, erase, wipe, deactivate
    refund, reimburse, reimbursement, money back, repay
    invoice, bill, receipt
    billing, invoicing
    payment, charge, debit, transaction
    price, cost, fee, rate, tariff, pricing
    discount, coupon, voucher, promo, rebate
    plan, subscription, package, tier, membership
    upgrade, switch, move up
    forget, forgot, forgotten, remember, recall
    password, passcode, passphrase, credentials
    login, log in, sign in, signin, logon, log on, access
    logout, log out, sign out
    register, sign up, signup, enroll, enrol, join
    account, profile
    user, member, colleague, teammate, coworker, employee
    invite, add
    administrator, admin, owner
    permission, right, role, privilege
    email, e mail, mail
    phone, telephone, mobile, cell, smartphone
    app, application, program, programme, software
    settings, preferences, options, configuration
    change, edit, modify, update, amend, adjust, alter
    create, make, set up, add
    start, begin, launch
    stop, pause, suspend, halt, freeze
    download, export
    upload, import
    connect, integrate, integration, link, sync, synchronise, synchronize
    error, fault, bug, problem, issue, trouble, failure
    broken, defective, faulty, damaged
    fix, repair, solve, resolve, troubleshoot
    crash, freeze, hang
    order, purchase, buy
    delivery, shipping, shipment, dispatch
    parcel, package, item
    track, trace, locate
    return, send back
    exchange, swap, replace, replacement
    card, credit card, debit card
    contact, reach, call
    support, help, assistance, helpdesk, customer service
    notification, alert, reminder, message
    document, file, attachment
    picture, photo, image
    limit, maximum, cap, quota
    security, safety, protection
    verify, confirm, validate, authenticate
    language, translation
    calendar, schedule
    holiday, vacation, leave
    shop, store
    trial, free trial, test period
    duplicate, twice, double
    lost, missing
    locked out, blocked
    late, delayed, overdue
    guide, manual, tutorial, instructions
    company, business, organisation, organization, firm
    single sign on, sso
    two factor, two step, second factor, 2fa, mfa
    spreadsheet, excel, sheet
    cancel, terminate, contract, agreement
    accounting, accountant, bookkeeping
    decline, reject, refuse, fail
    compulsory, mandatory, require, obligatory
    rotate, replace, renew
    lose, lost, remove
    cost, price, fee, charge, expensive, pay
    free, charge, cost
    person, people, colleague, employee, staff
    wrong, incorrect, invalid
    available, include, part, offer
    maximum, limit, large, most
    training, explain, teach
    open, reopen
    outage, down, downtime";

/// No more terms are added to a question.
const MOST: usize = 32;

/// Groups of words that mean the same, each as the terms of its phrases.
#[derive(Clone, Debug, Default)]
pub struct Synonyms {
    own: Vec<Vec<BTreeSet<String>>>,
}

impl Synonyms {
    /// Reads a company's own: on each line the words and phrases that mean the
    /// same, with commas between them; `#` begins a remark.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self { own: groups(text) }
    }

    /// The terms that may stand for those of a question, which are in none of
    /// its phrases themselves. `known` tells whether articles have a term.
    pub(crate) fn of(&self, asked: &BTreeSet<String>, known: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut add = |group: &[BTreeSet<String>]| {
            let others = group.iter().flatten().filter(|term| !asked.contains(*term) && known(term));
            found.extend(others.cloned());
        };
        let said = |phrase: &BTreeSet<String>| !phrase.is_empty() && phrase.is_subset(asked);
        self.own.iter().filter(|group| group.iter().any(said)).for_each(|group| add(group));
        let unknown = |phrase: &BTreeSet<String>| said(phrase) && phrase.iter().any(|term| !known(term));
        SHIPPED_GROUPS.iter().filter(|group| group.iter().any(unknown)).for_each(|group| add(group));
        found.into_iter().take(MOST).collect()
    }

    /// The terms that stand for `term` where it is alone.
    pub(crate) fn alike(&self, term: &str) -> BTreeSet<String> {
        let alone =
            |group: &&Vec<BTreeSet<String>>| group.iter().any(|phrase| phrase.len() == 1 && phrase.contains(term));
        let groups = self.own.iter().chain(SHIPPED_GROUPS.iter()).filter(alone);
        groups.flatten().filter(|phrase| phrase.len() == 1).flatten().cloned().collect()
    }
}

/// The word that stands for all that mean the same by the first shipped group that
/// has `term`; itself if none has.
pub(crate) fn standing_for(term: String) -> String {
    STANDING.get(&term).cloned().unwrap_or(term)
}

static STANDING: std::sync::LazyLock<BTreeMap<String, String>> = std::sync::LazyLock::new(|| {
    let mut standing = BTreeMap::new();
    for group in SHIPPED_GROUPS.iter() {
        let alone: BTreeSet<&String> = group.iter().filter(|phrase| phrase.len() == 1).flatten().collect();
        if let Some(first) = alone.first() {
            for term in &alone {
                standing.entry((*term).clone()).or_insert_with(|| (*first).clone());
            }
        }
    }
    standing
});

static SHIPPED_GROUPS: std::sync::LazyLock<Vec<Vec<BTreeSet<String>>>> = std::sync::LazyLock::new(|| groups(SHIPPED));

fn groups(text: &str) -> Vec<Vec<BTreeSet<String>>> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let groups = lines.map(|line| line.split(',').map(terms).filter(|phrase| !phrase.is_empty()).collect());
    groups.filter(|group: &Vec<_>| group.len() > 1).collect()
}

#[cfg(test)]
mod tests;
