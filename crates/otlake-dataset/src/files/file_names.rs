//! The names of files, and the identities of batches that they may have.

use std::fmt;
use std::str::FromStr;

use otlake_storage::random_digits;

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
        self.with_unique(batch.as_str())
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

    /// Returns the common beginning of all names in a directory; see [`is_numbered`] for the rest of a name.
    pub(crate) fn beginning_in(&self, directory: &str) -> String {
        let (above, prefix) = match self.prefix.rfind('/') {
            Some(slash) => self.prefix.split_at(slash + 1),
            None => ("", &*self.prefix),
        };
        let slash = if directory.is_empty() { "" } else { "/" };
        format!("{above}{directory}{slash}{prefix}-{}-", self.unique)
    }
}

/// Returns whether a name is `beginning` and a number. The beginning alone is not enough, because the identity of
/// another batch may begin with that of this one.
pub(crate) fn is_numbered(name: &str, beginning: &str) -> bool {
    let rest = name.strip_prefix(beginning);
    let number = rest.and_then(|rest| rest.strip_suffix(".parquet"));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Default for FileNames {
    fn default() -> Self {
        Self::new("part")
    }
}

/// The identity of a batch, for example `orders-3-1048576` for a topic, a partition and an offset. The same
/// input must get the same identity each time, so that a retry replaces the files of an earlier attempt.
///
/// An identity is part of file names. It has 1 to 128 of the characters `A-Z`, `a-z`, `0-9`, `.`, `_` and
/// `-`, and does not begin with a dot.
///
/// ```
/// use otlake_dataset::{BatchId, FileNames};
///
/// let batch = BatchId::new("orders-3-1048576")?;
/// let mut names = FileNames::new("logs").with_batch(&batch);
/// assert_eq!(names.next_name(), "logs-orders-3-1048576-00000.parquet");
/// assert!(BatchId::new("orders/3").is_err());
/// # Ok::<_, otlake_dataset::BatchIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(String);

impl BatchId {
    /// The largest number of characters.
    pub const MAX_LEN: usize = 128;

    /// Creates an identity.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is empty or too long, or has a character that not every storage accepts in
    /// a name.
    pub fn new(text: impl Into<String>) -> Result<Self, BatchIdError> {
        let text = text.into();
        if text.is_empty() {
            return Err(BatchIdError::Empty);
        }
        let allowed = |character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-')
        };
        if let Some((at, character)) = text.char_indices().find(|(_, c)| !allowed(*c)) {
            return Err(BatchIdError::Character {
                id: text,
                character,
                at,
            });
        }
        if text.starts_with('.') {
            return Err(BatchIdError::LeadingDot { id: text });
        }
        if text.len() > Self::MAX_LEN {
            return Err(BatchIdError::TooLong { len: text.len() });
        }
        Ok(Self(text))
    }

    /// Returns the text of the identity.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BatchId {
    type Err = BatchIdError;

    fn from_str(text: &str) -> Result<Self, BatchIdError> {
        Self::new(text)
    }
}

/// The error of [`BatchId::new`]: why a text is not an identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchIdError {
    /// The text is empty.
    #[error("the identity of a batch is empty: name its input, for example by topic and offset")]
    Empty,
    /// The text has too many characters.
    #[error(
        "the identity of a batch has {len} characters, and the limit is {}: use a hash",
        BatchId::MAX_LEN
    )]
    TooLong {
        /// The number of characters.
        len: usize,
    },
    /// The text begins with a dot.
    #[error(
        "the identity {id:?} of a batch begins with a dot, like a hidden file: put something before it"
    )]
    LeadingDot {
        /// The text.
        id: String,
    },
    /// The text has a character that an identity can't have.
    #[error(
        "the identity {id:?} of a batch has {character:?} at byte {at}: use only A-Z, a-z, 0-9, '.', '_' \
         and '-'"
    )]
    Character {
        /// The text.
        id: String,
        /// The first such character.
        character: char,
        /// The byte at which it begins.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use otlake_storage::check_name;

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

    #[test]
    fn identities_of_batches_are_parts_of_names() {
        for text in ["17", "orders-3-1048576", "a..b", "_", "-", &"x".repeat(128)] {
            let batch: BatchId = text.parse().unwrap();
            assert_eq!(batch.to_string(), text);
            let name = FileNames::new("p").with_batch(&batch).next_name();
            assert_eq!(name, format!("p-{text}-00000.parquet"));
            check_name("create", &name).unwrap();
        }
        let character = |id: &str, character, at| BatchIdError::Character {
            id: id.to_owned(),
            character,
            at,
        };
        for (text, error) in [
            ("", BatchIdError::Empty),
            (&*"x".repeat(129), BatchIdError::TooLong { len: 129 }),
            (
                ".a",
                BatchIdError::LeadingDot {
                    id: ".a".to_owned(),
                },
            ),
            ("a/b", character("a/b", '/', 1)),
            ("aß", character("aß", 'ß', 1)),
            ("a\0", character("a\0", '\0', 1)),
        ] {
            assert_eq!(BatchId::new(text).unwrap_err(), error);
        }
    }
}
