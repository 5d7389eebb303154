//! Reads the rows of a Parquet file.

use std::collections::HashSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use bytes::Bytes;
use bytes::buf::{Buf, Reader};
use otlake_parquet::{ChunkDecoder, SortingColumn};
use otlake_storage::Documents;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Encoding, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{
    ColumnChunkMetaData, FooterTail, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::reader::{ChunkReader, Length};
use parquet::schema::types::SchemaDescPtr;

use super::columns::Columns;
use super::error::CompactionError;
use super::rows::RowBlock;
use crate::commit::manifest::file::ManifestFile;

/// Files of up to this size are read with one request. Larger ones are read by row group.
const WHOLE: u64 = 4 << 20;

/// The bytes at the end of a large file that are read first; most footers are smaller.
const TAIL: u64 = 64 << 10;

/// The largest number of rows that are decoded at once from a row group that is too large to be decoded as a whole.
const BLOCK_ROWS: usize = 16 << 10;

/// Schema, contexts and buffers that are reused from file to file.
pub(crate) struct Decoder {
    chunks: ChunkDecoder,
    /// The Parquet and Arrow schema of the last file.
    schema: Option<(SchemaDescPtr, SchemaRef)>,
    /// The bytes of memory up to which a row group is decoded as a whole.
    most_bytes: usize,
}

impl Decoder {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self {
            chunks: ChunkDecoder::new(),
            schema: None,
            most_bytes,
        }
    }

    /// Returns the Arrow schema of a file. Most files have the schema of the one before.
    fn schema_of(&mut self, metadata: &Arc<ParquetMetaData>) -> Result<SchemaRef, ParquetError> {
        let found = metadata.file_metadata().schema_descr_ptr();
        if let Some((parquet, schema)) = &self.schema
            && parquet.root_schema() == found.root_schema()
        {
            return Ok(Arc::clone(schema));
        }
        // An embedded Arrow schema may have other types than the published one.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata), options)?;
        let schema = Arc::clone(metadata.schema());
        self.schema = Some((found, Arc::clone(&schema)));
        Ok(schema)
    }
}

/// A file from which rows are read, row group by row group.
pub(crate) struct Input<'a> {
    name: &'a str,
    storage: Option<&'a dyn Documents>,
    /// The bytes that were read: those of the file, or those of a row group.
    bytes: Piece,
    metadata: Arc<ParquetMetaData>,
    schema: SchemaRef,
    row_group: usize,
    reader: Option<RowGroupReader>,
}

/// The rest of a row group.
struct RowGroupReader {
    batches: ParquetRecordBatchReader,
    /// The numbers of the columns that it reads.
    columns: Vec<usize>,
}

/// A column of a row group that has values.
struct FileColumn {
    /// Its number in the file.
    root: usize,
    /// Its number among the columns of the merged file.
    number: usize,
    /// Its leaves in the file.
    leaves: Range<usize>,
    is_nested: bool,
    data_type: DataType,
}

/// Some bytes of a file.
#[derive(Clone)]
pub(crate) struct Piece {
    start: u64,
    bytes: Bytes,
    /// The size of the whole file.
    size: u64,
}

/// The bytes with which a file is opened: a small file, or the end of a large one.
pub(crate) type OpeningBytes = Result<Piece, CompactionError>;

/// Returns the number of bytes that [`read_opening`] reads of a file.
pub(crate) fn opening_size(file: &ManifestFile) -> u64 {
    if file.bytes <= WHOLE {
        file.bytes
    } else {
        TAIL
    }
}

/// Reads the bytes with which a file is opened.
pub(crate) fn read_opening(storage: &dyn Documents, file: &ManifestFile) -> OpeningBytes {
    read(
        storage,
        &file.name,
        file.bytes - opening_size(file),
        file.bytes,
    )
}

impl<'a> Input<'a> {
    /// Opens a file of a table.
    pub(crate) fn open(
        storage: &'a dyn Documents,
        file: &'a ManifestFile,
        opening: OpeningBytes,
        decoder: &mut Decoder,
    ) -> Result<Self, CompactionError> {
        let name = file.name.as_str();
        let size = file.bytes;
        let whole = size <= WHOLE;
        let mut bytes = opening?;
        if !whole {
            let footer = guard(name, || footer_bytes(&bytes))?;
            if footer > TAIL {
                bytes = read(storage, name, size.saturating_sub(footer), size)?;
            }
        }
        let input = Self::of(name, (!whole).then_some(storage), bytes, decoder)?;
        let rows = input.metadata.file_metadata().num_rows();
        if u64::try_from(rows) != Ok(file.rows) {
            let fault = format!("it has {rows} rows, and its manifest says {}", file.rows);
            return Err(CompactionError::input(name, fault));
        }
        Ok(input)
    }

    /// Opens a file that is in memory.
    pub(crate) fn in_memory(
        name: &'a str,
        bytes: Bytes,
        decoder: &mut Decoder,
    ) -> Result<Self, CompactionError> {
        let size = bytes.len() as u64;
        let start = 0;
        Self::of(name, None, Piece { start, bytes, size }, decoder)
    }

    fn of(
        name: &'a str,
        storage: Option<&'a dyn Documents>,
        bytes: Piece,
        decoder: &mut Decoder,
    ) -> Result<Self, CompactionError> {
        let (metadata, schema) = guard(name, || {
            let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes)?;
            let metadata = Arc::new(metadata);
            let schema = decoder.schema_of(&metadata)?;
            Ok((metadata, schema))
        })?;
        Ok(Self {
            name,
            storage,
            bytes,
            metadata,
            schema,
            row_group: 0,
            reader: None,
        })
    }

    /// Returns the order of the rows that all row groups have.
    pub(crate) fn sort_order(&self) -> Result<Vec<SortingColumn>, CompactionError> {
        let metadata = &self.metadata;
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
        for field in self.schema.fields() {
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
    pub(crate) fn next(
        &mut self,
        columns: &Columns,
        decoder: &mut Decoder,
    ) -> Result<Option<RowBlock>, CompactionError> {
        loop {
            if let Some(reader) = &mut self.reader {
                let batch = guard(self.name, || Ok(reader.batches.next().transpose()?))?;
                let Some(batch) = batch else {
                    self.reader = None;
                    continue;
                };
                let mut block = RowBlock {
                    rows: batch.num_rows(),
                    columns: vec![None; columns.fields().len()],
                };
                for (number, array) in reader.columns.iter().zip(batch.columns()) {
                    put(self.name, &mut block, columns, *number, array)?;
                }
                return Ok(Some(block));
            }
            let parquet = Arc::clone(&self.metadata);
            let Some(row_group) = parquet.row_groups().get(self.row_group) else {
                return Ok(None);
            };
            if let Some(block) = self.next_row_group(row_group, columns, decoder)? {
                return Ok(Some(block));
            }
        }
    }

    /// Begins to read the next row group. Returns its rows unless there are too many.
    fn next_row_group(
        &mut self,
        row_group: &RowGroupMetaData,
        columns: &Columns,
        decoder: &mut Decoder,
    ) -> Result<Option<RowBlock>, CompactionError> {
        let number = self.row_group;
        self.row_group += 1;
        let found = self.columns_of(row_group, columns);
        if let Some(storage) = self.storage {
            let range = range_of(row_group).filter(|range| range.end <= self.bytes.size);
            let range = range.ok_or_else(|| {
                let fault = "its footer says that a row group is outside of it";
                CompactionError::input(self.name, fault)
            })?;
            self.bytes = read(storage, self.name, range.start, range.end)?.of(self.bytes.size);
        }
        let rows = usize::try_from(row_group.num_rows())
            .map_err(|fault| CompactionError::input(self.name, fault))?;
        // A smaller row group is read at once in either case.
        if rows > BLOCK_ROWS && decoded_bytes(row_group, &found, rows) > decoder.most_bytes {
            let batches = self.batches(number, &found, rows.clamp(1, BLOCK_ROWS))?;
            self.reader = Some(RowGroupReader {
                batches,
                columns: found.iter().map(|column| column.number).collect(),
            });
            return Ok(None);
        }
        let mut block = RowBlock {
            rows,
            columns: vec![None; columns.fields().len()],
        };
        let mut others = Vec::new();
        for column in found {
            let decoded = match column.is_nested {
                false => {
                    let chunk = row_group.column(column.leaves.start);
                    self.decode(chunk, rows, &column, decoder)?
                }
                true => None,
            };
            match decoded {
                Some(array) => put(self.name, &mut block, columns, column.number, &array)?,
                None => others.push(column),
            }
        }
        if !others.is_empty() {
            let mut batches = self.batches(number, &others, rows.max(1))?;
            let batch: Option<RecordBatch> =
                guard(self.name, || Ok(batches.next().transpose()?))?;
            let batch = batch.filter(|batch| batch.num_rows() == rows);
            let batch = batch.ok_or_else(|| {
                CompactionError::input(self.name, "a row group has fewer rows than its footer says")
            })?;
            for (column, array) in others.iter().zip(batch.columns()) {
                put(self.name, &mut block, columns, column.number, array)?;
            }
        }
        Ok(Some(block))
    }

    /// Returns the columns of a row group that have values, with the types in which they are read.
    fn columns_of(&self, row_group: &RowGroupMetaData, columns: &Columns) -> Vec<FileColumn> {
        let mut leaf = 0;
        let mut found = Vec::new();
        for (root, field) in self.schema.fields().iter().enumerate() {
            let leaves = leaf..leaf + leaves(&self.metadata, root, leaf);
            leaf = leaves.end;
            let Some(number) = columns.number(field.name()) else {
                continue;
            };
            let mut column = FileColumn {
                root,
                number,
                leaves: leaves.clone(),
                is_nested: true,
                data_type: field.data_type().clone(),
            };
            if let [chunk] = &row_group.columns()[leaves]
                && !field.data_type().is_nested()
            {
                let nulls = chunk.statistics().and_then(|known| known.null_count_opt());
                if nulls.is_some_and(|nulls| i64::try_from(nulls) == Ok(chunk.num_values())) {
                    continue;
                }
                column.is_nested = false;
                if matches!(column.data_type, DataType::Utf8 | DataType::Binary)
                    && is_dictionary(chunk)
                {
                    let keys = Box::new(DataType::Int32);
                    column.data_type = DataType::Dictionary(keys, Box::new(column.data_type));
                }
            }
            found.push(column);
        }
        found
    }

    /// Decodes a column that is not nested; `None` if only the parquet crate reads it.
    fn decode(
        &self,
        chunk: &ColumnChunkMetaData,
        rows: usize,
        column: &FileColumn,
        decoder: &mut Decoder,
    ) -> Result<Option<ArrayRef>, CompactionError> {
        let range = guard(self.name, || Ok(chunk.byte_range()))?;
        let bytes = usize::try_from(range.1)
            .map_err(ParquetError::from)
            .and_then(|len| self.bytes.slice(range.0, Some(len)))
            .map_err(|fault| CompactionError::input(self.name, fault))?;
        decoder
            .chunks
            .decode(chunk, &bytes, rows, &column.data_type)
            .map_err(|fault| CompactionError::input(self.name, fault))
    }

    /// Reads some columns of a row group with the parquet crate.
    fn batches(
        &self,
        row_group: usize,
        columns: &[FileColumn],
        rows: usize,
    ) -> Result<ParquetRecordBatchReader, CompactionError> {
        guard(self.name, || {
            let mut fields: Vec<Field> = Vec::with_capacity(self.schema.fields().len());
            fields.extend(self.schema.fields().iter().map(|field| Field::clone(field)));
            for column in columns {
                let field = fields[column.root].clone();
                fields[column.root] = field.with_data_type(column.data_type.clone());
            }
            let schema = ArrowSchema::new_with_metadata(fields, self.schema.metadata().clone());
            let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
            let metadata = ArrowReaderMetadata::try_new(Arc::clone(&self.metadata), options)?;
            let roots = columns.iter().map(|column| column.root);
            let mask = ProjectionMask::roots(metadata.parquet_schema(), roots);
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), metadata)
                .with_projection(mask)
                .with_row_groups(vec![row_group])
                .with_batch_size(rows)
                .build()
        })
    }
}

/// Adds a column of a file to a block.
fn put(
    name: &str,
    block: &mut RowBlock,
    columns: &Columns,
    number: usize,
    array: &ArrayRef,
) -> Result<(), CompactionError> {
    if array.null_count() < array.len() {
        let array = columns.fit(number, Arc::clone(array));
        let array = array.map_err(|fault| CompactionError::input(name, fault))?;
        block.columns[number] = Some(array);
    }
    Ok(())
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

/// Returns the most bytes of memory that columns of a row group with `rows` rows take, or `usize::MAX` if the metadata
/// does not tell.
fn decoded_bytes(row_group: &RowGroupMetaData, columns: &[FileColumn], rows: usize) -> usize {
    let mut all: usize = 0;
    for column in columns {
        let keeps_dictionary = matches!(column.data_type, DataType::Dictionary(..));
        for chunk in &row_group.columns()[column.leaves.clone()] {
            // A row of a nested column may have several values, or none, which has levels like a value.
            let values = usize::try_from(chunk.num_values()).unwrap_or(usize::MAX);
            let values = values.max(rows);
            let bytes = match chunk.column_type() {
                // The most that a number of up to eight bytes takes.
                PhysicalType::BOOLEAN
                | PhysicalType::INT32
                | PhysicalType::INT64
                | PhysicalType::FLOAT
                | PhysicalType::DOUBLE => values.saturating_mul(8),
                PhysicalType::INT96 => values.saturating_mul(16),
                PhysicalType::FIXED_LEN_BYTE_ARRAY => {
                    let width = usize::try_from(chunk.column_descr().type_length());
                    values.saturating_mul(width.unwrap_or(usize::MAX))
                }
                // A value has an offset or a key.
                PhysicalType::BYTE_ARRAY => {
                    text_bytes(chunk, keeps_dictionary).saturating_add(values.saturating_mul(4))
                }
            };
            all = all.saturating_add(bytes);
        }
    }
    all
}

/// Returns the most bytes that the decoded values of a chunk of text or bytes have, without offsets.
fn text_bytes(chunk: &ColumnChunkMetaData, keeps_dictionary: bool) -> usize {
    // With other encodings, a value takes fewer bytes in the file.
    #[expect(deprecated, reason = "old files have levels in this encoding")]
    let is_full = |encoding| {
        use Encoding as E;
        let is_levels = matches!(encoding, E::RLE | E::BIT_PACKED);
        is_levels || matches!(encoding, E::PLAIN | E::DELTA_LENGTH_BYTE_ARRAY)
    };
    let is_full = chunk.dictionary_page_offset().is_none() && chunk.encodings().all(is_full);
    let bytes = match chunk.unencoded_byte_array_data_bytes() {
        _ if keeps_dictionary || is_full => Some(chunk.uncompressed_size()),
        unencoded => unencoded,
    };
    bytes
        .and_then(|bytes| usize::try_from(bytes).ok())
        .unwrap_or(usize::MAX)
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
    use arrow_array::builder::{ListBuilder, StringBuilder};
    use arrow_array::{Int64Array, StringArray};
    use otlake_parquet::{Encoder, FileWriter, WriterOptions};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::{EnabledStatistics, WriterProperties};

    use super::*;

    /// Returns the numbers of rows that are decoded at once.
    fn blocks(file: &Bytes, most_bytes: usize) -> Vec<usize> {
        let mut decoder = Decoder::new(most_bytes);
        let mut input = Input::in_memory("a.parquet", file.clone(), &mut decoder).unwrap();
        let mut columns = Columns::new(Arc::new(ArrowSchema::empty()));
        input.find_columns(&mut columns).unwrap();
        let mut rows = Vec::new();
        while let Some(block) = input.next(&columns, &mut decoder).unwrap() {
            rows.push(block.rows);
        }
        rows
    }

    /// A text of 1,000 bytes in 39,000 rows, and then texts of which no dictionary has room, in a column and in a list.
    fn expanding_columns() -> [ArrayRef; 2] {
        let long = "x".repeat(1_000);
        let text = |row: usize| match row {
            ..39_000 => long.clone(),
            _ => format!("{row}"),
        };
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in 0..40_000 {
            lists.append_value([Some(text(row))]);
        }
        let texts = StringArray::from_iter_values((0..40_000).map(text));
        [Arc::new(texts), Arc::new(lists.finish())]
    }

    /// A chunk of some kilobytes may have values of 39 MB. If the file does not tell, that has to be expected.
    #[test]
    fn dictionaries_that_are_expanded_count_with_all_copies() {
        for array in expanding_columns() {
            let batch = RecordBatch::try_from_iter([("a", array)]).unwrap();
            for (statistics, is_known) in [
                (EnabledStatistics::Chunk, true),
                (EnabledStatistics::None, false),
            ] {
                let properties = WriterProperties::builder()
                    .set_dictionary_page_size_limit(2_000)
                    .set_statistics_enabled(statistics)
                    .build();
                let writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties));
                let mut writer = writer.unwrap();
                writer.write(&batch).unwrap();
                let file = Bytes::from(writer.into_inner().unwrap());
                assert!(file.len() < 1 << 20);
                let parts = [BLOCK_ROWS, BLOCK_ROWS, 40_000 - 2 * BLOCK_ROWS];
                assert_eq!(blocks(&file, 16 << 20), parts);
                let most = blocks(&file, 64 << 20);
                assert_eq!(most == [40_000], is_known, "{most:?}");
            }
        }
    }

    /// The size of what our own encoder writes is known, whether it writes a dictionary or not.
    #[test]
    fn row_groups_of_the_encoder_are_decoded_as_a_whole() {
        let columns: [(&str, ArrayRef); 3] = [
            (
                "a",
                Arc::new(StringArray::from_iter_values(
                    (0..40_000).map(|row| format!("{row}")),
                )),
            ),
            (
                "b",
                Arc::new(StringArray::from_iter_values(
                    (0..40_000).map(|row| "x".repeat(1_000 + row % 3)),
                )),
            ),
            ("c", Arc::new(Int64Array::from_iter_values(0..40_000))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
        let mut file = FileWriter::new(Vec::new());
        file.write_row_group(&mut encoder, &batch).unwrap();
        let (file, _) = file.finish(&mut encoder, &[]).unwrap();
        let file = Bytes::from(file);
        assert_eq!(blocks(&file, 2 << 20), [40_000]);
        assert_eq!(blocks(&file, 64 << 10).len(), 3);
    }

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
        let mut decoder = Decoder::new(1 << 20);
        let input = Input::in_memory("a.parquet", bytes.into(), &mut decoder).unwrap();
        let mut columns = Columns::new(Arc::new(ArrowSchema::empty()));
        let error = input.find_columns(&mut columns).unwrap_err();
        let fault = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(fault, "it has two columns with the name \"attr_a\"");
    }
}
