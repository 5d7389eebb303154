//! Whole files and small documents in a directory, in memory or in an object store.

mod documents;
mod error;
mod in_memory;
mod local;
#[cfg(feature = "object-store")]
mod object;
mod storage;

pub use crate::documents::{Document, Documents, PutIf, PutOutcome, StoredFile, Version};
pub use crate::error::{StorageError, StorageErrorKind};
pub use crate::in_memory::InMemoryStorage;
pub use crate::local::LocalDirectory;
#[cfg(feature = "object-store")]
pub use crate::object::ObjectStorage;
pub use crate::storage::{Storage, StorageFile, check_name};

#[cfg(feature = "object-store")]
pub use object_store;
