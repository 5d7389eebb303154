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

mod bloom;
mod booleans;
mod bounds;
mod chunk;
mod column;
mod compression;
mod compressor;
mod delta;
mod dictionary;
mod distinct;
mod documents;
mod encoder;
mod error;
mod file;
mod files;
mod flat;
mod floats;
mod footer;
mod integers;
mod keys;
mod layout;
mod levels;
mod local;
#[cfg(feature = "rows")]
mod manifest;
mod memory;
mod names;
mod nested;
mod nulls;
#[cfg(feature = "object-store")]
mod object;
mod options;
mod pack;
#[cfg(feature = "rows")]
mod partition;
#[cfg(feature = "rows")]
mod published;
mod rle;
mod rolling;
#[cfg(feature = "rows")]
mod row_groups;
mod schema;
#[cfg(feature = "rows")]
mod sink;
#[cfg(feature = "rows")]
mod sort;
mod splice;
mod storage;
mod strings;
mod summary;
mod target;
mod thrift;

pub use compression::{Compression, ParseCompressionError, ZstdLevel};
pub use documents::{Document, Documents, PutIf, PutOutcome, StoredFile, Version};
pub use encoder::Encoder;
pub use error::{EncoderError, FileError, RollingError, StorageError, StorageErrorKind};
pub use file::FileWriter;
pub use local::{LocalDirectory, LocalFile};
#[cfg(feature = "rows")]
pub use manifest::{Manifest, ManifestColumn, ManifestError, ManifestFile};
pub use memory::{Memory, MemoryFile};
pub use names::{BatchId, BatchIdError, FileNames};
#[cfg(feature = "object-store")]
pub use object::{ObjectFile, ObjectStorage};
pub use options::{SortingColumn, WriterOptions};
#[cfg(feature = "rows")]
pub use partition::{ParsePartitioningError, Partitioner, Partitioning, PartitioningErrorKind};
#[cfg(feature = "rows")]
pub use published::{PublishError, PublishedSchema};
pub use rolling::RollingWriter;
#[cfg(feature = "rows")]
pub use sink::{ParquetSink, SinkError, SinkStats};
pub use storage::{Storage, StorageFile};
pub use summary::{Bound, ColumnSummary, FileSummary};

// The versions that the public signatures speak.
pub use arrow_array;
pub use arrow_schema;
#[cfg(feature = "object-store")]
pub use object_store;
pub use parquet;
