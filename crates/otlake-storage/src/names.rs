//! The names of files and documents.

use crate::error::{StorageError, StorageErrorKind};
use crate::local::is_reserved;

/// Rejects the names that no storage accepts. [`Storage`](crate::Storage) lists them. Call it from a
/// storage of your own.
///
/// ```
/// use otlake_storage::{StorageErrorKind, check_name};
///
/// check_name("create", "date=2026-11-22/a.parquet")?;
/// let error = check_name("create", "a//b").map_err(|error| error.kind());
/// assert_eq!(error, Err(StorageErrorKind::InvalidName));
/// # Ok::<(), otlake_storage::StorageError>(())
/// ```
///
/// # Errors
///
/// Returns an error that names the `action` when the name is one of them.
pub fn check_name(action: &'static str, name: &str) -> Result<(), StorageError> {
    check_characters(action, name)?;
    check_parts(action, name, name)
}

/// Rejects a prefix with which no name can begin. The empty one is a prefix of all names.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), StorageError> {
    check_characters("list", prefix)?;
    match prefix.rsplit_once('/') {
        Some((directory, _)) => check_parts("list", prefix, directory),
        None => Ok(()),
    }
}

/// Returns 16 hexadecimal digits from 64 random bits, for a name that no other process uses.
///
/// ```
/// use otlake_storage::random_digits;
///
/// let name = format!("part-{}.parquet", random_digits());
/// assert_eq!(name.len(), "part-91e11b0a7eccfbf7.parquet".len());
/// assert_ne!(random_digits(), random_digits());
/// ```
///
/// # Panics
///
/// Panics when the operating system has no random numbers, as `HashMap::new` does.
pub fn random_digits() -> String {
    #[allow(
        clippy::expect_used,
        reason = "without random numbers names could collide"
    )]
    let random = getrandom::u64().expect("the operating system has random numbers");
    format!("{random:016x}")
}

fn check_characters(action: &'static str, name: &str) -> Result<(), StorageError> {
    if name.contains(|char: char| char == '\\' || char.is_ascii_control()) {
        let reason =
            "a file name contains no \\ and no control characters: separate its parts with /";
        return Err(invalid(action, name, reason.to_owned()));
    }
    Ok(())
}

/// Checks the parts of `path`, which is `name` or the directory of a prefix.
fn check_parts(action: &'static str, name: &str, path: &str) -> Result<(), StorageError> {
    for part in path.split('/') {
        if matches!(part, "" | "." | "..") {
            let reason = "a file name is a relative path with / between its parts, none of which is \
                          empty, . or ..";
            return Err(invalid(action, name, reason.to_owned()));
        }
        if is_reserved(part) {
            let reason = format!("local directories reserve the name {part}: choose another");
            return Err(invalid(action, name, reason));
        }
    }
    Ok(())
}

fn invalid(action: &'static str, name: &str, reason: String) -> StorageError {
    StorageError::new(action, format_args!("{name:?}"), reason)
        .with_kind(StorageErrorKind::InvalidName)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_the_storage() {
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
            ".a.parquet.tmp-00c0ffee00c0ffee",
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

    #[test]
    fn a_prefix_may_end_anywhere_in_a_name() {
        for prefix in ["", "a", "a/", "a/b", "a/.", "a/..", ".otlake", "ß"] {
            check_prefix(prefix).unwrap();
        }
        for prefix in ["/", "a//", "../", "a/../b", "a\\", ".otlake.lock/a"] {
            let error = check_prefix(prefix).unwrap_err();
            assert_eq!(error.kind(), StorageErrorKind::InvalidName, "{prefix}");
        }
    }

    #[test]
    fn random_digits_differ() {
        let digits = random_digits();
        assert_eq!(digits.len(), 16);
        assert_ne!(digits, random_digits());
    }
}
