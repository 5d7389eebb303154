//! The last finished batch of each source.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use otlake_storage::{
    Document, Documents, PutIf, PutOutcome, Retries, RetriesExhausted, RetryObserver, RetryPolicy,
    StorageError, StorageErrorKind,
};
use serde::{Deserialize, Serialize};

use crate::files::batch_id::BatchId;

/// The watermarks of a dataset: for each source, the sequence number of its last finished batch. A batch with this
/// number or a lower one is finished in all tables.
///
/// The watermark of a source is a document, `_otlake/watermarks/SOURCE.json`, next to the data. It stays when the
/// files of the batch are replaced or dropped, so that a late retry does not bring their rows back. A
/// [`Commit`](crate::Commit) to a table format can keep it there or use this.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{BatchId, Watermarks};
/// use otlake_storage::InMemoryStorage;
///
/// let watermarks = Watermarks::new(Arc::new(InMemoryStorage::new()));
/// let batch = BatchId::new("orders-3", 1048576)?;
/// assert_eq!(watermarks.load("orders-3")?, None);
/// watermarks.raise(&batch)?;
/// assert!(watermarks.is_finished(&batch)?);
/// assert!(watermarks.is_finished(&BatchId::new("orders-3", 1000)?)?);
/// assert!(!watermarks.is_finished(&BatchId::new("orders-3", 1048577)?)?);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Watermarks {
    documents: Arc<dyn Documents>,
    retry: RetryPolicy,
    observer: Option<Arc<dyn RetryObserver>>,
}

/// The error of reading or raising a watermark.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{WatermarkError, Watermarks};
/// use otlake_storage::{Documents, InMemoryStorage, PutIf};
///
/// let storage = InMemoryStorage::new();
/// let name = Watermarks::document_name("orders-3");
/// let _ = storage.put(&name, "not JSON".into(), PutIf::Absent)?;
/// let error = Watermarks::new(Arc::new(storage)).load("orders-3");
/// let Err(WatermarkError::Malformed { name: found, .. }) = error else { panic!("it is malformed") };
/// assert_eq!(found, name);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatermarkError {
    /// The document could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The document is not a watermark.
    #[error(
        "{name} is not the watermark of a source: restore it, or delete it if no batch is retried any more"
    )]
    Malformed {
        /// The name of the document.
        name: String,
        /// The fault of the document.
        source: serde_json::Error,
    },
    /// The document was not written before the deadline.
    #[error(transparent)]
    Exhausted(#[from] RetriesExhausted),
}

const FORMAT: &str = "otlake.watermark/1";

#[derive(Serialize, Deserialize)]
struct Watermark {
    format: String,
    source: String,
    sequence: u64,
}

impl Watermarks {
    /// Creates the watermarks that are stored in `documents`.
    pub fn new(documents: Arc<dyn Documents>) -> Self {
        Self {
            documents,
            retry: RetryPolicy::default(),
            observer: None,
        }
    }

    /// Sets the observer that is called when writing a watermark is retried. Default: none.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use otlake_dataset::{BatchId, Watermarks};
    /// use otlake_storage::{InMemoryStorage, RetryEvent, RetryObserver, RetryPolicy};
    ///
    /// #[derive(Debug)]
    /// struct Log;
    ///
    /// impl RetryObserver for Log {
    ///     fn retry(&self, retry: &RetryEvent<'_>) {
    ///         eprintln!("{} is written again in {:?}", retry.name, retry.pause);
    ///     }
    /// }
    ///
    /// let storage = InMemoryStorage::new();
    /// let watermarks = Watermarks::new(Arc::new(storage.clone()))
    ///     .with_retry(RetryPolicy::default().with_deadline(Duration::from_secs(60)))
    ///     .with_retry_observer(Some(Arc::new(Log)));
    /// watermarks.raise(&BatchId::new("orders-3", 17)?)?;
    /// assert!(storage.files().contains_key(&Watermarks::document_name("orders-3")));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_retry_observer(mut self, observer: Option<Arc<dyn RetryObserver>>) -> Self {
        self.observer = observer;
        self
    }

    /// Sets how long writing a watermark is retried after conflicts and writes in doubt. Default: 10 seconds.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Returns the name of the document of a source.
    pub fn document_name(source: &str) -> String {
        format!("_otlake/watermarks/{source}.json")
    }

    /// Returns the sequence number of the last finished batch of a source, if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if the document can't be read, or is damaged.
    pub fn load(&self, source: &str) -> Result<Option<u64>, WatermarkError> {
        let name = Self::document_name(source);
        let document = self.documents.get(&name)?;
        document.map(|document| read(&name, &document)).transpose()
    }

    /// Returns whether a batch is finished.
    ///
    /// # Errors
    ///
    /// Returns an error as [`load`](Self::load) does.
    pub fn is_finished(&self, batch: &BatchId) -> Result<bool, WatermarkError> {
        let watermark = self.load(batch.source())?;
        Ok(watermark.is_some_and(|last| batch.sequence() <= last))
    }

    /// Raises the watermark of a source to a batch. A higher watermark stays.
    ///
    /// # Errors
    ///
    /// Returns an error if the document can't be read or written. It may have been written nevertheless.
    pub fn raise(&self, batch: &BatchId) -> Result<(), WatermarkError> {
        let name = Self::document_name(batch.source());
        let json = serde_json::to_vec(&Watermark {
            format: FORMAT.to_owned(),
            source: batch.source().to_owned(),
            sequence: batch.sequence(),
        });
        let json = json.unwrap_or_else(|error| unreachable!("a text and a number: {error}"));
        let json = Bytes::from(json);
        let mut retries = Retries::new(&*name, self.retry).with_observer(self.observer.clone());
        loop {
            let condition = match self.documents.get(&name)? {
                Some(found) if read(&name, &found)? >= batch.sequence() => return Ok(()),
                Some(found) => PutIf::Matches(found.version),
                None => PutIf::Absent,
            };
            match self.documents.put(&name, json.clone(), condition) {
                Ok(PutOutcome::Stored(_)) => return Ok(()),
                Ok(PutOutcome::Conflict) => retries.pause_after_conflict()?,
                // Reading the document shows whether it was written.
                Err(error) if error.kind() == StorageErrorKind::InDoubt => {
                    retries.pause_in_doubt(error)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn read(name: &str, document: &Document) -> Result<u64, WatermarkError> {
    let malformed = |source| WatermarkError::Malformed {
        name: name.to_owned(),
        source,
    };
    let found: Watermark = serde_json::from_slice(&document.bytes).map_err(malformed)?;
    if found.format != FORMAT {
        let reason = format!("its format is {:?}, not {FORMAT:?}", found.format);
        return Err(malformed(serde::de::Error::custom(reason)));
    }
    Ok(found.sequence)
}

impl fmt::Debug for Watermarks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watermarks").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use otlake_storage::InMemoryStorage;

    fn batch(sequence: u64) -> BatchId {
        BatchId::new("a", sequence).unwrap()
    }

    /// Writers that raise one watermark at once: the highest number wins, in whatever order they come.
    #[test]
    fn a_watermark_never_falls() {
        let storage = Arc::new(InMemoryStorage::new());
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let watermarks = Watermarks::new(storage.clone());
                scope.spawn(move || {
                    for number in (0..10).rev().map(|number| number * 4 + writer) {
                        watermarks.raise(&batch(number)).unwrap();
                        assert!(watermarks.is_finished(&batch(number)).unwrap());
                    }
                });
            }
        });
        let watermarks = Watermarks::new(storage);
        assert_eq!(watermarks.load("a").unwrap(), Some(39));
        assert_eq!(watermarks.load("b").unwrap(), None);
    }

    #[test]
    fn a_damaged_watermark_is_an_error_that_names_it() {
        for json in [
            "[]",
            r#"{"format":"otlake.watermark/2","source":"a","sequence":1}"#,
        ] {
            let storage = Arc::new(InMemoryStorage::new());
            let name = Watermarks::document_name("a");
            let stored = storage.put(&name, json.into(), PutIf::Absent).unwrap();
            assert!(matches!(stored, PutOutcome::Stored(_)));
            let error = Watermarks::new(storage).raise(&batch(1)).unwrap_err();
            assert!(error.to_string().starts_with(&name), "{error}");
        }
    }
}
