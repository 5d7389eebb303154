use serde::{Deserialize, Serialize};

use super::{DatasetColumn, DatasetSchema, FIRST_ID, LAST_ID};
use crate::naming::fold;
use crate::table::Table;

/// The error of [`DatasetSchema::from_json`]: why a document is not the schema of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetSchemaError {
    /// The document is not JSON, or has other members.
    #[error("the published schema is damaged: {0}")]
    Malformed(String),
    /// The document was written by another version, in a format that this one does not know.
    #[error(
        "the published schema has format {found:?}, but this version reads {FORMAT:?}: update the \
         writer"
    )]
    Format {
        /// The format that the document says it has.
        found: String,
    },
    /// The document is the schema of a table that this version does not know.
    #[error(
        "the published schema is of table {0:?}, which this version does not know: update the writer"
    )]
    UnknownTable(String),
    /// Two columns have the same name, or names that differ only in case.
    #[error("the published schema is damaged: two columns are named {0:?}")]
    DuplicateName(String),
    /// Two columns have the same field id.
    #[error("the published schema is damaged: two columns have the id {0}")]
    DuplicateId(u32),
    /// Two columns belong to the same attribute.
    #[error("the published schema is damaged: two columns belong to {0:?}")]
    DuplicateFullName(String),
    /// A column has a field id that a column of its kind cannot have.
    #[error("the published schema is damaged: the column {column:?} has the id {id}")]
    Id {
        /// The name of the column.
        column: String,
        /// Its field id.
        id: u32,
    },
    /// The column of a field belongs to an attribute, or a column has no name.
    #[error("the published schema is damaged: the column {column:?} belongs to {full_name:?}")]
    Owner {
        /// The name of the column.
        column: String,
        /// The full name of the attribute, if there is one.
        full_name: Option<String>,
    },
    /// A column has a type that this version does not know, or the column of a field has a type other than
    /// the field's.
    #[error(
        "the column {column:?} has type {found:?} in the published schema, which this version \
         cannot write{}",
        .expected.as_ref().map(|expected| format!(": it writes {expected:?}")).unwrap_or_default()
    )]
    Type {
        /// The name of the column.
        column: String,
        /// Its type in the document.
        found: String,
        /// The type that this version writes.
        expected: Option<String>,
    },
}

const FORMAT: &str = "otlake.dataset-schema/1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    table: String,
    version: u64,
    columns: Vec<DatasetColumn>,
}

/// The member that every version of the format has.
#[derive(Deserialize)]
struct Head {
    format: String,
}

impl DatasetSchema {
    /// Reads the JSON that [`DatasetSchema::to_json`] writes, and adds the fields that this version of the
    /// table has and the document lacks.
    ///
    /// # Errors
    ///
    /// Returns an error if the document is damaged, or was written by a version with another format. Every
    /// document that is accepted can be extended, and the result is accepted too.
    pub fn from_json(json: &[u8]) -> Result<DatasetSchema, DatasetSchemaError> {
        let document = serde_json::from_slice(json).map_err(|error| {
            // A document of another format may have other members.
            match serde_json::from_slice(json) {
                Ok(Head { format }) if format != FORMAT => {
                    DatasetSchemaError::Format { found: format }
                }
                _ => DatasetSchemaError::Malformed(error.to_string()),
            }
        });
        let document: Document = document?;
        if document.format != FORMAT {
            let found = document.format;
            return Err(DatasetSchemaError::Format { found });
        }
        let table = Table::from_name(&document.table)
            .ok_or(DatasetSchemaError::UnknownTable(document.table))?;
        Self::from_columns(table, document.version, document.columns)
    }

    /// Returns the JSON that is stored next to the data.
    pub fn to_json(&self) -> Vec<u8> {
        let document = Document {
            format: FORMAT.to_owned(),
            table: self.table.name().to_owned(),
            version: self.version,
            columns: self.columns.clone(),
        };
        let json = serde_json::to_vec_pretty(&document);
        json.unwrap_or_else(|error| unreachable!("strings and numbers are JSON: {error}"))
    }

    /// Adds a column whose name, id and attribute no other column has.
    pub(super) fn add_checked(&mut self, column: DatasetColumn) -> Result<(), DatasetSchemaError> {
        if self.taken.contains(&fold(&column.name)) {
            return Err(DatasetSchemaError::DuplicateName(column.name));
        }
        if self.ids.contains(&column.id) {
            return Err(DatasetSchemaError::DuplicateId(column.id));
        }
        if let Some(full_name) = &column.full_name
            && self.by_full_name.contains_key(full_name)
        {
            return Err(DatasetSchemaError::DuplicateFullName(full_name.clone()));
        }
        self.add(column);
        Ok(())
    }
}

/// Checks a column by itself. `own` has the columns of fields that this version knows.
pub(super) fn check(column: &DatasetColumn, own: &DatasetSchema) -> Result<(), DatasetSchemaError> {
    let field = own.column(&column.name);
    let expected = field.map(|field| field.r#type.clone());
    let fits = match &expected {
        Some(expected) => *expected == column.r#type,
        None => column.column_type().is_some(),
    };
    if !fits {
        return Err(DatasetSchemaError::Type {
            column: column.name.clone(),
            found: column.r#type.clone(),
            expected,
        });
    }
    let ids = match (field, &column.full_name) {
        (Some(field), _) => field.id..=field.id,
        (None, Some(_)) => FIRST_ID..=LAST_ID,
        // The column of a field that a later version has.
        (None, None) => 1..=FIRST_ID / 100 - 1,
    };
    if !ids.contains(&column.id) {
        return Err(DatasetSchemaError::Id {
            column: column.name.clone(),
            id: column.id,
        });
    }
    if column.name.is_empty() || (field.is_some() && column.full_name.is_some()) {
        return Err(DatasetSchemaError::Owner {
            column: column.name.clone(),
            full_name: column.full_name.clone(),
        });
    }
    Ok(())
}
