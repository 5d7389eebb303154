//! Where files go: whole or not at all.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use crate::error::{StorageError, StorageErrorKind};
use crate::local::is_reserved;

/// A place that files are written to.
///
/// A file is visible under its name once [`StorageFile::commit`] has returned, and from then on
/// complete; before that, and when it is dropped without a commit, no reader sees it. A file that is
/// there already under the name is replaced, so that a retry under a deterministic name overwrites
/// and does not double.
///
/// A name is a relative path with `/` between its parts, such as
/// `date=2026-11-22/logs-00000.parquet`. The storages of this crate agree on the names that they
/// refuse, so that a name which one of them takes is a name for all:
///
/// - empty ones, and those with an empty part: `/a`, `a//b`, `a/`;
/// - those that would lead elsewhere: a part `.` or `..`;
/// - those with a `\`, which is a separator on Windows and a character of the name elsewhere, or with
///   an ASCII control character, which object stores don't take;
/// - those with a part that [`LocalDirectory`](crate::LocalDirectory) keeps for itself:
///   `.otlake.lock`, and its temporary names `.….tmp-…`.
///
/// Which storage is used is known at run time: pass it around as an `Arc<dyn Storage>`, or as an
/// `Arc<dyn Documents>` where it keeps [`Documents`](crate::Documents) too, which a place for files
/// need not do.
pub trait Storage: Send + Sync + fmt::Debug {
    /// Starts the file `name`. Parts before the last are directories, which the storage makes if it
    /// needs them.
    ///
    /// # Errors
    ///
    /// When the name is refused, or the place refuses.
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError>;
}

/// A file being written, which becomes visible with [`commit`](Self::commit) or never.
///
/// After a write that failed it is of no use, and is dropped. A storage that can fail in the middle
/// remembers that, and refuses the commit.
pub trait StorageFile: Write + Send {
    /// Bytes of memory that the open file holds and gives back when it is committed or dropped, such
    /// as buffers and parts on their way: who bounds memory by closing files needs to know. 0 unless
    /// the storage says otherwise. What wraps a file passes this on.
    fn memory_size(&self) -> usize {
        0
    }

    /// Makes the file durable and visible under its name.
    ///
    /// # Errors
    ///
    /// When that fails. The file is not visible then, or, if the kind of the error is
    /// [`InDoubt`](StorageErrorKind::InDoubt), may be, but whole.
    fn commit(self: Box<Self>) -> Result<(), StorageError>;
}

impl fmt::Debug for dyn StorageFile + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageFile")
            .field("memory_size", &self.memory_size())
            .finish_non_exhaustive()
    }
}

/// Implements [`Storage`] for a pointer to a storage.
macro_rules! storage_behind {
    ($($pointer:ty),+) => {$(
        impl<S: Storage + ?Sized> Storage for $pointer {
            fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
                (**self).create(name)
            }
        }
    )+};
}

storage_behind!(&S, Arc<S>, Box<S>);

/// Refuses the names that [`Storage`] lists, for storages of your own.
///
/// # Errors
///
/// When the name is one of them; `action` says what was to be done with it.
pub fn check_name(action: &'static str, name: &str) -> Result<(), StorageError> {
    let refuse = |reason: String| {
        Err(StorageError::new(action, format_args!("{name:?}"), reason)
            .with_kind(StorageErrorKind::InvalidName))
    };
    if name.contains(|char: char| char == '\\' || char.is_ascii_control()) {
        return refuse(
            "a file name has no \\ and no control characters: separate its parts with /".to_owned(),
        );
    }
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return refuse(
            "a file name is a relative path with / between its parts, none of which is empty, . or .."
                .to_owned(),
        );
    }
    if let Some(part) = name.split('/').find(|part| is_reserved(part)) {
        return refuse(format!(
            "{part} is a name that local directories keep for themselves: choose another"
        ));
    }
    Ok(())
}

/// The same for a directory that is listed, where the empty name is the whole storage.
pub(crate) fn check_directory(directory: &str) -> Result<(), StorageError> {
    if directory.is_empty() {
        return Ok(());
    }
    check_name("list", directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        for name in [
            "",
            "/",
            "/etc/a",
            "../a",
            "a/../b",
            "a/..",
            "a//b",
            "a/",
            "./a",
            "a\\b",
            "..\\a",
            "a\0",
            "a\nb",
            ".otlake.lock",
            "a/.otlake.lock/b",
            ".a.parquet.tmp-0000000000000000-1-0",
        ] {
            let error = check_name("create", name).unwrap_err();
            assert_eq!(error.kind(), StorageErrorKind::InvalidName);
            assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
        }
        for name in [
            "a",
            ".a",
            "...",
            "a..b/c",
            "date=2026-11-22/hour=07/a.parquet",
            ".a.tmp-b",
            "_otlake/schema.json",
            "ß 😀.parquet",
        ] {
            check_name("create", name).unwrap();
        }
    }
}
