//! A stream of row groups as files of limited size.

use std::fmt;
use std::io::{self, Write};

use arrow_array::RecordBatch;

use crate::encoder::Encoder;
use crate::error::{EncoderError, FileError, RollingError};
use crate::file::file_summary::FileSummary;
use crate::file::file_writer::FileWriter;
use crate::file::row_group::EncodedRowGroup;
use crate::options::WriterOptions;

/// Writes record batches to files, one row group each, and starts a new file when the current one has
/// enough [rows](WriterOptions::with_rows_per_file) or [bytes](WriterOptions::with_bytes_per_file).
///
/// A closure opens the next file when its first row group is written, so without rows there are no files.
/// Finished files are kept, with their summaries, until the caller [takes](Self::take_finished) them and
/// makes them visible, for instance with a rename. Dropping the writer drops the open file unfinished.
///
/// ```
/// use std::sync::Arc;
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// use otlake_parquet::{RollingWriter, WriterOptions};
///
/// let options = WriterOptions::new().with_rows_per_file(2);
/// let mut writer = RollingWriter::new(options, || Ok(Vec::new()))?;
///
/// let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
/// writer.write(&RecordBatch::try_from_iter([("n", numbers)])?)?;
///
/// let files = writer.finish()?;
/// let rows: Vec<u64> = files.iter().map(|(_, summary)| summary.rows).collect();
/// assert_eq!(rows, [2, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A program that runs for long takes finished files as they come, and decides itself when one is finished:
///
/// ```
/// use std::sync::Arc;
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// use otlake_parquet::{Encoder, RollingWriter, WriterOptions};
///
/// let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
/// let batch = RecordBatch::try_from_iter([("n", numbers)])?;
/// let mut writer = RollingWriter::new(WriterOptions::new(), || Ok(Vec::new()))?;
///
/// // A row group from another thread.
/// let group = Encoder::new(writer.options().clone())?.encode_row_group(&batch)?;
/// writer.append(&group)?;
/// assert_eq!(writer.open_file().map(|file| file.rows_written()), Some(3));
/// assert!(writer.take_finished().is_empty());
///
/// writer.close_file()?; // because it is an hour old, say
/// assert!(writer.open_file().is_none());
/// assert_eq!(writer.take_finished().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RollingWriter<W, F> {
    encoder: Encoder,
    open: F,
    file: Option<FileWriter<W>>,
    finished: Vec<(W, FileSummary)>,
}

impl<W, F> RollingWriter<W, F>
where
    W: Write,
    F: FnMut() -> io::Result<W>,
{
    /// Creates a writer whose files are opened by `open`.
    ///
    /// # Errors
    ///
    /// Returns an error when the feature of the codec is off, or the codec's context can't be made.
    pub fn new(options: WriterOptions, open: F) -> Result<Self, EncoderError> {
        Ok(Self {
            encoder: Encoder::new(options)?,
            open,
            file: None,
            finished: Vec::new(),
        })
    }

    /// Returns the options that the writer was made with.
    pub fn options(&self) -> &WriterOptions {
        self.encoder.options()
    }

    /// Returns the open file.
    pub fn open_file(&self) -> Option<&FileWriter<W>> {
        self.file.as_ref()
    }

    /// Writes `batch` as one row group: to the open file or, when that would have too many rows with
    /// it, to a new one. A batch that has more rows than a file may have is split.
    ///
    /// # Errors
    ///
    /// [`RollingError::Rejected`] leaves the open file as it was. With any other error a file is lost, and
    /// the error says how many rows with it, those of the whole batch included. The next batch starts a
    /// new file.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), RollingError> {
        let limit = usize::try_from(self.options().rows_per_file()).unwrap_or(usize::MAX);
        let mut start = 0;
        while start < batch.num_rows() {
            let rows = limit.min(batch.num_rows() - start);
            let after = (batch.num_rows() - start - rows) as u64;
            let part = batch.slice(start, rows);
            let write = |file: &mut FileWriter<W>, encoder: &mut Encoder| {
                file.write_row_group(encoder, &part)
            };
            self.add(rows as u64, write)
                .map_err(|error| error.with_more_rows(after))?;
            start += rows;
        }
        Ok(())
    }

    /// Appends a row group that was encoded earlier: to the open file or, when that would have too many
    /// rows with it, to a new one. A row group is never split.
    ///
    /// # Errors
    ///
    /// Fails like [`write`](Self::write).
    pub fn append(&mut self, group: &EncodedRowGroup) -> Result<(), RollingError> {
        if group.rows() == 0 {
            return Ok(());
        }
        self.add(group.rows() as u64, |file, _| file.append(group))
    }

    /// Finishes the open file, if there is one. The next batch starts a new file.
    ///
    /// # Errors
    ///
    /// Returns an error when the file can't be finished; it is lost then.
    pub fn close_file(&mut self) -> Result<(), RollingError> {
        let Some(file) = self.file.take() else {
            return Ok(());
        };
        let rows = file.rows_written();
        if rows == 0 {
            // Its first batch was rejected.
            return Ok(());
        }
        match file.finish(&mut self.encoder, &[]) {
            Ok(finished) => self.finished.push(finished),
            Err(source) => return Err(RollingError::Dropped { rows, source }),
        }
        Ok(())
    }

    /// Takes the files that were finished since the last call, oldest first, and leaves the open one.
    pub fn take_finished(&mut self) -> Vec<(W, FileSummary)> {
        std::mem::take(&mut self.finished)
    }

    /// Finishes the open file and takes all files that were finished since the last call, oldest first. The
    /// writer can be used on; the next batch starts a new file.
    ///
    /// # Errors
    ///
    /// Returns an error when the open file can't be finished; the other files wait for the next call.
    pub fn finish(&mut self) -> Result<Vec<(W, FileSummary)>, RollingError> {
        self.close_file()?;
        Ok(self.take_finished())
    }

    /// Adds a row group of `rows` rows, which `write` writes to a file.
    fn add(
        &mut self,
        rows: u64,
        mut write: impl FnMut(&mut FileWriter<W>, &mut Encoder) -> Result<(), FileError>,
    ) -> Result<(), RollingError> {
        let too_many = |file: &FileWriter<W>| {
            file.rows_written() + rows > self.encoder.options().rows_per_file()
        };
        if self.file.as_ref().is_some_and(too_many) {
            self.close_file()
                .map_err(|error| error.with_more_rows(rows))?;
        }
        let mut file = self.next_file(rows)?;
        let mut written = write(&mut file, &mut self.encoder);
        if let Err(FileError::TooManyRowGroups) = written {
            self.file = Some(file);
            self.close_file()
                .map_err(|error| error.with_more_rows(rows))?;
            file = self.next_file(rows)?;
            written = write(&mut file, &mut self.encoder);
        }
        match written {
            Ok(()) => {}
            Err(source) if file.is_broken() => {
                let rows = rows + file.rows_written();
                return Err(RollingError::Dropped { rows, source });
            }
            Err(source) => {
                self.file = Some(file);
                return Err(RollingError::Rejected { source });
            }
        }
        let options = self.encoder.options();
        let full = file.rows_written() >= options.rows_per_file()
            || file.bytes_written() >= options.bytes_per_file();
        self.file = Some(file);
        if full { self.close_file() } else { Ok(()) }
    }

    /// Takes the open file, or opens one for `rows` rows.
    fn next_file(&mut self, rows: u64) -> Result<FileWriter<W>, RollingError> {
        match self.file.take() {
            Some(file) => Ok(file),
            None => match (self.open)() {
                Ok(destination) => Ok(FileWriter::new(destination)),
                Err(source) => Err(RollingError::Open { rows, source }),
            },
        }
    }
}

impl<W: fmt::Debug, F> fmt::Debug for RollingWriter<W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RollingWriter")
            .field("file", &self.file)
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}
