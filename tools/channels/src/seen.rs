//! What came in before.

use crate::files;
use attache_journal::Digest;
use std::collections::{HashSet, VecDeque};
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A durable memory of ids, of the newest so many: a delivery that comes twice
/// is dealt with once.
#[derive(Clone, Debug)]
pub struct Seen(Arc<Mutex<Memory>>);

#[derive(Debug)]
struct Memory {
    folder: PathBuf,
    name: String,
    most: usize,
    /// The digests of ids that were dealt with, the oldest first.
    order: VecDeque<String>,
    known: HashSet<String>,
    /// Those that somebody is dealing with.
    busy: HashSet<String>,
    file: fs::File,
    lines: usize,
}

/// The right to deal with a delivery. Dropped without [`keep`](Claim::keep), the
/// next one to come with this id gets it.
#[derive(Debug)]
pub struct Claim {
    seen: Seen,
    digest: String,
}

impl Seen {
    /// The memory in `folder/name`, of `most` ids.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn open(folder: impl Into<PathBuf>, name: &str, most: usize) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        let text = match fs::read_to_string(folder.join(name)) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(e),
        };
        // A crash can leave half a line, which says nothing.
        let lines =
            text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).filter(|line| line.len() == 64);
        let mut order: VecDeque<String> = lines.map(str::to_owned).collect();
        let surplus = order.len().saturating_sub(most);
        order.drain(..surplus);
        let file = rewrite(&folder, name, &order)?;
        let known = order.iter().cloned().collect();
        let (name, lines, busy) = (name.to_owned(), order.len(), HashSet::new());
        Ok(Self(Arc::new(Mutex::new(Memory { folder, name, most, order, known, busy, file, lines }))))
    }

    /// The right to deal with a delivery; `None` if somebody does or did.
    #[must_use]
    pub fn claim(&self, id: &str) -> Option<Claim> {
        let digest = Digest::of(&[id.as_bytes()]).to_string();
        let mut memory = self.memory();
        if memory.known.contains(&digest) || !memory.busy.insert(digest.clone()) {
            return None;
        }
        Some(Claim { seen: self.clone(), digest })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// It was dealt with: durably kept, before this returns, so that it is not
    /// dealt with again. Whoever queues deliveries calls this when the queue has it.
    ///
    /// # Errors
    /// If it cannot be written; it is dealt with again then.
    pub fn keep(self) -> io::Result<()> {
        self.seen.memory().keep(&self.digest)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.seen.memory().busy.remove(&self.digest);
    }
}

impl Memory {
    fn keep(&mut self, digest: &str) -> io::Result<()> {
        self.file.write_all(format!("{digest}\n").as_bytes())?;
        self.file.sync_data()?;
        self.lines += 1;
        self.known.insert(digest.to_owned());
        self.order.push_back(digest.to_owned());
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        if self.lines > self.most.saturating_mul(2) {
            self.file = rewrite(&self.folder, &self.name, &self.order)?;
            self.lines = self.order.len();
        }
        Ok(())
    }
}

fn rewrite(folder: &std::path::Path, name: &str, order: &VecDeque<String>) -> io::Result<fs::File> {
    let text: String = order.iter().map(|digest| format!("{digest}\n")).collect();
    files::write(folder, name, text.as_bytes())?;
    fs::OpenOptions::new().append(true).open(folder.join(name))
}

#[cfg(test)]
mod tests;
