//! Small documents next to the files.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::error::StorageError;
use crate::storage::Storage;

/// A storage that also keeps documents, such as a dataset's published schema or the manifest of a flush,
/// and lists what is stored.
///
/// A document is small, some kilobytes of JSON. It is read and written whole: no reader sees a part of
/// it. It is written under a condition: that it does not exist yet, or that it is still the version
/// that was read. So independent writers lose nothing: the second one gets a [`PutOutcome::Conflict`], reads
/// the document again and retries, paced by [`Retries`](crate::Retries).
/// Names are those of [`Storage`], and files can be read, listed and deleted here as well.
///
/// ```
/// use otlake_storage::{Documents, InMemoryStorage, PutIf, PutOutcome};
///
/// let storage = InMemoryStorage::new();
/// let PutOutcome::Stored(first) = storage.put("_otlake/schema.json", "{}".into(), PutIf::Absent)?
/// else {
///     panic!("another writer was faster");
/// };
/// // A writer that has not read the document cannot replace it.
/// let second = storage.put("_otlake/schema.json", "[]".into(), PutIf::Absent)?;
/// assert_eq!(second, PutOutcome::Conflict);
///
/// let read = storage.get("_otlake/schema.json")?.expect("it was put");
/// assert_eq!(read.version, first);
/// storage.put("_otlake/schema.json", "[]".into(), PutIf::Matches(read.version))?;
/// assert_eq!(storage.list("_otlake/")?[0].name, "_otlake/schema.json");
/// # Ok::<(), otlake_storage::StorageError>(())
/// ```
pub trait Documents: Storage {
    /// Reads the document `name`, or returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error when the name is invalid or reading fails.
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError>;

    /// Reads a range of the bytes of a file or document, or returns `None` if it does not exist. An empty range is read
    /// without looking for the file.
    ///
    /// The default reads the whole file and returns a part of it.
    ///
    /// ```
    /// use otlake_storage::{Documents, InMemoryStorage, PutIf};
    ///
    /// let storage = InMemoryStorage::new();
    /// let _stored = storage.put("a", "0123456789".into(), PutIf::Absent)?;
    /// assert_eq!(storage.read_range("a", 3..6)?.as_deref(), Some(&b"345"[..]));
    /// assert!(storage.read_range("a", 8..11).is_err(), "it ends at 10");
    /// # Ok::<(), otlake_storage::StorageError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error when the name is invalid, reading fails, or the file ends before the range does.
    fn read_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>, StorageError> {
        if range.is_empty() {
            return Ok(Some(Bytes::new()));
        }
        let document = self.get(name)?;
        document
            .map(|document| slice(name, &document.bytes, &range))
            .transpose()
    }

    /// Writes the document `name` if `condition` holds. It is durable when this returns.
    ///
    /// # Errors
    ///
    /// Returns an error when the name is invalid, the storage lacks conditional writes, or writing
    /// fails. If the kind is [`InDoubt`](crate::StorageErrorKind::InDoubt) the document may have been
    /// written, and a second attempt may conflict with the first, so read the document and compare.
    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError>;

    /// Returns the visible files and documents whose names begin with `prefix`, sorted by name. The
    /// prefix may end anywhere in a name: `logs/` lists a directory at any depth, `logs/part-17-` the
    /// files of a batch, and the empty prefix lists everything.
    ///
    /// # Errors
    ///
    /// Returns an error when no name can begin with the prefix, or listing fails. A directory that does
    /// not exist is empty.
    fn list(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError>;

    /// Deletes the file or document `name` durably. Succeeds if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error when the name is invalid or deleting fails.
    fn delete(&self, name: &str) -> Result<(), StorageError>;
}

/// Returns the bytes of a range, without a copy.
pub(crate) fn slice(name: &str, bytes: &Bytes, range: &Range<u64>) -> Result<Bytes, StorageError> {
    let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
    match (start, end) {
        (Ok(start), Ok(end)) if start <= end && end <= bytes.len() => Ok(bytes.slice(start..end)),
        _ => Err(too_short(name, range, bytes.len() as u64)),
    }
}

/// Returns the error of a range that ends after the file.
pub(crate) fn too_short(name: impl fmt::Display, range: &Range<u64>, bytes: u64) -> StorageError {
    let reason = format!(
        "bytes {} to {} were requested, and it has {bytes}: it was truncated or replaced",
        range.start, range.end
    );
    StorageError::new("read", name, reason)
}

/// A document as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Document {
    /// The content.
    pub bytes: Bytes,
    /// The version, for [`PutIf::Matches`].
    pub version: Version,
}

impl Document {
    /// Creates a document, for storages of your own.
    pub fn new(bytes: Bytes, version: Version) -> Self {
        Self { bytes, version }
    }
}

/// A version of a document. Only the storage that made it can interpret it.
///
/// ```
/// use otlake_storage::{Document, Version};
///
/// // The version that your own storage returns, such as an ETag.
/// let version = Version::new("\"5d41402a\"");
/// let document = Document::new("{}".into(), version.clone());
/// assert_eq!(document.version.token(), &b"\"5d41402a\""[..]);
/// assert_eq!(document.version, version);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Version(Bytes);

impl Version {
    /// Creates a version, for storages of your own, from what distinguishes it from other versions of
    /// the document, such as an ETag.
    pub fn new(token: impl Into<Bytes>) -> Self {
        Self(token.into())
    }

    /// Returns the token that the version was created from.
    pub fn token(&self) -> &Bytes {
        &self.0
    }
}

/// Prints the beginning only, since a token may be a whole document.
impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = &self.0[..self.0.len().min(40)];
        write!(
            f,
            "Version({:?}, {} bytes)",
            start.escape_ascii().to_string(),
            self.0.len()
        )
    }
}

/// The condition of a write. Exhaustive, because every storage has to implement every condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutIf {
    /// Nothing exists under the name.
    Absent,
    /// The document still has this version.
    Matches(Version),
}

/// The outcome of a conditional write. Exhaustive, because a caller must not overlook one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a conflict means that nothing was written"]
pub enum PutOutcome {
    /// The document was written, and this is its version.
    Stored(Version),
    /// The condition does not hold, and nothing was written. Read the document again and decide again.
    Conflict,
}

/// A file or a document in a list.
///
/// ```
/// use otlake_storage::{Documents, InMemoryStorage, PutIf, StoredFile};
///
/// let storage = InMemoryStorage::new();
/// for name in ["logs/a.json", "logs/b.json", "traces/a.json"] {
///     let _ = storage.put(name, "{}".into(), PutIf::Absent)?;
/// }
/// let files: Vec<StoredFile> = storage.list("logs/")?;
/// let names: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.bytes)).collect();
/// assert_eq!(names, [("logs/a.json", 2), ("logs/b.json", 2)]);
/// storage.delete("logs/a.json")?;
/// assert_eq!(storage.list("logs/")?.len(), 1);
/// # Ok::<(), otlake_storage::StorageError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredFile {
    /// The name in the storage.
    pub name: String,
    /// The size in bytes.
    pub bytes: u64,
    /// The time at which it was written, by the clock of the storage.
    pub modified: SystemTime,
}

impl StoredFile {
    /// Creates an entry, for storages of your own.
    pub fn new(name: impl Into<String>, bytes: u64, modified: SystemTime) -> Self {
        Self {
            name: name.into(),
            bytes,
            modified,
        }
    }
}

/// Implements [`Documents`] for pointers to a storage.
macro_rules! documents_behind {
    ($($pointer:ty),+) => {$(
        impl<D: Documents + ?Sized> Documents for $pointer {
            fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
                (**self).get(name)
            }

            fn read_range(
                &self,
                name: &str,
                range: Range<u64>,
            ) -> Result<Option<Bytes>, StorageError> {
                (**self).read_range(name, range)
            }

            fn put(
                &self,
                name: &str,
                bytes: Bytes,
                condition: PutIf,
            ) -> Result<PutOutcome, StorageError> {
                (**self).put(name, bytes, condition)
            }

            fn list(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError> {
                (**self).list(prefix)
            }

            fn delete(&self, name: &str) -> Result<(), StorageError> {
                (**self).delete(name)
            }
        }
    )+};
}

documents_behind!(&D, Arc<D>, Box<D>);
