//! A stream of batches as files.

use std::sync::Arc;

use arrow_array::RecordBatch;

use crate::RollingError;
use crate::files::file_names::FileNames;
use crate::files::files::Files;
use otlake_parquet::Encoder;
use otlake_parquet::EncoderError;
use otlake_parquet::FileSummary;
use otlake_parquet::WriterOptions;
use otlake_storage::Storage;

/// Writes batches to files of a [`Storage`], one row group each, and starts a new file when one is
/// full by rows or by bytes.
///
/// A file is created with its first row, so without rows there is none, and is visible when it is
/// closed. Dropped without [`finish`](Self::finish), the writer leaves the closed files and nothing
/// of the open one.
#[derive(Debug)]
pub struct RollingWriter {
    storage: Arc<dyn Storage>,
    encoder: Encoder,
    names: FileNames,
    files: Files,
    key_values: Vec<(String, String)>,
}

impl RollingWriter {
    /// A writer of files named `part-…`; see [`with_names`](Self::with_names).
    ///
    /// # Errors
    ///
    /// When the feature of the codec is off, or its context can't be made.
    pub fn new(
        storage: impl Storage + 'static,
        options: WriterOptions,
    ) -> Result<Self, EncoderError> {
        Ok(Self {
            storage: Arc::new(storage),
            encoder: Encoder::new(options)?,
            names: FileNames::default(),
            files: Files::new(),
            key_values: Vec::new(),
        })
    }

    /// Names the files from here on.
    pub fn with_names(mut self, names: FileNames) -> Self {
        self.set_names(names);
        self
    }

    /// Names the files from here on; the open one keeps its name.
    pub fn set_names(&mut self, names: FileNames) {
        self.names = names;
    }

    /// The key-value metadata of files. What is set when a file is closed is written to it.
    pub fn set_key_values(&mut self, key_values: Vec<(String, String)>) {
        self.key_values = key_values;
    }

    /// The options it was made with.
    pub fn options(&self) -> &WriterOptions {
        self.encoder.options()
    }

    /// The storage.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// Rows in the open file.
    pub fn open_rows(&self) -> u64 {
        self.files.open_rows()
    }

    /// Bytes written to the open file.
    pub fn open_bytes(&self) -> u64 {
        self.files.open_bytes()
    }

    /// Writes `batch` as one row group, in the open file or, when it would have too many rows with
    /// it, in a new one. A batch that has more rows than a file may is cut.
    ///
    /// # Errors
    ///
    /// [`RollingError::Refused`] leaves everything as it was. The others drop a file, and say how many
    /// rows are in no file because of it, this batch's included; the writer goes on with a new file.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), RollingError> {
        let Self {
            storage,
            encoder,
            names,
            files,
            key_values,
        } = self;
        files.write(encoder, key_values, batch, &mut || {
            let name = names.next_name();
            let file = storage.create(&name);
            (name, file)
        })
    }

    /// Closes the open file, if there is one. The next batch starts a new one.
    ///
    /// # Errors
    ///
    /// When it can't be finished or committed; it is dropped then.
    pub fn close_file(&mut self) -> Result<(), RollingError> {
        self.files.close(&mut self.encoder, &self.key_values)
    }

    /// Takes the summaries of the files closed since the last time, without closing the open one.
    pub fn take_finished(&mut self) -> Vec<FileSummary> {
        self.files.take_finished()
    }

    /// Closes the open file and returns the summaries of the files closed since the last time. The
    /// writer can be used on; the next batch starts a new file.
    ///
    /// # Errors
    ///
    /// When the open file can't be finished or committed; the summaries of the others wait for the
    /// next call.
    pub fn finish(&mut self) -> Result<Vec<FileSummary>, RollingError> {
        self.close_file()?;
        Ok(self.take_finished())
    }
}
