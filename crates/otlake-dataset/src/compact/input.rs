//! Reads the rows of a Parquet file.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema as ArrowSchema};
use bytes::Bytes;
use bytes::buf::{Buf, Reader};
use otlake_parquet::SortingColumn;
use otlake_storage::Documents;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{
    ColumnChunkMetaData, FooterTail, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::reader::{ChunkReader, Length};

use super::columns::Columns;
use super::error::CompactionError;
use super::rows::Chunk;
use crate::commit::manifest::file::ManifestFile;

/// Files of up to this size are read with one request. Larger ones are read by row group.
const WHOLE: u64 = 4 << 20;

/// The bytes at the end of a large file that are read first; most footers are smaller.
const TAIL: u64 = 64 << 10;

/// The largest number of rows that are decoded at once.
const CHUNK_ROWS: usize = 16 << 10;

/// A file from which rows are read, row group by row group.
pub(crate) struct Input<'a> {
    name: &'a str,
    storage: Option<&'a dyn Documents>,
    /// The bytes that were read: those of the file, or those of a row group.
    bytes: Piece,
    metadata: ArrowReaderMetadata,
    row_group: usize,
    reader: Option<RowGroupReader>,
}

/// The rest of a row group.
struct RowGroupReader {
    batches: ParquetRecordBatchReader,
    /// The numbers of the columns that it reads.
    columns: Vec<usize>,
}

/// Some bytes of a file.
#[derive(Clone)]
struct Piece {
    start: u64,
    bytes: Bytes,
    /// The size of the whole file.
    size: u64,
}

impl<'a> Input<'a> {
    /// Opens a file of a table.
    pub(crate) fn open(
        storage: &'a dyn Documents,
        file: &'a ManifestFile,
    ) -> Result<Self, CompactionError> {
        let name = file.name.as_str();
        let size = file.bytes;
        let whole = size <= WHOLE;
        let start = if whole { 0 } else { size - TAIL };
        let read = |start| read(storage, name, start, size);
        let mut bytes = read(start)?;
        if !whole {
            let footer = guard(name, || footer_bytes(&bytes))?;
            if footer > TAIL {
                bytes = read(size.saturating_sub(footer))?;
            }
        }
        let input = Self::of(name, (!whole).then_some(storage), bytes)?;
        let rows = input.metadata.metadata().file_metadata().num_rows();
        if u64::try_from(rows) != Ok(file.rows) {
            let fault = format!("it has {rows} rows, and its manifest says {}", file.rows);
            return Err(CompactionError::input(name, fault));
        }
        Ok(input)
    }

    /// Opens a file that is in memory.
    pub(crate) fn in_memory(name: &'a str, bytes: Bytes) -> Result<Self, CompactionError> {
        let size = bytes.len() as u64;
        let start = 0;
        Self::of(name, None, Piece { start, bytes, size })
    }

    fn of(
        name: &'a str,
        storage: Option<&'a dyn Documents>,
        bytes: Piece,
    ) -> Result<Self, CompactionError> {
        let metadata = guard(name, || {
            let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes)?;
            // An embedded Arrow schema may have other types than the published one.
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            ArrowReaderMetadata::try_new(Arc::new(metadata), options)
        })?;
        Ok(Self {
            name,
            storage,
            bytes,
            metadata,
            row_group: 0,
            reader: None,
        })
    }

    /// Returns the order of the rows that all row groups have.
    pub(crate) fn sort_order(&self) -> Result<Vec<SortingColumn>, CompactionError> {
        let metadata = self.metadata.metadata();
        let mut orders = metadata.row_groups().iter();
        let orders = orders.by_ref().map(RowGroupMetaData::sorting_columns);
        let mut orders = orders.map(|order| order.map(Vec::as_slice).unwrap_or_default());
        let first = orders.next().unwrap_or_default();
        if orders.any(|other| other != first) {
            return Ok(Vec::new());
        }
        let schema = metadata.file_metadata().schema_descr();
        let order = first.iter().map_while(|column| {
            let leaf = usize::try_from(column.column_idx).ok()?;
            let path = schema.columns().get(leaf)?.path().parts();
            Some(SortingColumn {
                name: path.first()?.clone(),
                descending: column.descending,
                nulls_first: column.nulls_first,
            })
        });
        Ok(order.collect())
    }

    /// Adds the columns of the file to `columns`.
    pub(crate) fn find_columns(&self, columns: &mut Columns) -> Result<(), CompactionError> {
        let mut names = HashSet::new();
        for field in self.metadata.schema().fields() {
            if !names.insert(field.name()) {
                let column = field.name();
                let fault = format!("it has two columns with the name {column:?}");
                return Err(CompactionError::input(self.name, fault));
            }
            columns
                .find(field)
                .map_err(|fault| CompactionError::input(self.name, fault))?;
        }
        Ok(())
    }

    /// Returns the next rows, or `None` after the last one. All columns of the file have to be in `columns`.
    pub(crate) fn next(&mut self, columns: &Columns) -> Result<Option<Chunk>, CompactionError> {
        loop {
            if self.reader.is_none() && !self.next_row_group(columns)? {
                return Ok(None);
            }
            let Some(reader) = &mut self.reader else {
                continue;
            };
            let batch = guard(self.name, || Ok(reader.batches.next().transpose()?))?;
            let Some(batch) = batch else {
                self.reader = None;
                continue;
            };
            let mut chunk = Chunk {
                rows: batch.num_rows(),
                columns: vec![None; columns.fields().len()],
            };
            for (number, array) in reader.columns.iter().zip(batch.columns()) {
                if array.null_count() == array.len() {
                    continue;
                }
                let array = columns.fit(*number, Arc::clone(array));
                let array = array.map_err(|fault| CompactionError::input(self.name, fault))?;
                chunk.columns[*number] = Some(array);
            }
            return Ok(Some(chunk));
        }
    }

    /// Begins to read the next row group, and returns whether there is one.
    fn next_row_group(&mut self, columns: &Columns) -> Result<bool, CompactionError> {
        let number = self.row_group;
        let parquet = Arc::clone(self.metadata.metadata());
        let Some(row_group) = parquet.row_groups().get(number) else {
            return Ok(false);
        };
        self.row_group += 1;
        let mut leaf = 0;
        let (mut roots, mut numbers) = (Vec::new(), Vec::new());
        let mut fields: Vec<Field> = Vec::new();
        for (root, field) in self.metadata.schema().fields().iter().enumerate() {
            let leaves = leaf..leaf + leaves(&parquet, root, leaf);
            leaf = leaves.end;
            let chunks = &row_group.columns()[leaves];
            let is_null = |chunk: &ColumnChunkMetaData| {
                let nulls = chunk.statistics().and_then(|known| known.null_count_opt());
                nulls.is_some_and(|nulls| i64::try_from(nulls) == Ok(chunk.num_values()))
            };
            fields.push(match (chunks, field.data_type()) {
                ([chunk], data_type @ (DataType::Utf8 | DataType::Binary))
                    if is_dictionary(chunk) =>
                {
                    let keys = Box::new(DataType::Int32);
                    let data_type = DataType::Dictionary(keys, Box::new(data_type.clone()));
                    Field::clone(field).with_data_type(data_type)
                }
                _ => Field::clone(field),
            });
            if let ([chunk], false) = (chunks, field.data_type().is_nested())
                && is_null(chunk)
            {
                continue;
            }
            let Some(column) = columns.number(field.name()) else {
                continue;
            };
            roots.push(root);
            numbers.push(column);
        }
        if let Some(storage) = self.storage {
            let range = range_of(row_group).filter(|range| range.end <= self.bytes.size);
            let range = range.ok_or_else(|| {
                CompactionError::input(
                    self.name,
                    "its footer says that a row group is outside of it",
                )
            })?;
            self.bytes = read(storage, self.name, range.start, range.end)?.of(self.bytes.size);
        }
        let batches = guard(self.name, || {
            let schema =
                ArrowSchema::new_with_metadata(fields, self.metadata.schema().metadata().clone());
            let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
            let metadata = ArrowReaderMetadata::try_new(Arc::clone(&parquet), options)?;
            let mask = ProjectionMask::roots(metadata.parquet_schema(), roots);
            let rows = usize::try_from(row_group.num_rows()).unwrap_or(CHUNK_ROWS);
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), metadata)
                .with_projection(mask)
                .with_row_groups(vec![number])
                .with_batch_size(rows.clamp(1, CHUNK_ROWS))
                .build()
        })?;
        self.reader = Some(RowGroupReader {
            batches,
            columns: numbers,
        });
        Ok(true)
    }
}

/// Returns the number of leaves of a column whose first leaf is `first`.
fn leaves(metadata: &ParquetMetaData, root: usize, first: usize) -> usize {
    let schema = metadata.file_metadata().schema_descr();
    (first..schema.num_columns())
        .take_while(|leaf| schema.get_column_root_idx(*leaf) == root)
        .count()
}

/// Returns whether all values of a chunk are in its dictionary.
fn is_dictionary(chunk: &ColumnChunkMetaData) -> bool {
    chunk.dictionary_page_offset().is_some()
        && chunk.page_encoding_stats_mask().is_some_and(|mask| {
            mask.is_only(Encoding::RLE_DICTIONARY) || mask.is_only(Encoding::PLAIN_DICTIONARY)
        })
}

/// Returns the bytes of a row group in its file.
fn range_of(row_group: &RowGroupMetaData) -> Option<std::ops::Range<u64>> {
    let ranges = row_group.columns().iter().map(|chunk| {
        let first = chunk.dictionary_page_offset();
        let first = first.map_or(chunk.data_page_offset(), |dictionary| {
            dictionary.min(chunk.data_page_offset())
        });
        let start = u64::try_from(first).ok()?;
        let bytes = u64::try_from(chunk.compressed_size()).ok()?;
        Some(start..start.checked_add(bytes)?)
    });
    ranges.reduce(|a, b| {
        let (a, b) = (a?, b?);
        Some(a.start.min(b.start)..a.end.max(b.end))
    })?
}

/// Returns the bytes of the footer with its length and magic.
fn footer_bytes(tail: &Piece) -> Result<u64, ParquetError> {
    let bytes = tail.get_bytes(tail.size - FOOTER_SIZE as u64, FOOTER_SIZE)?;
    let tail = FooterTail::try_from(&bytes[..])?;
    Ok((tail.metadata_length() + FOOTER_SIZE) as u64)
}

fn read(
    storage: &dyn Documents,
    name: &str,
    start: u64,
    end: u64,
) -> Result<Piece, CompactionError> {
    match storage.read_range(name, start..end) {
        Ok(Some(bytes)) => Ok(Piece {
            start,
            bytes,
            size: end,
        }),
        Ok(None) => Err(CompactionError::Missing {
            file: name.to_owned(),
        }),
        Err(source) => Err(CompactionError::Read {
            file: name.to_owned(),
            source,
        }),
    }
}

/// Runs a decoding step, and names the file in its errors. The parquet crate panics on some damaged files. Such a panic
/// becomes an error, so that one file does not stop the compaction of all others.
fn guard<T>(
    name: &str,
    read: impl FnOnce() -> Result<T, ParquetError>,
) -> Result<T, CompactionError> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(|fault| CompactionError::input(name, fault)),
        Err(_) => {
            let fault = "it is damaged: decoding it has failed with a panic";
            Err(CompactionError::input(name, fault))
        }
    }
}

impl Piece {
    /// Sets the size of the whole file.
    fn of(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    fn slice(&self, start: u64, length: Option<usize>) -> Result<Bytes, ParquetError> {
        let begin = start.checked_sub(self.start);
        let begin = begin.and_then(|begin| usize::try_from(begin).ok());
        let slice = begin.filter(|begin| *begin <= self.bytes.len());
        let end = slice.and_then(|begin| match length {
            Some(length) => begin.checked_add(length),
            None => Some(self.bytes.len()),
        });
        match (slice, end) {
            (Some(begin), Some(end)) if end <= self.bytes.len() => Ok(self.bytes.slice(begin..end)),
            _ => Err(ParquetError::General(format!(
                "bytes at {start} are outside of the row group or footer that they belong to"
            ))),
        }
    }
}

impl Length for Piece {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Piece {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.slice(start, None)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.slice(start, Some(length))
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};
    use parquet::arrow::ArrowWriter;

    use super::*;

    /// The Parquet format allows it, but one of the columns would take the place of the other.
    #[test]
    fn two_columns_with_one_name_are_an_error() {
        let columns = [1, 2].map(|number| -> (&str, ArrayRef) {
            ("attr_a", Arc::new(Int64Array::from(vec![number])))
        });
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        let bytes = writer.into_inner().unwrap();
        let input = Input::in_memory("a.parquet", bytes.into()).unwrap();
        let mut columns = Columns::new(Arc::new(ArrowSchema::empty()));
        let error = input.find_columns(&mut columns).unwrap_err();
        let fault = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(fault, "it has two columns with the name \"attr_a\"");
    }
}
