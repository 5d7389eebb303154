//! The names that a local directory keeps for itself, and how a file under one shows that it is alive.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use fs4::{FileExt, TryLockError};

/// The file that those hold locked who put or delete a document.
pub(super) const LOCK: &str = ".otlake.lock";

const INFIX: &str = ".tmp-";

/// Whether a part of a name is one that no file of a user may have.
pub(crate) fn is_reserved(part: &str) -> bool {
    part == LOCK || is_temporary(part)
}

/// Whether this is what [`temporary_name`] makes, and nothing that somebody else may have made.
pub(super) fn is_temporary(part: &str) -> bool {
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    part.starts_with('.')
        && part.rsplit_once(INFIX).is_some_and(|(_, unique)| {
            unique.split('-').count() == 3 && unique.split('-').all(is_hex)
        })
}

/// Differs between processes, and between the calls in one.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_nanos());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{nanos:016x}-{:x}-{count:x}", std::process::id())
}

fn temporary_name(file_name: &str) -> String {
    format!(".{file_name}{INFIX}{}", unique())
}

/// Creates a file with a temporary name in `directory`, and holds it locked, which says that its
/// writer is alive.
pub(super) fn create_temporary(directory: &Path, file_name: &str) -> io::Result<(File, PathBuf)> {
    loop {
        let path = directory.join(temporary_name(file_name));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        match FileExt::try_lock(&file) {
            // Who removes leftovers may have been between the creation and the lock.
            Ok(()) if fs::symlink_metadata(&path).is_ok() => return Ok((file, path)),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // A file system without locks. Nobody can take the file for a leftover, see `liveness`.
            Err(TryLockError::Error(_)) => return Ok((file, path)),
        }
    }
}

/// Whether somebody writes the file at `path`, which has a temporary name. Dead means locked by us,
/// so that it stays dead while the file is held.
pub(super) enum Liveness {
    Alive,
    Gone,
    Dead(#[allow(dead_code, reason = "held, not looked at")] File),
}

/// # Errors
///
/// When the file can't be opened, or the file system has no locks.
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
    fn own_names_are_recognised_and_no_others() {
        assert!(is_temporary(&temporary_name("a.parquet")));
        assert!(is_temporary(&temporary_name(".tmp-a")));
        for name in [
            "a.parquet",
            ".a.parquet",
            ".a.tmp-",
            ".a.tmp-1-2",
            "a.tmp-1-2-3",
            ".a.tmp-1-2-x",
        ] {
            assert!(!is_reserved(name), "{name}");
        }
    }

    #[test]
    fn alive_while_it_is_held() {
        let directory = tempfile::tempdir().unwrap();
        let (file, path) = create_temporary(directory.path(), "a").unwrap();
        assert!(matches!(liveness(&path).unwrap(), Liveness::Alive));
        drop(file);
        assert!(matches!(liveness(&path).unwrap(), Liveness::Dead(_)));
        fs::remove_file(&path).unwrap();
        assert!(matches!(liveness(&path).unwrap(), Liveness::Gone));
    }
}
