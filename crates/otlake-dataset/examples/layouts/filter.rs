//! The filters of queries, and the statistics that exclude rows.

use std::ops::RangeInclusive;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use otlake_dataset::ManifestFile;
use otlake_parquet::Bound;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;

/// A filter of a query: the name of a column and its values.
pub type Filter = (&'static str, Wanted);

#[derive(Clone, Debug)]
pub enum Wanted {
    Text(String),
    Integers(RangeInclusive<i64>),
}

pub fn text(value: &str) -> Wanted {
    Wanted::Text(value.to_owned())
}

impl Wanted {
    fn may_be_text(&self, min: Option<&[u8]>, max: Option<&[u8]>) -> bool {
        let Self::Text(text) = self else { return true };
        min.is_none_or(|min| min <= text.as_bytes()) && max.is_none_or(|max| text.as_bytes() <= max)
    }

    fn may_be_integer(&self, min: Option<i64>, max: Option<i64>) -> bool {
        let Self::Integers(range) = self else {
            return true;
        };
        min.is_none_or(|min| min <= *range.end()) && max.is_none_or(|max| *range.start() <= max)
    }
}

pub fn is_match(batch: &RecordBatch, row: usize, (column, wanted): &Filter) -> bool {
    let Some(array) = batch
        .column_by_name(column)
        .filter(|array| !array.is_null(row))
    else {
        return false;
    };
    match (wanted, array.data_type()) {
        (Wanted::Text(text), _) => array.as_string::<i32>().value(row) == text,
        (Wanted::Integers(range), DataType::Int64) => {
            range.contains(&array.as_primitive::<Int64Type>().value(row))
        }
        (Wanted::Integers(range), _) => {
            range.contains(&array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
    }
}

pub fn may_have(file: &ManifestFile, (column, wanted): &Filter) -> bool {
    let Some(column) = file.column(column) else {
        return false;
    };
    match (&column.min, &column.max) {
        (Some(Bound::Utf8(min)), Some(Bound::Utf8(max))) => {
            wanted.may_be_text(Some(min.as_bytes()), Some(max.as_bytes()))
        }
        (Some(Bound::Int64(min)), Some(Bound::Int64(max))) => {
            wanted.may_be_integer(Some(*min), Some(*max))
        }
        _ => column.nulls < file.rows,
    }
}

pub fn may_have_chunk(chunk: &ColumnChunkMetaData, wanted: &Wanted) -> bool {
    let Some(known) = chunk.statistics() else {
        return true;
    };
    match known {
        _ if known.null_count_opt() == u64::try_from(chunk.num_values()).ok() => false,
        Statistics::ByteArray(known) => {
            wanted.may_be_text(known.min_bytes_opt(), known.max_bytes_opt())
        }
        Statistics::Int64(known) => {
            wanted.may_be_integer(known.min_opt().copied(), known.max_opt().copied())
        }
        _ => true,
    }
}

/// Returns the rows of the pages of a chunk that may match; `None` without a page index.
pub fn pages(
    metadata: &ParquetMetaData,
    group: usize,
    leaf: usize,
    rows: usize,
    wanted: &Wanted,
) -> Option<RowSelection> {
    let index = metadata.column_index()?.get(group)?.get(leaf)?;
    let locations = metadata
        .offset_index()?
        .get(group)?
        .get(leaf)?
        .page_locations();
    let first = |page: usize| {
        locations
            .get(page)
            .map_or(rows, |page| page.first_row_index as usize)
    };
    let selectors = (0..locations.len()).map(|page| {
        let may_match = match index {
            ColumnIndexMetaData::BYTE_ARRAY(index) => {
                !index.is_null_page(page)
                    && wanted.may_be_text(index.min_value(page), index.max_value(page))
            }
            ColumnIndexMetaData::INT64(index) => {
                let (min, max) = (index.min_value(page), index.max_value(page));
                !index.is_null_page(page) && wanted.may_be_integer(min.copied(), max.copied())
            }
            _ => true,
        };
        let rows = first(page + 1) - first(page);
        if may_match {
            RowSelector::select(rows)
        } else {
            RowSelector::skip(rows)
        }
    });
    Some(selectors.collect::<Vec<_>>().into())
}
