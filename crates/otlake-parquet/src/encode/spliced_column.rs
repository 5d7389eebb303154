//! Columns of types without an encoder here: the `parquet` crate writes the column to a file in memory, without
//! compression, and its pages are taken from there.
//!
//! Pages are taken rather than chunks so that they get the shared compressor and that metadata is written in one
//! place.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, OffsetSizeTrait, RecordBatch};
use arrow_schema::{DataType, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::column::page::{Page as ParquetPage, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::serialized_reader::SerializedPageReader;

use crate::file::column::Column;
use crate::options::WriterOptions;
use crate::page::bound_store::{BoundStore, Bounds};
use crate::page::chunk_draft::{ChunkDraft, DataPage, DictionaryPage};
use crate::page::encoding::Encoding;
use crate::room::make_room_for;

/// A column that the `parquet` crate encoded, as a file in memory.
pub(crate) struct SplicedColumn {
    file: Arc<Bytes>,
    metadata: ParquetMetaData,
    /// For each leaf, whether it has a NaN.
    nan: Vec<bool>,
}

impl SplicedColumn {
    pub(crate) fn new(column: &Column, array: &ArrayRef, options: &WriterOptions) -> Result<Self> {
        let field = column
            .field
            .as_ref()
            .clone()
            .with_data_type(array.data_type().clone());
        let schema = Arc::new(Schema::new(vec![field]));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::clone(array)])?;
        let truncate = Some(options.statistics_truncate_length());
        let properties = WriterProperties::builder()
            .set_coerce_types(true)
            .set_compression(Compression::UNCOMPRESSED)
            .set_max_row_group_row_count(None)
            .set_data_page_row_count_limit(options.data_page_rows())
            .set_data_page_size_limit(options.data_page_bytes())
            .set_dictionary_page_size_limit(options.dictionary_page_bytes())
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_statistics_truncate_length(truncate)
            .set_column_index_truncate_length(truncate)
            .build();
        let mut nan = Vec::with_capacity(column.leaves.len());
        find_nan(array, &mut nan);
        debug_assert_eq!(nan.len(), column.leaves.len());
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, schema, Some(properties))?;
        writer.write(&batch)?;
        let metadata = writer.close()?;
        Ok(Self {
            file: Arc::new(Bytes::from(file)),
            metadata,
            nan,
        })
    }

    /// Drafts the chunk of the leaf with the number `leaf`.
    pub(crate) fn draft(&self, draft: &mut ChunkDraft, leaf: usize) -> Result<()> {
        let missing = || ParquetError::General("the encoded column has no page index".to_owned());
        let row_group = self.metadata.row_groups().first().ok_or_else(missing)?;
        let chunk = row_group.column(leaf);
        let offsets = self.metadata.offset_index().ok_or_else(missing)?;
        let locations = offsets[0][leaf].page_locations();
        // A chunk may lack an index that others have: pages of nothing but NaN have no bounds.
        let column_index = self
            .metadata
            .column_index()
            .map(|index| &index[0][leaf])
            .filter(|index| !matches!(index, ColumnIndexMetaData::NONE));

        // The crate leaves NaN out of bounds, which not all readers expect.
        let has_nan = self.nan.get(leaf) != Some(&false);
        let rows = row_group.num_rows() as usize;
        let mut reader = SerializedPageReader::new(Arc::clone(&self.file), chunk, rows, None)?;
        make_room_for(&mut draft.body, chunk.uncompressed_size() as usize);
        while let Some(page) = reader.get_next_page()? {
            draft.body.extend_from_slice(page.buffer());
            let end = draft.body.len();
            match page {
                ParquetPage::DictionaryPage { num_values, .. } => {
                    draft.dictionary = Some(DictionaryPage {
                        end,
                        values: num_values as usize,
                    });
                }
                ParquetPage::DataPage {
                    num_values,
                    encoding,
                    ..
                } => {
                    let number = draft.pages.len();
                    let location = locations.get(number).ok_or_else(missing)?;
                    let nulls = column_index.and_then(|index| index.null_count(number));
                    let bounds = column_index
                        .filter(|_| !has_nan)
                        .and_then(|index| page_bounds(&mut draft.bounds, index, number));
                    draft.pages.push(DataPage {
                        end,
                        values: num_values as usize,
                        first_row: location.first_row_index as usize,
                        nulls: nulls.unwrap_or(0) as usize,
                        encoding: Encoding(encoding as i32),
                        bounds,
                    });
                }
                ParquetPage::DataPageV2 { .. } => {
                    return Err(ParquetError::General(
                        "the encoded column has a version 2 page".into(),
                    ));
                }
            }
        }

        draft.boundary_order = column_index
            .and_then(|index| index.get_boundary_order())
            .map(|order| order as i32);
        draft.chunk_bounds = Some(None);
        if let Some(statistics) = chunk.statistics() {
            draft.distinct = statistics.distinct_count_opt();
            if !has_nan
                && let (Some(min), Some(max)) =
                    (statistics.min_bytes_opt(), statistics.max_bytes_opt())
            {
                let min = draft.bounds.put_bound(min, statistics.min_is_exact());
                let max = draft.bounds.put_bound(max, statistics.max_is_exact());
                draft.chunk_bounds = Some(Some(Bounds { min, max }));
            }
            // Without an index the count of nulls comes from the statistics.
            if let (None, Some(nulls)) = (column_index, statistics.null_count_opt())
                && let Some(page) = draft.pages.first_mut()
            {
                page.nulls = nulls as usize;
            }
        }
        Ok(())
    }
}

/// Appends, for each leaf of `array` in the order of the file, whether it has a NaN. A NaN that is hidden below
/// a null may count.
fn find_nan(array: &dyn Array, leaves: &mut Vec<bool>) {
    match array.data_type() {
        DataType::Float16 => {
            let mut values = array.as_primitive::<Float16Type>().iter().flatten();
            leaves.push(values.any(|value| value.is_nan()));
        }
        DataType::Float32 => {
            let mut values = array.as_primitive::<Float32Type>().iter().flatten();
            leaves.push(values.any(|value| value.is_nan()));
        }
        DataType::Float64 => {
            let mut values = array.as_primitive::<Float64Type>().iter().flatten();
            leaves.push(values.any(|value| value.is_nan()));
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            find_nan(&items(list.offsets(), list.values()), leaves);
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            find_nan(&items(list.offsets(), list.values()), leaves);
        }
        DataType::ListView(_) => find_nan(array.as_list_view::<i32>().values(), leaves),
        DataType::LargeListView(_) => find_nan(array.as_list_view::<i64>().values(), leaves),
        DataType::FixedSizeList(..) => find_nan(array.as_fixed_size_list().values(), leaves),
        DataType::Map(..) => {
            let map = array.as_map();
            let entries: ArrayRef = Arc::new(map.entries().clone());
            find_nan(&items(map.offsets(), &entries), leaves);
        }
        DataType::Struct(_) => {
            for column in array.as_struct().columns() {
                find_nan(column, leaves);
            }
        }
        _ => leaves.push(false),
    }
}

/// Returns the items of all lists, without those before and after a slice.
fn items<O: OffsetSizeTrait>(offsets: &[O], values: &ArrayRef) -> ArrayRef {
    let (first, last) = (offsets[0].as_usize(), offsets[offsets.len() - 1].as_usize());
    values.slice(first, last - first)
}

fn page_bounds(store: &mut BoundStore, index: &ColumnIndexMetaData, page: usize) -> Option<Bounds> {
    let mut put = |min: &[u8], max: &[u8]| Some(store.put_exact(min, max));
    macro_rules! numbers {
        ($index:expr) => {
            put(
                &$index.min_value(page)?.to_le_bytes(),
                &$index.max_value(page)?.to_le_bytes(),
            )
        };
    }
    match index {
        ColumnIndexMetaData::BOOLEAN(index) => put(
            &[u8::from(*index.min_value(page)?)],
            &[u8::from(*index.max_value(page)?)],
        ),
        ColumnIndexMetaData::INT32(index) => numbers!(index),
        ColumnIndexMetaData::INT64(index) => numbers!(index),
        ColumnIndexMetaData::FLOAT(index) => numbers!(index),
        ColumnIndexMetaData::DOUBLE(index) => numbers!(index),
        ColumnIndexMetaData::BYTE_ARRAY(index) => {
            put(index.min_value(page)?, index.max_value(page)?)
        }
        ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index) => {
            put(index.min_value(page)?, index.max_value(page)?)
        }
        // Arrow has no INT96.
        _ => None,
    }
}
