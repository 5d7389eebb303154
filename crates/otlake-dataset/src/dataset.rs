//! The part of a dataset that all of its writers share.

pub(crate) mod builder;
pub(crate) mod shared_table;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use otlake_parquet::{Encoder, FileSummary};
use otlake_row::{MetricKind, Row, Signal, fields};
use otlake_schema::{DatasetSchema, OverflowCounts, Table};

use crate::dataset::builder::{DatasetBuilder, MetricTables, Options};
use crate::dataset::shared_table::SharedTable;
use crate::error::{FlushError, StepError};
use crate::files::batch_files::{BatchFiles, ClosedFiles};
use crate::files::batch_id::BatchId;
use crate::memory_budget::MemoryBudget;
use crate::writer::DatasetWriter;

/// Parquet files that are read as one table for each signal, with partitions, a published schema, batches
/// that are visible exactly once, and one memory limit.
///
/// A dataset is opened by its [builder](Self::builder), and cheap to clone. Each thread that writes to
/// it has a [`DatasetWriter`] of its own.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::Dataset;
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_storage::InMemoryStorage;
///
/// let storage = InMemoryStorage::new();
/// let dataset = Dataset::builder().open(Arc::new(storage.clone()))?;
///
/// std::thread::scope(|scope| {
///     for worker in 0..2 {
///         let mut writer = dataset.writer();
///         scope.spawn(move || {
///             let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///             row.push(fields::SEVERITY_NUMBER, Value::Int(worker));
///             writer.row(&mut row).expect("the row is accepted");
///             writer.write_row_groups().expect("the row group is written");
///         });
///     }
/// });
/// dataset.flush()?;
///
/// let report = dataset.report();
/// assert_eq!(report[0].files.len(), 1, "both workers wrote to one file");
/// assert_eq!(report[0].files[0].rows, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Dataset {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    budget: Arc<MemoryBudget>,
    /// The tables, in the order of [`Table::ALL`].
    tables: [Arc<SharedTable>; Table::ALL.len()],
    /// The encoder for files that no writer closes.
    encoder: Mutex<Encoder>,
}

/// The files and the overflow of one table.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{Dataset, TableReport};
/// use otlake_row::{Group, Keys, Location, Row, RowSink, Signal, Value};
/// use otlake_schema::Table;
/// use otlake_storage::InMemoryStorage;
///
/// let mut keys = Keys::new();
/// let user = keys.intern(Location::Attribute, "user").expect("below the key limit");
/// let dataset = Dataset::builder().open(Arc::new(InMemoryStorage::new()))?;
/// let mut writer = dataset.writer();
/// for value in [Value::Int(7), Value::Empty] {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.set_keys(&keys);
///     row.push(user, value);
///     writer.row(&mut row)?;
/// }
/// writer.flush()?;
///
/// let reports: Vec<TableReport> = writer.report();
/// assert_eq!((reports[0].table, reports[0].files.len()), (Table::Logs, 1));
/// assert_eq!(reports[0].overflow.empty, 1, "an attribute without a value");
/// assert!(dataset.schema(Table::Logs).column("attr_user").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TableReport {
    /// The table.
    pub table: Table,
    /// The latest files that became visible since the last report, at most as many as
    /// [`DatasetBuilder::file_summaries`] keeps.
    pub files: Vec<FileSummary>,
    /// The number of files that became visible since the last report and are not in
    /// [`files`](Self::files).
    pub omitted_files: u64,
    /// The number of values that went to the overflow column, by reason. Only values of the writer that made
    /// the report are counted.
    pub overflow: OverflowCounts,
}

/// Returns the position of a table in [`Table::ALL`].
#[inline]
pub(crate) fn index_of(table: Table) -> usize {
    match table {
        Table::Logs => 0,
        Table::Traces => 1,
        Table::Metrics => 2,
        Table::MetricsOf(kind) => 3 + kind as usize,
        _ => unreachable!("a table is in the list of all tables"),
    }
}

impl Dataset {
    /// Returns a builder with the default options.
    pub fn builder() -> DatasetBuilder {
        DatasetBuilder::new()
    }

    /// Creates a writer, for one thread.
    pub fn writer(&self) -> DatasetWriter {
        DatasetWriter::new(self.clone())
    }

    /// Closes the open files of all tables, so that the rows of all row groups are visible, and commits the
    /// files.
    ///
    /// Rows that writers are still gathering are not included: have each writer call
    /// [`DatasetWriter::write_row_groups`] first. With a single writer, [`DatasetWriter::flush`] does both.
    ///
    /// # Errors
    ///
    /// Returns an error that counts the lost rows of all writers. The next call of each writer also reports
    /// its own lost rows.
    pub fn flush(&self) -> Result<(), FlushError> {
        let encoder = self.shared.encoder.lock();
        let encoder = &mut *encoder.unwrap_or_else(PoisonError::into_inner);
        let mut result = Ok(());
        for table in &self.shared.tables {
            result = FlushError::both(result, table.close_files(encoder));
            result = FlushError::both(result, table.commit().map_err(FlushError::from));
        }
        result
    }

    /// Returns the files that became visible since the last report, for the tables that have any.
    pub fn report(&self) -> Vec<TableReport> {
        let tables = Table::ALL.into_iter().zip(&self.shared.tables);
        tables
            .map(|(table, shared)| shared.report(table))
            .filter(|report| !report.files.is_empty() || report.omitted_files > 0)
            .collect()
    }

    /// Returns the published schema of a table, as this process last read or wrote it.
    pub fn schema(&self, table: Table) -> Arc<DatasetSchema> {
        self.table(index_of(table)).catalog.current()
    }

    /// Returns an estimate of the bytes of memory that rows, files, buffers and summaries of files take up.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use otlake_dataset::Dataset;
    /// use otlake_row::{Group, Row, RowSink, Signal};
    /// use otlake_storage::InMemoryStorage;
    ///
    /// let dataset = Dataset::builder().memory_limit(64 << 20).open(Arc::new(InMemoryStorage::new()))?;
    /// let mut writer = dataset.writer();
    /// writer.row(&mut Row::new(Signal::Logs, Group::new(&[]), Group::new(&[])))?;
    /// writer.flush()?;
    /// let waiting = dataset.memory_estimate();
    /// writer.report();
    /// assert!(dataset.memory_estimate() < waiting, "the summary of the file was waiting for a report");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn memory_estimate(&self) -> usize {
        self.shared.budget.used()
    }

    pub(crate) fn options(&self) -> &Options {
        &self.shared.options
    }

    pub(crate) fn budget(&self) -> &Arc<MemoryBudget> {
        &self.shared.budget
    }

    pub(crate) fn table(&self, index: usize) -> &Arc<SharedTable> {
        &self.shared.tables[index]
    }

    /// Returns the index of the table that a row belongs to.
    #[inline]
    pub(crate) fn table_of(&self, row: &Row<'_>) -> usize {
        let kind = || MetricKind::from_name(row.get(fields::KIND)?.as_str()?);
        let table = match (row.signal(), self.shared.options.metric_tables) {
            // A data point without a kind goes to the table of all kinds. Our decoders make none.
            (Signal::Metrics, MetricTables::PerKind) => {
                kind().map_or(Table::Metrics, Table::MetricsOf)
            }
            (signal, _) => signal.into(),
        };
        index_of(table)
    }

    /// Returns the files of a new batch, for each table.
    pub(crate) fn batch_files(&self, batch: &BatchId) -> Vec<BatchFiles> {
        let (budget, usage) = (self.shared.options.batch_budget, Arc::default());
        let tables = self.shared.tables.iter();
        let files = tables.map(|table| {
            let closed =
                ClosedFiles::new(self.budget(), table.ledger.bytes_of_batch(self.budget()));
            let can_be_found = table.documents.is_some();
            let names = table.files.names();
            BatchFiles::new(names, batch, can_be_found, budget, &usage, closed)
        });
        files.collect()
    }
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_index() {
        assert_eq!(Table::ALL.map(index_of), std::array::from_fn(|index| index));
    }
}
