//! The key-value metadata of files.

use otlake_schema::Schema;

use crate::gather::row_groups::{RowGroups, SchemaSize};

/// What files say of their columns beyond the format, made anew when there are more of them.
#[derive(Debug, Default)]
pub(crate) struct KeyValues {
    entries: Vec<(String, String)>,
    /// How large the schema was when they were made.
    known: SchemaSize,
}

impl KeyValues {
    /// Those of a file that is closed now.
    pub(crate) fn of(&mut self, row_groups: &RowGroups) -> &[(String, String)] {
        // Columns and names are only ever added.
        let size = row_groups.schema_size();
        if self.known != size {
            self.known = size;
            self.entries = vec![original_names(row_groups.schema())];
        }
        &self.entries
    }
}

fn original_names(schema: &Schema) -> (String, String) {
    let names: serde_json::Map<_, _> = schema
        .columns()
        .iter()
        .filter(|column| !column.sources().is_empty())
        .map(|column| (column.name().to_owned(), column.sources().into()))
        .collect();
    (
        "otlake.columns".to_owned(),
        serde_json::Value::Object(names).to_string(),
    )
}
