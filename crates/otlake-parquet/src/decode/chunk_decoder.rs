//! Decodes column chunks.

use arrow_array::ArrayRef;
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, TimeUnit};
use parquet::basic::{CompressionCodec, Type as PhysicalType};
use parquet::file::metadata::ColumnChunkMetaData;

use crate::compress::decompressor::Decompressor;
use crate::decode::byte_array_decoder::{ByteArrayDecoder, DictionaryDecoder};
use crate::decode::byte_reader::ByteReader;
use crate::decode::error::{ChunkDecodeError, damaged};
use crate::decode::levels::Validity;
use crate::decode::number_decoder::{BooleanDecoder, NumberDecoder, NumberKind};
use crate::decode::page_reader::{PageKind, next_page};
use crate::page::encoding::Encoding;

/// Decodes column chunks of the kinds that an [`Encoder`](crate::Encoder) writes.
///
/// The parquet crate creates a reader, a codec and buffers for each chunk. That takes more time than the values of a
/// chunk of some hundred rows. Keep a decoder, and its contexts and buffers are used for all chunks of all files.
///
/// ```
/// use std::sync::Arc;
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// use otlake_parquet::{ChunkDecoder, Encoder, FileWriter, WriterOptions};
/// use parquet::file::metadata::ParquetMetaDataReader;
///
/// let severity: ArrayRef = Arc::new(Int64Array::from(vec![Some(9), None, Some(17)]));
/// let batch = RecordBatch::try_from_iter([("severity_number", Arc::clone(&severity))])?;
/// let mut encoder = Encoder::new(WriterOptions::new())?;
/// let mut file = FileWriter::new(Vec::new());
/// file.write_row_group(&mut encoder, &batch)?;
/// let (bytes, _) = file.finish(&mut encoder, &[])?;
///
/// let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes::Bytes::from(bytes.clone()))?;
/// let chunk = metadata.row_group(0).column(0);
/// let (start, len) = chunk.byte_range();
/// let chunk_bytes = &bytes[start as usize..][..len as usize];
/// let decoded = ChunkDecoder::new().decode(chunk, chunk_bytes, 3, severity.data_type())?;
/// assert_eq!(decoded, Some(severity));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct ChunkDecoder {
    decompressor: Decompressor,
    scratch: Scratch,
}

/// Buffers that are reused.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) indices: Vec<i32>,
    pub(crate) lengths: Vec<i64>,
}

/// Collects the values of a chunk, without nulls.
pub(crate) trait ValueDecoder {
    /// Reads the dictionary page.
    fn dictionary(&mut self, bytes: ByteReader<'_>, count: usize) -> Result<(), ChunkDecodeError>;

    /// Reads the values of a page. Returns false if their encoding is not known here, or if no array has room for them.
    fn values(
        &mut self,
        bytes: ByteReader<'_>,
        encoding: Encoding,
        count: usize,
        scratch: &mut Scratch,
    ) -> Result<bool, ChunkDecodeError>;

    /// Returns the array. As many values were read as there are rows that are not null.
    fn finish(self, nulls: Option<NullBuffer>) -> Result<ArrayRef, ChunkDecodeError>;
}

impl ChunkDecoder {
    /// Creates a decoder without contexts and buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the bytes of memory that the decoder keeps between chunks. The contexts of codecs are not included.
    pub fn memory_size(&self) -> usize {
        let Scratch { indices, lengths } = &self.scratch;
        self.decompressor.memory_size()
            + indices.capacity() * size_of::<i32>()
            + lengths.capacity() * size_of::<i64>()
    }

    /// Decodes a chunk of `rows` rows. `bytes` are those of [`ColumnChunkMetaData::byte_range`]. The type has to be that
    /// of the column, or a dictionary of it with keys of type `Int32`.
    ///
    /// Memory for `rows` rows is allocated before the chunk is known to have them, so compare a number from a footer
    /// with a limit first.
    ///
    /// Returns `None` for a chunk that this decoder does not read: nested columns, types that the encoder passes on to
    /// the parquet crate, pages of version 2, text of more than 2 GiB, other codecs and encodings, and, if the type is
    /// a dictionary, chunks with pages that are not dictionary-encoded. Read these with the parquet crate.
    ///
    /// A chunk may come from an untrusted file:
    ///
    /// ```
    /// use otlake_parquet::arrow_schema::DataType;
    /// use otlake_parquet::{ChunkDecodeError, ChunkDecoder, Encoder, FileWriter, WriterOptions};
    /// # use std::sync::Arc;
    /// # use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
    /// # use parquet::file::metadata::ParquetMetaDataReader;
    /// # let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    /// # let mut encoder = Encoder::new(WriterOptions::new())?;
    /// # let mut file = FileWriter::new(Vec::new());
    /// # file.write_row_group(&mut encoder, &RecordBatch::try_from_iter([("n", numbers)])?)?;
    /// # let (bytes, _) = file.finish(&mut encoder, &[])?;
    /// # let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes::Bytes::from(bytes))?;
    /// # let chunk = metadata.row_group(0).column(0);
    ///
    /// let mut decoder = ChunkDecoder::new();
    /// let error = decoder.decode(chunk, b"no page", 2, &DataType::Int64);
    /// assert!(matches!(error, Err(ChunkDecodeError::Damaged { .. })));
    /// assert!(decoder.memory_size() < 1 << 20, "it can still be used");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the chunk is damaged.
    pub fn decode(
        &mut self,
        chunk: &ColumnChunkMetaData,
        bytes: &[u8],
        rows: usize,
        data_type: &DataType,
    ) -> Result<Option<ArrayRef>, ChunkDecodeError> {
        let column = chunk.column_descr();
        if column.max_rep_level() != 0 || column.max_def_level() > 1 {
            return Ok(None);
        }
        let pages = Pages {
            codec: chunk.compression_codec(),
            // The metadata of a damaged file may have any number.
            most: usize::try_from(chunk.uncompressed_size()).unwrap_or(0),
            has_levels: column.max_def_level() == 1,
            bytes,
            rows,
        };
        use TimeUnit::{Microsecond, Millisecond, Nanosecond};
        let number = |kind| NumberDecoder::new(kind, data_type);
        match (chunk.column_type(), data_type) {
            (PhysicalType::BOOLEAN, DataType::Boolean) => self.read(pages, BooleanDecoder::new()),
            (
                PhysicalType::INT32,
                DataType::Int32 | DataType::Date32 | DataType::Time32(Millisecond),
            ) => self.read(pages, number(NumberKind::NarrowInteger)),
            (
                PhysicalType::INT64,
                DataType::Int64
                | DataType::Timestamp(Millisecond | Microsecond | Nanosecond, _)
                | DataType::Time64(Microsecond | Nanosecond),
            ) => self.read(pages, number(NumberKind::WideInteger)),
            (PhysicalType::DOUBLE, DataType::Float64) => {
                self.read(pages, number(NumberKind::Double))
            }
            (PhysicalType::BYTE_ARRAY, DataType::Utf8) => {
                self.read(pages, ByteArrayDecoder::new(true))
            }
            (PhysicalType::BYTE_ARRAY, DataType::Binary) => {
                self.read(pages, ByteArrayDecoder::new(false))
            }
            (PhysicalType::BYTE_ARRAY, DataType::Dictionary(key, value)) => {
                match (&**key, &**value) {
                    (DataType::Int32, DataType::Utf8) => {
                        self.read(pages, DictionaryDecoder::new(true))
                    }
                    (DataType::Int32, DataType::Binary) => {
                        self.read(pages, DictionaryDecoder::new(false))
                    }
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    fn read(
        &mut self,
        pages: Pages<'_>,
        mut decoder: impl ValueDecoder,
    ) -> Result<Option<ArrayRef>, ChunkDecodeError> {
        let Pages {
            codec,
            most,
            has_levels,
            bytes,
            rows,
        } = pages;
        if !Decompressor::supports(codec) {
            return Ok(None);
        }
        let mut bytes = ByteReader::new(bytes);
        let mut validity = Validity::new(rows);
        let mut has_dictionary = false;
        while validity.rows() < rows {
            let page = next_page(&mut bytes)?;
            if page.len > most {
                return Err(damaged(
                    "a page is larger than all pages of its chunk together",
                ));
            }
            match page.kind {
                PageKind::Other => return Ok(None),
                PageKind::Dictionary => {
                    if has_dictionary {
                        return Err(damaged("a chunk has two dictionaries"));
                    }
                    has_dictionary = true;
                    if ![Encoding::PLAIN, Encoding::PLAIN_DICTIONARY].contains(&page.encoding) {
                        return Ok(None);
                    }
                    let body = self.decompressor.page(codec, page.bytes, page.len)?;
                    decoder.dictionary(ByteReader::new(body), page.values)?;
                }
                PageKind::Data => {
                    if page.values > rows - validity.rows() {
                        return Err(damaged("its pages have more values than there are rows"));
                    }
                    let body = self.decompressor.page(codec, page.bytes, page.len)?;
                    let mut body = ByteReader::new(body);
                    let values = if has_levels {
                        validity.read(&mut body, page.values)?
                    } else {
                        validity.add_values(page.values);
                        page.values
                    };
                    if !decoder.values(body, page.encoding, values, &mut self.scratch)? {
                        return Ok(None);
                    }
                }
            }
        }
        decoder.finish(validity.finish()).map(Some)
    }
}

/// The pages of a chunk.
#[derive(Clone, Copy)]
struct Pages<'a> {
    codec: CompressionCodec,
    /// The bytes of all pages.
    most: usize,
    has_levels: bool,
    bytes: &'a [u8],
    rows: usize,
}

impl std::fmt::Debug for ChunkDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkDecoder").finish_non_exhaustive()
    }
}
