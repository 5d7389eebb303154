//! A storage that fails on demand.

use std::io::{self, Write};
use std::ops::Range;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use otlake_storage::{
    Document, Documents, PutIf, PutOutcome, Storage, StorageError, StorageErrorKind, StorageFile,
    StoredFile,
};

use crate::Random;

/// The way in which a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageFault {
    /// It returns an error.
    Error,
    /// A write accepts half of the bytes, which is allowed. All other calls fail like `Error`.
    ShortWrite,
    /// A write accepts half of the bytes, and the next one fails, like on a full disk. All other
    /// calls fail like `Error`.
    FullDisk,
    /// A call that changes something takes effect but reports that it is in doubt. All other calls
    /// fail like `Error`.
    AnswerLost,
    /// A call that changes something has no effect and reports that it is in doubt. All other calls
    /// fail like `Error`.
    TimedOut,
    /// The process ends before the call, as if it were killed.
    Death,
}

impl StorageFault {
    /// The faults that a process survives.
    pub const ERRORS: [Self; 5] = [
        Self::Error,
        Self::ShortWrite,
        Self::FullDisk,
        Self::AnswerLost,
        Self::TimedOut,
    ];
}

/// A storage in which some calls fail. `create`, `write`, `commit` and all of [`Documents`] share
/// one count.
#[derive(Clone, Debug)]
pub struct FaultyStorage<S> {
    inner: S,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    calls: AtomicUsize,
    failed: AtomicUsize,
    when: When,
}

#[derive(Debug)]
enum When {
    At(usize, StorageFault),
    /// One call in this many.
    Often(usize, Mutex<Random>),
}

impl<S> FaultyStorage<S> {
    /// Lets call number `fail_at`, counted from 0, fail.
    pub fn new(inner: S, fail_at: usize, fault: StorageFault) -> Self {
        Self::with_plan(inner, When::At(fail_at, fault))
    }

    /// Lets one call in `calls` fail, with any fault that a process survives.
    pub fn often(inner: S, calls: usize, random: Random) -> Self {
        Self::with_plan(inner, When::Often(calls, Mutex::new(random)))
    }

    fn with_plan(inner: S, when: When) -> Self {
        let plan = Plan {
            calls: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            when,
        };
        Self {
            inner,
            plan: Arc::new(plan),
        }
    }

    /// Returns the number of calls so far.
    pub fn calls(&self) -> usize {
        self.plan.calls.load(Ordering::SeqCst)
    }

    /// Returns the number of calls so far that failed.
    pub fn failed(&self) -> usize {
        self.plan.failed.load(Ordering::SeqCst)
    }
}

impl Plan {
    /// Returns the fault of the next call, if it is to fail.
    fn fault(&self) -> Option<StorageFault> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let fault = match &self.when {
            When::At(fail_at, fault) => (call == *fail_at).then_some(*fault),
            When::Often(calls, random) => {
                let mut random = random.lock().unwrap();
                let faults = StorageFault::ERRORS;
                (random.below(*calls) == 0).then(|| faults[random.below(faults.len())])
            }
        }?;
        if fault == StorageFault::Death {
            // Not `exit`, which runs exit handlers.
            process::abort();
        }
        self.failed.fetch_add(1, Ordering::SeqCst);
        Some(fault)
    }

    /// Makes a call that changes nothing.
    fn look<T>(
        &self,
        action: &'static str,
        look: impl FnOnce() -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        match self.fault() {
            None => look(),
            Some(_) => Err(StorageError::new(action, "a file", "injected")),
        }
    }

    /// Makes a call that changes something.
    fn change<T>(
        &self,
        action: &'static str,
        change: impl FnOnce() -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let Some(fault) = self.fault() else {
            return change();
        };
        if fault == StorageFault::AnswerLost {
            change()?;
        }
        let error = StorageError::new(action, "a file", format!("injected: {fault:?}"));
        match fault {
            StorageFault::AnswerLost | StorageFault::TimedOut => {
                Err(error.with_kind(StorageErrorKind::InDoubt))
            }
            _ => Err(error),
        }
    }
}

impl<S: Storage> Storage for FaultyStorage<S> {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        let inner = self.plan.look("create", || self.inner.create(name))?;
        Ok(Box::new(FaultyFile {
            inner,
            plan: Arc::clone(&self.plan),
            full: false,
        }))
    }
}

impl<S: Documents> Documents for FaultyStorage<S> {
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
        self.plan.look("read", || self.inner.get(name))
    }

    fn read_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>, StorageError> {
        self.plan
            .look("read", || self.inner.read_range(name, range))
    }

    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError> {
        let put = || self.inner.put(name, bytes, condition);
        self.plan.change("write", put)
    }

    fn list(&self, directory: &str) -> Result<Vec<StoredFile>, StorageError> {
        self.plan.look("list", || self.inner.list(directory))
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        self.plan.change("delete", || self.inner.delete(name))
    }
}

/// A file that is being written to a [`FaultyStorage`].
#[derive(Debug)]
struct FaultyFile {
    inner: Box<dyn StorageFile>,
    plan: Arc<Plan>,
    full: bool,
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        match self.plan.fault() {
            None => self.inner.write(bytes),
            Some(fault @ (StorageFault::ShortWrite | StorageFault::FullDisk)) => {
                self.full = fault == StorageFault::FullDisk;
                self.inner.write(&bytes[..bytes.len().div_ceil(2)])
            }
            Some(_) => Err(io::Error::other("injected")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl StorageFile for FaultyFile {
    fn memory_size(&self) -> usize {
        self.inner.memory_size()
    }

    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let Self { inner, plan, .. } = *self;
        plan.change("commit", || inner.commit())
    }
}
