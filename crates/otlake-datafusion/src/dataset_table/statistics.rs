//! The statistics of files, for pruning and for planning.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, Statistics};
use datafusion::scalar::ScalarValue;

use crate::dataset_table::data_file::DataFile;

/// The bounds, nulls and partition values of files.
///
/// Unlike DataFusion's own implementation for [`Statistics`], which relies on exact minima and maxima, it also uses
/// the bounds of long texts, which are not values of the file.
pub(super) struct FileStatistics<'f> {
    pub(super) files: &'f [&'f DataFile],
    /// The table's schema: columns of files, then partition columns.
    pub(super) schema: &'f Schema,
    /// The number of columns of files.
    pub(super) file_columns: usize,
}

impl FileStatistics<'_> {
    /// Returns the index of a column in the schema.
    fn index(&self, column: &Column) -> Option<usize> {
        self.schema.index_of(column.name()).ok()
    }

    /// Returns a value for each file, null where it is unknown.
    fn values(
        &self,
        column: &Column,
        choose: impl Fn((ScalarValue, ScalarValue)) -> ScalarValue,
    ) -> Option<ArrayRef> {
        let index = self.index(column)?;
        let data_type = self.schema.field(index).data_type();
        let null = ScalarValue::try_from(data_type).ok()?;
        let values = self.files.iter().map(|file| {
            if index >= self.file_columns {
                return file.partition_value(column.name());
            }
            let bounds = file
                .facts
                .as_ref()
                .and_then(|facts| facts.bounds(index, data_type));
            bounds.map_or_else(|| null.clone(), &choose)
        });
        ScalarValue::iter_to_array(values).ok()
    }
}

impl PruningStatistics for FileStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |(min, _)| min)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |(_, max)| max)
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let index = self.index(column)?;
        let nulls = self.files.iter().map(|file| {
            let facts = file.facts.as_ref();
            if index < self.file_columns {
                return facts.map(|facts| facts.nulls(index));
            }
            match file.partition_value(column.name()).is_null() {
                true => facts.map(|facts| facts.rows),
                false => Some(0),
            }
        });
        Some(Arc::new(nulls.collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let rows = self.files.iter();
        let rows = rows.map(|file| file.facts.as_ref().map(|facts| facts.rows));
        Some(Arc::new(rows.collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// Returns the statistics of a file for DataFusion's planner, which may answer queries from exact ones.
pub(super) fn statistics(file: &DataFile, schema: &Schema, file_columns: usize) -> Statistics {
    let Some(facts) = &file.facts else {
        return Statistics::new_unknown(schema);
    };
    let rows = Precision::Exact(facts.rows as usize);
    let columns = schema.fields().iter().enumerate().map(|(index, field)| {
        let mut column = ColumnStatistics::new_unknown();
        if index >= file_columns {
            let value = file.partition_value(field.name());
            column.distinct_count = Precision::Exact(1);
            column.null_count = match value.is_null() {
                true => rows,
                false => Precision::Exact(0),
            };
            // A null is not a minimum.
            if !value.is_null() && facts.rows > 0 {
                column.min_value = Precision::Exact(value.clone());
                column.max_value = Precision::Exact(value);
            }
            return column;
        }
        column.null_count = Precision::Exact(facts.nulls(index) as usize);
        if let Some((min, max)) = facts.bounds(index, field.data_type()) {
            let precision = match field.data_type() {
                DataType::Boolean | DataType::Int64 | DataType::Timestamp(..) => Precision::Exact,
                // Bounds of texts and bytes may be cut, and a minimum of 0.0 is written as -0.0.
                _ => Precision::Inexact,
            };
            column.min_value = precision(min);
            column.max_value = precision(max);
        }
        column
    });
    Statistics {
        num_rows: rows,
        total_byte_size: Precision::Inexact(file.bytes as usize),
        column_statistics: columns.collect(),
    }
}

/// Returns statistics that only know the number of rows of all files.
pub(super) fn total_rows(files: &[&DataFile], schema: &Schema) -> Statistics {
    let rows = files.iter().map(|file| Some(file.facts.as_ref()?.rows));
    let mut statistics = Statistics::new_unknown(schema);
    if let Some(rows) = rows.sum::<Option<u64>>() {
        statistics.num_rows = Precision::Exact(rows as usize);
    }
    statistics
}
