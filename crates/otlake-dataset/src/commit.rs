//! Makes visible files part of a table.
//!
//! ```text
//!            begin_batch                      finish_batch
//!     Idle ──────────────▶ Open(batch) ─────────────────────▶ Idle: committed, or abandoned
//!      ▲                       │ a call failed
//!      │                       ▼
//!      └─────────────── Failed(batch): finish_batch abandons it
//!
//!            begin_batch: finished before     finish_batch: nothing to do
//!     Idle ──────────────▶ Skipped ─────────────────────────▶ Idle
//! ```

pub(crate) mod batch_budget;
pub(crate) mod batch_state;
pub(crate) mod clean_up;
pub(crate) mod group_commit;
pub(crate) mod ledger;
pub(crate) mod manifest;
pub(crate) mod manifest_commit;
pub(crate) mod manifest_reader;
pub(crate) mod replacement;
pub(crate) mod retired_swaps;
pub(crate) mod table_files;
pub(crate) mod watermarks;

use std::error::Error;
use std::fmt;

use otlake_schema::Table;

use crate::catalog::published_schema::{PublishError, PublishedSchema};
use crate::commit::manifest::Manifest;
use crate::commit::manifest::file::ManifestFile;
use crate::commit::replacement::ReplaceOutcome;
use crate::files::batch_id::BatchId;
use crate::route::partition::Partitioning;

/// Makes the files of a flush part of a table: the last step of a flush or a batch.
///
/// The dataset calls it after all files of the manifest are visible in the storage, and after all of
/// their columns are in the published schema. The shipped implementation,
/// [`ManifestCommit`](crate::ManifestCommit), writes the manifest next to the data. Another one may add the
/// files to a table format or notify a service.
///
/// A commit is retried until it succeeds:
///
/// - **Outside a batch** each flush retries it, with the same name and the same manifest. So a commit whose
///   response was lost must not add the files twice: compare the name.
/// - **In a batch** the name is the batch's identity, which [`Manifest::batch`] returns as well. After an
///   error the whole batch is repeated, perhaps by another process, and its manifest lists other files. The first
///   commit of a table counts; a later one with the same identity adds nothing and returns
///   [`CommitOutcome::AlreadyCommitted`]. Two attempts may commit at once, if one of them was thought dead, and one
///   of them may be very late. To recognise them, a table format can keep the last sequence number of each source
///   with its files.
///
/// Names are unique within a table. Calls for one table never overlap in one process outside batches;
/// batches of several writers may commit at once.
///
/// A batch is *finished* when it is committed in all of its tables and files of other attempts are deleted. Then
/// [`finish`](Self::finish) is called, and from then on [`is_finished`](Self::is_finished) returns true for it, so
/// that a retry of the batch does nothing. [`Watermarks`](crate::Watermarks) implements both.
///
/// ```
/// use std::error::Error;
/// use std::sync::{Arc, Mutex};
///
/// use otlake_dataset::{Commit, CommitOutcome, Dataset, Manifest};
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_storage::InMemoryStorage;
///
/// /// Collects the names of all files.
/// #[derive(Debug, Default)]
/// struct Names(Mutex<Vec<String>>);
///
/// impl Commit for Names {
///     fn commit(
///         &self,
///         _name: &str,
///         manifest: &Manifest,
///     ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
///         let mut names = self.0.lock().map_err(|_| "a commit panicked")?;
///         names.extend(manifest.files().iter().map(|file| file.name.clone()));
///         Ok(CommitOutcome::Committed)
///     }
/// }
///
/// let names = Arc::new(Names::default());
/// let storage = InMemoryStorage::new();
/// let dataset = Dataset::builder()
///     .commit(names.clone())
///     .open(Arc::new(storage.clone()))?;
/// let mut writer = dataset.writer();
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::BODY, Value::String("ready"));
/// writer.row(&mut row)?;
/// writer.flush()?;
///
/// let names = names.0.lock().expect("nothing panicked");
/// assert!(storage.files().contains_key(&names[0]));
/// # Ok::<(), Box<dyn Error>>(())
/// ```
///
/// Only `commit` has no default:
///
/// ```
/// use std::error::Error;
///
/// use otlake_dataset::{
///     BatchId, Commit, CommitOutcome, Manifest, Partitioning, ReplaceOutcome, ReplaceUnsupported,
/// };
/// use otlake_schema::Table;
///
/// /// A commit target that ignores the files.
/// #[derive(Debug)]
/// struct Nothing;
///
/// impl Commit for Nothing {
///     fn commit(&self, _: &str, _: &Manifest) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
///         Ok(CommitOutcome::Committed)
///     }
/// }
///
/// let batch = BatchId::new("orders-3", 17)?;
/// Nothing.finish(&batch)?;
/// assert!(!Nothing.is_finished(&batch)?, "so each attempt writes its rows");
/// Nothing.check_partitioning(Table::Logs, &Partitioning::none())?;
/// assert!(Nothing.published_schema(Table::Logs)?.is_none());
/// let replaced = Nothing.replace(&Manifest::new(Table::Logs));
/// let error = replaced.map(|outcome: ReplaceOutcome| assert_eq!(outcome, ReplaceOutcome::Replaced));
/// assert!(error.is_err_and(|error| error.is::<ReplaceUnsupported>()));
/// # Ok::<_, Box<dyn Error + Send + Sync>>(())
/// ```
pub trait Commit: fmt::Debug + Send + Sync {
    /// Adds the files of a manifest to its table, all at once.
    ///
    /// # Errors
    ///
    /// Returns an error when the files are not part of the table, or when that is unknown.
    fn commit(
        &self,
        name: &str,
        manifest: &Manifest,
    ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>>;

    /// Returns whether a batch is finished. A batch with a lower sequence number than a finished one of its source
    /// is finished as well.
    ///
    /// The default returns false, so that every attempt writes the rows of its batch, and only
    /// [`commit`](Self::commit) recognises that it is not needed.
    ///
    /// # Errors
    ///
    /// Returns an error if it is unknown whether the batch is finished. The batch is not begun then.
    fn is_finished(&self, batch: &BatchId) -> Result<bool, Box<dyn Error + Send + Sync>> {
        let _ = batch;
        Ok(false)
    }

    /// Records that a batch is finished. The default does nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the batch is not recorded as finished, or if that is unknown. The batch is repeated then.
    fn finish(&self, batch: &BatchId) -> Result<(), Box<dyn Error + Send + Sync>> {
        let _ = batch;
        Ok(())
    }

    /// Returns the published schema of a table, if it is part of the commit target. Then the columns of files have the
    /// field ids that the target assigns, and new columns are published there before a file has them. The dataset
    /// calls this once for each table when it is opened.
    ///
    /// The default returns `None`: the schema is a [document](crate::SchemaDocument) next to the files.
    ///
    /// # Errors
    ///
    /// Returns an error if the schema can't be loaded.
    fn published_schema(
        &self,
        table: Table,
    ) -> Result<Option<Box<dyn PublishedSchema>>, PublishError> {
        let _ = table;
        Ok(None)
    }

    /// Checks that files with a partitioning can be part of a table. The dataset calls this once for each table when it
    /// is opened, so that a table which has other partition columns is an error before rows are written.
    ///
    /// The default accepts every partitioning.
    ///
    /// # Errors
    ///
    /// Returns an error if [`commit`](Self::commit) is known to fail because of the partitioning, or if the table can't be
    /// read.
    fn check_partitioning(
        &self,
        table: Table,
        partitioning: &Partitioning,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let _ = (table, partitioning);
        Ok(())
    }

    /// Returns the files of a table, so that the caller can [replace](Self::replace) some of them. Only the column `timestamp` is
    /// needed, if a file has it, and all others may be left out of the entries. The default returns [`ReplaceUnsupported`].
    ///
    /// # Errors
    ///
    /// Returns an error if the files can't be listed.
    fn files(&self, table: Table) -> Result<Vec<ManifestFile>, Box<dyn Error + Send + Sync>> {
        let _ = table;
        Err(ReplaceUnsupported.into())
    }

    /// Adds the files of a manifest to its table, and removes those that it [replaces](Manifest::replaces), in one
    /// step. Changes nothing if one of the replaced files is no longer part of the table. The default returns
    /// [`ReplaceUnsupported`].
    ///
    /// # Errors
    ///
    /// Returns an error when the files are not replaced, or when that is unknown.
    fn replace(&self, manifest: &Manifest) -> Result<ReplaceOutcome, Box<dyn Error + Send + Sync>> {
        let _ = manifest;
        Err(ReplaceUnsupported.into())
    }
}

/// The error of a commit target that can't replace files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this commit target can't list or replace files: use one that can, such as a ManifestCommit"
)]
pub struct ReplaceUnsupported;

/// The outcome of a [`Commit::commit`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "files that are not part of the table have to be deleted"]
pub enum CommitOutcome {
    /// The files of the manifest are part of the table.
    Committed,
    /// The table already has the batch, with the files of another attempt. The files of the manifest are not part of
    /// the table, and the caller deletes them.
    AlreadyCommitted {
        /// The names of the files that the table has for the batch. If they are known, the files of all other attempts
        /// are deleted.
        files: Option<Vec<String>>,
    },
}
