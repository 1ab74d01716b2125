//! Where rows are kept.
//!
//! Keys are `KIND \0 ID` for rows and `INDEX \0 OWNER \0 ID` for what belongs
//! to somebody; ids have no control characters, so no key is the start of
//! another by accident. Values of rows are JSON. One tree, one batch an import.

use crate::fault::{CrmError, Damage, told};
use crate::rows::{Imported, Kind, Rows};
use attache_context::CustomerId;
use attache_tools::{Company, Deal, Person, Ticket};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Says that a store is whole and which form it has.
const VERSION_KEY: &[u8] = b"version";

/// The form of the keys and values here.
const VERSION: &[u8] = b"1";

/// What sled keeps in memory.
const CACHE: u64 = 32 << 20;

/// So many rows are read at a time where all of them are.
const PAGE: usize = 1_000;

/// What belongs to a customer or a company.
#[derive(Clone, Copy, Debug)]
enum Index {
    DealsOfCompany,
    DealsOfCustomer,
    TicketsOfCustomer,
}

impl Index {
    fn name(self) -> &'static str {
        match self {
            Self::DealsOfCompany => "deals of company",
            Self::DealsOfCustomer => "deals of customer",
            Self::TicketsOfCustomer => "tickets of customer",
        }
    }
}

/// Keys with their values, or none to remove them.
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Rows with their indexes.
pub(crate) struct Store {
    place: Place,
    /// One import at a time: it reads what it replaces.
    importing: Mutex<()>,
    /// Whose each address is, with `None` where several have it: read from the rows
    /// when it is first asked for, and again after an import.
    addresses: Mutex<Option<Addresses>>,
}

type Addresses = HashMap<String, Option<CustomerId>>;

enum Place {
    Memory(Mutex<BTreeMap<Vec<u8>, Vec<u8>>>),
    Sled(sled::Db),
}

impl Store {
    pub(crate) fn memory() -> Self {
        Self::on(Place::Memory(Mutex::default()))
    }

    fn on(place: Place) -> Self {
        Self { place, importing: Mutex::new(()), addresses: Mutex::default() }
    }

    /// Opens the store in `dir`, or a new one after moving a damaged one aside.
    pub(crate) fn open(dir: &Path) -> Result<(Self, Option<Damage>), CrmError> {
        match open_sled(dir) {
            Ok(db) => Ok((Self::on(Place::Sled(db)), None)),
            Err(CrmError::Damaged { what }) => {
                let moved_to = move_aside(dir)?;
                let damage = Damage { moved_to, what };
                tracing::warn!(dir = %dir.display(), "{damage}");
                Ok((Self::on(Place::Sled(open_sled(dir)?)), Some(damage)))
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn import(&self, rows: &Rows) -> Result<Imported, CrmError> {
        let _alone = self.importing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut import = Import { store: self, changes: Changes::new(), replaced: 0 };
        let mut imported = Imported::default();
        for row in &rows.customers {
            imported.customers += import.row(Kind::Customer, row.id.as_str(), row, |_| Vec::new())?;
        }
        for row in &rows.companies {
            imported.companies += import.row(Kind::Company, &row.id, row, |_| Vec::new())?;
        }
        for row in &rows.deals {
            imported.deals += import.row(Kind::Deal, &row.id, row, |deal: &Deal| {
                let company = deal.company.as_deref().map(|id| (Index::DealsOfCompany, id));
                let customer = deal.customer.as_ref().map(|id| (Index::DealsOfCustomer, id.as_str()));
                company.into_iter().chain(customer).map(|(index, owner)| belongs(index, owner, &deal.id)).collect()
            })?;
        }
        for row in &rows.tickets {
            imported.tickets += import.row(Kind::Ticket, &row.id, row, |ticket: &Ticket| {
                vec![belongs(Index::TicketsOfCustomer, ticket.customer.as_str(), &ticket.id)]
            })?;
        }
        imported.replaced = import.replaced;
        self.apply(import.changes)?;
        *locked(&self.addresses) = None;
        Ok(imported)
    }

    /// Whose e-mail address this is.
    pub(crate) fn addressed(&self, address: &str) -> Result<Option<CustomerId>, CrmError> {
        let mut known = locked(&self.addresses);
        let addresses = match &mut *known {
            Some(addresses) => addresses,
            none => none.insert(self.addresses()?),
        };
        Ok(addresses.get(&address.trim().to_lowercase()).cloned().flatten())
    }

    fn addresses(&self) -> Result<Addresses, CrmError> {
        let mut addresses = Addresses::new();
        let mut after = None;
        loop {
            let page = self.customers(after.as_ref(), PAGE)?;
            let Some(last) = page.last() else { return Ok(addresses) };
            after = Some(last.id.clone());
            for person in page {
                for address in &person.emails {
                    let owner =
                        addresses.entry(address.trim().to_lowercase()).or_insert_with(|| Some(person.id.clone()));
                    if owner.as_ref() != Some(&person.id) {
                        *owner = None;
                    }
                }
            }
        }
    }

    pub(crate) fn customer(&self, id: &CustomerId) -> Result<Option<Person>, CrmError> {
        self.get(Kind::Customer, id.as_str())
    }

    pub(crate) fn company(&self, id: &str) -> Result<Option<Company>, CrmError> {
        self.get(Kind::Company, id)
    }

    pub(crate) fn deals_of_company(&self, id: &str) -> Result<Vec<Deal>, CrmError> {
        self.belonging(Index::DealsOfCompany, id, Kind::Deal)
    }

    pub(crate) fn deals_of_customer(&self, id: &CustomerId) -> Result<Vec<Deal>, CrmError> {
        self.belonging(Index::DealsOfCustomer, id.as_str(), Kind::Deal)
    }

    pub(crate) fn tickets_of(&self, id: &CustomerId) -> Result<Vec<Ticket>, CrmError> {
        self.belonging(Index::TicketsOfCustomer, id.as_str(), Kind::Ticket)
    }

    pub(crate) fn customers(&self, after: Option<&CustomerId>, most: usize) -> Result<Vec<Person>, CrmError> {
        let all = key(&[Kind::Customer.name(), ""]);
        let from = after.map_or_else(|| all.clone(), |id| key(&[Kind::Customer.name(), id.as_str()]));
        let found = self.scan(&all, Bound::Excluded(from), most)?;
        found.iter().map(|(_, value)| decoded(value)).collect()
    }

    /// The rows of `kind` that the index gives to `owner`.
    fn belonging<T: DeserializeOwned>(&self, index: Index, owner: &str, kind: Kind) -> Result<Vec<T>, CrmError> {
        let of_owner = belongs(index, owner, "");
        let mut rows = Vec::new();
        for (found, _) in self.scan(&of_owner, Bound::Included(of_owner.clone()), usize::MAX)? {
            let id = found.get(of_owner.len()..).map(String::from_utf8_lossy).unwrap_or_default();
            rows.extend(self.get(kind, &id)?);
        }
        Ok(rows)
    }

    fn get<T: DeserializeOwned>(&self, kind: Kind, id: &str) -> Result<Option<T>, CrmError> {
        self.raw(&key(&[kind.name(), id]))?.map(|value| decoded(&value)).transpose()
    }

    fn raw(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CrmError> {
        Ok(match &self.place {
            Place::Memory(map) => locked(map).get(key).cloned(),
            Place::Sled(db) => db.get(key)?.map(|value| value.to_vec()),
        })
    }

    /// The entries whose key starts with `prefix`, in order.
    #[expect(clippy::type_complexity, reason = "pairs of bytes have no better name here")]
    fn scan(&self, prefix: &[u8], from: Bound<Vec<u8>>, most: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>, CrmError> {
        let range = (from, Bound::Unbounded);
        match &self.place {
            Place::Memory(map) => Ok(locked(map)
                .range::<Vec<u8>, _>(range)
                .take_while(|(key, _)| key.starts_with(prefix))
                .take(most)
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()),
            Place::Sled(db) => {
                let mut found = Vec::new();
                for entry in db.range::<Vec<u8>, _>(range).take(most) {
                    let (key, value) = entry?;
                    if !key.starts_with(prefix) {
                        break;
                    }
                    found.push((key.to_vec(), value.to_vec()));
                }
                Ok(found)
            }
        }
    }

    fn apply(&self, changes: Changes) -> Result<(), CrmError> {
        match &self.place {
            Place::Memory(map) => {
                let mut map = locked(map);
                for (key, value) in changes {
                    match value {
                        Some(value) => map.insert(key, value),
                        None => map.remove(&key),
                    };
                }
            }
            Place::Sled(db) => {
                let mut batch = sled::Batch::default();
                for (key, value) in changes {
                    match value {
                        Some(value) => batch.insert(key, value),
                        None => batch.remove(key),
                    }
                }
                db.apply_batch(batch)?;
                db.flush()?;
            }
        }
        Ok(())
    }
}

/// An import under way.
struct Import<'a> {
    store: &'a Store,
    changes: Changes,
    replaced: usize,
}

impl Import<'_> {
    /// Puts a row with the keys that find it, and removes those that found the
    /// row in its place.
    fn row<T: DeserializeOwned + Serialize>(
        &mut self,
        kind: Kind,
        id: &str,
        row: &T,
        found_by: impl Fn(&T) -> Vec<Vec<u8>>,
    ) -> Result<usize, CrmError> {
        let key = key(&[kind.name(), id]);
        let before = match self.changes.get(&key) {
            Some(changed) => changed.clone(),
            None => self.store.raw(&key)?,
        };
        if let Some(before) = before {
            self.replaced += 1;
            // A row that cannot be read any more is replaced all the same; a
            // key that finds nothing is no harm.
            if let Ok(before) = decoded::<T>(&before) {
                self.changes.extend(found_by(&before).into_iter().map(|key| (key, None)));
            }
        }
        self.changes.extend(found_by(row).into_iter().map(|key| (key, Some(Vec::new()))));
        let value = serde_json::to_vec(row).map_err(|error| CrmError::Unavailable { what: error.to_string() })?;
        self.changes.insert(key, Some(value));
        Ok(1)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(parts: &[&str]) -> Vec<u8> {
    parts.join("\0").into_bytes()
}

fn belongs(index: Index, owner: &str, id: &str) -> Vec<u8> {
    key(&[index.name(), owner, id])
}

fn decoded<T: DeserializeOwned>(value: &[u8]) -> Result<T, CrmError> {
    serde_json::from_slice(value).map_err(|error| CrmError::Damaged { what: error.to_string() })
}

fn open_sled(dir: &Path) -> Result<sled::Db, CrmError> {
    // sled calls a store new that it could not read any of.
    let existed = dir.join("db").exists();
    // sled makes the folder too, but says less about why it could not.
    fs::create_dir_all(dir).map_err(|error| unavailable(dir, &error))?;
    let config = sled::Config::new().path(dir).cache_capacity(CACHE);
    // sled asserts where it finds what it did not write.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let db = config.open()?;
        let version = db.get(VERSION_KEY)?;
        Ok::<_, sled::Error>((db, version))
    }));
    let (db, version) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(sled::Error::Io(error))) => {
            // sled says it in words only, and takes the lock before it reads.
            let busy =
                error.kind() == io::ErrorKind::WouldBlock || error.to_string().contains("could not acquire lock");
            return Err(match (busy, error.kind()) {
                (true, _) => CrmError::Busy { dir: dir.to_owned() },
                // The files end early or hold what sled cannot read.
                (false, io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) => {
                    CrmError::Damaged { what: error.to_string() }
                }
                (false, _) => unavailable(dir, &error),
            });
        }
        Ok(Err(error)) => return Err(error.into()),
        Err(_) => return Err(CrmError::Damaged { what: "it does not open".to_owned() }),
    };
    match version.as_deref() {
        Some(VERSION) => {}
        // A store that lost its tail recovers as an empty one. Only a new one
        // has a right to be empty.
        _ if existed || db.was_recovered() => {
            return Err(CrmError::Damaged { what: "it is empty, or of another version".to_owned() });
        }
        _ => {
            db.insert(VERSION_KEY, VERSION)?;
            db.flush()?;
        }
    }
    Ok(db)
}

fn unavailable(dir: &Path, error: &io::Error) -> CrmError {
    CrmError::Unavailable { what: format!("{}: {}", dir.display(), told(error)) }
}

/// Renames a damaged store to the first free name; nothing is deleted.
fn move_aside(dir: &Path) -> Result<PathBuf, CrmError> {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".damaged");
    for number in 1_u32.. {
        let mut numbered = name.clone();
        if number > 1 {
            numbered.push(format!("-{number}"));
        }
        let aside = dir.with_file_name(numbered);
        if !aside.exists() {
            fs::rename(dir, &aside).map_err(|error| unavailable(dir, &error))?;
            return Ok(aside);
        }
    }
    Err(CrmError::Unavailable { what: format!("{}: there is no free name beside it", dir.display()) })
}
