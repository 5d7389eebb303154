//! Writes Arrow record batches to Parquet files, fast, with a schema that may grow from batch to batch.
//!
//! ```text
//!  RecordBatch ──▶ Encoder ──▶ EncodedRowGroup ──▶ FileWriter ──▶ any io::Write
//!   (any thread)   columns → pages → compressed     row groups, page index, footer
//! ```
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//! use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
//! use otlake_parquet::{Encoder, FileWriter, WriterOptions};
//!
//! let severity: ArrayRef = Arc::new(Int64Array::from(vec![9, 9, 17]));
//! let body: ArrayRef = Arc::new(StringArray::from(vec!["started", "ready", "no disk left"]));
//! let batch = RecordBatch::try_from_iter([("severity_number", severity), ("body", body)])?;
//!
//! let mut encoder = Encoder::new(WriterOptions::new())?;
//! let mut file = FileWriter::new(Vec::new());
//! file.write_row_group(&mut encoder, &batch)?;
//! let (bytes, summary) = file.finish(&mut encoder, &[])?;
//!
//! assert_eq!(summary.rows, 3);
//! assert_eq!(summary.bytes, bytes.len() as u64);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When to use this crate alone
//!
//! Use it for any record batches that become files which other engines read. Compared with
//! `parquet::arrow::ArrowWriter` it offers
//!
//! - **speed**: dictionary arrays become dictionary pages without hashing a value again, integers and
//!   strings have encoders of their own, and one compression context serves all pages of all files;
//! - **growing schemas**: columns are matched by name, so batches may differ in their columns and in
//!   their order; a row group that lacks a column gets nulls;
//! - **parallel encoding**: [`Encoder::encode_row_group`] needs no file, so many threads can encode row
//!   groups for one file, which is locked only while bytes are copied;
//! - **portable files**: plain Parquet types, every column `OPTIONAL`, version 1 data pages, no
//!   embedded Arrow schema, with statistics, bloom filters and, where a chunk has several pages, a page
//!   index.
//!
//! It has no options per column other than bloom filters and does not encrypt. A type without an
//! encoder here (unsigned integers, decimals, …), or a list, map or struct that contains one, goes
//! through the encoders of the `parquet` crate, so this crate writes every Arrow type that those can write.
//!
//! # Features
//!
//! `zstd`, `snappy` and `lz4`, all on by default, are the codecs. Without any of them, files are not
//! compressed.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod compress;
mod decode;
mod encode;
mod encoder;
mod error;
mod file;
mod options;
mod page;
mod room;
mod varint;

pub use crate::compress::compression::{Compression, ParseCompressionError, ZstdLevel};
pub use crate::decode::chunk_decoder::ChunkDecoder;
pub use crate::decode::error::ChunkDecodeError;
pub use crate::encoder::Encoder;
pub use crate::error::{EncoderError, FileError, RollingError};
pub use crate::file::file_summary::{Bound, ColumnSummary, FileSummary, LeafSummary};
pub use crate::file::file_writer::FileWriter;
pub use crate::file::rolling_writer::RollingWriter;
pub use crate::file::row_group::EncodedRowGroup;
pub use crate::options::{SortingColumn, WriterOptions};

// The Arrow version of the public signatures.
pub use arrow_array;
pub use arrow_schema;

// Encoders and files move between threads.
const _: () = {
    const fn assert_send_and_sync<T: Send + Sync>() {}
    assert_send_and_sync::<Encoder>();
    assert_send_and_sync::<ChunkDecoder>();
    assert_send_and_sync::<ChunkDecodeError>();
    assert_send_and_sync::<EncodedRowGroup>();
    assert_send_and_sync::<FileWriter<Vec<u8>>>();
    assert_send_and_sync::<FileSummary>();
    assert_send_and_sync::<WriterOptions>();
    assert_send_and_sync::<EncoderError>();
    assert_send_and_sync::<FileError>();
    assert_send_and_sync::<RollingError>();
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
