use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::{DataType, Schema, TimeUnit};
use datafusion::object_store::ObjectMeta;
use datafusion::object_store::path::Path;
use datafusion::scalar::ScalarValue;
use otlake_dataset::ManifestFile;
use otlake_parquet::{Bound, SortingColumn};

/// The facts about a file that are known without opening it.
#[derive(Clone, Debug)]
pub(super) struct DataFile {
    pub(super) location: Path,
    pub(super) bytes: u64,
    /// The time at which the file was written, or a later one that changes with the content of the file.
    pub(super) modified: DateTime<Utc>,
    /// The partition columns that the file has, and their values.
    pub(super) partition: Vec<(String, Option<String>)>,
    /// The facts in its manifest; `None` for a file that was listed.
    pub(super) facts: Option<Arc<FileFacts>>,
}

/// The facts that a manifest has about a file.
#[derive(Clone, Debug)]
pub(super) struct FileFacts {
    pub(super) rows: u64,
    /// The columns that the file has, in the order of the table's schema.
    columns: Box<[ColumnFacts]>,
    pub(super) sort_order: Vec<SortingColumn>,
}

/// The facts about a column of a file.
#[derive(Clone, Debug)]
struct ColumnFacts {
    /// The index of the column in the table's schema.
    index: usize,
    nulls: u64,
    bounds: Option<(Bound, Bound)>,
}

impl DataFile {
    /// Returns the file in DataFusion's terms.
    pub(super) fn object_meta(&self) -> ObjectMeta {
        ObjectMeta {
            location: self.location.clone(),
            last_modified: self.modified,
            size: self.bytes,
            e_tag: None,
            version: None,
        }
    }

    /// Returns the value of a partition column; null for a file that lacks the column.
    pub(super) fn partition_value(&self, name: &str) -> ScalarValue {
        let value = self.partition.iter().find(|(column, _)| column == name);
        ScalarValue::Utf8(value.and_then(|(_, value)| value.clone()))
    }
}

impl FileFacts {
    /// Takes what the columns of `schema` need from a file of a manifest.
    pub(super) fn new(file: &ManifestFile, schema: &Schema) -> FileFacts {
        let columns = file.columns.iter().filter_map(|column| {
            // A column that was published after the schema was read is not part of the table.
            let index = schema.index_of(&column.name).ok()?;
            Some(ColumnFacts {
                index,
                nulls: column.nulls,
                bounds: column.min.clone().zip(column.max.clone()),
            })
        });
        let mut columns: Vec<ColumnFacts> = columns.collect();
        columns.sort_unstable_by_key(|column| column.index);
        FileFacts {
            rows: file.rows,
            columns: columns.into(),
            sort_order: file.sort_order.clone(),
        }
    }

    fn column(&self, index: usize) -> Option<&ColumnFacts> {
        let place = self
            .columns
            .binary_search_by_key(&index, |column| column.index);
        place.ok().map(|place| &self.columns[place])
    }

    /// Returns the number of nulls in a column, which is null in all rows of a file that lacks it.
    pub(super) fn nulls(&self, index: usize) -> u64 {
        self.column(index).map_or(self.rows, |column| column.nulls)
    }

    /// Returns a lower and an upper bound of a column, if they are known and of its type.
    pub(super) fn bounds(
        &self,
        index: usize,
        data_type: &DataType,
    ) -> Option<(ScalarValue, ScalarValue)> {
        let (min, max) = self.column(index)?.bounds.as_ref()?;
        Some((scalar(min, data_type)?, scalar(max, data_type)?))
    }
}

/// Returns a bound as a value of a column's type.
fn scalar(bound: &Bound, data_type: &DataType) -> Option<ScalarValue> {
    Some(match (bound, data_type) {
        (Bound::Boolean(value), DataType::Boolean) => ScalarValue::Boolean(Some(*value)),
        (Bound::Int64(value), DataType::Int64) => ScalarValue::Int64(Some(*value)),
        (Bound::Int64(value), DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
            ScalarValue::TimestampMicrosecond(Some(*value), zone.clone())
        }
        (Bound::Float64(value), DataType::Float64) => ScalarValue::Float64(Some(*value)),
        (Bound::Utf8(value), DataType::Utf8View) => ScalarValue::Utf8View(Some(value.clone())),
        (Bound::Binary(value), DataType::BinaryView) => {
            ScalarValue::BinaryView(Some(value.to_vec()))
        }
        _ => return None,
    })
}
