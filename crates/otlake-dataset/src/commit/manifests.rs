//! What was written, in a document for whoever registers files in a catalogue.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::commit::manifest::Manifest;
use crate::files::file_names::BatchId;
use crate::table_writer::{ParquetSink, SinkError};
use otlake_parquet::FileSummary;
use otlake_storage::StorageError;
use otlake_storage::{Documents, PutIf, PutOutcome};

/// The values of a partition, by the names of its directories.
pub(crate) type PartitionValues = Vec<(String, Option<String>)>;

/// The files that stand in no manifest yet.
pub(crate) struct Manifests {
    pub(crate) documents: Arc<dyn Documents>,
    files: Vec<(FileSummary, PartitionValues)>,
    /// How many were written by this sink, but for those of batches.
    written: u64,
}

impl Manifests {
    pub(crate) fn new(documents: Arc<dyn Documents>) -> Manifests {
        Manifests {
            documents,
            files: Vec::new(),
            written: 0,
        }
    }

    pub(crate) fn add(&mut self, file: &FileSummary, values: &PartitionValues) {
        self.files.push((file.clone(), values.clone()));
    }

    /// Forgets the files of a try that failed: it will be made again.
    pub(crate) fn clear(&mut self) {
        self.files.clear();
    }
}

impl ParquetSink {
    /// Writes the manifest of the files that stand in none yet, under the identity of their batch or a
    /// name of its own.
    pub(crate) fn write_manifest(&mut self, batch: Option<&BatchId>) -> Result<(), SinkError> {
        // The files of an open batch are listed when it ends.
        let of_batch = self.batch.is_some() && batch.is_none();
        let Some(manifests) = self.manifests.as_mut().filter(|_| !of_batch) else {
            return Ok(());
        };
        if manifests.files.is_empty() {
            return Ok(());
        }
        let table = self.row_groups.schema().table();
        let mut manifest = Manifest::new(table);
        if let Some(dataset) = &self.dataset {
            manifest = manifest.with_schema_version(dataset.schema().version());
        }
        let name = match batch {
            Some(batch) => {
                manifest = manifest.with_batch(batch.clone());
                batch.to_string()
            }
            None => {
                manifests.written += 1;
                format!("{}-{:05}", self.names.unique(), manifests.written - 1)
            }
        };
        for (file, values) in &manifests.files {
            manifest.add(file, values.clone());
        }
        let name = format!("_otlake/manifests/{}/{name}.json", table.name());
        replace(&*manifests.documents, &name, manifest.to_json().into())?;
        manifests.files.clear();
        Ok(())
    }
}

/// Writes a document, whatever is there: a batch that is tried again replaces its manifest.
fn replace(documents: &dyn Documents, name: &str, bytes: Bytes) -> Result<(), StorageError> {
    loop {
        let condition = match documents.get(name)? {
            Some(there) => PutIf::Matches(there.version),
            None => PutIf::Absent,
        };
        if let PutOutcome::Stored(_) = documents.put(name, bytes.clone(), condition)? {
            return Ok(());
        }
    }
}

impl fmt::Debug for Manifests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifests")
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}
