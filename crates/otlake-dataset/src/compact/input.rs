//! Reads the rows of a Parquet file.

use std::collections::HashSet;
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
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{
    ColumnChunkMetaData, FooterTail, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::reader::{ChunkReader, Length};
use parquet::schema::types::SchemaDescPtr;

use super::columns::Columns;
use super::error::CompactionError;
use super::rows::Chunk;
use crate::commit::manifest::file::ManifestFile;

/// Files of up to this size are read with one request. Larger ones are read by row group.
const WHOLE: u64 = 4 << 20;

/// The bytes at the end of a large file that are read first; most footers are smaller.
const TAIL: u64 = 64 << 10;

/// The largest number of rows that are decoded at once from a row group that is too large to be decoded as a whole.
const CHUNK_ROWS: usize = 16 << 10;

/// What is kept between files.
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
    /// Its only leaf; `None` if it is nested.
    leaf: Option<usize>,
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
pub(crate) type FileBegin = Result<Piece, CompactionError>;

/// Returns the number of bytes that [`begin`] reads of a file.
pub(crate) fn begin_bytes(file: &ManifestFile) -> u64 {
    if file.bytes <= WHOLE {
        file.bytes
    } else {
        TAIL
    }
}

/// Reads the bytes with which a file is opened.
pub(crate) fn begin(storage: &dyn Documents, file: &ManifestFile) -> FileBegin {
    read(
        storage,
        &file.name,
        file.bytes - begin_bytes(file),
        file.bytes,
    )
}

impl<'a> Input<'a> {
    /// Opens a file of a table.
    pub(crate) fn open(
        storage: &'a dyn Documents,
        file: &'a ManifestFile,
        begin: FileBegin,
        decoder: &mut Decoder,
    ) -> Result<Self, CompactionError> {
        let name = file.name.as_str();
        let size = file.bytes;
        let whole = size <= WHOLE;
        let mut bytes = begin?;
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
    ) -> Result<Option<Chunk>, CompactionError> {
        loop {
            if let Some(reader) = &mut self.reader {
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
                    put(self.name, &mut chunk, columns, *number, array)?;
                }
                return Ok(Some(chunk));
            }
            let parquet = Arc::clone(&self.metadata);
            let Some(row_group) = parquet.row_groups().get(self.row_group) else {
                return Ok(None);
            };
            if let Some(chunk) = self.next_row_group(row_group, columns, decoder)? {
                return Ok(Some(chunk));
            }
        }
    }

    /// Begins to read the next row group. Returns its rows unless there are too many.
    fn next_row_group(
        &mut self,
        row_group: &RowGroupMetaData,
        columns: &Columns,
        decoder: &mut Decoder,
    ) -> Result<Option<Chunk>, CompactionError> {
        let number = self.row_group;
        self.row_group += 1;
        let mut found = self.columns_of(row_group, columns);
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
        // Keys of dictionaries take four bytes, which may be more than in the file.
        let bytes = usize::try_from(row_group.total_byte_size()).unwrap_or(usize::MAX);
        let bytes = bytes.saturating_add(rows.saturating_mul(4 * found.len()));
        if bytes > decoder.most_bytes {
            let batches = self.batches(number, &found, rows.clamp(1, CHUNK_ROWS))?;
            self.reader = Some(RowGroupReader {
                batches,
                columns: found.iter().map(|column| column.number).collect(),
            });
            return Ok(None);
        }
        let mut chunk = Chunk {
            rows,
            columns: vec![None; columns.fields().len()],
        };
        let mut others = Vec::new();
        for column in found.drain(..) {
            let decoded = match column.leaf {
                Some(leaf) => self.decode(row_group.column(leaf), rows, &column, decoder)?,
                None => None,
            };
            match decoded {
                Some(array) => put(self.name, &mut chunk, columns, column.number, &array)?,
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
                put(self.name, &mut chunk, columns, column.number, array)?;
            }
        }
        Ok(Some(chunk))
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
                leaf: None,
                data_type: field.data_type().clone(),
            };
            if let [chunk] = &row_group.columns()[leaves.clone()]
                && !field.data_type().is_nested()
            {
                let nulls = chunk.statistics().and_then(|known| known.null_count_opt());
                if nulls.is_some_and(|nulls| i64::try_from(nulls) == Ok(chunk.num_values())) {
                    continue;
                }
                column.leaf = Some(leaves.start);
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

/// Adds a column of a file to a chunk.
fn put(
    name: &str,
    chunk: &mut Chunk,
    columns: &Columns,
    number: usize,
    array: &ArrayRef,
) -> Result<(), CompactionError> {
    if array.null_count() < array.len() {
        let array = columns.fit(number, Arc::clone(array));
        let array = array.map_err(|fault| CompactionError::input(name, fault))?;
        chunk.columns[number] = Some(array);
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
    use arrow_array::Int64Array;
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
        let mut decoder = Decoder::new(1 << 20);
        let input = Input::in_memory("a.parquet", bytes.into(), &mut decoder).unwrap();
        let mut columns = Columns::new(Arc::new(ArrowSchema::empty()));
        let error = input.find_columns(&mut columns).unwrap_err();
        let fault = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(fault, "it has two columns with the name \"attr_a\"");
    }
}
