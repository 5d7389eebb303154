//! A stream of batches as files.

use arrow_array::RecordBatch;

use crate::encoder::Encoder;
use crate::error::{EncoderError, FileError, RollingError};
use crate::file::FileWriter;
use crate::names::FileNames;
use crate::options::WriterOptions;
use crate::storage::{Storage, StorageFile};
use crate::summary::FileSummary;

/// Writes batches to files of a [`Storage`], one row group each, and starts a new file when one is
/// full by rows or by bytes.
///
/// A file is created with its first row, so without rows there is none, and is visible when it is
/// closed. Dropped without [`finish`](Self::finish), the writer leaves the closed files and nothing
/// of the open one.
#[derive(Debug)]
pub struct RollingWriter<S: Storage> {
    storage: S,
    encoder: Encoder,
    names: FileNames,
    key_values: Vec<(String, String)>,
    open: Option<Open<S::File>>,
    finished: Vec<FileSummary>,
}

#[derive(Debug)]
struct Open<F> {
    name: String,
    file: FileWriter<F>,
}

impl<S: Storage> RollingWriter<S> {
    /// A writer of files named `part-…`; see [`with_names`](Self::with_names).
    ///
    /// # Errors
    ///
    /// When the feature of the codec is off, or its context can't be made.
    pub fn new(storage: S, options: WriterOptions) -> Result<Self, EncoderError> {
        Ok(Self {
            storage,
            encoder: Encoder::new(options)?,
            names: FileNames::default(),
            key_values: Vec::new(),
            open: None,
            finished: Vec::new(),
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
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Rows in the open file.
    pub fn open_rows(&self) -> u64 {
        self.open
            .as_ref()
            .map_or(0, |open| open.file.rows_written())
    }

    /// Bytes written to the open file.
    pub fn open_bytes(&self) -> u64 {
        self.open
            .as_ref()
            .map_or(0, |open| open.file.bytes_written())
    }

    /// Writes `batch` as one row group, in the open file or, when it would have too many rows with
    /// it, in a new one. A batch that has more rows than a file may is cut.
    ///
    /// # Errors
    ///
    /// [`RollingError::Refused`] leaves everything as it was. The others drop a file, and say how many
    /// rows are in no file because of it, this batch's included; the writer goes on with a new file.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), RollingError> {
        let limit = usize::try_from(self.options().rows_per_file()).unwrap_or(usize::MAX);
        let mut start = 0;
        while start < batch.num_rows() {
            let rows = limit.min(batch.num_rows() - start);
            let after = (batch.num_rows() - start - rows) as u64;
            let written = if rows == batch.num_rows() {
                self.write_row_group(batch)
            } else {
                self.write_row_group(&batch.slice(start, rows))
            };
            written.map_err(|error| error.with_more_rows(after))?;
            start += rows;
        }
        Ok(())
    }

    /// Closes the open file, if there is one. The next batch starts a new one.
    ///
    /// # Errors
    ///
    /// When it can't be finished or committed; it is dropped then.
    pub fn close_file(&mut self) -> Result<(), RollingError> {
        let Some(Open { name, file }) = self.open.take() else {
            return Ok(());
        };
        let rows = file.rows_written();
        if rows == 0 {
            // Its first batch was refused.
            return Ok(());
        }
        let (file, mut summary) = match file.finish(&mut self.encoder, &self.key_values) {
            Ok(finished) => finished,
            Err(source) => return Err(RollingError::Dropped { name, rows, source }),
        };
        if let Err(source) = file.commit() {
            return Err(RollingError::Storage { name, rows, source });
        }
        summary.name = name;
        self.finished.push(summary);
        Ok(())
    }

    /// Takes the summaries of the files closed since the last time, without closing the open one.
    pub fn take_finished(&mut self) -> Vec<FileSummary> {
        std::mem::take(&mut self.finished)
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

    /// Errors count the rows of `batch`.
    fn write_row_group(&mut self, batch: &RecordBatch) -> Result<(), RollingError> {
        let rows = batch.num_rows() as u64;
        if self.open_rows() + rows > self.options().rows_per_file() {
            self.close_file()
                .map_err(|error| error.with_more_rows(rows))?;
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => {
                let name = self.names.next_name();
                match self.storage.create(&name) {
                    Ok(file) => Open {
                        name,
                        file: FileWriter::new(file),
                    },
                    Err(source) => return Err(RollingError::Storage { name, rows, source }),
                }
            }
        };
        match open.file.write_row_group(&mut self.encoder, batch) {
            Ok(()) => {}
            Err(FileError::TooManyRowGroups) => {
                self.open = Some(open);
                self.close_file()
                    .map_err(|error| error.with_more_rows(rows))?;
                return self.write_row_group(batch);
            }
            Err(source) if open.file.is_broken() => {
                let rows = rows + open.file.rows_written();
                return Err(RollingError::Dropped {
                    name: open.name,
                    rows,
                    source,
                });
            }
            Err(source) => {
                let name = open.name.clone();
                self.open = Some(open);
                return Err(RollingError::Refused { name, source });
            }
        }
        let full = open.file.rows_written() >= self.options().rows_per_file()
            || open.file.bytes_written() >= self.options().bytes_per_file();
        self.open = Some(open);
        if full {
            self.close_file()?;
        }
        Ok(())
    }
}
