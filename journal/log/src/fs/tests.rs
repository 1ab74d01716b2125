//! File systems for tests: one that forgets what was not synced, one that fails.

use super::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

/// A file system in memory that knows what is durable.
#[derive(Clone, Default)]
pub(crate) struct MemoryFs(Arc<Mutex<BTreeMap<PathBuf, Arc<MemoryFile>>>>);

#[derive(Default)]
pub(crate) struct MemoryFile(Mutex<Content>);

#[derive(Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: usize,
    named: bool,
}

impl MemoryFile {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap()
    }
}

impl MemoryFs {
    /// What is left after the power went: what was synced, and of the bytes
    /// that were not, `kept` of each file.
    pub(crate) fn after_cut(&self, kept: usize) -> Self {
        let left = Self::default();
        for (path, file) in &*self.0.lock().unwrap() {
            let mut content = file.content().clone();
            if content.named {
                content.bytes.truncate(content.synced.saturating_add(kept));
                content.synced = content.bytes.len();
                left.0.lock().unwrap().insert(path.clone(), Arc::new(MemoryFile(Mutex::new(content))));
            }
        }
        left
    }

    /// What is left if the disk had written what was not synced in any order:
    /// of each file's sectors, those whose bit is set in `arrived`, over and
    /// over; the others are zeroes.
    pub(crate) fn after_reordering(&self, arrived: u64) -> Self {
        let left = self.after_cut(usize::MAX);
        for (path, file) in &*left.0.lock().unwrap() {
            let synced = self.0.lock().unwrap()[path].content().synced;
            let bytes = &mut file.content().bytes;
            let sectors = (synced / 512..bytes.len().div_ceil(512)).enumerate();
            for (_, sector) in sectors.filter(|(bit, _)| arrived.rotate_right(*bit as u32) & 1 == 0) {
                let (from, to) = ((sector * 512).max(synced), (sector * 512 + 512).min(bytes.len()));
                bytes[from..to].fill(0);
            }
        }
        left
    }

    /// How many bytes no sync has covered.
    pub(crate) fn unsynced(&self) -> usize {
        let files = self.0.lock().unwrap();
        files.values().map(|file| file.content()).map(|content| content.bytes.len() - content.synced).sum()
    }

    /// A copy that later writes do not touch.
    pub(crate) fn snapshot(&self) -> Self {
        let copy = Self::default();
        for (path, file) in &*self.0.lock().unwrap() {
            copy.0.lock().unwrap().insert(path.clone(), Arc::new(MemoryFile(Mutex::new(file.content().clone()))));
        }
        copy
    }
}

impl Fs for MemoryFs {
    fn create_dirs(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        let files = self.0.lock().unwrap();
        let inside = files.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        let file = Arc::new(MemoryFile::default());
        assert!(self.0.lock().unwrap().insert(path.to_owned(), Arc::clone(&file)).is_none());
        Ok(file)
    }

    fn create_private(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        self.0.lock().unwrap().entry(path.to_owned()).or_default();
        self.open_to_read(path)
    }

    fn overwrite(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let files = self.0.lock().unwrap();
        let mut content = files.get(path).ok_or(io::ErrorKind::NotFound)?.content();
        let at = offset as usize;
        content.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        content.synced = content.bytes.len();
        Ok(())
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        self.open_to_read(path)
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        let file = self.0.lock().unwrap().get(path).cloned();
        file.map(|file| file as Arc<dyn LogFile>).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        for (path, file) in &*self.0.lock().unwrap() {
            if path.parent() == Some(dir) {
                file.content().named = true;
            }
        }
        Ok(())
    }
}

impl LogFile for MemoryFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.content().bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut content = self.content();
        content.synced = content.bytes.len();
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.content().bytes.len() as u64)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let content = self.content();
        let rest = &content.bytes[(offset as usize).min(content.bytes.len())..];
        let read = rest.len().min(buf.len());
        buf[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let mut content = self.content();
        content.bytes.truncate(len as usize);
        content.synced = content.synced.min(len as usize);
        Ok(())
    }
}

/// What goes wrong on a [`FailingFs`] once it is switched on.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Failure {
    /// Nothing is written: there is no room.
    Full,
    /// Half of what is written is.
    HalfWrite,
    /// Nothing is written over what is there.
    Overwrite,
    /// Everything is written and nothing synced.
    Sync,
}

/// Another file system with a switch.
pub(crate) struct FailingFs<F> {
    pub(crate) inner: F,
    pub(crate) failure: Failure,
    pub(crate) on: Arc<AtomicBool>,
}

struct FailingFile {
    inner: Arc<dyn LogFile>,
    failure: Failure,
    on: Arc<AtomicBool>,
}

impl<F> FailingFs<F> {
    fn wrap(&self, inner: Arc<dyn LogFile>) -> Arc<dyn LogFile> {
        Arc::new(FailingFile { inner, failure: self.failure, on: Arc::clone(&self.on) })
    }
}

impl<F: Fs> Fs for FailingFs<F> {
    fn create_dirs(&self, dir: &Path) -> io::Result<()> {
        self.inner.create_dirs(dir)
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.inner.names(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        self.inner.create(path).map(|file| self.wrap(file))
    }

    fn create_private(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        self.inner.create_private(path).map(|file| self.wrap(file))
    }

    fn overwrite(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if self.failure == Failure::Overwrite && self.on.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk did not answer"));
        }
        self.inner.overwrite(path, offset, bytes)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        self.inner.open(path).map(|file| self.wrap(file))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        self.inner.open_to_read(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.inner.sync_dir(dir)
    }
}

impl LogFile for FailingFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        match self.failure {
            Failure::Full if self.on.load(Ordering::SeqCst) => Err(io::ErrorKind::StorageFull.into()),
            Failure::HalfWrite if self.on.load(Ordering::SeqCst) => {
                self.inner.append(&bytes[..bytes.len() / 2])?;
                Err(io::Error::other("the cable was pulled"))
            }
            _ => self.inner.append(bytes),
        }
    }

    fn sync(&self) -> io::Result<()> {
        // Fails once: a store that tries again would take that for success.
        if self.failure == Failure::Sync && self.on.swap(false, Ordering::SeqCst) {
            return Err(io::Error::other("the disk did not answer"));
        }
        self.inner.sync()
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.inner.read_at(buf, offset)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.inner.truncate(len)
    }
}
