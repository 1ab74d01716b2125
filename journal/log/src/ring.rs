//! The keys of the customers, in a file of their own that can forget.
//!
//! `ring` is a header of one slot and then slots of 64 bytes, little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 16 | the subject's id |
//! | 4 | 1: there is a key; 2: it was destroyed |
//! | 8 | zeroes |
//! | 32 | the secret; zeroes once destroyed |
//! | 4 | CRC-32C of the 60 bytes before |
//!
//! Slots are made many at a time and durable before the first entry under one
//! of them is, so that a new customer costs no sync of their own. Whose a slot
//! is stands in the log alone, under the slot's key. A key is destroyed in
//! place: its bytes are overwritten and synced.

use crate::fs::{Fs, LogFile, fault};
use attache_context::CustomerId;
use attache_journal::{Key, StoreError, Subject, SubjectId};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SLOT: usize = 64;
/// How many slots are made at a time.
const BATCH: usize = 256;
const MAGIC: &[u8] = b"attache-keys\x01";
const KEY: u32 = 1;
const DESTROYED: u32 = 2;

/// The ring of a store.
pub(crate) struct Ring {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    file: Option<Arc<dyn LogFile>>,
    slots: HashMap<SubjectId, Slot>,
    customers: HashMap<CustomerId, SubjectId>,
    /// Subjects that were nobody when they were listed, the next one last.
    free: Vec<SubjectId>,
    destroyed: HashSet<SubjectId>,
    /// Subjects whose erasure is on its way.
    dying: HashSet<SubjectId>,
    /// The length of the file.
    end: u64,
    /// Whether its header is missing.
    headless: bool,
    unsynced: bool,
    unnamed: bool,
}

struct Slot {
    offset: u64,
    secret: [u8; 32],
    /// Who it is, once they are known.
    owner: Option<(CustomerId, Subject)>,
}

impl Ring {
    /// Reads the ring in `dir`; there need not be one.
    pub(crate) fn open(fs: &dyn Fs, dir: &Path) -> Result<Self, StoreError> {
        let ring = Self::look(fs, dir)?;
        let mut state = ring.state();
        if is_there(fs, dir) {
            let file = fs.open(&ring.path).map_err(|e| fault(&ring.path, &e))?;
            // What was torn is cut, so that slots keep their places.
            file.truncate(state.end).map_err(|e| fault(&ring.path, &e))?;
            if state.headless && state.end > 0 {
                fs.overwrite(&ring.path, 0, MAGIC).map_err(|e| fault(&ring.path, &e))?;
            }
            state.file = Some(file);
        }
        drop(state);
        Ok(ring)
    }

    /// Reads the ring in `dir` and leaves it as it is.
    pub(crate) fn look(fs: &dyn Fs, dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("ring");
        let mut state = State::default();
        if is_there(fs, dir) {
            let file = fs.open_to_read(&path).map_err(|e| fault(&path, &e))?;
            if !state.read(&*file).map_err(|e| fault(&path, &e))? {
                let what = "this is no ring of keys".to_owned();
                return Err(StoreError::Corrupt { place: path.display().to_string(), what });
            }
        }
        Ok(Self { path, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The subject that a customer is now; one is taken if they are none.
    pub(crate) fn subject(&self, fs: &dyn Fs, customer: &CustomerId) -> Result<Subject, StoreError> {
        let mut guard = self.state();
        let state = &mut *guard;
        if let Some(id) = state.customers.get(customer).filter(|id| !state.dying.contains(*id))
            && let Some((_, subject)) = state.slots.get(id).and_then(|slot| slot.owner.as_ref())
        {
            return Ok(subject.clone());
        }
        loop {
            while let Some(id) = state.free.pop() {
                if state.slots.get(&id).is_some_and(|slot| slot.owner.is_none())
                    && let Some(subject) = state.own(&id, customer)
                {
                    return Ok(subject);
                }
            }
            self.extend(fs, state)?;
        }
    }

    /// Makes slots. They are durable with the next [`sync`](Self::sync).
    fn extend(&self, fs: &dyn Fs, state: &mut State) -> Result<(), StoreError> {
        let failed = |e: &std::io::Error| fault(&self.path, e);
        let mut bytes = Vec::new();
        let file = match &state.file {
            Some(file) => Arc::clone(file),
            None => {
                state.unnamed = true;
                if let Some(dir) = self.path.parent() {
                    fs.create_dirs(dir).map_err(|e| failed(&e))?;
                }
                fs.create_private(&self.path).map_err(|e| failed(&e))?
            }
        };
        if state.end == 0 {
            bytes.extend_from_slice(MAGIC);
            bytes.resize(SLOT, 0);
        }
        let mut random = [0; 48 * BATCH];
        getrandom::fill(&mut random).map_err(|e| failed(&std::io::Error::other(e.to_string())))?;
        let start = bytes.len();
        let mut made = Vec::new();
        for chunk in random.as_chunks::<48>().0 {
            let (id, secret) = chunk.split_at(16);
            let mut secret_bytes = [0; 32];
            secret_bytes.copy_from_slice(secret);
            made.push((SubjectId::new(hex::encode(id)), secret_bytes));
            push_slot(&mut bytes, id, KEY, &secret_bytes);
        }
        file.append(&bytes).map_err(|e| failed(&e))?;
        let first = state.end + start as u64;
        for (offset, (id, secret)) in (first..).step_by(SLOT).zip(made) {
            state.free.push(id.clone());
            state.slots.insert(id, Slot { offset, secret, owner: None });
        }
        state.end += bytes.len() as u64;
        state.file = Some(file);
        state.unsynced = true;
        Ok(())
    }

    /// Makes durable what was made.
    pub(crate) fn sync(&self, fs: &dyn Fs) -> Result<(), StoreError> {
        let mut state = self.state();
        let Some(file) = state.file.as_ref().filter(|_| state.unsynced) else {
            return Ok(());
        };
        file.sync().map_err(|e| fault(&self.path, &e))?;
        if state.unnamed {
            for dir in self.path.ancestors().skip(1).take(2).filter(|dir| !dir.as_os_str().is_empty()) {
                fs.sync_dir(dir).map_err(|e| fault(dir, &e))?;
            }
        }
        (state.unsynced, state.unnamed) = (false, false);
        Ok(())
    }

    /// What is known of a subject.
    pub(crate) fn get(&self, id: &SubjectId) -> Key {
        let state = self.state();
        match state.slots.get(id) {
            Some(Slot { owner: Some((_, subject)), .. }) => Key::Of(subject.clone()),
            Some(slot) => Key::Of(Subject::new(id.clone(), &slot.secret)),
            None if state.destroyed.contains(id) => Key::Destroyed,
            None => Key::Missing,
        }
    }

    /// Whether entries may be appended under a subject.
    pub(crate) fn accepts(&self, id: &SubjectId) -> bool {
        let state = self.state();
        state.slots.contains_key(id) && !state.dying.contains(id)
    }

    /// Refuses a subject from now on: its erasure is on its way.
    pub(crate) fn condemn(&self, id: &SubjectId) {
        self.state().dying.insert(id.clone());
    }

    /// Notes whose a subject is, as the log says.
    pub(crate) fn claim(&self, id: &SubjectId, customer: &CustomerId) {
        self.state().own(id, customer);
    }

    /// Who a subject is, with their key.
    pub(crate) fn owner(&self, id: &SubjectId) -> Option<(CustomerId, Subject)> {
        self.state().slots.get(id)?.owner.clone()
    }

    /// Who a subject is.
    pub(crate) fn customer(&self, id: &SubjectId) -> Option<CustomerId> {
        self.owner(id).map(|(customer, _)| customer)
    }

    /// The subject that a customer is, if they are one.
    pub(crate) fn find(&self, customer: &CustomerId) -> Option<SubjectId> {
        self.state().customers.get(customer).cloned()
    }

    /// Overwrites a key. Nothing happens if it is gone already.
    pub(crate) fn destroy(&self, fs: &dyn Fs, id: &SubjectId) -> Result<(), StoreError> {
        let mut state = self.state();
        let Some(offset) = state.slots.get(id).map(|slot| slot.offset) else {
            return Ok(());
        };
        let mut slot = Vec::with_capacity(SLOT);
        push_slot(&mut slot, &hex::decode(id.as_str()).unwrap_or_default(), DESTROYED, &[0; 32]);
        fs.overwrite(&self.path, offset, &slot).map_err(|e| fault(&self.path, &e))?;
        let owner = state.slots.remove(id).and_then(|slot| slot.owner);
        if let Some((customer, _)) = owner
            && state.customers.get(&customer) == Some(id)
        {
            state.customers.remove(&customer);
        }
        state.dying.remove(id);
        state.destroyed.insert(id.clone());
        Ok(())
    }
}

impl State {
    fn own(&mut self, id: &SubjectId, customer: &CustomerId) -> Option<Subject> {
        let slot = self.slots.get_mut(id)?;
        let subject = Subject::new(id.clone(), &slot.secret);
        slot.owner = Some((customer.clone(), subject.clone()));
        self.customers.insert(customer.clone(), id.clone());
        Some(subject)
    }

    /// Takes in the slots of a file; false if it is no ring. A slot that is not
    /// whole was never used: it is durable before anything is under its key.
    fn read(&mut self, file: &dyn LogFile) -> std::io::Result<bool> {
        let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or(usize::MAX)];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        self.end = (bytes.len() / SLOT * SLOT) as u64;
        // A header that a cut kept from the disk; slots have their own checksums.
        self.headless = bytes.iter().take(SLOT).all(|byte| *byte == 0);
        if self.end > 0 && !self.headless && !bytes.starts_with(MAGIC) {
            return Ok(false);
        }
        for (index, slot) in bytes.as_chunks::<SLOT>().0.iter().enumerate().skip(1) {
            let (fields, check) = slot.split_at(SLOT - 4);
            if crc32c::crc32c(fields).to_le_bytes() != check {
                continue;
            }
            let (id, rest) = fields.split_at(16);
            let (state, rest) = rest.split_at(4);
            let id = SubjectId::new(hex::encode(id));
            if state == DESTROYED.to_le_bytes() {
                self.destroyed.insert(id);
            } else if state == KEY.to_le_bytes()
                && let Some(secret) = rest.last_chunk::<32>()
            {
                self.free.push(id.clone());
                self.slots.insert(id, Slot { offset: (index * SLOT) as u64, secret: *secret, owner: None });
            }
        }
        // The next one last.
        self.free.reverse();
        Ok(true)
    }
}

fn is_there(fs: &dyn Fs, dir: &Path) -> bool {
    fs.names(dir).is_ok_and(|names| names.iter().any(|name| name == "ring"))
}

fn push_slot(out: &mut Vec<u8>, id: &[u8], state: u32, secret: &[u8; 32]) {
    let start = out.len();
    out.extend_from_slice(id);
    out.extend_from_slice(&state.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(secret);
    let check = crc32c::crc32c(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&check.to_le_bytes());
}

#[cfg(test)]
mod tests;
