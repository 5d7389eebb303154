//! What the files of a writer are called.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// File names `PREFIX-UNIQUE-SEQUENCE.parquet`, such as `logs-0f3a…-00000.parquet`.
///
/// ```
/// use otlake_parquet::FileNames;
///
/// // The same input under the same name: a retry overwrites and does not double.
/// let mut names = FileNames::new("logs").with_unique("batch-17");
/// assert_eq!(names.next_name(), "logs-batch-17-00000.parquet");
/// assert_eq!(names.next_name(), "logs-batch-17-00001.parquet");
/// ```
#[derive(Clone, Debug)]
pub struct FileNames {
    prefix: String,
    unique: String,
    sequence: u64,
}

impl FileNames {
    /// Names that begin with `prefix` and differ between processes and between values of this type.
    /// A prefix may have directories: `date=2026-11-22/logs`.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            unique: unique(),
            sequence: 0,
        }
    }

    /// Sets the unique part, which makes the names deterministic, and starts the sequence again.
    pub fn with_unique(mut self, unique: impl Into<String>) -> Self {
        self.unique = unique.into();
        self.sequence = 0;
        self
    }

    /// The same names in a directory, from the first one on.
    #[must_use]
    pub fn in_directory(&self, directory: &str) -> Self {
        Self {
            prefix: format!("{directory}/{}", self.prefix),
            unique: self.unique.clone(),
            sequence: 0,
        }
    }

    /// The next name.
    pub fn next_name(&mut self) -> String {
        let name = format!(
            "{}-{}-{:05}.parquet",
            self.prefix, self.unique, self.sequence
        );
        self.sequence += 1;
        name
    }
}

impl Default for FileNames {
    fn default() -> Self {
        Self::new("part")
    }
}

/// Differs between processes, and between the calls in one.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_nanos());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{nanos:016x}-{:x}-{count:x}", std::process::id())
}
