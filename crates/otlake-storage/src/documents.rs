//! Small documents beside the files: read whole, replaced only by those who know what they replace.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::error::StorageError;
use crate::storage::Storage;

/// What a dataset needs of its storage beyond writing files: documents, such as its schema or the
/// manifest of a flush, and a look at what is there.
///
/// A document is small, some kilobytes of JSON. It is read and written whole, no reader sees a part
/// of it, and it is written under a condition: that there is none yet, or that it still is the one
/// that was read. So writers which do not know of each other lose nothing: the one that comes second
/// gets a [`PutOutcome::Conflict`], reads again and decides again. Names are those of
/// [`Storage`](crate::Storage), and what is written there as a file can be read, listed and deleted
/// here.
///
/// ```
/// use otlake_storage::{Documents, InMemoryStorage, PutIf, PutOutcome};
///
/// let storage = InMemoryStorage::new();
/// let PutOutcome::Stored(first) = storage.put("_otlake/schema.json", "{}".into(), PutIf::Absent)?
/// else {
///     panic!("somebody was faster");
/// };
/// // Somebody who read nothing has nothing to replace.
/// let second = storage.put("_otlake/schema.json", "[]".into(), PutIf::Absent)?;
/// assert_eq!(second, PutOutcome::Conflict);
///
/// let read = storage.get("_otlake/schema.json")?.expect("it was put");
/// assert_eq!(read.version, first);
/// storage.put("_otlake/schema.json", "[]".into(), PutIf::Matches(read.version))?;
/// assert_eq!(storage.list("_otlake")?[0].name, "_otlake/schema.json");
/// # Ok::<(), otlake_storage::StorageError>(())
/// ```
pub trait Documents: Storage {
    /// Reads the document `name` whole; none if there is none.
    ///
    /// # Errors
    ///
    /// When the name is refused, or reading fails.
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError>;

    /// Writes the document `name` whole, if `condition` holds. It is durable when this returns.
    ///
    /// # Errors
    ///
    /// When the name is refused, the storage has no such condition, or writing fails. If the kind is
    /// [`InDoubt`](crate::StorageErrorKind::InDoubt) the document may be written; a second try may
    /// then find a conflict with the first, so read what is there.
    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError>;

    /// What is visible in `directory` at any depth, by name; in the whole storage when it is empty.
    /// Its parts are whole parts of names: `date=2026` finds nothing in `date=2026-11-22`.
    ///
    /// # Errors
    ///
    /// When the name is refused, or listing fails. A directory that is not there is empty.
    fn list(&self, directory: &str) -> Result<Vec<StoredFile>, StorageError>;

    /// Deletes the file or document `name`, durably. One that is not there is deleted.
    ///
    /// # Errors
    ///
    /// When the name is refused, or deleting fails.
    fn delete(&self, name: &str) -> Result<(), StorageError>;
}

/// A document as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The whole of it.
    pub bytes: Bytes,
    /// What it can be replaced with: see [`PutIf::Matches`].
    pub version: Version,
}

/// A state of a document. Only the storage that made it knows what it says.
#[derive(Clone, PartialEq, Eq)]
pub struct Version(Bytes);

impl Version {
    /// For storages: what tells this state of the document from others, such as an ETag.
    pub fn new(token: impl Into<Bytes>) -> Self {
        Self(token.into())
    }

    /// For storages: what it was made of.
    pub fn token(&self) -> &Bytes {
        &self.0
    }
}

/// Short, since a token may be a whole document.
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

/// When a document is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutIf {
    /// If there is nothing under the name.
    Absent,
    /// If what is under the name is in this state still.
    Matches(Version),
}

/// Whether a document was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a conflict means that nothing was written"]
pub enum PutOutcome {
    /// It was, and is in this state now.
    Stored(Version),
    /// It was not: the condition does not hold. Read it again and decide again.
    Conflict,
}

/// A file or a document as [`Documents::list`] finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name in the storage.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written, by the clock of the storage.
    pub modified: SystemTime,
}

/// Implements [`Documents`] for a pointer to a storage.
macro_rules! documents_behind {
    ($($pointer:ty),+) => {$(
        impl<D: Documents + ?Sized> Documents for $pointer {
            fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
                (**self).get(name)
            }

            fn put(
                &self,
                name: &str,
                bytes: Bytes,
                condition: PutIf,
            ) -> Result<PutOutcome, StorageError> {
                (**self).put(name, bytes, condition)
            }

            fn list(&self, directory: &str) -> Result<Vec<StoredFile>, StorageError> {
                (**self).list(directory)
            }

            fn delete(&self, name: &str) -> Result<(), StorageError> {
                (**self).delete(name)
            }
        }
    )+};
}

documents_behind!(&D, Arc<D>, Box<D>);

/// Whether `name` is in `directory`, by whole parts.
pub(crate) fn is_in(name: &str, directory: &str) -> bool {
    directory.is_empty()
        || name
            .strip_prefix(directory)
            .is_some_and(|rest| rest.starts_with('/'))
}
