//! Rows to row groups, and row groups to files.

use std::convert::Infallible;
use std::time::Instant;

use otlake_row::{Row, sink_fn};

use crate::gather::sort::sorted;
use crate::table_writer::{ParquetSink, SinkError};

impl ParquetSink {
    pub(crate) fn close_file(&mut self, index: usize) -> Result<(), SinkError> {
        let closed = self.try_close_file(index);
        self.note(closed)
    }

    fn try_close_file(&mut self, index: usize) -> Result<(), SinkError> {
        let written = self.write_row_group(index);
        let partition = &mut self.partitions[index];
        let started = Instant::now();
        let key_values = self.key_values.of(&self.row_groups);
        let closed = partition.files.close(&mut self.encoder, key_values);
        self.stats.storing += started.elapsed();
        self.count_file(index);
        self.keep_finished(index);
        self.keep_age(index);
        SinkError::both(written, closed.map_err(SinkError::from))
    }

    /// Writes the rows of a partition that are in no row group yet: one row group, or more when they
    /// are larger as columns.
    pub(crate) fn write_row_group(&mut self, index: usize) -> Result<(), SinkError> {
        let written = self.try_write_row_group(index);
        self.note(written)
    }

    fn try_write_row_group(&mut self, index: usize) -> Result<(), SinkError> {
        if self.waiting_rows(index) == 0 {
            return Ok(());
        }
        self.coerce()?;
        let gathered = self.gather_waiting(index);
        let written = SinkError::both(gathered, self.write_gathered(index));
        self.keep_age(index);
        written
    }

    /// Forgets when the first row came that is in no closed file, if there is none.
    fn keep_age(&mut self, index: usize) {
        if self.waiting_rows(index) == 0 && !self.partitions[index].files.is_open() {
            self.partitions[index].since = None;
        }
    }

    /// Makes columns of the rows that wait in a partition.
    fn gather_waiting(&mut self, index: usize) -> Result<(), SinkError> {
        let rows = std::mem::take(&mut self.partitions[index].rows);
        self.memory.waiting -= rows.memory_size();
        // Making the one that stands in for it costs microseconds, a row group milliseconds.
        let interner = std::mem::take(&mut self.interner);
        let mut result = Ok(());
        let Ok(()) = rows.replay(
            &interner,
            &mut sink_fn(|row: &mut Row<'_>| {
                let full = self.gather(index, row);
                let written = full.and_then(|full| {
                    if full {
                        self.write_gathered(index)
                    } else {
                        Ok(())
                    }
                });
                // After an error the rows behind it are as good as any.
                let before = std::mem::replace(&mut result, Ok(()));
                result = SinkError::both(before, written);
                Ok::<_, Infallible>(())
            }),
        );
        self.interner = interner;
        result
    }

    /// Adds a row to the columns of the next row group, and says whether it is full.
    #[inline]
    pub(crate) fn gather(&mut self, index: usize, row: &mut Row<'_>) -> Result<bool, SinkError> {
        let full = self.row_groups.push(row, self.room(index));
        self.note(full.map_err(SinkError::from))
    }

    /// How many more rows the open file of a partition takes.
    #[inline]
    pub(crate) fn room(&self, index: usize) -> u64 {
        self.encoder.options().rows_per_file() - self.partitions[index].files.open_rows()
    }

    /// Writes the rows that are columns already to the file of a partition.
    fn write_gathered(&mut self, index: usize) -> Result<(), SinkError> {
        if self.row_groups.rows() == 0 {
            return Ok(());
        }
        let Self {
            storage,
            encoder,
            names,
            options,
            row_groups,
            partitions,
            key_values,
            batch,
            ..
        } = self;
        let started = Instant::now();
        let partition = &mut partitions[index];
        let rows = row_groups.take();
        let in_order = sorted(&rows, &options.order);
        let directory = &partition.directory;
        let key_values = key_values.of(row_groups);
        let written = partition
            .files
            .write(encoder, key_values, &in_order, &mut || {
                let beginning = names.beginning_in(directory);
                let name = names.next_name_in(directory);
                let file = storage.create(&name);
                if let Some(batch) = batch {
                    batch.names.insert(name.clone());
                    batch.beginnings.insert(beginning);
                }
                (name, file)
            });
        drop(in_order);
        self.stats.encoding += started.elapsed();
        if written.is_ok() {
            self.stats.rows += rows.num_rows() as u64;
            self.stats.row_groups += 1;
        }
        row_groups.recycle(rows);
        self.count_file(index);
        self.keep_finished(index);
        Ok(written?)
    }

    fn keep_finished(&mut self, index: usize) {
        for file in self.partitions[index].files.take_finished() {
            self.stats.files += 1;
            self.stats.bytes += file.bytes;
            if let Some(manifests) = &mut self.manifests {
                manifests.add(&file, &self.partitions[index].values);
            }
            if self.options.summaries {
                self.finished.push(file);
            }
        }
    }
}
