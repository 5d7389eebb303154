//! A stream of batches as files, one open at a time. Storage, encoder and the key-value metadata that a
//! file gets when it is closed are lent, so that many streams can share them.

use arrow_array::RecordBatch;

use crate::RollingError;
use otlake_parquet::Encoder;
use otlake_parquet::FileError;
use otlake_parquet::FileSummary;
use otlake_parquet::FileWriter;
use otlake_storage::StorageError;
use otlake_storage::StorageFile;

/// See the module.
#[derive(Debug)]
pub(crate) struct Files {
    open: Option<Open>,
    finished: Vec<FileSummary>,
}

#[derive(Debug)]
struct Open {
    name: String,
    file: FileWriter<Box<dyn StorageFile>>,
}

/// Creates a file under the next name. The name is there even when the file is not.
pub(crate) type Create<'a> =
    dyn FnMut() -> (String, Result<Box<dyn StorageFile>, StorageError>) + 'a;

impl Files {
    pub(crate) fn new() -> Self {
        Self {
            open: None,
            finished: Vec::new(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Bytes of memory that the open file takes up.
    pub(crate) fn memory_size(&self) -> usize {
        self.open.as_ref().map_or(0, |open| {
            open.file.memory_size() + open.file.destination().memory_size()
        })
    }

    pub(crate) fn open_rows(&self) -> u64 {
        self.open
            .as_ref()
            .map_or(0, |open| open.file.rows_written())
    }

    pub(crate) fn open_bytes(&self) -> u64 {
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
    pub(crate) fn write(
        &mut self,
        encoder: &mut Encoder,
        key_values: &[(String, String)],
        batch: &RecordBatch,
        create: &mut Create<'_>,
    ) -> Result<(), RollingError> {
        let limit = encoder.options().rows_per_file();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut start = 0;
        while start < batch.num_rows() {
            let rows = limit.min(batch.num_rows() - start);
            let after = (batch.num_rows() - start - rows) as u64;
            let written = if rows == batch.num_rows() {
                self.write_row_group(encoder, key_values, batch, create)
            } else {
                self.write_row_group(encoder, key_values, &batch.slice(start, rows), create)
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
    pub(crate) fn close(
        &mut self,
        encoder: &mut Encoder,
        key_values: &[(String, String)],
    ) -> Result<(), RollingError> {
        let Some(Open { name, file }) = self.open.take() else {
            return Ok(());
        };
        let rows = file.rows_written();
        if rows == 0 {
            // Its first batch was refused.
            return Ok(());
        }
        let (file, mut summary) = match file.finish(encoder, key_values) {
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

    /// Drops the open file, with its rows.
    pub(crate) fn discard(&mut self) {
        self.open = None;
    }

    pub(crate) fn take_finished(&mut self) -> Vec<FileSummary> {
        std::mem::take(&mut self.finished)
    }

    /// Errors count the rows of `batch`.
    fn write_row_group(
        &mut self,
        encoder: &mut Encoder,
        key_values: &[(String, String)],
        batch: &RecordBatch,
        create: &mut Create<'_>,
    ) -> Result<(), RollingError> {
        let rows = batch.num_rows() as u64;
        if self.open_rows() + rows > encoder.options().rows_per_file() {
            self.close(encoder, key_values)
                .map_err(|error| error.with_more_rows(rows))?;
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => match create() {
                (name, Ok(file)) => Open {
                    name,
                    file: FileWriter::new(file),
                },
                (name, Err(source)) => return Err(RollingError::Storage { name, rows, source }),
            },
        };
        match open.file.write_row_group(encoder, batch) {
            Ok(()) => {}
            Err(FileError::TooManyRowGroups) => {
                self.open = Some(open);
                self.close(encoder, key_values)
                    .map_err(|error| error.with_more_rows(rows))?;
                return self.write_row_group(encoder, key_values, batch, create);
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
        let full = open.file.rows_written() >= encoder.options().rows_per_file()
            || open.file.bytes_written() >= encoder.options().bytes_per_file();
        self.open = Some(open);
        if full {
            self.close(encoder, key_values)?;
        }
        Ok(())
    }
}
