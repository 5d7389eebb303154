//! The names of files.

use otlake_storage::random_digits;

use crate::files::batch_id::BatchId;

/// File names `PREFIX-UNIQUE-SEQUENCE.parquet`, such as `logs-0f3a…-00000.parquet`.
///
/// ```
/// use otlake_dataset::FileNames;
///
/// // The same input gets the same name, so a retry overwrites the file instead of adding another.
/// let mut names = FileNames::new("logs").with_unique("batch-17");
/// assert_eq!(names.next_name(), "logs-batch-17-00000.parquet");
/// assert_eq!(names.next_name(), "logs-batch-17-00001.parquet");
/// ```
///
/// ```
/// use otlake_dataset::{BatchId, FileNames};
///
/// // A name for each batch, or for each attempt of a batch.
/// let batch = BatchId::new("orders-3", 17)?;
/// let mut names = FileNames::new("logs").with_batch(&batch).in_directory("hour=07");
/// assert_eq!(names.next_name(), "hour=07/logs-orders-3-17-00000.parquet");
/// let (first, second) = (FileNames::default().with_attempt(&batch), FileNames::default().with_attempt(&batch));
/// assert_ne!(first.unique(), second.unique());
/// assert!(first.unique().starts_with("orders-3-17-"));
/// # Ok::<_, otlake_dataset::BatchIdError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileNames {
    prefix: String,
    unique: String,
    sequence: u64,
}

impl FileNames {
    /// Creates names that begin with `prefix` and have 64 random bits, so that no two writers use the same
    /// ones. The prefix may have directories: `date=2026-11-22/logs`.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            unique: random_digits(),
            sequence: 0,
        }
    }

    /// Replaces the random part, which makes the names deterministic, and starts the sequence again.
    #[must_use]
    pub fn with_unique(mut self, unique: impl Into<String>) -> Self {
        self.unique = unique.into();
        self.sequence = 0;
        self
    }

    /// Makes the names deterministic with the identity of a batch, and starts the sequence again.
    #[must_use]
    pub fn with_batch(self, batch: &BatchId) -> Self {
        self.with_unique(batch.to_string())
    }

    /// Begins each name with the identity of a batch, and then 64 random bits, so that no two attempts of the batch
    /// use the same ones: `PREFIX-SOURCE-NUMBER-RANDOM-SEQUENCE.parquet`. Starts the sequence again.
    #[must_use]
    pub fn with_attempt(self, batch: &BatchId) -> Self {
        self.with_unique(format!("{batch}-{}", random_digits()))
    }

    /// Returns the part that distinguishes these names from those of other writers.
    pub fn unique(&self) -> &str {
        &self.unique
    }

    /// Returns the same names in a directory, with a sequence that starts again.
    #[must_use]
    pub fn in_directory(&self, directory: &str) -> Self {
        Self {
            prefix: format!("{directory}/{}", self.prefix),
            unique: self.unique.clone(),
            sequence: 0,
        }
    }

    /// Returns the next name.
    pub fn next_name(&mut self) -> String {
        self.next_name_in("")
    }

    /// Returns the next name in a directory, which comes after the directories of the prefix. The empty
    /// directory is none. All directories share one sequence, so no two files have the same last part.
    ///
    /// ```
    /// use otlake_dataset::FileNames;
    ///
    /// let mut names = FileNames::new("lake/logs").with_unique("17");
    /// assert_eq!(names.next_name_in("hour=07"), "lake/hour=07/logs-17-00000.parquet");
    /// assert_eq!(names.next_name_in("hour=08"), "lake/hour=08/logs-17-00001.parquet");
    /// assert_eq!(names.next_name_in(""), "lake/logs-17-00002.parquet");
    /// ```
    pub fn next_name_in(&mut self, directory: &str) -> String {
        let sequence = self.sequence;
        self.sequence += 1;
        format!("{}{sequence:05}.parquet", self.beginning_in(directory))
    }

    /// Returns the common beginning of all names in a directory; see [`is_of_attempt`] for the rest of a name.
    pub(crate) fn beginning_in(&self, directory: &str) -> String {
        let (above, prefix) = match self.prefix.rfind('/') {
            Some(slash) => self.prefix.split_at(slash + 1),
            None => ("", &*self.prefix),
        };
        let slash = if directory.is_empty() { "" } else { "/" };
        format!("{above}{directory}{slash}{prefix}-{}-", self.unique)
    }
}

/// Returns whether a name is `beginning`, the random digits of an attempt, and a number. The beginning alone is not
/// enough, because the identity of another batch may begin with that of this one.
pub(crate) fn is_of_attempt(name: &str, beginning: &str) -> bool {
    let rest = name.strip_prefix(beginning);
    let rest = rest.and_then(|rest| rest.strip_suffix(".parquet"));
    let parts = rest.and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(random, number)| {
        random.len() == 16
            && random.bytes().all(|byte| byte.is_ascii_hexdigit())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl Default for FileNames {
    fn default() -> Self {
        Self::new("part")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sequence_over_all_directories() {
        let mut names = FileNames::new("logs").with_unique("x");
        assert_eq!(names.unique(), "x");
        assert_eq!(names.next_name(), "logs-x-00000.parquet");
        assert_eq!(
            names.next_name_in("a=1/b=2"),
            "a=1/b=2/logs-x-00001.parquet"
        );
        let mut below = names.in_directory("lake");
        assert_eq!(below.next_name_in("a=1"), "lake/a=1/logs-x-00000.parquet");
        assert_eq!(names.next_name(), "logs-x-00002.parquet");
    }
}
