//! The documents of the formats `otlake.manifest/1` and `/2`.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, Utc};
use otlake_parquet::{Bound, SortingColumn};
use otlake_schema::Table;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::file::{ManifestColumn, ManifestFile, ManifestLeaf};
use super::number_set::NumberSet;
use super::types;
use super::{Manifest, ManifestError};
use crate::files::batch_id::{BatchId, BatchIdError};
use crate::route::partition_value::{PartitionLiteral, PartitionValue, Transform};

pub(super) const VERSION_1: &str = "otlake.manifest/1";
pub(super) const VERSION_2: &str = "otlake.manifest/2";

/// The member that every version of the format has.
#[derive(Deserialize)]
struct Head {
    format: String,
}

#[derive(Deserialize)]
struct Document<C> {
    format: String,
    table: String,
    batch: Option<Batch>,
    schema_version: Option<u64>,
    #[serde(default)]
    replaces: Vec<String>,
    #[serde(default)]
    retired_swaps: NumberSet,
    totals: Totals,
    files: Vec<File<C>>,
}

/// A [`Document`] to be written. Its files are converted one after another, because a batch may have many.
#[derive(Serialize)]
struct NewDocument<'m> {
    format: &'static str,
    table: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<Batch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    replaces: &'m [String],
    #[serde(skip_serializing_if = "NumberSet::is_empty")]
    retired_swaps: &'m NumberSet,
    totals: Totals,
    #[serde(serialize_with = "put_files")]
    files: &'m [ManifestFile],
}

fn put_files<S: Serializer>(files: &[ManifestFile], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(files.iter().map(File::of))
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Batch {
    Id {
        source: String,
        sequence: u64,
    },
    /// The identity in version 1.
    Text(String),
}

#[derive(Serialize, Deserialize)]
struct Totals {
    files: u64,
    rows: u64,
    bytes: u64,
    row_groups: u64,
}

#[derive(Serialize, Deserialize)]
struct File<C> {
    name: String,
    partition: Vec<Partition>,
    rows: u64,
    bytes: u64,
    row_groups: usize,
    #[serde(default)]
    row_group_offsets: Vec<u64>,
    /// Derived from the columns, for readers that look at nothing else. So is the next member.
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    time: Option<TimeRange>,
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<Range>,
    columns: Vec<C>,
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
struct Partition {
    name: String,
    /// Absent in version 1.
    #[serde(default)]
    transform: TransformName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    value: Option<Literal>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TransformName {
    Date,
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Identity,
    #[default]
    Text,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Literal {
    Integer(i32),
    Text(String),
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<i32>,
    r#type: String,
    nulls: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    leaves: Vec<Leaf>,
}

/// A [`Column`] that is only read if it is the time.
#[derive(Deserialize)]
struct SkimmedColumn<'j>(#[serde(borrow)] &'j RawValue);

/// A column in a document.
trait ReadColumn {
    /// Returns the column, or `None` if it is left out.
    fn read(self, file: &str) -> Result<Option<ManifestColumn>, ManifestError>;
}

#[derive(Serialize, Deserialize)]
struct Leaf {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<i32>,
    r#type: String,
    values: u64,
    nulls: u64,
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<Value>,
}

pub(super) fn write(manifest: &Manifest) -> Vec<u8> {
    let batch = manifest.batch.as_ref().map(|batch| Batch::Id {
        source: batch.source().to_owned(),
        sequence: batch.sequence(),
    });
    let document = NewDocument {
        format: VERSION_2,
        table: manifest.table.name(),
        batch,
        schema_version: manifest.schema_version,
        replaces: &manifest.replaces,
        retired_swaps: &manifest.retired_swaps,
        totals: Totals::of(manifest),
        files: &manifest.files,
    };
    let json = serde_json::to_vec(&document);
    json.unwrap_or_else(|error| unreachable!("strings and numbers are JSON: {error}"))
}

pub(super) fn read(json: &[u8]) -> Result<Manifest, ManifestError> {
    read_with::<Column>(json)
}

/// The name of the column that is not left out.
const TIME: &str = "timestamp";

/// Reads a manifest without the columns of its files, except for [`TIME`].
pub(super) fn skim(json: &[u8]) -> Result<Manifest, ManifestError> {
    read_with::<SkimmedColumn<'_>>(json)
}

fn malformed(error: serde_json::Error) -> ManifestError {
    ManifestError::Malformed(error.to_string())
}

fn read_with<'j, C: ReadColumn + Deserialize<'j>>(
    json: &'j [u8],
) -> Result<Manifest, ManifestError> {
    let check = |format: String| match &*format {
        VERSION_1 | VERSION_2 => Ok(()),
        _ => Err(ManifestError::Format { found: format }),
    };
    let document: Document<C> = match serde_json::from_slice(json) {
        Ok(document) => document,
        Err(error) => {
            // Other formats may have other members.
            let Head { format } = serde_json::from_slice(json).map_err(malformed)?;
            check(format)?;
            return Err(malformed(error));
        }
    };
    check(document.format)?;
    let table =
        Table::from_name(&document.table).ok_or(ManifestError::UnknownTable(document.table))?;
    let mut manifest = Manifest::new(table);
    manifest.batch = document.batch.map(Batch::read).transpose()?;
    manifest.schema_version = document.schema_version;
    manifest.replaces = document.replaces;
    manifest.retired_swaps = document.retired_swaps;
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

impl Batch {
    fn read(self) -> Result<BatchId, BatchIdError> {
        match self {
            Self::Id { source, sequence } => BatchId::new(source, sequence),
            Self::Text(text) => text.parse().or_else(|_| BatchId::new(text, 0)),
        }
    }
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

impl File<Column> {
    fn of(file: &ManifestFile) -> Self {
        Self {
            name: file.name.clone(),
            partition: file.partition.iter().map(Partition::of).collect(),
            rows: file.rows,
            bytes: file.bytes,
            row_groups: file.row_groups,
            row_group_offsets: file.row_group_offsets.clone(),
            time: file.time_range().map(TimeRange::of),
            fingerprint: file
                .fingerprint_range()
                .map(|(min, max)| Range { min, max }),
            columns: file.columns.iter().map(Column::of).collect(),
            sort_order: file.sort_order.iter().map(Sorting::of).collect(),
        }
    }
}

impl<C: ReadColumn> File<C> {
    fn read(self) -> Result<ManifestFile, ManifestError> {
        let partition = self.partition.into_iter();
        let columns = self.columns.into_iter();
        let columns = columns.filter_map(|column| column.read(&self.name).transpose());
        Ok(ManifestFile {
            columns: columns.collect::<Result<_, _>>()?,
            name: self.name,
            partition: partition.map(Partition::read).collect(),
            rows: self.rows,
            bytes: self.bytes,
            row_groups: self.row_groups,
            sort_order: self.sort_order.into_iter().map(Sorting::read).collect(),
            row_group_offsets: self.row_group_offsets,
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

impl Partition {
    fn of(value: &PartitionValue) -> Self {
        let (transform, source) = match &value.transform {
            Transform::Date => (TransformName::Date, None),
            Transform::Year => (TransformName::Year, None),
            Transform::Month => (TransformName::Month, None),
            Transform::Day => (TransformName::Day, None),
            Transform::Hour => (TransformName::Hour, None),
            Transform::Minute => (TransformName::Minute, None),
            Transform::Identity(source) => (TransformName::Identity, Some(source.clone())),
            Transform::Text => (TransformName::Text, None),
        };
        let literal = |literal: &PartitionLiteral| match literal {
            PartitionLiteral::Integer(value) => Literal::Integer(*value),
            literal => Literal::Text(literal.to_string()),
        };
        Self {
            name: value.name.clone(),
            transform,
            source,
            value: value.value.as_ref().map(literal),
        }
    }

    fn read(self) -> PartitionValue {
        let transform = match (self.transform, self.source) {
            (TransformName::Date, _) => Transform::Date,
            (TransformName::Year, _) => Transform::Year,
            (TransformName::Month, _) => Transform::Month,
            (TransformName::Day, _) => Transform::Day,
            (TransformName::Hour, _) => Transform::Hour,
            (TransformName::Minute, _) => Transform::Minute,
            (TransformName::Identity, Some(source)) => Transform::Identity(source),
            // An identity of nothing known is a text.
            (TransformName::Identity, None) | (TransformName::Text, _) => Transform::Text,
        };
        let value = self.value.map(|value| match value {
            Literal::Integer(value) => PartitionLiteral::Integer(value),
            Literal::Text(text) => PartitionLiteral::of_text(&transform, text),
        });
        PartitionValue::new(self.name, transform, value)
    }
}

impl Column {
    fn of(column: &ManifestColumn) -> Self {
        Self {
            name: column.name.clone(),
            id: column.field_id,
            r#type: column.type_name.clone(),
            nulls: column.nulls,
            bytes: column.bytes,
            min: column.min.as_ref().map(types::to_json),
            max: column.max.as_ref().map(types::to_json),
            leaves: column.leaves.iter().map(Leaf::of).collect(),
        }
    }
}

impl ReadColumn for Column {
    fn read(self, file: &str) -> Result<Option<ManifestColumn>, ManifestError> {
        let [min, max] = bounds(file, &self.name, &self.r#type, [self.min, self.max])?;
        let leaves = self.leaves.into_iter().map(|leaf| leaf.read(file));
        Ok(Some(ManifestColumn {
            leaves: leaves.collect::<Result<_, _>>()?,
            name: self.name,
            field_id: self.id,
            type_name: self.r#type,
            nulls: self.nulls,
            bytes: self.bytes,
            min,
            max,
        }))
    }
}

impl ReadColumn for SkimmedColumn<'_> {
    fn read(self, file: &str) -> Result<Option<ManifestColumn>, ManifestError> {
        let json = self.0.get();
        // Whoever writes a name does not escape its letters.
        if !json.contains(TIME) {
            return Ok(None);
        }
        let column = serde_json::from_str::<Column>(json).map_err(malformed)?;
        match &*column.name {
            TIME => column.read(file),
            _ => Ok(None),
        }
    }
}

impl Leaf {
    fn of(leaf: &ManifestLeaf) -> Self {
        Self {
            path: leaf.path.clone(),
            id: leaf.field_id,
            r#type: leaf.type_name.clone(),
            values: leaf.values,
            nulls: leaf.nulls,
            bytes: leaf.bytes,
            min: leaf.min.as_ref().map(types::to_json),
            max: leaf.max.as_ref().map(types::to_json),
        }
    }

    fn read(self, file: &str) -> Result<ManifestLeaf, ManifestError> {
        let [min, max] = bounds(file, &self.path, &self.r#type, [self.min, self.max])?;
        Ok(ManifestLeaf {
            path: self.path,
            field_id: self.id,
            type_name: self.r#type,
            values: self.values,
            nulls: self.nulls,
            bytes: self.bytes,
            min,
            max,
        })
    }
}

/// Reads the bounds of a column or leaf.
fn bounds(
    file: &str,
    column: &str,
    type_name: &str,
    [min, max]: [Option<Value>; 2],
) -> Result<[Option<Bound>; 2], ManifestError> {
    let bound = |value: Option<Value>| match value {
        None => Ok(None),
        Some(value) => match types::from_json(type_name, value) {
            Ok(bound) => Ok(Some(bound)),
            Err(value) => Err(ManifestError::Bound {
                file: file.to_owned(),
                column: column.to_owned(),
                type_name: type_name.to_owned(),
                found: value.to_string(),
            }),
        },
    };
    Ok([bound(min)?, bound(max)?])
}
