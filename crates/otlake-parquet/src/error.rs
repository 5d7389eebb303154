//! Errors, one type per operation.

use std::error::Error;
use std::io;

use arrow_schema::DataType;

use crate::compress::compression::Compression;

/// An error of [`Encoder::new`](crate::Encoder::new).
///
/// ```
/// use otlake_parquet::{Compression, Encoder, EncoderError, WriterOptions};
///
/// // A codec from a configuration file, which this build may lack.
/// let compression: Compression = "lz4".parse()?;
/// let encoder = Encoder::new(WriterOptions::new().with_compression(compression));
/// match encoder {
///     Ok(_) => assert!(compression.is_available()),
///     Err(EncoderError::Unavailable { compression: missing }) => assert_eq!(missing, compression),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncoderError {
    /// The codec's feature is disabled in this build.
    #[error(
        "compression {compression} is not in this build: enable the feature of otlake-parquet that \
         is named after the codec, or choose another compression"
    )]
    Unavailable {
        /// The requested codec.
        compression: Compression,
    },
    /// The compressor could not allocate its context.
    #[error("the context for compression {compression} could not be made")]
    Context {
        /// The requested codec.
        compression: Compression,
        /// The error of the compressor.
        source: io::Error,
    },
}

/// An error of writing a row group or a footer.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
/// use otlake_parquet::{Encoder, FileError, FileWriter, WriterOptions};
///
/// let number: ArrayRef = Arc::new(Int64Array::from(vec![200]));
/// let text: ArrayRef = Arc::new(StringArray::from(vec!["ok"]));
/// let mut encoder = Encoder::new(WriterOptions::new())?;
/// let mut file = FileWriter::new(Vec::new());
/// file.write_row_group(&mut encoder, &RecordBatch::try_from_iter([("code", number)])?)?;
///
/// let error = file.write_row_group(&mut encoder, &RecordBatch::try_from_iter([("code", text)])?);
/// let Err(error @ FileError::ColumnType { .. }) = error else { panic!("another type") };
/// let message = "column \"code\" is Utf8 in the batch but Int64 in the file: cast it, or start a new file";
/// assert_eq!(error.to_string(), message);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Two columns of a batch have the same name. The file is unchanged.
    #[error("the batch has two columns named {column:?}: rename or drop one")]
    DuplicateColumn {
        /// The name.
        column: String,
    },
    /// A column has a type other than in the file. The file is unchanged.
    #[error(
        "column {column:?} is {found} in the batch but {expected} in the file: cast it, or start a \
         new file"
    )]
    ColumnType {
        /// The column.
        column: String,
        /// Its type in the file.
        expected: Box<DataType>,
        /// Its type in the batch.
        found: Box<DataType>,
    },
    /// Parquet has no type for a column. The file is unchanged.
    #[error("column {column:?} of type {data_type} has no Parquet type: cast it to another type")]
    NoParquetType {
        /// The column.
        column: String,
        /// Its type.
        data_type: Box<DataType>,
        /// The error of the schema conversion.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A column could not be encoded.
    #[error("column {column:?} could not be encoded")]
    Encode {
        /// The column.
        column: String,
        /// The error of the encoder.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A page could not be compressed.
    #[error("a page of column {column:?} could not be compressed with {compression}")]
    Compress {
        /// The column.
        column: String,
        /// The codec.
        compression: Compression,
        /// The error of the compressor.
        source: io::Error,
    },
    /// A page is too large for Parquet.
    #[error(
        "a page of column {column:?} has {bytes} bytes, and Parquet's limit is 2 GiB: write smaller \
         batches or shorter values"
    )]
    PageTooLarge {
        /// The column.
        column: String,
        /// The size of the page.
        bytes: usize,
    },
    /// The file is full: Parquet numbers row groups with 16 bits. The file is unchanged.
    #[error("a file has at most 32,767 row groups: start a new file, or write larger batches")]
    TooManyRowGroups,
    /// The destination returned an error.
    #[error("the file could not be written")]
    Io(#[from] io::Error),
    /// An earlier call failed halfway, so the file can't be completed.
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
///
/// ```
/// use std::io;
/// use std::sync::Arc;
///
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// use otlake_parquet::{RollingError, RollingWriter, WriterOptions};
///
/// let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
/// let batch = RecordBatch::try_from_iter([("n", numbers)])?;
/// let no_space = || Err::<Vec<u8>, _>(io::Error::from(io::ErrorKind::StorageFull));
/// let mut writer = RollingWriter::new(WriterOptions::new(), no_space)?;
///
/// let lost = match writer.write(&batch) {
///     Ok(()) | Err(RollingError::Rejected { .. }) => 0,
///     Err(RollingError::Dropped { rows, .. } | RollingError::Open { rows, .. }) => rows,
///     Err(error) => return Err(error.into()),
/// };
/// assert_eq!(lost, 3, "write them again");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RollingError {
    /// The row group was rejected. The open file, with the rows written before, is as it was.
    #[error("the row group was rejected; the open file goes on without it")]
    Rejected {
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
        /// The error that the closure returned.
        source: io::Error,
    },
}

impl RollingError {
    /// Adds `more` rows to those that are in no file.
    pub(crate) fn with_more_rows(mut self, more: u64) -> Self {
        match &mut self {
            Self::Dropped { rows, .. } | Self::Open { rows, .. } => *rows += more,
            Self::Rejected { .. } => {}
        }
        self
    }
}
