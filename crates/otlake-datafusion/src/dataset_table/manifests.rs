//! The files that manifests list.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use datafusion::arrow::datatypes::Schema;
use datafusion::error::Result;
use datafusion::object_store::path::Path;
use datafusion::object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt};
use futures_util::{StreamExt, TryStreamExt, stream};
use otlake_dataset::{Manifest, PartitionLiteral, PartitionValue, RetiredSwaps, Transform};

use crate::dataset_table::data_file::{DataFile, FileFacts};
use crate::dataset_table::error::DatasetTableError;

/// How often the list of manifests is read, because one of them was deleted in between or is missing.
const ATTEMPTS: usize = 10;

/// The manifests of a table that were read so far. A manifest is read once, unless it is replaced.
#[derive(Debug, Default)]
pub(super) struct ManifestCache(Mutex<Known>);

#[derive(Clone, Debug, Default)]
struct Known {
    manifests: HashMap<Path, ReadManifest>,
    /// The swaps that don't count.
    retired: RetiredSwaps,
}

#[derive(Clone, Debug)]
struct ReadManifest {
    /// The document as it was listed.
    meta: ObjectMeta,
    files: Arc<[DataFile]>,
    /// The files that are no longer part of the table.
    replaces: Arc<[Path]>,
    retired: RetiredSwaps,
}

impl ManifestCache {
    /// Lists the manifests in a directory, reads new ones, and returns the files of all of them.
    pub(super) async fn files(
        &self,
        store: &dyn ObjectStore,
        root: &Path,
        directory: &Path,
        schema: &Schema,
        concurrency: usize,
    ) -> Result<Vec<DataFile>> {
        for _ in 1..ATTEMPTS {
            if let Some(files) = self
                .read(store, root, directory, schema, concurrency)
                .await?
            {
                return Ok(files);
            }
        }
        let files = self
            .read(store, root, directory, schema, concurrency)
            .await?;
        files.ok_or_else(|| {
            datafusion::common::exec_datafusion_err!(
                "manifests in {directory} are deleted faster than they can be read, or one was deleted by hand"
            )
        })
    }

    /// Returns `None` if a manifest was deleted after it was listed, is about to be, or is missing.
    async fn read(
        &self,
        store: &dyn ObjectStore,
        root: &Path,
        directory: &Path,
        schema: &Schema,
        concurrency: usize,
    ) -> Result<Option<Vec<DataFile>>> {
        // From before the list: what another query has learned since may be newer than it.
        let known = self.lock().clone();
        let listed: Vec<ObjectMeta> = store.list(Some(directory)).try_collect().await?;
        let listed = listed
            .into_iter()
            .filter(|meta| meta.location.extension() == Some("json"));
        let mut has_known = false;
        let read = listed.map(|meta| {
            let known = known.manifests.get(&meta.location);
            // Retired numbers have to be as new as the list, so they are always read.
            let known = known
                .filter(|known| known.retired.is_empty() && is_same(&known.meta, &meta))
                .cloned();
            has_known |= known.is_some();
            async move {
                if let Some(known) = known {
                    return Ok(Some(known));
                }
                let bytes = match store.get(&meta.location).await {
                    Ok(document) => document.bytes().await?,
                    Err(Error::NotFound { .. }) => return Ok(None),
                    Err(error) => return Err(error.into()),
                };
                Ok(Some(ReadManifest::new(&bytes, root, meta, schema)?))
            }
        });
        let read: Vec<Result<Option<ReadManifest>>> = stream::iter(read)
            .buffered(concurrency.max(1))
            .collect()
            .await;
        let read = read.into_iter().collect::<Result<Vec<_>>>()?;
        let complete = read.iter().all(Option::is_some);
        let read: Vec<ReadManifest> = read.into_iter().flatten().collect();
        let mut retired = known.retired;
        let mut found = read.iter().map(|manifest| &manifest.retired);
        let found = found.find(|retired| !retired.is_empty()).cloned();
        let found = found.unwrap_or_default();
        // A swap that is not in the list may have been deleted while it was made, and before that the entries of the files that
        // it has replaced. A manifest that is read after the list lacks these entries; a known one may still have them.
        let is_old = has_known && found != retired;
        let documents = read.iter().map(|manifest| manifest.meta.location.as_ref());
        let complete = retired.update(found, documents) && complete && !is_old;
        let files = complete.then(|| files_of(&read, &retired));
        let manifests = read.into_iter();
        // Those that no longer exist are forgotten.
        *self.lock() = Known {
            manifests: manifests
                .map(|manifest| (manifest.meta.location.clone(), manifest))
                .collect(),
            retired,
        };
        Ok(files)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the files that a manifest lists and none replaces, without swaps that don't count.
fn files_of(manifests: &[ReadManifest], retired: &RetiredSwaps) -> Vec<DataFile> {
    let counts = |manifest: &&ReadManifest| !retired.contains(manifest.meta.location.as_ref());
    let replaced: HashSet<&Path> = manifests
        .iter()
        .filter(counts)
        .flat_map(|manifest| &*manifest.replaces)
        .collect();
    manifests
        .iter()
        .filter(counts)
        .flat_map(|manifest| &*manifest.files)
        .filter(|file| !replaced.contains(&file.location))
        .cloned()
        .collect()
}

/// Returns whether a document has not been replaced since it was listed.
fn is_same(known: &ObjectMeta, listed: &ObjectMeta) -> bool {
    known.size == listed.size
        && known.last_modified == listed.last_modified
        && known.e_tag == listed.e_tag
}

impl ReadManifest {
    fn new(
        bytes: &Bytes,
        root: &Path,
        meta: ObjectMeta,
        schema: &Schema,
    ) -> Result<ReadManifest, DatasetTableError> {
        let manifest =
            Manifest::from_json(bytes).map_err(|source| DatasetTableError::Manifest {
                document: meta.location.to_string(),
                source,
            })?;
        let files = manifest.files().iter().map(|file| {
            Ok(DataFile {
                location: path_in(root, &file.name)?,
                bytes: file.bytes,
                // A repeated batch may write other files with the same names, and replaces the manifest.
                modified: meta.last_modified,
                partition: file.partition.iter().map(partition_text).collect(),
                facts: Some(Arc::new(FileFacts::new(file, schema))),
            })
        });
        let replaces = manifest.replaces().iter();
        Ok(ReadManifest {
            files: files.collect::<Result<_, DatasetTableError>>()?,
            replaces: replaces
                .map(|name| path_in(root, name))
                .collect::<Result<_, _>>()?,
            retired: RetiredSwaps::from(&manifest),
            meta,
        })
    }
}

/// Returns a partition column and its text, as in the name of a directory: `07`, not `7`, for an hour.
fn partition_text(partition: &PartitionValue) -> (String, Option<String>) {
    let text = partition
        .value
        .as_ref()
        .map(|value| match (value, &partition.transform) {
            (PartitionLiteral::Integer(year), Transform::Year) => format!("{year:04}"),
            (PartitionLiteral::Integer(number), _) => format!("{number:02}"),
            (value, _) => value.to_string(),
        });
    (partition.name.clone(), text)
}

/// Returns the path of a name in a dataset.
pub(super) fn path_in(root: &Path, name: &str) -> Result<Path, DatasetTableError> {
    let path = match root.as_ref() {
        "" => name.to_owned(),
        root => format!("{root}/{name}"),
    };
    Path::parse(&path).map_err(|source| DatasetTableError::Path { name: path, source })
}
