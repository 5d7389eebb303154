//! The key-value metadata of files.

use std::sync::Arc;

use otlake_schema::{DatasetSchema, Schema};

/// The metadata `otlake.columns`: the original names of every attribute column, as a JSON object. It is written
/// again when there are new columns.
#[derive(Debug, Default)]
pub(crate) struct ColumnNames {
    entries: Arc<[(String, String)]>,
    /// The revision of the schema and the version of the published one from which the names come.
    known: Option<(u64, u64)>,
}

impl ColumnNames {
    /// Returns the metadata for files that are closed now: the names that their writer has found, and the
    /// published names for columns that only other writers have found.
    pub(crate) fn of(
        &mut self,
        found: &Schema,
        published: &DatasetSchema,
    ) -> Arc<[(String, String)]> {
        let known = Some((found.revision(), published.version()));
        if self.known != known {
            self.known = known;
            let found = found.columns().iter();
            let found = found.map(|column| (column.name(), column.full_name()));
            self.entries = [entry(published_names(published).chain(found))].into();
        }
        Arc::clone(&self.entries)
    }
}

/// Returns the metadata of a file that is closed without a writer.
pub(crate) fn of_published(published: &DatasetSchema) -> [(String, String); 1] {
    [entry(published_names(published))]
}

fn published_names(published: &DatasetSchema) -> impl Iterator<Item = (&str, Option<&str>)> {
    let columns = published.columns().iter();
    columns.map(|column| (column.name(), column.full_name()))
}

fn entry<'a>(names: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> (String, String) {
    let names: serde_json::Map<_, _> = names
        .filter_map(|(name, full_name)| Some((name.to_owned(), [full_name?].into())))
        .collect();
    (
        "otlake.columns".to_owned(),
        serde_json::Value::Object(names).to_string(),
    )
}
