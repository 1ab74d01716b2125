//! The store: what callers see of all this.

use crate::fs::{Fs, RealFs, fault};
use crate::live::{Listing, Live, Place, Row};
use crate::options::LogOptions;
use crate::queue::Shared;
use crate::recover::{Recovered, recover};
use crate::segment::{frames, read_record};
use crate::sign::SignedHead;
use crate::writer::Writer;
use async_trait::async_trait;
use attache_context::CustomerId;
use attache_journal::{
    Batch, Chain, Commit, DraftFilter, DraftId, DraftSummary, Entry, Past, RunFilter, RunId, RunSummary, Store,
    StoreError, Subject, SubjectId, open,
};
use jiff::Timestamp;
use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

/// A journal in a folder: one process at a time, any number of threads.
///
/// [`append`](Store::append) never blocks on the disk: it puts the batch on a
/// queue, and a thread of the store's writes all that waits with one write and
/// one `fdatasync`. If one of these fails, that commit and all later ones fail
/// and the store must be opened again; a sync is never tried twice.
///
/// The queries read files, in small pieces and without another thread: they
/// hold up the task that asks for the time of a few page reads, as a look into
/// an embedded database does.
///
/// # Examples
/// ```
/// use attache_log::{LogOptions, LogStore};
/// use attache_journal::{RunFilter, Store as _};
///
/// # let dir = tempfile::tempdir()?;
/// let store = LogStore::open(dir.path(), LogOptions::default())?;
/// assert!(attache_testkit::block_on(store.runs(&RunFilter::default()))?.is_empty());
/// store.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LogStore {
    pub(crate) shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
    // The last field: the folder is free only when everything else is gone.
    _lock: File,
}

impl LogStore {
    /// Opens the store in `dir`, which is made if it does not exist: takes its
    /// lock, cuts a torn tail off and brings the index up to date.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if a process has it open, [`StoreError::Corrupt`]
    /// if what is stored is not what was written, [`StoreError::Full`] or
    /// [`StoreError::Io`] if the system refuses.
    pub fn open(dir: &Path, options: LogOptions) -> Result<Self, StoreError> {
        Self::open_on(dir, options, Box::new(RealFs))
    }

    pub(crate) fn open_on(dir: &Path, options: LogOptions, fs: Box<dyn Fs>) -> Result<Self, StoreError> {
        // The lock and the index are always real.
        std::fs::create_dir_all(dir).map_err(|e| fault(dir, &e))?;
        let lock = lock(dir)?;
        let log = dir.join("log");
        fs.create_dirs(&log).map_err(|e| fault(&log, &e))?;
        let Recovered { index, ring, live, tail } = recover(dir, &*fs, &options)?;
        let shared = Arc::new(Shared::new(dir.to_owned(), fs, options, (index, ring, live)));
        let writer = Writer::new(Arc::clone(&shared), tail);
        let thread = std::thread::Builder::new().name("attache-log".to_owned());
        let writer = thread.spawn(move || writer.run()).map_err(|e| fault(dir, &e))?;
        Ok(Self { shared, writer: Some(writer), _lock: lock })
    }

    /// Writes what is queued and stops. Dropping the store does the same and
    /// tells nobody whether it worked; the commits do.
    ///
    /// # Errors
    /// The error of the write that failed, if one did since the opening.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.stop();
        match self.shared.failed() {
            None | Some(StoreError::Closed) => Ok(()),
            Some(error) => Err(error),
        }
    }

    /// Brings the index up to date now. It happens by itself, every so many
    /// bytes and when the store is closed.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the index cannot be written. The journal itself
    /// is not concerned.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.shared.checkpoint(0)
    }

    /// Signs how far the journal has come, and notes it in the store's own list.
    ///
    /// # Errors
    /// [`StoreError`] if the key cannot be had or the list not be written.
    pub fn sign(&self) -> Result<SignedHead, StoreError> {
        self.shared.sign()
    }

    fn stop(&mut self) {
        self.shared.close();
        if let Some(writer) = self.writer.take() {
            // If it panicked, the hook has said so, and every commit failed.
            let _ = writer.join();
        }
    }

    fn row(&self, run: &RunId) -> Result<Option<Row>, StoreError> {
        // Memory first: a run leaves it only once it is in the index.
        let live = self.shared.live().runs.get(run).cloned();
        if live.is_some() { Ok(live) } else { self.shared.index.row(run) }
    }

    /// A run with every entry and its chain checked; nothing if there is none.
    pub(crate) fn read(&self, run: &RunId) -> Result<Option<Read>, StoreError> {
        let Some(row) = self.row(run)? else {
            return Ok(None);
        };
        let (mut lines, mut entries) = (Vec::new(), Vec::new());
        let mut opened_file = None;
        for Place(number, offset, len) in row.places {
            let path = self.shared.segment(number);
            let file = match opened_file.take() {
                Some((current, file)) if current == number => file,
                _ => self.shared.fs.open_to_read(&path).map_err(|e| fault(&path, &e))?,
            };
            let payload = read_record(&path, &*file, offset, len)?;
            let corrupt = |what: String| StoreError::Corrupt { place: format!("{}:{offset}", path.display()), what };
            for frame in frames(&payload).ok_or_else(|| corrupt("the record holds no entries".to_owned()))? {
                let opened = open(frame.head, frame.body, |id| self.shared.ring.get(id));
                let (entry, line) = opened.map_err(|fault| corrupt(fault.to_string()))?;
                entries.push(entry);
                lines.push(line);
            }
            opened_file = Some((number, file));
        }
        // Whose they are does not matter for reading.
        let chain = Chain::after(run.clone(), None, &entries);
        let whole = chain.map(|chain| chain.next_seq() == row.next);
        match whole {
            Ok(true) => Ok(Some(Read { lines, entries })),
            Ok(false) => Err(self.broken(run, "entries are missing at its end".to_owned())),
            Err(fault) => Err(self.broken(run, fault.to_string())),
        }
    }

    fn broken(&self, run: &RunId, what: String) -> StoreError {
        StoreError::Corrupt { place: format!("{}, run {run}", self.shared.dir.join("log").display()), what }
    }

    /// The summaries in memory that `filter` admits among those of one subject, or of all, and the runs looked at:
    /// memory is newer than the index, which must not be asked about them.
    fn living(&self, subject: Option<&SubjectId>, filter: &RunFilter) -> (Vec<RunSummary>, HashSet<RunId>) {
        let (mut admitted, mut known) = (Vec::new(), HashSet::new());
        let mut look = |run: &RunId, row: &Row| {
            if let Some(summary) = &row.summary {
                admitted.extend(filter.admits(summary).then(|| self.named(summary.clone())));
                known.insert(run.clone());
            }
        };
        let live = self.shared.live();
        match subject {
            Some(subject) => live.of(subject).for_each(|(run, row)| look(run, row)),
            None => live.runs.iter().for_each(|(run, row)| look(run, row)),
        }
        (admitted, known)
    }

    /// Gives `take` the customer's runs that are on a list. On the way of every
    /// run: no other run is looked at, and nothing is copied.
    fn listed(
        &self,
        listing: Listing,
        customer: &CustomerId,
        mut take: impl FnMut(&RunSummary),
    ) -> Result<(), StoreError> {
        let Some(subject) = self.shared.ring.find(customer) else { return Ok(()) };
        let mut known = HashSet::new();
        for (run, row) in self.shared.live().listed(listing, &subject) {
            row.summary.as_ref().into_iter().for_each(&mut take);
            known.insert(run.clone());
        }
        // Memory is newer than the index: what it no longer lists is listed no more.
        let left = |run: &RunId| {
            let live = self.shared.live();
            let summary = live.runs.get(run).and_then(|row| row.summary.as_ref());
            summary.is_some_and(|summary| !listing.holds(summary))
        };
        let known = |run: &RunId| known.contains(run) || left(run);
        // What was listed when the scan began may have gone on since.
        let take = |summary: &RunSummary| {
            if listing.holds(summary) {
                take(summary);
            }
        };
        self.shared.index.listed(listing, &subject, known, take)
    }

    /// A summary that says whom it was for.
    fn named(&self, mut summary: RunSummary) -> RunSummary {
        if let Some(customer) = summary.subject.as_ref().and_then(|id| self.shared.ring.customer(id)) {
            summary.name(&customer);
        }
        summary
    }
}

impl Drop for LogStore {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for LogStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogStore").field("dir", &self.shared.dir).finish_non_exhaustive()
    }
}

/// A whole run as it is stored.
pub(crate) struct Read {
    /// Its entries as lines.
    pub(crate) lines: Vec<Vec<u8>>,
    /// The same, parsed.
    pub(crate) entries: Vec<Entry>,
}

/// The runs in memory that made drafts.
fn drafting(live: &Live) -> impl Iterator<Item = (&RunId, &RunSummary)> {
    let runs = live.runs.iter().filter_map(|(run, row)| Some((run, row.summary.as_ref()?)));
    runs.filter(|(_, summary)| !summary.drafts.is_empty())
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    // The content means nothing and stays: only the lock counts.
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(|e| fault(&path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { place: dir.display().to_string() }),
        Err(TryLockError::Error(e)) => Err(fault(&path, &e)),
    }
}

#[async_trait]
impl Store for LogStore {
    fn append(&self, batch: Batch) -> Commit {
        self.shared.push(batch).unwrap_or_else(|error| Commit::ready(Err(error)))
    }

    async fn subject(&self, customer: &CustomerId) -> Result<Subject, StoreError> {
        self.shared.ring.subject(&*self.shared.fs, customer)
    }

    async fn entries(&self, run: &RunId) -> Result<Vec<Entry>, StoreError> {
        Ok(self.read(run)?.map(|read| read.entries).unwrap_or_default())
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let limit = filter.limit.unwrap_or(usize::MAX);
        // Whom runs were for is compared as the journal knows it: only what is
        // listed is copied and named.
        let subject = match &filter.customer {
            Some(customer) => match self.shared.ring.find(customer) {
                Some(subject) => Some(subject),
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        let others = RunFilter { customer: None, ..filter.clone() };
        let (mut found, known) = self.living(subject.as_ref(), &others);
        // A run that has not ended is always in memory.
        if !filter.unfinished && limit > 0 {
            let mut indexed = 0;
            self.shared.index.runs(subject.as_ref(), &others, |run| {
                if others.admits(&run) && !known.contains(&run.run) {
                    found.push(self.named(run));
                    indexed += 1;
                }
                // As they changed is not as they are listed.
                filter.changed_since.is_some() || indexed < limit
            })?;
        }
        filter.arrange(&mut found);
        Ok(found)
    }

    async fn count_runs(&self, filter: &RunFilter) -> Result<usize, StoreError> {
        if filter.customer.is_some() || filter.changed_since.is_some() || filter.unfinished {
            return Ok(self.runs(filter).await?.len());
        }
        let most = filter.limit.unwrap_or(usize::MAX);
        let (mut count, mut known) = (0, HashSet::new());
        for (run, row) in &self.shared.live().runs {
            count += usize::from(row.summary.as_ref().is_some_and(|summary| filter.admits(summary)));
            known.insert(run.clone());
        }
        count += self.shared.index.count_runs(filter, &known, most.saturating_sub(count))?;
        Ok(count.min(most))
    }

    async fn history(&self, customer: &CustomerId, since: Timestamp) -> Result<Vec<Past>, StoreError> {
        let mut past = Vec::new();
        self.listed(Listing::Reached, customer, |run| past.extend(run.past.iter().cloned()))?;
        past.retain(|past| past.at >= since);
        past.sort_by_key(|past| past.at);
        Ok(past)
    }

    async fn handed_over(&self, customer: &CustomerId, since: Timestamp) -> Result<Vec<RunId>, StoreError> {
        let mut runs = Vec::new();
        self.listed(Listing::HandedOver, customer, |run| runs.push((run.started_at, run.run.clone())))?;
        runs.retain(|(started_at, _)| *started_at >= since);
        runs.sort_by(|a, b| b.cmp(a));
        Ok(runs.into_iter().map(|(_, run)| run).collect())
    }

    async fn drafts(&self, filter: &DraftFilter) -> Result<Vec<DraftSummary>, StoreError> {
        let limit = filter.limit.unwrap_or(usize::MAX);
        let (mut found, mut known) = (Vec::new(), HashSet::new());
        for (run, summary) in drafting(&self.shared.live()) {
            if summary.drafts.iter().any(|draft| filter.admits(draft)) {
                found.extend(self.named(summary.clone()).drafts.into_iter().filter(|draft| filter.admits(draft)));
            }
            known.insert(run.clone());
        }
        let mut listed = Vec::new();
        self.shared.index.drafts(filter, &known, limit, |draft, run| listed.push((draft, run)))?;
        for (draft, run) in listed {
            // It may have gone on since it was listed.
            let drafts = self.row(&run)?.and_then(|row| row.summary).map(|summary| self.named(summary).drafts);
            found.extend(drafts.into_iter().flatten().filter(|one| one.draft == draft && filter.admits(one)));
        }
        filter.arrange(&mut found);
        Ok(found)
    }

    async fn count_drafts(&self, filter: &DraftFilter) -> Result<usize, StoreError> {
        let most = filter.limit.unwrap_or(usize::MAX);
        let (mut count, mut known) = (0, HashSet::new());
        for (run, summary) in drafting(&self.shared.live()) {
            count += summary.drafts.iter().filter(|draft| filter.admits(draft)).count();
            known.insert(run.clone());
        }
        self.shared.index.drafts(filter, &known, most.saturating_sub(count), |_, _| count += 1)?;
        Ok(count.min(most))
    }

    async fn draft(&self, draft: &DraftId) -> Result<Option<DraftSummary>, StoreError> {
        let made = |(_, run): &(&RunId, &RunSummary)| run.drafts.iter().any(|one| one.draft == *draft);
        let living = drafting(&self.shared.live()).find(made).map(|(_, run)| self.named(run.clone()));
        let run = match (living, self.shared.index.run_of(draft)?) {
            (Some(run), _) => Some(run),
            (None, Some(run)) => self.run(&run).await?,
            (None, None) => None,
        };
        Ok(run.and_then(|run| run.drafts.into_iter().find(|one| one.draft == *draft)))
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunSummary>, StoreError> {
        Ok(self.row(run)?.and_then(|row| row.summary).map(|summary| self.named(summary)))
    }
}

#[cfg(test)]
mod tests;
