//! One error type per operation.

use std::error::Error;
use std::io;

use arrow_schema::DataType;

use crate::compress::compression::Compression;

/// An [`Encoder`](crate::Encoder) that can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncoderError {
    /// The codec's feature is off in this build.
    #[error(
        "compression {compression} is not in this build: turn on the feature of otlake-parquet \
         that is named after the codec, or choose another compression"
    )]
    Unavailable {
        /// The codec as asked for.
        compression: Compression,
    },
    /// The compressor has no memory for its context.
    #[error("the context for compression {compression} could not be made")]
    Context {
        /// The codec as asked for.
        compression: Compression,
        /// What the compressor said.
        source: io::Error,
    },
}

/// A row group or a footer that can't be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Two columns of one batch have the same name. The file is as it was.
    #[error("the batch has two columns named {column:?}: rename or drop one")]
    DuplicateColumn {
        /// The name.
        column: String,
    },
    /// A column has another type than the file has it with. The file is as it was.
    #[error(
        "column {column:?} is {found} in this batch and {expected} in the file: a column of a file \
         has one type, so cast it or start a new file"
    )]
    ColumnType {
        /// The column.
        column: String,
        /// Its type in the file.
        expected: Box<DataType>,
        /// Its type in the batch.
        found: Box<DataType>,
    },
    /// A column has a type that Parquet has none for. The file is as it was.
    #[error("column {column:?} of type {data_type} has no Parquet type: cast it to another type")]
    NoParquetType {
        /// The column.
        column: String,
        /// Its type.
        data_type: Box<DataType>,
        /// What the schema conversion said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The column could not be encoded.
    #[error("column {column:?} could not be encoded")]
    Encode {
        /// The column.
        column: String,
        /// What the encoder said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A page of the column could not be compressed.
    #[error("a page of column {column:?} could not be compressed with {compression}")]
    Compress {
        /// The column.
        column: String,
        /// The codec.
        compression: Compression,
        /// What the compressor said.
        source: io::Error,
    },
    /// A page of the column is too large for Parquet.
    #[error(
        "a page of column {column:?} has {bytes} bytes and Parquet's limit is 2 GiB: write smaller \
         batches or shorter values"
    )]
    PageTooLarge {
        /// The column.
        column: String,
        /// The size of the page.
        bytes: usize,
    },
    /// Parquet numbers row groups with 16 bits. The file is as it was.
    #[error("a file has at most 32,767 row groups: start a new file, or write larger batches")]
    TooManyRowGroups,
    /// The destination refused the bytes.
    #[error("the file could not be written")]
    Io(#[from] io::Error),
    /// An earlier call failed half-way, so the bytes written are no file.
    #[error("an earlier error left the file incomplete: drop it and start a new one")]
    Broken,
}

impl FileError {
    pub(crate) fn encode(column: &str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Encode {
            column: column.to_owned(),
            source: source.into(),
        }
    }
}

/// An error of a [`RollingWriter`](crate::RollingWriter).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RollingError {
    /// The row group was refused. The open file, with the rows written before, is as it was.
    #[error("the row group was refused; the open file goes on without it")]
    Refused {
        /// The reason.
        source: FileError,
    },
    /// The open file can't be completed and is dropped, with all its rows.
    #[error("a file was dropped, and {rows} rows with it: write them again")]
    Dropped {
        /// The number of rows that are in no file because of this error, including those that were being
        /// written.
        rows: u64,
        /// The reason.
        source: FileError,
    },
    /// The next file could not be opened.
    #[error("no new file could be opened, and {rows} rows were not written: write them again")]
    Open {
        /// The number of rows that were being written.
        rows: u64,
        /// What the closure returned.
        source: io::Error,
    },
}

impl RollingError {
    /// Adds `more` rows to those that are in no file.
    pub(crate) fn with_more_rows(mut self, more: u64) -> Self {
        match &mut self {
            Self::Dropped { rows, .. } | Self::Open { rows, .. } => *rows += more,
            Self::Refused { .. } => {}
        }
        self
    }
}
