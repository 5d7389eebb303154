//! The identities of batches.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Arc;

/// The identity of a batch: its source, such as a topic and a partition, and its sequence number there, such as the
/// offset of its first record.
///
/// The same input must get the same identity each time, so that a batch is committed once, however often it is
/// attempted. The batches of a source are finished in ascending order of their sequence numbers, which may have gaps.
/// So a dataset only keeps the last number of each source, its watermark, and not the identities of all batches.
///
/// A source belongs to one input. All tables of a dataset share the sources and their watermarks, so if two pipelines
/// use one source with the same numbers for different data, the rows of the second one are skipped as already finished,
/// without an error. Give each pipeline sources of its own.
///
/// A source is part of file names. It has 1 to 100 of the characters `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`, and does
/// not begin with a dot. As text, an identity is the source, a hyphen and the number.
///
/// ```
/// use otlake_dataset::BatchId;
///
/// let batch = BatchId::new("orders-3", 1048576)?;
/// assert_eq!(batch.to_string(), "orders-3-1048576");
/// assert_eq!("orders-3-1048576".parse(), Ok(batch));
/// assert!(BatchId::new("orders/3", 0).is_err());
/// # Ok::<_, otlake_dataset::BatchIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId {
    source: Arc<str>,
    sequence: u64,
}

impl BatchId {
    /// The largest number of characters of a source.
    pub const MAX_SOURCE_LEN: usize = 100;

    /// Creates an identity.
    ///
    /// # Errors
    ///
    /// Returns an error if the source is empty or too long, or has a character that not every storage accepts in
    /// a name.
    pub fn new(source: impl Into<Arc<str>>, sequence: u64) -> Result<Self, BatchIdError> {
        let source = source.into();
        check_source(&source)?;
        Ok(Self { source, sequence })
    }

    /// Returns the source.
    ///
    /// ```
    /// use otlake_dataset::BatchId;
    ///
    /// let batch: BatchId = "orders-3-1048576".parse()?;
    /// assert_eq!((batch.source(), batch.sequence()), ("orders-3", 1_048_576));
    /// # Ok::<_, otlake_dataset::BatchIdError>(())
    /// ```
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the number of the batch in its source.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

fn check_source(source: &str) -> Result<(), BatchIdError> {
    if source.is_empty() {
        return Err(BatchIdError::Empty);
    }
    let allowed =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    let found = source.char_indices().find(|(_, c)| !allowed(*c));
    if let Some((at, character)) = found {
        return Err(BatchIdError::Character {
            source_name: source.to_owned(),
            character,
            at,
        });
    }
    if source.starts_with('.') {
        return Err(BatchIdError::LeadingDot {
            source_name: source.to_owned(),
        });
    }
    if source.len() > BatchId::MAX_SOURCE_LEN {
        return Err(BatchIdError::TooLong { len: source.len() });
    }
    Ok(())
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.source, self.sequence)
    }
}

impl FromStr for BatchId {
    type Err = BatchIdError;

    fn from_str(text: &str) -> Result<Self, BatchIdError> {
        let unnumbered = |error| BatchIdError::Unnumbered {
            text: text.to_owned(),
            error,
        };
        let (source, number) = text.rsplit_once('-').ok_or_else(|| unnumbered(None))?;
        let sequence: u64 = number.parse().map_err(|error| unnumbered(Some(error)))?;
        // Each identity has one text, because names are made of it.
        if sequence.to_string() != number {
            return Err(unnumbered(None));
        }
        Self::new(source, sequence)
    }
}

/// The error of [`BatchId::new`] or of parsing a [`BatchId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchIdError {
    /// The source is empty.
    #[error("the source of a batch is empty: name its input, for example by topic and partition")]
    Empty,
    /// The source has too many characters.
    #[error(
        "the source of a batch has {len} characters, and the limit is {}: use a hash",
        BatchId::MAX_SOURCE_LEN
    )]
    TooLong {
        /// The number of characters.
        len: usize,
    },
    /// The source begins with a dot.
    #[error(
        "the source {source_name:?} of a batch begins with a dot, like a hidden file: put something before it"
    )]
    LeadingDot {
        /// The source.
        source_name: String,
    },
    /// The source has a character that a source can't have.
    #[error(
        "the source {source_name:?} of a batch has {character:?} at byte {at}: use only A-Z, a-z, 0-9, '.', \
         '_' and '-'"
    )]
    Character {
        /// The source.
        source_name: String,
        /// The first such character.
        character: char,
        /// The byte at which it begins.
        at: usize,
    },
    /// The text is not a source, a hyphen and a number.
    #[error("the identity {text:?} of a batch does not end in a hyphen and a number: append them")]
    Unnumbered {
        /// The text.
        text: String,
        /// The fault of the number, if there is a hyphen.
        #[source]
        error: Option<ParseIntError>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::file_names::FileNames;
    use otlake_storage::check_name;

    #[test]
    fn identities_of_batches_are_parts_of_names() {
        for source in ["17", "orders-3", "a..b", "_", "-", &"x".repeat(100)] {
            for sequence in [0, 7, u64::MAX] {
                let batch = BatchId::new(source, sequence).unwrap();
                assert_eq!((batch.source(), batch.sequence()), (source, sequence));
                let text = format!("{source}-{sequence}");
                assert_eq!(batch.to_string(), text);
                assert_eq!(text.parse(), Ok(batch.clone()));
                let name = FileNames::new("p").with_batch(&batch).next_name();
                assert_eq!(name, format!("p-{text}-00000.parquet"));
                check_name("create", &name).unwrap();
            }
        }
        let character = |source: &str, character, at| BatchIdError::Character {
            source_name: source.to_owned(),
            character,
            at,
        };
        for (source, error) in [
            ("", BatchIdError::Empty),
            (&*"x".repeat(101), BatchIdError::TooLong { len: 101 }),
            (
                ".a",
                BatchIdError::LeadingDot {
                    source_name: ".a".to_owned(),
                },
            ),
            ("a/b", character("a/b", '/', 1)),
            ("aß", character("aß", 'ß', 1)),
            ("a\0", character("a\0", '\0', 1)),
        ] {
            assert_eq!(BatchId::new(source, 1).unwrap_err(), error);
        }
    }

    #[test]
    fn text_without_a_number_is_no_identity() {
        for text in [
            "",
            "17",
            "a-",
            "a-b",
            "a-+1",
            "a-01",
            "a-18446744073709551616",
        ] {
            let error = text.parse::<BatchId>().unwrap_err();
            assert!(
                matches!(error, BatchIdError::Unnumbered { .. }),
                "{text:?}: {error}"
            );
        }
    }
}
