//! Files as a Delta log lists them.

use std::collections::BTreeMap;

use otlake_dataset::{BatchId, ManifestFile, Transform};
use otlake_parquet::SortingColumn;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use crate::actions::{Add, BATCH_TAG, PartitionTexts, ROW_GROUPS_TAG, SORT_ORDER_TAG};
use crate::error::{ColumnError, DeltaError};
use crate::schema::TableSchema;
use crate::{partition, stats};

/// The characters of a path that are not percent-encoded. The rest would mean something in a URI, or not every reader
/// decodes it.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'=');

/// A file of a table, as a scan finds it.
#[derive(Clone, Debug)]
pub(crate) struct ActiveFile {
    pub(crate) path: String,
    pub(crate) size: i64,
    pub(crate) stats: Option<String>,
    pub(crate) partition: PartitionTexts,
    pub(crate) tags: PartitionTexts,
}

/// Returns the action that adds a file.
///
/// # Errors
///
/// Returns an error if the file is not in the directory of the table, or has other partition columns.
pub(crate) fn of_file(
    file: &ManifestFile,
    directory: &str,
    partition_columns: &[String],
    batch: Option<&BatchId>,
    data_change: bool,
    now: i64,
) -> Result<Add, DeltaError> {
    let path = path_of(&file.name, directory).ok_or_else(|| DeltaError::Directory {
        file: file.name.clone(),
        directory: directory.to_owned(),
    })?;
    let mut partition_values = PartitionTexts::new();
    for value in partition::columns(&file.partition) {
        let text = partition::text(value).map_err(|reason| ColumnError {
            file: file.name.clone(),
            column: value.name.clone(),
            reason,
        })?;
        partition_values.insert(value.name.clone(), text);
    }
    partition::check(directory, partition_values.keys(), partition_columns)?;
    let mut tags = PartitionTexts::new();
    let mut tag = |name: &str, text: String| tags.insert(name.to_owned(), Some(text));
    tag(ROW_GROUPS_TAG, file.row_groups.to_string());
    if let Some(batch) = batch {
        tag(BATCH_TAG, batch.to_string());
    }
    if !file.sort_order.is_empty() {
        let order = file
            .sort_order
            .iter()
            .map(|column| json!([column.name, column.descending, column.nulls_first]));
        tag(SORT_ORDER_TAG, Value::from_iter(order).to_string());
    }
    Ok(Add {
        path,
        partition_values,
        size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        modification_time: now,
        data_change,
        stats: Some(stats::write(file, |name| {
            partition_columns.iter().any(|column| column == name)
        })),
        tags: Some(tags),
    })
}

/// Returns the path of a file in the log; `None` if it is not in the directory of the table.
pub(crate) fn path_of(name: &str, directory: &str) -> Option<String> {
    let path = name.strip_prefix(directory)?.strip_prefix('/')?;
    Some(utf8_percent_encode(path, PATH).to_string())
}

/// Returns the name of a file in the storage; `None` if its path is absolute, so that it is in no dataset.
pub(crate) fn name_of(path: &str, directory: &str) -> Option<String> {
    let is_absolute = path.starts_with('/')
        || path
            .split('/')
            .next()
            .is_some_and(|first| first.contains(':'));
    let path = percent_decode_str(path).decode_utf8().ok()?;
    (!is_absolute).then(|| format!("{directory}/{path}"))
}

/// Returns the entry of a manifest for a file of the table.
pub(crate) fn to_file(
    active: &ActiveFile,
    name: String,
    schema: &TableSchema,
    partition_columns: &[String],
    transforms: &BTreeMap<String, Transform>,
) -> ManifestFile {
    let mut file = ManifestFile::new(name);
    file.partition = partition::values(partition_columns, transforms, &active.partition);
    file.bytes = active.size.try_into().unwrap_or_default();
    if let Some(stats) = &active.stats {
        stats::read(stats, schema, &mut file);
    }
    let tag = |name: &str| active.tags.get(name)?.as_deref();
    file.row_groups = tag(ROW_GROUPS_TAG)
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    let order: Option<Vec<(String, bool, bool)>> =
        tag(SORT_ORDER_TAG).and_then(|text| serde_json::from_str(text).ok());
    file.sort_order = order
        .into_iter()
        .flatten()
        .map(|(name, descending, nulls_first)| SortingColumn {
            name,
            descending,
            nulls_first,
        })
        .collect();
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Directories of partitions whose values have special characters: the log has them encoded, and readers decode
    /// them to the name in the storage.
    #[test]
    fn paths_are_encoded_and_decoded() {
        for (name, path) in [
            ("logs/part-0.parquet", "part-0.parquet"),
            (
                "logs/date=2026-11-22/a.parquet",
                "date=2026-11-22/a.parquet",
            ),
            (
                "logs/service=a%2Fb/a b:c+é.parquet",
                "service=a%252Fb/a%20b%3Ac%2B%C3%A9.parquet",
            ),
        ] {
            assert_eq!(path_of(name, "logs").as_deref(), Some(path));
            assert_eq!(name_of(path, "logs").as_deref(), Some(name));
        }
        assert_eq!(path_of("date=2026-11-22/logs/a.parquet", "logs"), None);
        assert_eq!(path_of("logs2/a.parquet", "logs"), None);
        assert_eq!(name_of("s3://other/a.parquet", "logs"), None);
        assert_eq!(name_of("/tmp/a.parquet", "logs"), None);
    }
}
