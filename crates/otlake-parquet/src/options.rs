//! What a writer can be told.

use std::sync::Arc;

use crate::compress::compression::Compression;

/// How files are written: codec, page sizes, bloom filters, statistics, and when a file is full.
///
/// ```
/// use otlake_parquet::{Compression, WriterOptions};
///
/// let options = WriterOptions::new()
///     .with_compression(Compression::Snappy)
///     .with_rows_per_file(1_000_000);
/// assert_eq!(options.compression(), Compression::Snappy);
/// ```
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
    key_values: Vec<(String, String)>,
    created_by: String,
}

impl WriterOptions {
    /// The defaults, each of which stands with the method that changes it.
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
            key_values: Vec::new(),
            created_by: concat!("otlake-parquet version ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// The codec; [`Compression::default`] by default.
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Most rows in a data page; 20,000 by default, as parquet-mr has it. At least 1.
    pub fn with_data_page_rows(mut self, rows: usize) -> Self {
        self.data_page_rows = rows.max(1);
        self
    }

    /// Where a data page ends by its uncompressed bytes; 1 MiB by default. A page may be larger by its
    /// last row, because a row, with all that its lists have, is never split.
    pub fn with_data_page_bytes(mut self, bytes: usize) -> Self {
        self.data_page_bytes = bytes.max(1);
        self
    }

    /// The largest dictionary page; 1 MiB by default. A column chunk whose dictionary would be larger is
    /// written without one, unless that would repeat values of a dictionary array until they are more
    /// than four times the dictionary.
    pub fn with_dictionary_page_bytes(mut self, bytes: usize) -> Self {
        self.dictionary_page_bytes = bytes;
        self
    }

    /// The names of the top-level columns that get a bloom filter when a file has them; `trace_id`
    /// and `fingerprint` by default. Columns of integers, floats, strings and bytes can have one;
    /// a name of any other column is ignored.
    pub fn with_bloom_filter_columns<I>(mut self, columns: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.bloom_filter_columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The false-positive probability that bloom filters are sized for; 0.01 by default, and held
    /// between 0.000001 and 0.5.
    pub fn with_bloom_filter_fpp(mut self, fpp: f64) -> Self {
        self.bloom_filter_fpp = if fpp.is_nan() {
            0.01
        } else {
            fpp.clamp(0.000_001, 0.5)
        };
        self
    }

    /// Most bytes of a minimum or maximum in statistics and page index; 64 by default. At least 1.
    pub fn with_statistics_truncate_length(mut self, bytes: usize) -> Self {
        self.statistics_truncate_length = bytes.max(1);
        self
    }

    /// The order that the caller's rows are in within every batch; none by default. The writer
    /// records it in each row group, it sorts nothing. Columns after the first one that the file
    /// does not have are left out.
    pub fn with_sorting_columns(mut self, columns: Vec<SortingColumn>) -> Self {
        self.sorting_columns = columns.into();
        self
    }

    /// Most rows in a file of a [`RollingWriter`](crate::RollingWriter); 10 million by default. At
    /// least 1.
    pub fn with_rows_per_file(mut self, rows: u64) -> Self {
        self.rows_per_file = rows.max(1);
        self
    }

    /// A file of a [`RollingWriter`](crate::RollingWriter) is closed once it has this many bytes;
    /// 128 MiB by default. Row groups are never split for it, so a file is larger by up to one.
    pub fn with_bytes_per_file(mut self, bytes: u64) -> Self {
        self.bytes_per_file = bytes.max(1);
        self
    }

    /// The key-value metadata of every file, before that which is given to
    /// [`FileWriter::finish`](crate::FileWriter::finish); none by default.
    pub fn with_key_values(mut self, key_values: Vec<(String, String)>) -> Self {
        self.key_values = key_values;
        self
    }

    /// The `created_by` of the footer; this crate and its version by default.
    pub fn with_created_by(mut self, created_by: impl Into<String>) -> Self {
        self.created_by = created_by.into();
        self
    }

    /// See [`with_compression`](Self::with_compression).
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// See [`with_data_page_rows`](Self::with_data_page_rows).
    pub fn data_page_rows(&self) -> usize {
        self.data_page_rows
    }

    /// See [`with_data_page_bytes`](Self::with_data_page_bytes).
    pub fn data_page_bytes(&self) -> usize {
        self.data_page_bytes
    }

    /// See [`with_dictionary_page_bytes`](Self::with_dictionary_page_bytes).
    pub fn dictionary_page_bytes(&self) -> usize {
        self.dictionary_page_bytes
    }

    /// See [`with_bloom_filter_columns`](Self::with_bloom_filter_columns).
    pub fn bloom_filter_columns(&self) -> &[String] {
        &self.bloom_filter_columns
    }

    /// See [`with_bloom_filter_fpp`](Self::with_bloom_filter_fpp).
    pub fn bloom_filter_fpp(&self) -> f64 {
        self.bloom_filter_fpp
    }

    /// See [`with_statistics_truncate_length`](Self::with_statistics_truncate_length).
    pub fn statistics_truncate_length(&self) -> usize {
        self.statistics_truncate_length
    }

    /// See [`with_sorting_columns`](Self::with_sorting_columns).
    pub fn sorting_columns(&self) -> &[SortingColumn] {
        &self.sorting_columns
    }

    pub(crate) fn shared_sorting_columns(&self) -> Arc<[SortingColumn]> {
        Arc::clone(&self.sorting_columns)
    }

    /// See [`with_rows_per_file`](Self::with_rows_per_file).
    pub fn rows_per_file(&self) -> u64 {
        self.rows_per_file
    }

    /// See [`with_bytes_per_file`](Self::with_bytes_per_file).
    pub fn bytes_per_file(&self) -> u64 {
        self.bytes_per_file
    }

    /// See [`with_key_values`](Self::with_key_values).
    pub fn key_values(&self) -> &[(String, String)] {
        &self.key_values
    }

    /// See [`with_created_by`](Self::with_created_by).
    pub fn created_by(&self) -> &str {
        &self.created_by
    }
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// One column of the order that rows are in: a name, as files with growing schemas have no stable
/// column numbers before they end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortingColumn {
    /// The top-level column, which has a primitive type.
    pub name: String,
    /// Largest first.
    pub descending: bool,
    /// Nulls before all values.
    pub nulls_first: bool,
}
