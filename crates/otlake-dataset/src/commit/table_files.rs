//! The files of a table: those that manifests list and that no manifest replaces.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

use otlake_schema::Table;
use otlake_storage::{Documents, StorageError};

use crate::commit::manifest::file::ManifestFile;
use crate::commit::manifest::{Manifest, ManifestError};
use crate::commit::manifest_reader::ManifestReader;

/// The files of a table that has manifests next to the data, at one moment: those that a manifest lists and that no
/// manifest [replaces](Manifest::replaces).
///
/// Files are replaced or dropped by creating one manifest, so a reader sees the table before or after that, and never
/// a part of it. Replaced files stay readable for a
/// [grace period](crate::ManifestCommit::clean_up).
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{Dataset, TableFiles};
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::InMemoryStorage;
///
/// let storage = InMemoryStorage::new();
/// let mut writer = Dataset::builder().open(Arc::new(storage.clone()))?.writer();
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::BODY, Value::String("ready"));
/// writer.row(&mut row)?;
/// writer.flush()?;
///
/// let files = TableFiles::load(&storage, Table::Logs)?;
/// assert_eq!(files.files().map(|file| file.rows).sum::<u64>(), 1);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TableFiles {
    manifests: Vec<NamedManifest>,
    replaced: HashSet<String>,
    /// The documents of swaps that came too late and don't count.
    late_swaps: Vec<String>,
}

/// A manifest and its document.
#[derive(Clone, Debug)]
pub(crate) struct NamedManifest {
    /// The name of the document.
    pub(crate) document: String,
    /// The time at which it was written, by the clock of the storage.
    pub(crate) modified: SystemTime,
    pub(crate) version: otlake_storage::Version,
    pub(crate) manifest: Arc<Manifest>,
}

/// The error of [`TableFiles::load`].
///
/// ```
/// use otlake_dataset::{TableFiles, TableFilesError};
/// use otlake_schema::Table;
/// use otlake_storage::{Documents, InMemoryStorage, PutIf};
///
/// let storage = InMemoryStorage::new();
/// let _ = storage.put("_otlake/manifests/logs/a.json", "{".into(), PutIf::Absent)?;
/// let error = TableFiles::load(&storage, Table::Logs).map(drop);
/// assert!(matches!(error, Err(TableFilesError::Manifest { .. })));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableFilesError {
    /// The manifests could not be listed or read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A document is not a manifest.
    #[error("{name} can't be read")]
    Manifest {
        /// The name of the document.
        name: String,
        /// The fault of the document.
        source: ManifestError,
    },
    /// Manifests were deleted while they were read, every time, or a manifest that has replaced files is missing.
    #[error(
        "the manifests of {table} changed {attempts} times while they were read, or one is missing: is cleaning up running in \
         a loop, or was a manifest deleted by hand?"
    )]
    Changing {
        /// The name of the table.
        table: &'static str,
        /// The number of attempts.
        attempts: u32,
    },
}

impl TableFiles {
    /// Reads all manifests of a table.
    ///
    /// # Errors
    ///
    /// Returns an error if a manifest can't be read.
    pub fn load(documents: &dyn Documents, table: Table) -> Result<Self, TableFilesError> {
        ManifestReader::new(documents, table).read()
    }

    /// Creates the files that manifests list.
    pub(crate) fn new(manifests: Vec<NamedManifest>, late_swaps: Vec<String>) -> Self {
        let replaces = manifests.iter().flat_map(|named| named.manifest.replaces());
        Self {
            replaced: replaces.cloned().collect(),
            manifests,
            late_swaps,
        }
    }

    /// Returns the files of the table.
    pub fn files(&self) -> impl Iterator<Item = &ManifestFile> {
        self.listed()
            .filter(|file| !self.replaced.contains(&file.name))
    }

    /// Returns the files of the table. Their entries are moved, not copied, because copies for many small files would take
    /// as much memory as merging the files.
    pub(crate) fn into_files(self) -> Vec<ManifestFile> {
        let Self {
            manifests,
            replaced,
            ..
        } = self;
        let manifests = manifests.into_iter();
        let files = manifests.flat_map(|named| Arc::unwrap_or_clone(named.manifest).into_files());
        files
            .filter(|file| !replaced.contains(&file.name))
            .collect()
    }

    pub(crate) fn manifests(&self) -> &[NamedManifest] {
        &self.manifests
    }

    pub(crate) fn late_swaps(&self) -> &[String] {
        &self.late_swaps
    }

    fn listed(&self) -> impl Iterator<Item = &ManifestFile> {
        let manifests = self.manifests.iter();
        manifests.flat_map(|named| named.manifest.files())
    }

    /// Returns the names of the files that manifests list, whether they are replaced or not.
    pub(crate) fn references(&self) -> HashSet<&str> {
        self.listed().map(|file| file.name.as_str()).collect()
    }
}
