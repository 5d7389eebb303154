//! The key-value metadata of files.

use otlake_schema::Schema;

use crate::gather::row_groups::RowGroups;

/// What files say of their columns beyond the format, made anew when there are more of them.
#[derive(Debug, Default)]
pub(crate) struct KeyValues {
    entries: Vec<(String, String)>,
    /// The revision of the schema that they were made from.
    known: u64,
}

impl KeyValues {
    /// Those of a file that is closed now.
    pub(crate) fn of(&mut self, row_groups: &RowGroups) -> &[(String, String)] {
        let revision = row_groups.schema_revision();
        if self.known != revision {
            self.known = revision;
            self.entries = vec![original_names(row_groups.schema())];
        }
        &self.entries
    }
}

fn original_names(schema: &Schema) -> (String, String) {
    let names: serde_json::Map<_, _> = schema
        .columns()
        .iter()
        .filter_map(|column| Some((column.name().to_owned(), [column.full_name()?].into())))
        .collect();
    (
        "otlake.columns".to_owned(),
        serde_json::Value::Object(names).to_string(),
    )
}
