//! The schema of a Delta table, to which columns are added.

use std::collections::HashMap;

use otlake_dataset::ManifestFile;
use serde_json::{Value, json};

use crate::error::ColumnError;
use crate::types::{Unsupported, check_name, field, is_same, to_delta, to_words};

/// The schema of a table. Fields that a program has written keep all that they say.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableSchema {
    fields: Vec<Value>,
    /// The positions of the fields, by name in lower case: Delta Lake doesn't distinguish names by case.
    positions: HashMap<String, usize>,
}

impl TableSchema {
    /// Reads the `schemaString` of a table.
    pub(crate) fn read(json: &str) -> Result<Self, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Struct {
            fields: Vec<Value>,
        }
        let Struct { fields } = serde_json::from_str(json)?;
        let mut schema = Self::default();
        for field in fields {
            schema.push(field);
        }
        Ok(schema)
    }

    /// Returns the `schemaString`.
    pub(crate) fn to_json(&self) -> String {
        json!({"type": "struct", "fields": self.fields}).to_string()
    }

    /// Returns the name, the Delta type and the type in words of each column.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&str, &Value, String)> {
        self.fields.iter().map(|field| {
            let name = field["name"].as_str().unwrap_or_default();
            (name, &field["type"], to_words(&field["type"]))
        })
    }

    /// Returns whether a field has a member of its metadata that begins with `prefix`.
    pub(crate) fn has_metadata(&self, prefix: &str) -> bool {
        let metadata = self
            .fields
            .iter()
            .filter_map(|field| field["metadata"].as_object());
        metadata
            .flat_map(|metadata| metadata.keys())
            .any(|key| key.starts_with(prefix))
    }

    /// Returns whether a column needs the table feature of times without a time zone.
    pub(crate) fn has_timestamp_ntz(&self) -> bool {
        self.fields
            .iter()
            .any(|field| field["type"].to_string().contains("timestamp_ntz"))
    }

    /// Adds the columns of a file that the schema doesn't have, and returns whether there are any.
    pub(crate) fn add_columns(
        &mut self,
        file: &ManifestFile,
        partition_columns: &[String],
    ) -> Result<bool, ColumnError> {
        let mut added = false;
        for column in &file.columns {
            let error = |Unsupported(reason)| ColumnError {
                file: file.name.clone(),
                column: column.name.clone(),
                reason,
            };
            if partition_columns.contains(&column.name) {
                let reason = "the partitioning has a column of this name: choose another one there, such as \
                              `service={resource.service.name}`";
                return Err(error(Unsupported(reason.to_owned())));
            }
            let delta_type = to_delta(&column.type_name).map_err(error)?;
            added |= self.add(&column.name, delta_type).map_err(error)?;
        }
        Ok(added)
    }

    /// Adds a column if the schema doesn't have it, and returns whether it has been added.
    pub(crate) fn add(&mut self, name: &str, delta_type: Value) -> Result<bool, Unsupported> {
        let Some(position) = self.positions.get(&name.to_lowercase()) else {
            check_name(name)?;
            self.push(field(name, delta_type));
            return Ok(true);
        };
        let found = &self.fields[*position];
        if found["name"] != name {
            return Err(Unsupported(format!(
                "the table has the column {}, and Delta Lake doesn't distinguish names by case: rename one of them",
                found["name"]
            )));
        }
        if !is_same(&found["type"], &delta_type) {
            return Err(Unsupported(format!(
                "it is of type {}, and the table has it as {}: another program has created it, so rename one of them",
                to_words(&delta_type),
                to_words(&found["type"]),
            )));
        }
        Ok(false)
    }

    fn push(&mut self, field: Value) {
        let name = field["name"].as_str().unwrap_or_default().to_lowercase();
        self.positions.insert(name, self.fields.len());
        self.fields.push(field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What another program has written into a field stays there when columns are added.
    #[test]
    fn columns_are_appended_and_fields_keep_their_metadata() {
        let comment =
            json!({"name": "a", "type": "long", "nullable": false, "metadata": {"comment": "x"}});
        let json = json!({"type": "struct", "fields": [comment]}).to_string();
        let mut schema = TableSchema::read(&json).unwrap();
        assert!(!schema.add("a", json!("long")).unwrap());
        assert!(schema.add("b", json!("string")).unwrap());
        let written: Value = serde_json::from_str(&schema.to_json()).unwrap();
        assert_eq!(
            written["fields"],
            json!([comment, field("b", json!("string"))])
        );
        assert!(schema.has_metadata("comm") && !schema.has_metadata("delta."));
    }

    #[test]
    fn a_column_that_does_not_fit_is_an_error() {
        let mut schema = TableSchema::default();
        assert!(schema.add("a", json!("long")).unwrap());
        for (name, delta_type, message) in [
            (
                "a",
                "string",
                "it is of type utf8, and the table has it as int64",
            ),
            ("A", "long", "doesn't distinguish names by case"),
            ("a=b", "long", "does not allow '='"),
        ] {
            let Unsupported(error) = schema.add(name, json!(delta_type)).unwrap_err();
            assert!(error.contains(message), "{name}: {error}");
        }
    }
}
