//! The files in a directory.

use datafusion::error::Result;
use datafusion::object_store::path::Path;
use datafusion::object_store::{ObjectMeta, ObjectStore};
use futures_util::TryStreamExt;
use percent_encoding::percent_decode_str;

use crate::dataset_table::data_file::DataFile;

/// The directory value of rows without a value.
const DEFAULT_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// Returns the Parquet files in a directory, at any depth, in the order of their names. Hidden files and directories
/// are skipped.
pub(super) async fn files(
    store: &dyn ObjectStore,
    root: &Path,
    directory: &Path,
) -> Result<Vec<DataFile>> {
    let listed: Vec<ObjectMeta> = store.list(Some(directory)).try_collect().await?;
    let mut files: Vec<DataFile> = listed
        .into_iter()
        .filter_map(|meta| data_file(meta, root))
        .collect();
    files.sort_unstable_by(|left, right| left.location.cmp(&right.location));
    Ok(files)
}

fn data_file(meta: ObjectMeta, root: &Path) -> Option<DataFile> {
    let name = meta.location.prefix_match(root)?;
    let parts: Vec<_> = name.collect();
    let (file, directories) = parts.split_last()?;
    let is_hidden = |part: &str| part.starts_with('_') || part.starts_with('.');
    if !file.as_ref().ends_with(".parquet") || parts.iter().any(|part| is_hidden(part.as_ref())) {
        return None;
    }
    let partition = directories.iter().filter_map(|part| {
        let (name, value) = part.as_ref().split_once('=')?;
        let value = (value != DEFAULT_PARTITION)
            .then(|| percent_decode_str(value).decode_utf8_lossy().into_owned());
        Some((name.to_owned(), value))
    });
    Some(DataFile {
        partition: partition.collect(),
        bytes: meta.size,
        modified: meta.last_modified,
        location: meta.location,
        facts: None,
    })
}
