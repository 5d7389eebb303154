//! The names that a local directory reserves, and the lock by which a temporary file shows that its writer is alive.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};

use crate::names::random_digits;

/// The file that is locked while a document is put or deleted.
pub(super) const LOCK: &str = ".otlake.lock";

const INFIX: &str = ".tmp-";

/// Returns whether a part of a name is reserved.
pub(crate) fn is_reserved(part: &str) -> bool {
    part == LOCK || is_temporary(part)
}

/// Returns whether a part of a name is one that [`temporary_name`] creates, which no other program does.
pub(super) fn is_temporary(part: &str) -> bool {
    let is_random =
        |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    part.starts_with('.')
        && part
            .rsplit_once(INFIX)
            .is_some_and(|(_, random)| is_random(random))
}

fn temporary_name(file_name: &str) -> String {
    format!(".{file_name}{INFIX}{}", random_digits())
}

/// Creates a file with a temporary name in `directory` and locks it, which shows that its writer is
/// alive.
pub(super) fn create_temporary(directory: &Path, file_name: &str) -> io::Result<(File, PathBuf)> {
    loop {
        let path = directory.join(temporary_name(file_name));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        match FileExt::try_lock(&file) {
            // A process that removes leftovers may have come between the creation and the lock.
            Ok(()) if fs::symlink_metadata(&path).is_ok() => return Ok((file, path)),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // A file system without locks. `liveness` fails there, so the file is no leftover to it.
            Err(TryLockError::Error(_)) => return Ok((file, path)),
        }
    }
}

/// Whether the writer of a temporary file is alive.
pub(super) enum Liveness {
    Alive,
    /// The file does not exist any more.
    Gone,
    /// This process holds the lock now, so the file stays dead while it is held.
    Dead(#[allow(dead_code, reason = "held, never read")] File),
}

/// Returns whether the writer of the temporary file at `path` is alive.
///
/// # Errors
///
/// Returns an error when the file cannot be opened or the file system has no locks.
pub(super) fn liveness(path: &Path) -> io::Result<Liveness> {
    let file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Liveness::Gone),
        Err(error) => return Err(error),
    };
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(Liveness::Dead(file)),
        Err(TryLockError::WouldBlock) => Ok(Liveness::Alive),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names_are_recognised_and_no_others() {
        assert!(is_temporary(&temporary_name("a.parquet")));
        assert!(is_temporary(&temporary_name(".tmp-a")));
        for name in [
            "a.parquet",
            ".a.parquet",
            ".a.tmp-",
            "a.tmp-00c0ffee00c0ffee",
            ".a.tmp-00c0ffee00c0ffe",
            ".a.tmp-00c0ffee00c0ffex",
        ] {
            assert!(!is_reserved(name), "{name}");
        }
    }

    #[test]
    fn a_writer_is_alive_while_it_holds_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let (file, path) = create_temporary(directory.path(), "a").unwrap();
        assert!(matches!(liveness(&path).unwrap(), Liveness::Alive));
        drop(file);
        assert!(matches!(liveness(&path).unwrap(), Liveness::Dead(_)));
        fs::remove_file(&path).unwrap();
        assert!(matches!(liveness(&path).unwrap(), Liveness::Gone));
    }
}
