//! What the files of a writer are called.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;

/// File names `PREFIX-UNIQUE-SEQUENCE.parquet`, such as `logs-0f3a…-00000.parquet`.
///
/// ```
/// use otlake_dataset::FileNames;
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

    /// Makes the names deterministic with the identity of what the files are of, and starts the
    /// sequence again.
    #[must_use]
    pub fn with_batch(self, batch: &BatchId) -> Self {
        self.with_unique(batch.as_str())
    }

    /// The part that tells these names from those of others.
    pub fn unique(&self) -> &str {
        &self.unique
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
        self.next_name_in("")
    }

    /// The next name in a directory, which stands after the directories that the prefix has: a
    /// partition of what is there. The empty one is none. All directories share one sequence, so no
    /// two files have the same last part.
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

    /// What all names in a directory begin with; see [`is_numbered`] for what comes behind.
    pub(crate) fn beginning_in(&self, directory: &str) -> String {
        let (above, prefix) = match self.prefix.rfind('/') {
            Some(slash) => self.prefix.split_at(slash + 1),
            None => ("", &*self.prefix),
        };
        let slash = if directory.is_empty() { "" } else { "/" };
        format!("{above}{directory}{slash}{prefix}-{}-", self.unique)
    }
}

/// Whether a name is `beginning` and a number: an identity may have another one in front.
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

/// The identity of the input of some files, such as `orders-3-1048576` for a topic, a partition and
/// an offset: the same input gets the same identity again, so that a retry overwrites its files.
///
/// It is part of file names, so it has 1 to 128 of the characters `A-Z`, `a-z`, `0-9`, `.`, `_` and
/// `-`, and begins with no dot.
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
    /// Most characters.
    pub const MAX_LEN: usize = 128;

    /// The identity that is written so.
    ///
    /// # Errors
    ///
    /// When it is empty or too long, or has characters that not every storage takes in a name.
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

    /// As it is written.
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

/// Why a text is no [`BatchId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchIdError {
    /// There is nothing.
    #[error(
        "the identity of a batch is empty: say what its input is, such as a topic and an offset"
    )]
    Empty,
    /// It has too many characters.
    #[error(
        "the identity of a batch has {len} characters, and may have {}: write a hash of it",
        BatchId::MAX_LEN
    )]
    TooLong {
        /// How many it has.
        len: usize,
    },
    /// It begins with a dot.
    #[error(
        "the identity {id:?} of a batch begins with a dot, as hidden files do: write something in front"
    )]
    LeadingDot {
        /// As it was given.
        id: String,
    },
    /// It has a character that may not be in it.
    #[error(
        "the identity {id:?} of a batch has {character:?} at byte {at}: replace what is not one of \
         A-Z, a-z, 0-9, '.', '_' and '-'"
    )]
    Character {
        /// As it was given.
        id: String,
        /// The first such character.
        character: char,
        /// Where it begins, in bytes.
        at: usize,
    },
}

/// Returns 64 random bits as text.
pub(crate) fn unique() -> String {
    // Its keys are random, and others in each call.
    let random = RandomState::new().hash_one(());
    format!("{random:016x}")
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
