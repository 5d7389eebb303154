//! The documents of the format `otlake.manifest/1`.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, Utc};
use otlake_parquet::SortingColumn;
use otlake_schema::Table;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::types;
use super::{Manifest, ManifestColumn, ManifestError, ManifestFile};
use crate::files::file_names::BatchId;

pub(super) const FORMAT: &str = "otlake.manifest/1";

/// The member that every version of the format has.
#[derive(Deserialize)]
struct Head {
    format: String,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    table: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema_version: Option<u64>,
    totals: Totals,
    files: Vec<File>,
}

#[derive(Serialize, Deserialize)]
struct Totals {
    files: u64,
    rows: u64,
    bytes: u64,
    row_groups: u64,
}

#[derive(Serialize, Deserialize)]
struct File {
    name: String,
    partition: Vec<PartitionValue>,
    rows: u64,
    bytes: u64,
    row_groups: usize,
    /// Derived from the columns, for readers that look at nothing else. So is the next member.
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    time: Option<TimeRange>,
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<Range>,
    columns: Vec<Column>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sort_order: Vec<Sorting>,
}

#[derive(Serialize, Deserialize)]
struct Sorting {
    name: String,
    descending: bool,
    nulls_first: bool,
}

#[derive(Serialize, Deserialize)]
struct PartitionValue {
    name: String,
    value: Option<String>,
}

#[derive(Serialize)]
struct TimeRange {
    min: Option<String>,
    max: Option<String>,
    min_micros: i64,
    max_micros: i64,
}

#[derive(Serialize)]
struct Range {
    min: i64,
    max: i64,
}

#[derive(Serialize, Deserialize)]
struct Column {
    name: String,
    r#type: String,
    nulls: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<Value>,
}

pub(super) fn write(manifest: &Manifest) -> Vec<u8> {
    let document = Document {
        format: FORMAT.to_owned(),
        table: manifest.table.name().to_owned(),
        batch: manifest.batch.as_ref().map(BatchId::to_string),
        schema_version: manifest.schema_version,
        totals: Totals::of(manifest),
        files: manifest.files.iter().map(File::of).collect(),
    };
    let json = serde_json::to_vec_pretty(&document);
    json.unwrap_or_else(|error| unreachable!("strings and numbers are JSON: {error}"))
}

pub(super) fn read(json: &[u8]) -> Result<Manifest, ManifestError> {
    let malformed = |error: serde_json::Error| ManifestError::Malformed(error.to_string());
    let Head { format } = serde_json::from_slice(json).map_err(malformed)?;
    if format != FORMAT {
        return Err(ManifestError::Format { found: format });
    }
    let document: Document = serde_json::from_slice(json).map_err(malformed)?;
    let table =
        Table::from_name(&document.table).ok_or(ManifestError::UnknownTable(document.table))?;
    let mut manifest = Manifest::new(table);
    manifest.batch = document.batch.map(BatchId::new).transpose()?;
    manifest.schema_version = document.schema_version;
    let mut names = HashSet::new();
    for file in document.files {
        if !names.insert(file.name.clone()) {
            return Err(ManifestError::DuplicateFile(file.name));
        }
        manifest.files.push(file.read()?);
    }
    document.totals.check(&Totals::of(&manifest))?;
    Ok(manifest)
}

impl Totals {
    fn of(manifest: &Manifest) -> Self {
        Self {
            files: manifest.files.len() as u64,
            rows: manifest.rows(),
            bytes: manifest.bytes(),
            row_groups: manifest.row_groups(),
        }
    }

    fn check(&self, files: &Self) -> Result<(), ManifestError> {
        let totals = [
            ("files", self.files, files.files),
            ("rows", self.rows, files.rows),
            ("bytes", self.bytes, files.bytes),
            ("row groups", self.row_groups, files.row_groups),
        ];
        match totals.into_iter().find(|(_, said, found)| said != found) {
            Some((what, said, found)) => Err(ManifestError::Totals { what, said, found }),
            None => Ok(()),
        }
    }
}

impl File {
    fn of(file: &ManifestFile) -> Self {
        let partition = file.partition.iter().cloned();
        Self {
            name: file.name.clone(),
            partition: partition
                .map(|(name, value)| PartitionValue { name, value })
                .collect(),
            rows: file.rows,
            bytes: file.bytes,
            row_groups: file.row_groups,
            time: file.time_range().map(TimeRange::of),
            fingerprint: file
                .fingerprint_range()
                .map(|(min, max)| Range { min, max }),
            columns: file.columns.iter().map(Column::of).collect(),
            sort_order: file.sort_order.iter().map(Sorting::of).collect(),
        }
    }

    fn read(self) -> Result<ManifestFile, ManifestError> {
        let partition = self.partition.into_iter();
        let columns = self.columns.into_iter();
        let columns = columns.map(|column| column.read(&self.name));
        Ok(ManifestFile {
            columns: columns.collect::<Result<_, _>>()?,
            name: self.name,
            partition: partition.map(|pair| (pair.name, pair.value)).collect(),
            rows: self.rows,
            bytes: self.bytes,
            row_groups: self.row_groups,
            sort_order: self.sort_order.into_iter().map(Sorting::read).collect(),
        })
    }
}

impl Sorting {
    fn of(column: &SortingColumn) -> Self {
        Self {
            name: column.name.clone(),
            descending: column.descending,
            nulls_first: column.nulls_first,
        }
    }

    fn read(self) -> SortingColumn {
        SortingColumn {
            name: self.name,
            descending: self.descending,
            nulls_first: self.nulls_first,
        }
    }
}

impl TimeRange {
    fn of((min, max): (i64, i64)) -> Self {
        // RFC 3339 has four digits for the year. Times in nanoseconds are never beyond that.
        let text = |micros| {
            let time: DateTime<Utc> = DateTime::from_timestamp_micros(micros)?;
            Some(time.to_rfc3339_opts(SecondsFormat::Micros, true))
        };
        Self {
            min: text(min),
            max: text(max),
            min_micros: min,
            max_micros: max,
        }
    }
}

impl Column {
    fn of(column: &ManifestColumn) -> Self {
        Self {
            name: column.name.clone(),
            r#type: column.type_name.clone(),
            nulls: column.nulls,
            min: column.min.as_ref().map(types::to_json),
            max: column.max.as_ref().map(types::to_json),
        }
    }

    fn read(self, file: &str) -> Result<ManifestColumn, ManifestError> {
        let bound = |value: Option<Value>| match value {
            None => Ok(None),
            Some(value) => match types::from_json(&self.r#type, &value) {
                Some(bound) => Ok(Some(bound)),
                None => Err(ManifestError::Bound {
                    file: file.to_owned(),
                    column: self.name.clone(),
                    type_name: self.r#type.clone(),
                    found: value.to_string(),
                }),
            },
        };
        let (min, max) = (bound(self.min)?, bound(self.max)?);
        Ok(ManifestColumn {
            name: self.name,
            type_name: self.r#type,
            nulls: self.nulls,
            min,
            max,
        })
    }
}
