//! Arrow record batches to Parquet files: dictionaries passed on, shared compressors, whole files or none.
//!
//! ```text
//!                RollingWriter: when is a file full, what is it called
//!  RecordBatch ───────▶ FileWriter ───────▶ Storage (LocalDirectory, Memory, ObjectStorage, yours)
//!  (one row group)      │  row groups, footer     whole files or none
//!                       ▼
//!                       Encoder: columns → pages → compressed chunks
//!                       (lives as long as the writer, so that its contexts and buffers do)
//! ```
//!
//! ```
//! use std::sync::Arc;
//! use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
//! use otlake_parquet::{Memory, RollingWriter, WriterOptions};
//!
//! let severity: ArrayRef = Arc::new(Int64Array::from(vec![9, 9, 17]));
//! let body: ArrayRef = Arc::new(StringArray::from(vec!["started", "ready", "no disk left"]));
//! let batch = RecordBatch::try_from_iter([("severity_number", severity), ("body", body)])?;
//!
//! let storage = Memory::new();
//! let mut writer = RollingWriter::new(storage.clone(), WriterOptions::new())?;
//! writer.write(&batch)?;
//! let files = writer.finish()?;
//!
//! assert_eq!(files.len(), 1);
//! assert_eq!(files[0].rows, 3);
//! assert_eq!(storage.files()[&files[0].name].len() as u64, files[0].bytes);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When to use it alone
//!
//! With any record batches that become files which other engines read. Against
//! `parquet::arrow::ArrowWriter` it gives
//!
//! - **speed**: dictionary arrays become dictionary pages without hashing a value again, integers and
//!   strings have encoders of their own, one compression context serves all pages of all files;
//! - **growing schemas**: a later batch may have columns that an earlier one had not, in any order,
//!   and may lack some; columns are matched by name, and all row groups get the schema of the file;
//! - **portable files**: plain Parquet types, every column `OPTIONAL`, version 1 data pages, no
//!   embedded Arrow schema, statistics, page index and bloom filters;
//! - **whole files**: a file appears under its name when it is complete, or never.
//!
//! It has no options per column beyond bloom filters, and writes no encryption. A type without an
//! encoder of its own here (unsigned integers, decimals, …), or a list, map or struct with one inside,
//! goes through the `parquet` crate's encoders, so every Arrow type that crate can write is written.
//!
//! # Features
//!
//! - `rows` (on by default): [`ParquetSink`], which takes rows instead of batches, [`Partitioning`],
//!   which finds their directories, and [`Manifest`], which says what was written.
//! - `zstd`, `snappy`, `lz4` (all on by default): the codecs. Without any, files are uncompressed.
//! - `object-store`: `ObjectStorage`, for any store that implements `object_store::ObjectStore`; by
//!   itself it brings the in-memory one and no client.
//! - `aws`, `gcp`, `azure`: `object-store` with its client for that cloud. `aws` is also the one for
//!   others that speak S3.

mod compress;
mod encode;
mod encoder;
mod error;
mod file;
mod options;
mod page;

pub use crate::compress::compression::{Compression, ParseCompressionError, ZstdLevel};
pub use crate::encoder::Encoder;
pub use crate::error::{EncoderError, FileError};
pub use crate::file::summary::{Bound, ColumnSummary, FileSummary};
pub use crate::file::writer::FileWriter;
pub use crate::options::{SortingColumn, WriterOptions};

// The versions that the public signatures speak.
pub use arrow_array;
pub use arrow_schema;
pub use parquet;
