//! Files in an object store.

mod documents;
mod executor;
mod failure;
mod file;
mod upload;

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use tokio::runtime::Handle;

use self::executor::Executor;
use self::failure::{Effect, failed};
use self::file::ObjectFile;
use crate::error::{StorageError, StorageErrorKind};
use crate::storage::{Storage, StorageFile, check_name};

/// The least that S3 and those who speak its protocol take for a part that is not the last.
const LEAST_PART_BYTES: usize = 5 << 20;

/// A prefix of a bucket: S3, Google Cloud Storage, Azure, and whatever else is an
/// [`ObjectStore`](object_store::ObjectStore).
///
/// A file of at most one part (8 MiB) is one request at its commit. A larger one is a multipart
/// upload, whose parts are on their way while the next is filled: writing waits only when as many as
/// [may be](Self::with_parts_in_flight) are. The commit waits for the last of them and completes the
/// upload.
///
/// - **Visibility**: an object appears whole, with its commit, and replaces the one that was there in
///   one step. That is what object stores are.
/// - **Durability**: what was committed is as durable as the store makes it.
/// - **Doubt**: when the answer to the last request is lost, the object may be there. The error's
///   kind is [`InDoubt`](StorageErrorKind::InDoubt) then; the same file under the same name settles it.
/// - **Leftovers**: an upload that fails, and that of a file which is dropped, is aborted. Only those
///   of a process that dies stay, invisible but paid for. Have the bucket remove them: on S3 the
///   lifecycle rule `AbortIncompleteMultipartUpload`, on Google Cloud Storage the action of the same
///   name; Azure forgets blocks that nobody committed after a week.
///
/// [`Documents`](crate::Documents) need a store with conditional writes: S3, Google Cloud Storage,
/// Azure, R2, and object_store's in-memory one have them.
///
/// # Threads
///
/// Requests run on one thread, which the storage, its clones and the files share, so it can be used
/// from any thread, within an async runtime or without one. Calls block until they are done, though,
/// so async code keeps its other tasks running by calling from `spawn_blocking`. The last of the
/// clones and files to be dropped waits for uploads that are being aborted, ten seconds at most.
///
/// How long a request may take and how often it is tried again are settings of the store
/// (`ClientOptions`, `RetryConfig`), and so are encryption, storage class and checksums.
///
/// ```
/// use std::io::Write;
/// use std::sync::Arc;
///
/// use otlake_storage::object_store::memory::InMemory;
/// use otlake_storage::{Documents, ObjectStorage, Storage, StorageFile};
///
/// let storage = ObjectStorage::new(Arc::new(InMemory::new()), "lake/logs")?;
/// let mut file = storage.create("date=2026-11-22/a.parquet")?;
/// file.write_all(b"PAR1")?;
/// assert!(storage.list("")?.is_empty());
/// file.commit()?;
/// assert_eq!(storage.list("")?[0].name, "date=2026-11-22/a.parquet");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ObjectStorage {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    part_bytes: usize,
    parts_in_flight: usize,
    executor: Arc<Executor>,
}

impl ObjectStorage {
    /// The objects of `store` whose keys begin with `prefix` and a `/`; all of them if it is empty.
    ///
    /// # Errors
    ///
    /// When the prefix is one that no name may have, or no thread can be started.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self, StorageError> {
        let executor = Executor::own()
            .map_err(|error| StorageError::new("start a thread for", store.as_ref(), error))?;
        Self::with_executor(store, prefix, executor)
    }

    /// As [`new`](Self::new), with requests on the caller's runtime rather than on a thread of its own.
    /// The runtime has to outlive the storage.
    ///
    /// # Errors
    ///
    /// When the prefix is one that no name may have, or the runtime has a single thread: that thread
    /// may be the one that waits for the requests.
    ///
    /// # Panics
    ///
    /// Not this, but the calls that wait, inside of a `LocalSet` of a runtime with several threads:
    /// use `spawn_blocking` there.
    pub fn on_runtime(
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        runtime: Handle,
    ) -> Result<Self, StorageError> {
        let Some(executor) = Executor::given(runtime) else {
            let reason = "a runtime with a single thread can't work while that thread waits: use a \
                          multi-thread runtime, or ObjectStorage::new";
            return Err(StorageError::new("use the runtime for", store, reason)
                .with_kind(StorageErrorKind::Unsupported));
        };
        Self::with_executor(store, prefix, executor)
    }

    /// The bytes of a part, at least 5 MiB, which is S3's least. Default: 8 MiB, with which a file may
    /// have 78 GiB, as it has 10,000 parts at most. All parts of a file but the last have this size.
    #[must_use]
    pub fn with_part_bytes(mut self, bytes: usize) -> Self {
        self.part_bytes = bytes.max(LEAST_PART_BYTES);
        self
    }

    /// How many parts of a file may be on their way, at least 1. Default: 4. With the one that is being
    /// filled they are the memory that a file takes up, 40 MiB at most by default.
    #[must_use]
    pub fn with_parts_in_flight(mut self, parts: usize) -> Self {
        self.parts_in_flight = parts.max(1);
        self
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// What all keys begin with.
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
            prefix: prefix.to_owned(),
            part_bytes: 8 << 20,
            parts_in_flight: 4,
            executor: Arc::new(executor),
        })
    }

    fn key(&self, name: &str) -> String {
        match (self.prefix.as_str(), name) {
            ("", name) => name.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, name) => format!("{prefix}/{name}"),
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
