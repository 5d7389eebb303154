//! The options of encoders and writers.

use std::sync::Arc;

use crate::compress::compression::Compression;

/// Options for an [`Encoder`](crate::Encoder) or a [`RollingWriter`](crate::RollingWriter): codec, page sizes, bloom
/// filters, statistics, and the size of files.
///
/// ```
/// use otlake_parquet::{Compression, WriterOptions};
///
/// let options = WriterOptions::new()
///     .with_compression(Compression::Snappy)
///     .with_rows_per_file(1_000_000);
/// assert_eq!(options.compression(), Compression::Snappy);
/// ```
///
/// The others:
///
/// ```
/// use otlake_parquet::{SortingColumn, WriterOptions};
///
/// let time = SortingColumn { name: "timestamp".to_owned(), descending: false, nulls_first: false };
/// let options = WriterOptions::new()
///     .with_data_page_rows(5_000)
///     .with_data_page_bytes(256 << 10)
///     .with_dictionary_page_bytes(512 << 10)
///     .with_buffer_bytes(1 << 20)
///     .with_bloom_filter_columns(["trace_id", "attr_user_id"])
///     .with_bloom_filter_fpp(0.001)
///     .with_statistics_truncate_length(32)
///     .with_sorting_columns(vec![time])
///     .with_bytes_per_file(512 << 20)
///     .with_key_values(vec![("origin".to_owned(), "eu-west".to_owned())])
///     .with_created_by("ingest 1.2");
///
/// assert_eq!((options.data_page_rows(), options.data_page_bytes()), (5_000, 256 << 10));
/// assert_eq!((options.dictionary_page_bytes(), options.buffer_bytes()), (512 << 10, 1 << 20));
/// assert_eq!(options.bloom_filter_columns(), ["trace_id", "attr_user_id"]);
/// assert_eq!((options.bloom_filter_fpp(), options.statistics_truncate_length()), (0.001, 32));
/// assert_eq!(options.sorting_columns()[0].name, "timestamp");
/// assert_eq!((options.rows_per_file(), options.bytes_per_file()), (10_000_000, 512 << 20));
/// assert_eq!((options.key_values().len(), options.created_by()), (1, "ingest 1.2"));
/// ```
// One field for each option, which is why there are more than a dozen.
#[derive(Clone, Debug, PartialEq)]
pub struct WriterOptions {
    compression: Compression,
    data_page_rows: usize,
    data_page_bytes: usize,
    dictionary_page_bytes: usize,
    bloom_filter_columns: Vec<String>,
    bloom_filter_fpp: f64,
    statistics_truncate_length: usize,
    sorting_columns: Arc<[SortingColumn]>,
    rows_per_file: u64,
    bytes_per_file: u64,
    buffer_bytes: usize,
    key_values: Vec<(String, String)>,
    created_by: String,
}

impl WriterOptions {
    /// Creates the default options, which are documented with the methods that change them.
    pub fn new() -> Self {
        Self {
            compression: Compression::default(),
            data_page_rows: 20_000,
            data_page_bytes: 1 << 20,
            dictionary_page_bytes: 1 << 20,
            bloom_filter_columns: vec!["trace_id".to_owned(), "fingerprint".to_owned()],
            bloom_filter_fpp: 0.01,
            statistics_truncate_length: 64,
            sorting_columns: Arc::default(),
            rows_per_file: 10_000_000,
            bytes_per_file: 128 << 20,
            buffer_bytes: 4 << 20,
            key_values: Vec::new(),
            created_by: concat!("otlake-parquet version ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Sets the codec. Default: [`Compression::default`].
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Sets the largest number of rows in a data page, at least 1. Default: 20,000, as in parquet-mr.
    pub fn with_data_page_rows(mut self, rows: usize) -> Self {
        self.data_page_rows = rows.max(1);
        self
    }

    /// Sets the uncompressed size at which a data page ends. Default: 1 MiB. A page may be larger by its last
    /// row, because a row is never split, however long its lists are.
    pub fn with_data_page_bytes(mut self, bytes: usize) -> Self {
        self.data_page_bytes = bytes.max(1);
        self
    }

    /// Sets the largest size of a dictionary page. Default: 1 MiB. A chunk whose dictionary would be larger is
    /// written without one, except for a dictionary array whose repeated values would take more than four
    /// times the size of the dictionary.
    pub fn with_dictionary_page_bytes(mut self, bytes: usize) -> Self {
        self.dictionary_page_bytes = bytes;
        self
    }

    /// Sets the top-level columns that get a bloom filter. Default: `trace_id` and `fingerprint`. Columns of
    /// integers, floats, text and bytes can have one; names of other columns, and of columns that a file
    /// lacks, are ignored.
    pub fn with_bloom_filter_columns<I>(mut self, columns: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.bloom_filter_columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the false-positive probability of bloom filters, which is clamped to 0.000001 to 0.5. Default: 0.01.
    pub fn with_bloom_filter_fpp(mut self, fpp: f64) -> Self {
        self.bloom_filter_fpp = if fpp.is_nan() {
            0.01
        } else {
            fpp.clamp(0.000_001, 0.5)
        };
        self
    }

    /// Sets the largest size of a minimum or maximum in statistics and page index, at least 1. Default: 64 bytes.
    pub fn with_statistics_truncate_length(mut self, bytes: usize) -> Self {
        self.statistics_truncate_length = bytes.max(1);
        self
    }

    /// Declares the order of the rows within each batch. Default: none. The order is recorded in each row group;
    /// nothing is sorted. Columns after the first one that the file lacks are left out.
    pub fn with_sorting_columns(mut self, columns: Vec<SortingColumn>) -> Self {
        self.sorting_columns = columns.into();
        self
    }

    /// Sets the largest number of rows in a file of a [`RollingWriter`](crate::RollingWriter), at least 1. Default:
    /// 10 million.
    pub fn with_rows_per_file(mut self, rows: u64) -> Self {
        self.rows_per_file = rows.max(1);
        self
    }

    /// Sets the size at which a file of a [`RollingWriter`](crate::RollingWriter) is closed. Default: 128 MiB. A file
    /// may be larger by its last row group.
    pub fn with_bytes_per_file(mut self, bytes: u64) -> Self {
        self.bytes_per_file = bytes.max(1);
        self
    }

    /// Sets the bytes of encoded column chunks that are collected before they are written. Default: 4 MiB. The
    /// buffer may be larger by the chunk that fills it. Small row groups are written at once; large ones are not
    /// held in memory twice.
    pub fn with_buffer_bytes(mut self, bytes: usize) -> Self {
        self.buffer_bytes = bytes;
        self
    }

    /// Sets the key-value metadata of every file. Default: none. Pairs that are given to
    /// [`FileWriter::finish`](crate::FileWriter::finish) come after these.
    pub fn with_key_values(mut self, key_values: Vec<(String, String)>) -> Self {
        self.key_values = key_values;
        self
    }

    /// Sets the field `created_by` of the footer. Default: this crate and its version.
    pub fn with_created_by(mut self, created_by: impl Into<String>) -> Self {
        self.created_by = created_by.into();
        self
    }

    /// Returns the value of [`with_compression`](Self::with_compression).
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Returns the value of [`with_data_page_rows`](Self::with_data_page_rows).
    pub fn data_page_rows(&self) -> usize {
        self.data_page_rows
    }

    /// Returns the value of [`with_data_page_bytes`](Self::with_data_page_bytes).
    pub fn data_page_bytes(&self) -> usize {
        self.data_page_bytes
    }

    /// Returns the value of [`with_dictionary_page_bytes`](Self::with_dictionary_page_bytes).
    pub fn dictionary_page_bytes(&self) -> usize {
        self.dictionary_page_bytes
    }

    /// Returns the value of [`with_bloom_filter_columns`](Self::with_bloom_filter_columns).
    pub fn bloom_filter_columns(&self) -> &[String] {
        &self.bloom_filter_columns
    }

    /// Returns the value of [`with_bloom_filter_fpp`](Self::with_bloom_filter_fpp).
    pub fn bloom_filter_fpp(&self) -> f64 {
        self.bloom_filter_fpp
    }

    /// Returns the value of [`with_statistics_truncate_length`](Self::with_statistics_truncate_length).
    pub fn statistics_truncate_length(&self) -> usize {
        self.statistics_truncate_length
    }

    /// Returns the value of [`with_sorting_columns`](Self::with_sorting_columns).
    pub fn sorting_columns(&self) -> &[SortingColumn] {
        &self.sorting_columns
    }

    pub(crate) fn shared_sorting_columns(&self) -> Arc<[SortingColumn]> {
        Arc::clone(&self.sorting_columns)
    }

    /// Returns the value of [`with_rows_per_file`](Self::with_rows_per_file).
    pub fn rows_per_file(&self) -> u64 {
        self.rows_per_file
    }

    /// Returns the value of [`with_bytes_per_file`](Self::with_bytes_per_file).
    pub fn bytes_per_file(&self) -> u64 {
        self.bytes_per_file
    }

    /// Returns the value of [`with_buffer_bytes`](Self::with_buffer_bytes).
    pub fn buffer_bytes(&self) -> usize {
        self.buffer_bytes
    }

    /// Returns the value of [`with_key_values`](Self::with_key_values).
    pub fn key_values(&self) -> &[(String, String)] {
        &self.key_values
    }

    /// Returns the value of [`with_created_by`](Self::with_created_by).
    pub fn created_by(&self) -> &str {
        &self.created_by
    }
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// A column of a sort order. It is given by name because a file with a growing schema has no stable column numbers
/// until it is finished.
///
/// The fields are those of the format, which has no others.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// use otlake_parquet::{Encoder, FileWriter, SortingColumn, WriterOptions};
///
/// let newest_first = SortingColumn { name: "n".to_owned(), descending: true, nulls_first: false };
/// let options = WriterOptions::new().with_sorting_columns(vec![newest_first.clone()]);
/// let mut encoder = Encoder::new(options)?;
/// let mut file = FileWriter::new(Vec::new());
/// for numbers in [vec![9, 8], vec![7, 3]] {
///     let numbers: ArrayRef = Arc::new(Int64Array::from(numbers));
///     file.write_row_group(&mut encoder, &RecordBatch::try_from_iter([("n", numbers)])?)?;
/// }
/// let (_, summary) = file.finish(&mut encoder, &[])?;
/// assert_eq!(summary.sort_order, [newest_first], "the row groups are in order");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortingColumn {
    /// The name of a top-level column of a primitive type.
    pub name: String,
    /// Whether the largest value comes first.
    pub descending: bool,
    /// Whether nulls come before all values.
    pub nulls_first: bool,
}
