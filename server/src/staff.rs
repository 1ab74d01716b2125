//! Who may do what: a fold over the desk's own run of the journal.

use crate::link::Links;
use crate::lockout::Lockout;
use crate::secrets::{Proof, Secrets, fingerprint, random};
use crate::session::{Session, Sessions};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use attache_engine::Clock;
use attache_journal::{
    Actor, Batch, Chain, Event, Right, Role, RunId, SignInWay, StaffAct, StaffActed, Store, StoreError,
};
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Mutex, Semaphore};

/// The run that accounts and tokens are entries of.
const DESK: &str = "desk";
/// The account that the first link is for.
const FIRST: &str = "admin";
/// A password is at least so long, and at most.
const PASSWORD: std::ops::RangeInclusive<usize> = 12..=256;
/// How many passwords are hashed at once: each takes 19 MiB.
const HASHED_AT_ONCE: usize = 2;

/// The people who work with the agent, and the programs that act for them.
pub struct Staff {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    secrets: Secrets,
    known: RwLock<Known>,
    /// Held while an entry is written: what is checked before it still holds then.
    chain: Mutex<Chain>,
    hashing: Semaphore,
    lockout: Lockout,
    pub(crate) sessions: Sessions,
    links: Links,
}

impl std::fmt::Debug for Staff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Staff").finish_non_exhaustive()
    }
}

/// Accounts and tokens as the journal has them.
#[derive(Default)]
struct Known {
    accounts: BTreeMap<String, Account>,
    tokens: BTreeMap<String, Token>,
}

/// An account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) roles: BTreeSet<Role>,
    /// The entry that its password was set by.
    password: Option<u64>,
}

/// Whom a provider vouches for.
#[derive(Debug)]
pub(crate) struct Vouched {
    /// The name of their account.
    pub(crate) name: String,
    /// What it is for, if the provider says that.
    pub(crate) roles: Option<BTreeSet<Role>>,
    /// Who vouches.
    pub(crate) issuer: String,
    /// Who they are to the provider.
    pub(crate) subject: String,
}

/// A token, without what proves it.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) scopes: BTreeSet<Right>,
    entry: u64,
}

/// Why somebody may not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StaffError {
    /// There is an account of that name.
    #[error("there is an account `{0}` already")]
    Exists(String),
    /// Nobody would be left who can change accounts.
    #[error("this is the last account that can administer")]
    Last,
    /// The link was used, is too old, or never was.
    #[error("this link is no longer good; ask an administrator for another")]
    Link,
    /// Too many wrong passwords.
    #[error("too many wrong passwords for this name; try again in 15 minutes")]
    Locked,
    /// A name that accounts may not have.
    #[error("a name has 1 to 64 letters, digits, `.`, `-` or `_`")]
    Name,
    /// A password that accounts may not have.
    #[error("a password has {} to {} characters", PASSWORD.start(), PASSWORD.end())]
    Password,
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever a provider vouches for has no account here.
    #[error("nobody here is known by what the provider says of you; ask an administrator")]
    Stranger,
    /// There is no such account or token.
    #[error("there is no {0}")]
    Unknown(String),
    /// Wrong name or wrong password: which of them is not told.
    #[error("this name and password do not go together")]
    Wrong,
}

impl Staff {
    /// Reads who there is; `folder` is where their secrets are kept, and a
    /// session lasts `hours`.
    ///
    /// # Errors
    /// [`StoreError`] if journal or secrets cannot be read.
    pub async fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        folder: &Path,
        hours: u32,
    ) -> Result<Self, StoreError> {
        let id = RunId::new(DESK);
        let entries = store.entries(&id).await?;
        let corrupt = |what: String| StoreError::Corrupt { place: format!("run {DESK}"), what };
        let chain = Chain::after(id, None, &entries).map_err(|fault| corrupt(fault.to_string()))?;
        let mut known = Known::default();
        for entry in entries {
            match entry.event {
                Some(Event::StaffActed(acted)) => known.apply(entry.seq, acted.act),
                _ => return Err(corrupt(format!("entry {} is nothing that staff did", entry.seq))),
            }
        }
        Ok(Self {
            store,
            clock,
            secrets: Secrets::open(folder)?,
            known: RwLock::new(known),
            chain: Mutex::new(chain),
            hashing: Semaphore::new(HASHED_AT_ONCE),
            lockout: Lockout::default(),
            sessions: Sessions::new(SignedDuration::from_hours(hours.into())),
            links: Links::default(),
        })
    }

    /// The secret of a link that makes the first administrator, as long as there
    /// is none who can sign in.
    ///
    /// # Errors
    /// [`StaffError`] if the account cannot be written down.
    pub async fn first_link(&self) -> Result<Option<String>, StaffError> {
        if self.read().administrators(&self.secrets).next().is_some() {
            return Ok(None);
        }
        if !self.read().accounts.contains_key(FIRST) {
            self.act(&Actor::System, added(FIRST, &[Role::Admin])).await?;
        }
        Ok(Some(self.links.make(FIRST, self.clock.now())?))
    }

    /// Signs somebody in and gives what their browser is to hold.
    ///
    /// # Errors
    /// [`StaffError::Wrong`] or [`StaffError::Locked`]; neither tells whether
    /// there is such an account.
    pub(crate) async fn sign_in(&self, name: &str, password: String) -> Result<String, StaffError> {
        let now = self.clock.now();
        let name = if is_name(name) { name } else { return Err(StaffError::Wrong) };
        if self.lockout.is_locked(name, now) {
            return Err(StaffError::Locked);
        }
        let locks = self.lockout.guess(name, now);
        let granted = self.read().accounts.get(name).and_then(|account| account.password);
        let proof = self.secrets.password(name).filter(|proof| Some(proof.entry) == granted);
        let known = proof.is_some();
        let right = self.hash(move || match proof {
            Some(proof) => matches(&password, &proof.hash),
            // As long as it would take for a name that somebody has.
            None => hashed(&password).is_none(),
        });
        let right = right.await && known;
        if right {
            self.lockout.forgive(name);
            let by = SignInWay::Password;
            return self
                .come_in(name, StaffAct::SignedIn { name: name.to_owned(), by, issuer: None, subject: None })
                .await;
        }
        if locks && known {
            self.act(&Actor::System, StaffAct::SignInLocked { name: name.to_owned() }).await?;
        }
        Err(StaffError::Wrong)
    }

    /// Signs in whom a provider vouches for. With `roles` the provider says what an
    /// account is for, and one that is not there is made; without, only whoever an
    /// administrator made an account for comes in.
    ///
    /// # Errors
    /// [`StaffError::Stranger`] if nobody is of that name, or nobody can be.
    pub(crate) async fn vouched(&self, vouched: Vouched) -> Result<String, StaffError> {
        let Vouched { name, roles, issuer, subject } = vouched;
        if !is_name(&name) {
            return Err(StaffError::Stranger);
        }
        let has = self.read().accounts.get(&name).map(|account| account.roles.clone());
        match (has, roles) {
            (None, None) => return Err(StaffError::Stranger),
            (None, Some(roles)) => {
                self.act(&Actor::System, added(&name, &Vec::from_iter(roles))).await?;
            }
            (Some(has), Some(roles)) if has != roles => {
                let act = StaffAct::RolesSet { name: name.clone(), roles: roles.into_iter().collect() };
                self.act(&Actor::System, act).await?;
            }
            (Some(_), _) => {}
        }
        let (by, issuer, subject) = (SignInWay::Openid, Some(issuer), Some(subject));
        self.come_in(&name, StaffAct::SignedIn { name: name.clone(), by, issuer, subject }).await
    }

    /// Writes down that somebody came in, and gives what their browser is to hold.
    async fn come_in(&self, name: &str, act: StaffAct) -> Result<String, StaffError> {
        self.act(&Actor::Human(name.to_owned()), act).await?;
        Ok(self.sessions.open(name, self.clock.now())?)
    }

    /// Sets the password of the link's account and signs it in.
    pub(crate) async fn take_link(&self, link: &str, password: String) -> Result<String, StaffError> {
        if !PASSWORD.contains(&password.chars().count()) {
            return Err(StaffError::Password);
        }
        let now = self.clock.now();
        let hash = self.hash(move || hashed(&password)).await.ok_or(StaffError::Password)?;
        let name = self.links.take(link, now).ok_or(StaffError::Link)?;
        // The entry first: a crash in between leaves nobody with a password that
        // the journal does not know.
        let entry = self.act(&Actor::Human(name.clone()), StaffAct::PasswordSet { name: name.clone() }).await?;
        self.secrets.set_password(&name, Proof { entry, hash })?;
        self.lockout.forgive(&name);
        self.sessions.close_all(&name);
        Ok(self.sessions.open(&name, now)?)
    }

    /// Whose password this link sets.
    pub(crate) fn whose_link(&self, link: &str) -> Result<String, StaffError> {
        self.links.whose(link, self.clock.now()).ok_or(StaffError::Link)
    }

    /// Makes an account and the link that sets its password.
    pub(crate) async fn add(&self, by: &str, name: &str, roles: &[Role]) -> Result<String, StaffError> {
        if !is_name(name) {
            return Err(StaffError::Name);
        }
        if self.read().accounts.contains_key(name) {
            return Err(StaffError::Exists(name.to_owned()));
        }
        self.act(&Actor::Human(by.to_owned()), added(name, roles)).await?;
        Ok(self.links.make(name, self.clock.now())?)
    }

    /// Another link for an account.
    pub(crate) fn link(&self, name: &str) -> Result<String, StaffError> {
        if !self.read().accounts.contains_key(name) {
            return Err(StaffError::Unknown(format!("account `{name}`")));
        }
        Ok(self.links.make(name, self.clock.now())?)
    }

    /// Closes an account; whoever is signed in as it is not any more.
    pub(crate) async fn close(&self, by: &str, name: &str) -> Result<(), StaffError> {
        {
            let known = self.read();
            if !known.accounts.contains_key(name) {
                return Err(StaffError::Unknown(format!("account `{name}`")));
            }
            if !known.administrators(&self.secrets).any(|administrator| administrator != name) {
                return Err(StaffError::Last);
            }
        }
        self.act(&Actor::Human(by.to_owned()), StaffAct::AccountClosed { name: name.to_owned() }).await?;
        self.sessions.close_all(name);
        Ok(())
    }

    /// Makes a token for `by`: its id, and the secret, which is told once.
    pub(crate) async fn add_token(
        &self,
        by: &str,
        label: &str,
        scopes: &BTreeSet<Right>,
    ) -> Result<(String, String), StaffError> {
        let secret = format!("att_{}", random()?);
        let token = format!("tok_{}", uuid::Uuid::now_v7().simple());
        let act = StaffAct::TokenAdded {
            token: token.clone(),
            name: by.to_owned(),
            label: label.to_owned(),
            scopes: scopes.iter().copied().collect(),
        };
        let entry = self.act(&Actor::Human(by.to_owned()), act).await?;
        self.secrets.set_token(&token, Proof { entry, hash: fingerprint(&secret) })?;
        Ok((token, secret))
    }

    /// Takes a token back: one's own, or anybody's if `all`.
    pub(crate) async fn revoke(&self, by: &str, token: &str, all: bool) -> Result<(), StaffError> {
        let theirs = self.read().tokens.get(token).is_some_and(|token| all || token.name == by);
        if !theirs {
            return Err(StaffError::Unknown(format!("token `{token}`")));
        }
        self.act(&Actor::Human(by.to_owned()), StaffAct::TokenRevoked { token: token.to_owned() }).await?;
        Ok(())
    }

    /// The accounts, by name.
    pub(crate) fn accounts(&self) -> BTreeMap<String, Account> {
        self.read().accounts.clone()
    }

    /// The tokens by id: those of `name`, or everybody's.
    pub(crate) fn tokens(&self, name: Option<&str>) -> BTreeMap<String, Token> {
        let mut tokens = self.read().tokens.clone();
        tokens.retain(|_, token| name.is_none_or(|name| token.name == name));
        tokens
    }

    /// Who a browser's secret belongs to, and what they may do now.
    pub(crate) fn session(&self, secret: &str) -> Option<(Session, BTreeSet<Right>)> {
        let session = self.sessions.find(secret, self.clock.now())?;
        let rights = self.read().accounts.get(&session.name)?.rights();
        Some((session, rights))
    }

    /// Whom a token acts for, and what it may do now.
    pub(crate) fn token(&self, secret: &str) -> Option<(String, BTreeSet<Right>)> {
        let (id, entry) = self.secrets.token(&fingerprint(secret))?;
        let known = self.read();
        let token = known.tokens.get(&id).filter(|token| token.entry == entry)?;
        let rights = known.accounts.get(&token.name)?.rights();
        Some((token.name.clone(), token.scopes.intersection(&rights).copied().collect()))
    }

    /// Writes down, in a run of its own, what somebody did about a draft or a
    /// handoff.
    pub(crate) async fn note(&self, run: RunId, by: &str, acts: &[StaffAct]) -> Result<(), StoreError> {
        let entries = self.store.entries(&run).await?;
        let place = format!("run {run}");
        let corrupt = |what: String| StoreError::Corrupt { place: place.clone(), what };
        let mut chain = Chain::after(run, None, &entries).map_err(|fault| corrupt(fault.to_string()))?;
        self.append(&mut chain, &Actor::Human(by.to_owned()), acts).await.map(|_| ())
    }

    async fn act(&self, by: &Actor, act: StaffAct) -> Result<u64, StoreError> {
        let mut chain = self.chain.lock().await;
        let seq = self.append(&mut chain, by, std::slice::from_ref(&act)).await?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).apply(seq, act);
        Ok(seq)
    }

    /// Puts acts at the end of a chain and gives the place of the first. The chain
    /// moves only when they are durable.
    async fn append(&self, chain: &mut Chain, by: &Actor, acts: &[StaffAct]) -> Result<u64, StoreError> {
        let (mut next, seq) = (chain.clone(), chain.next_seq());
        let internal =
            |e: serde_json::Error| StoreError::Io { place: format!("run {}", chain.run()), what: e.to_string() };
        let now = self.clock.now();
        let sealed = acts.iter().map(|act| next.seal(now, by, &StaffActed { act: act.clone() }.into()));
        let entries = sealed.collect::<Result<_, _>>().map_err(internal)?;
        self.store.append(Batch { run: chain.run().clone(), entries }).await?;
        *chain = next;
        Ok(seq)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    async fn hash<T: Default + Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        // A semaphore of ours is never closed; work that did not end proves nothing.
        let _place = self.hashing.acquire().await.ok();
        tokio::task::spawn_blocking(work).await.unwrap_or_default()
    }
}

impl Known {
    fn apply(&mut self, seq: u64, act: StaffAct) {
        match act {
            StaffAct::AccountAdded { name, roles } => {
                self.accounts.insert(name, Account { roles: roles.into_iter().collect(), password: None });
            }
            StaffAct::RolesSet { name, roles } => {
                if let Some(account) = self.accounts.get_mut(&name) {
                    account.roles = roles.into_iter().collect();
                }
            }
            StaffAct::AccountClosed { name } => {
                self.accounts.remove(&name);
                self.tokens.retain(|_, token| token.name != name);
            }
            StaffAct::PasswordSet { name } => {
                if let Some(account) = self.accounts.get_mut(&name) {
                    account.password = Some(seq);
                }
            }
            StaffAct::TokenAdded { token, name, label, scopes } => {
                self.tokens.insert(token, Token { name, label, scopes: scopes.into_iter().collect(), entry: seq });
            }
            StaffAct::TokenRevoked { token } => drop(self.tokens.remove(&token)),
            StaffAct::SignInLocked { .. } | StaffAct::SignedIn { .. } | StaffAct::DraftOpened { .. } => {}
            StaffAct::ApprovalScheduled { .. } | StaffAct::ApprovalCancelled { .. } => {}
            StaffAct::DraftAssigned { .. } | StaffAct::DraftSnoozed { .. } => {}
            StaffAct::DraftClaimed { .. } | StaffAct::DraftReleased { .. } => {}
            StaffAct::HandoffAccepted { .. } | StaffAct::HandoffClosed { .. } | StaffAct::HandoffReturned { .. } => {}
        }
    }

    /// Who can sign in and change accounts.
    fn administrators<'a>(&'a self, secrets: &'a Secrets) -> impl Iterator<Item = &'a str> {
        self.accounts.iter().filter_map(|(name, account)| {
            let proof = secrets.password(name)?;
            let can = account.roles.contains(&Role::Admin) && account.password == Some(proof.entry);
            can.then_some(name.as_str())
        })
    }
}

impl Account {
    fn rights(&self) -> BTreeSet<Right> {
        self.roles.iter().flat_map(|role| role.rights()).copied().collect()
    }
}

fn added(name: &str, roles: &[Role]) -> StaffAct {
    StaffAct::AccountAdded { name: name.to_owned(), roles: roles.to_vec() }
}

pub(crate) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

fn hashed(password: &str) -> Option<String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).ok()?;
    Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}
