//! Files in an object store.

#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod check;
mod documents;
mod executor;
mod failure;
mod file;
mod list;
mod upload;

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::list::PaginatedListStore;
use object_store::path::Path;
use tokio::runtime::Handle;

use self::executor::Executor;
use self::failure::{Effect, failed};
use self::file::ObjectFile;
use self::list::Pages;
use crate::error::{StorageError, StorageErrorKind};
use crate::names::check_name;
use crate::storage::{Storage, StorageFile};

/// The smallest part, other than the last, that S3 and compatible stores accept.
const SMALLEST_PART_BYTES: usize = 5 << 20;

/// A prefix of a bucket: S3, Google Cloud Storage, Azure, and every other
/// [`ObjectStore`](object_store::ObjectStore).
///
/// A file of at most one part (8 MiB) is one request, sent by its commit. A larger one is a multipart
/// upload, whose parts are in flight while the next one is filled: a write waits only when as many parts
/// as [allowed](Self::with_parts_in_flight) are in flight. The commit waits for the last part and completes
/// the upload.
///
/// - **Visibility**: a complete object appears with the commit, and replaces an existing one in one step, as
///   object stores do.
/// - **Durability**: a committed file is as durable as the store makes it.
/// - **Doubt**: when the response to the last request is lost, the object may exist. The kind of the error
///   is then [`InDoubt`](StorageErrorKind::InDoubt). The same file under the same name settles it.
/// - **Leftovers**: the upload of a file that fails or is dropped is aborted. Only uploads of a dead process
///   stay, invisible but paid for. Let the bucket remove them: with the lifecycle rule
///   `AbortIncompleteMultipartUpload` on S3, and the action of the same name on Google Cloud Storage; Azure
///   discards uncommitted blocks after a week.
///
/// [`Documents`](crate::Documents) need a store with conditional writes: S3, Google Cloud Storage,
/// Azure, R2, and object_store's in-memory one have them.
///
/// # Threads
///
/// Requests run on one thread, which the storage, its clones and its files share, so it can be used from
/// any thread, within an async runtime or without one. Calls block until they are done, though, so async
/// code must call from `spawn_blocking`. The last clone or file to be dropped waits for uploads that are
/// being aborted, for 10 seconds at most.
///
/// # Retries
///
/// The client retries requests, with exponential backoff and jitter, and logs each retry as an event of the
/// tracing crate. How long a request may take and how often it is retried are settings of the client
/// (`ClientOptions`, `RetryConfig`), and so are encryption, storage class and checksums.
///
/// ```
/// use std::io::Write;
/// use std::sync::Arc;
///
/// use otlake_storage::object_store::memory::InMemory;
/// use otlake_storage::{Documents, ObjectStorage, Storage};
///
/// let storage = ObjectStorage::new(Arc::new(InMemory::new()), "lake/logs")?;
/// let mut file = storage.create("date=2026-11-22/a.parquet")?;
/// file.write_all(b"PAR1")?;
/// assert!(storage.list("")?.is_empty());
/// file.commit()?;
/// assert_eq!(storage.list("")?[0].name, "date=2026-11-22/a.parquet");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Larger parts for larger files, on the runtime of the program:
///
/// ```
/// use std::io::Write;
/// use std::sync::Arc;
///
/// use otlake_storage::object_store::memory::InMemory;
/// use otlake_storage::{Documents, ObjectStorage, Storage};
///
/// let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
/// let store = Arc::new(InMemory::new());
/// let storage = ObjectStorage::on_runtime(store, "lake", runtime.handle().clone())?
///     .with_part_bytes(16 << 20)
///     .with_parts_in_flight(2);
/// assert_eq!((storage.store().to_string().as_str(), storage.prefix()), ("InMemory", "lake"));
///
/// let mut file = storage.create("a.parquet")?;
/// file.write_all(b"PAR1")?;
/// file.commit()?;
/// assert_eq!(storage.list("")?[0].name, "a.parquet");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ObjectStorage {
    store: Arc<dyn ObjectStore>,
    pages: Option<Pages>,
    prefix: String,
    part_bytes: usize,
    parts_in_flight: usize,
    executor: Arc<Executor>,
}

impl ObjectStorage {
    /// Creates a storage of the objects of `store` whose keys begin with `prefix` and a `/`, or of all
    /// objects if the prefix is empty.
    ///
    /// # Errors
    ///
    /// Returns an error when no name may have the prefix, or no thread can be started.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self, StorageError> {
        let executor = Executor::own()
            .map_err(|error| StorageError::new("start a thread for", store.as_ref(), error))?;
        Self::with_executor(store, prefix, executor)
    }

    /// Creates a storage whose requests run on the caller's runtime rather than on a thread of its own.
    /// The runtime has to outlive the storage.
    ///
    /// # Errors
    ///
    /// Returns an error when no name may have the prefix, or the runtime has a single thread, which may be
    /// the one that waits for the requests.
    ///
    /// # Panics
    ///
    /// This call does not panic, but later calls that wait do inside a `LocalSet` of a runtime with several
    /// threads: use `spawn_blocking` there.
    pub fn on_runtime(
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        runtime: Handle,
    ) -> Result<Self, StorageError> {
        let Some(executor) = Executor::given(runtime) else {
            let reason = "a runtime with a single thread cannot work while that thread waits: use a \
                          multi-thread runtime, or ObjectStorage::new";
            return Err(StorageError::new("use the runtime for", store, reason)
                .with_kind(StorageErrorKind::Unsupported));
        };
        Self::with_executor(store, prefix, executor)
    }

    /// Sets the bytes of a part, at least 5 MiB, which is S3's minimum. The default is 8 MiB, which allows
    /// files of 78 GiB, since a file has 10,000 parts at most. All parts of a file but the last have this
    /// size.
    #[must_use]
    pub fn with_part_bytes(mut self, bytes: usize) -> Self {
        self.part_bytes = bytes.max(SMALLEST_PART_BYTES);
        self
    }

    /// Sets how many parts of a file may be in flight, at least 1. The default is 4. Together with the part
    /// that is being filled they are the memory of a file, 40 MiB at most by default.
    #[must_use]
    pub fn with_parts_in_flight(mut self, parts: usize) -> Self {
        self.parts_in_flight = parts.max(1);
        self
    }

    /// Lists by prefix through `store`, which must be the same client as the one given to
    /// [`new`](Self::new). The clients for S3, Google Cloud Storage and Azure then ask the store for the
    /// names that begin with a prefix, wherever it ends. Without it a prefix that ends within a part of a
    /// name lists the rest of its directory. [`open`](crate::open) sets it.
    ///
    /// ```no_run
    /// # #[cfg(feature = "aws")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    ///
    /// use otlake_storage::ObjectStorage;
    /// use otlake_storage::object_store::aws::AmazonS3Builder;
    ///
    /// let store = Arc::new(AmazonS3Builder::from_env().with_bucket_name("lake").build()?);
    /// let storage = ObjectStorage::new(store.clone(), "logs")?.with_paginated_list(store);
    /// # drop(storage);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "aws"))]
    /// # fn main() {}
    /// ```
    #[must_use]
    pub fn with_paginated_list(mut self, store: Arc<dyn PaginatedListStore>) -> Self {
        self.pages = Some(Pages(store));
        self
    }

    /// Returns the store.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Returns the prefix of all keys, without a `/` at its end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    fn with_executor(
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        executor: Executor,
    ) -> Result<Self, StorageError> {
        if !prefix.is_empty() {
            check_name("use the prefix", prefix)?;
        }
        Ok(Self {
            store,
            pages: None,
            prefix: prefix.to_owned(),
            part_bytes: 8 << 20,
            parts_in_flight: 4,
            executor: Arc::new(executor),
        })
    }

    /// Returns the key of a name, or what the keys of names with a prefix begin with.
    fn key(&self, name: &str) -> String {
        match self.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        }
    }

    fn resolve(&self, action: &'static str, name: &str) -> Result<Path, StorageError> {
        check_name(action, name)?;
        Path::parse(self.key(name)).map_err(|source| {
            let error = object_store::Error::InvalidPath { source };
            failed(action, name, Effect::None, error)
        })
    }
}

impl Storage for ObjectStorage {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        let path = self.resolve("create", name)?;
        let file = ObjectFile::new(self.clone(), path, name.to_owned());
        Ok(Box::new(file))
    }
}
