//! A storage for files that fails when it is told to.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use otlake_parquet::{Storage, StorageError, StorageFile};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageFault {
    /// With an error.
    Error,
    /// A write takes half of the bytes, as any may. Everything else as `Error`.
    ShortWrite,
    /// A write takes half of the bytes, and the one after it fails: a disk that is full.
    FullDisk,
}

/// A storage of which one call fails: `create`, `write` and `commit` are counted together.
#[derive(Clone, Debug)]
pub struct FaultyStorage<S> {
    inner: S,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    calls: AtomicUsize,
    fail_at: usize,
    fault: StorageFault,
}

impl<S> FaultyStorage<S> {
    /// Call number `fail_at` fails, from 0.
    pub fn new(inner: S, fail_at: usize, fault: StorageFault) -> Self {
        let plan = Plan {
            calls: AtomicUsize::new(0),
            fail_at,
            fault,
        };
        Self {
            inner,
            plan: Arc::new(plan),
        }
    }

    /// The calls so far.
    pub fn calls(&self) -> usize {
        self.plan.calls.load(Ordering::SeqCst)
    }
}

impl Plan {
    fn fails_now(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst) == self.fail_at
    }

    fn check(&self, action: &'static str) -> Result<(), StorageError> {
        if self.fails_now() {
            return Err(StorageError::new(action, "a file", "injected"));
        }
        Ok(())
    }
}

impl<S: Storage> Storage for FaultyStorage<S> {
    type File = FaultyFile<S::File>;

    fn create(&self, name: &str) -> Result<Self::File, StorageError> {
        self.plan.check("create")?;
        Ok(FaultyFile {
            inner: self.inner.create(name)?,
            plan: Arc::clone(&self.plan),
            full: false,
        })
    }
}

/// A file being written in a [`FaultyStorage`].
#[derive(Debug)]
pub struct FaultyFile<F> {
    inner: F,
    plan: Arc<Plan>,
    full: bool,
}

impl<F: StorageFile> Write for FaultyFile<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if !self.plan.fails_now() {
            return self.inner.write(bytes);
        }
        match self.plan.fault {
            StorageFault::Error => Err(io::Error::other("injected")),
            StorageFault::ShortWrite | StorageFault::FullDisk => {
                self.full = self.plan.fault == StorageFault::FullDisk;
                self.inner.write(&bytes[..bytes.len().div_ceil(2)])
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<F: StorageFile> StorageFile for FaultyFile<F> {
    fn commit(self) -> Result<(), StorageError> {
        self.plan.check("commit")?;
        self.inner.commit()
    }
}
