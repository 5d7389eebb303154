//! One error type per operation.

use std::error::Error;
use std::fmt;
use std::io;

use arrow_schema::DataType;

use crate::compression::Compression;

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
        source: parquet::errors::ParquetError,
    },
    /// The column could not be encoded.
    #[error("column {column:?} could not be encoded")]
    Encode {
        /// The column.
        column: String,
        /// What the `parquet` crate said.
        source: parquet::errors::ParquetError,
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

/// A batch that a [`RollingWriter`](crate::RollingWriter) could not write, or a file that it could
/// not close.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RollingError {
    /// The batch was refused, and nothing else changed: the rows written before are still in the
    /// open file.
    #[error("the batch was refused, and {name} is still open")]
    Refused {
        /// The open file.
        name: String,
        /// Why.
        source: FileError,
    },
    /// The open file was dropped, with the rows that were in it.
    #[error("{name} was dropped, and {rows} rows with it: write them again")]
    Dropped {
        /// The file.
        name: String,
        /// How many rows are in no file because of it; those of the batch being written included.
        rows: u64,
        /// Why.
        source: FileError,
    },
    /// A file could not be created or committed, and was dropped with the rows that were in it.
    #[error("{name} could not be stored, and {rows} rows are dropped with it: write them again")]
    Storage {
        /// The file.
        name: String,
        /// How many rows are in no file because of it; those of the batch being written included.
        rows: u64,
        /// Why.
        source: StorageError,
    },
}

impl RollingError {
    /// Counts `more` rows among those that are in no file.
    pub(crate) fn with_more_rows(mut self, more: u64) -> Self {
        match &mut self {
            Self::Dropped { rows, .. } | Self::Storage { rows, .. } => *rows += more,
            Self::Refused { .. } => {}
        }
        self
    }
}

/// What a [`Storage`](crate::Storage) or its [`Documents`](crate::Documents) could not do.
#[derive(Debug)]
pub struct StorageError {
    kind: StorageErrorKind,
    action: &'static str,
    path: String,
    source: Box<dyn Error + Send + Sync>,
}

/// What a [`StorageError`] means for the file or the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageErrorKind {
    /// It was not done, and what was there before is there still.
    Failed,
    /// The name is none that a file may have, so trying again won't help.
    InvalidName,
    /// The storage is not able to do this, so trying again won't help.
    Unsupported,
    /// It is not known whether it was done: the answer was lost, or what was done may not outlive a
    /// power cut. A file is there whole, or is not there. Done again under the same name it is there
    /// once.
    InDoubt,
}

impl StorageError {
    /// `action` as in "create" or "rename", failed on `path` because of `source`. The kind is
    /// [`Failed`](StorageErrorKind::Failed).
    pub fn new(
        action: &'static str,
        path: impl fmt::Display,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind: StorageErrorKind::Failed,
            action,
            path: path.to_string(),
            source: source.into(),
        }
    }

    /// Says what it means.
    #[must_use]
    pub fn with_kind(mut self, kind: StorageErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// What it means.
    pub fn kind(&self) -> StorageErrorKind {
        self.kind
    }

    /// The path, or the name in a storage that has no paths.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.action, self.path, self.source)?;
        if self.kind == StorageErrorKind::InDoubt {
            write!(
                f,
                " (it may be done nevertheless: look, or do it again under the same name)"
            )?;
        }
        Ok(())
    }
}

impl Error for StorageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}
