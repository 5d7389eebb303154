use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};

use otlake_dataset::{BatchId, FileNames, ParquetSink, Partitioning, SinkError, SinkStats};
use otlake_parquet::{Encoder, EncoderError, FileSummary, SortingColumn, WriterOptions};
use otlake_row::{KeyLimits, MetricKind, Row, RowSink, Signal, fields};
use otlake_schema::{OverflowCounts, Schema, SchemaOptions, Table};
use otlake_storage::{Documents, Storage};

use crate::TableActivity;

/// How the data points of metrics are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricTables {
    /// All in one table, `metrics`. The default.
    #[default]
    One,
    /// A table for each kind: `gauge`, `sum`, `histogram`, `exponential_histogram`, `summary`. Each
    /// has the columns of its kind only.
    PerKind,
}

/// The files of one table.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TableReport {
    /// Which one.
    pub table: Table,
    /// The files written since the last report, unless
    /// [their summaries are not kept](crate::PipelineBuilder::file_summaries).
    pub files: Vec<FileSummary>,
    /// Values that went to the `overflow` column, by reason.
    pub overflow: OverflowCounts,
}

/// What was done of a table so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableStats {
    pub(crate) table: Table,
    sink: SinkStats,
    overflow: OverflowCounts,
}

impl TableStats {
    /// What was done since `earlier`; since ever, if the table was not there.
    pub(crate) fn since(self, earlier: &[TableStats]) -> TableActivity {
        let earlier = earlier.iter().find(|earlier| earlier.table == self.table);
        let (sink, overflow) = earlier
            .map(|earlier| (earlier.sink, earlier.overflow))
            .unwrap_or_default();
        TableActivity {
            table: self.table,
            rows: self.sink.rows - sink.rows,
            row_groups: self.sink.row_groups - sink.row_groups,
            files: self.sink.files - sink.files,
            bytes: self.sink.bytes - sink.bytes,
            encoding: self.sink.encoding - sink.encoding,
            storing: self.sink.storing - sink.storing,
            overflow: self.overflow.since(&overflow),
        }
    }
}

/// How the files of all tables are made.
#[derive(Debug)]
pub(crate) struct TableOptions {
    pub(crate) schema: SchemaOptions,
    pub(crate) key_limits: KeyLimits,
    pub(crate) writer: WriterOptions,
    pub(crate) names: FileNames,
    pub(crate) row_group_rows: Option<usize>,
    pub(crate) row_group_bytes: Option<usize>,
    pub(crate) metric_tables: MetricTables,
    pub(crate) partitioning: Partitioning,
    pub(crate) open_partitions: Option<usize>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) file_summaries: bool,
    pub(crate) memory_limit: Option<usize>,
    pub(crate) sorted_rows: Vec<SortingColumn>,
}

/// Writes the rows of all signals, each table to files in a directory of its own. A table is opened
/// with its first row.
#[derive(Debug)]
pub(crate) struct Tables {
    storage: Arc<dyn Storage>,
    documents: Option<Arc<dyn Documents>>,
    options: TableOptions,
    /// The batch that is open, for tables that are opened while it is.
    batch: Option<BatchId>,
    /// Whether a table could not be opened for a row of the batch.
    incomplete: bool,
    /// In the order of [`Table::ALL`].
    sinks: [Option<Box<ParquetSink>>; Table::ALL.len()],
}

impl Tables {
    /// Tables in `storage`.
    ///
    /// # Errors
    ///
    /// When the options ask for what is not there; an opened table cannot fail for that any more.
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        documents: Option<Arc<dyn Documents>>,
        options: TableOptions,
    ) -> Result<Tables, EncoderError> {
        Encoder::new(options.writer.clone())?;
        Ok(Tables {
            storage,
            documents,
            options,
            batch: None,
            incomplete: false,
            sinks: Default::default(),
        })
    }

    /// The columns that a table has so far; `None` as long as it has no row.
    pub(crate) fn schema(&self, table: Table) -> Option<&Schema> {
        let sink = self.sinks[table.index()].as_ref();
        sink.map(|sink| sink.schema())
    }

    /// Closes the open files of all tables. One that fails does not keep the others from it.
    pub(crate) fn close_files(&mut self) -> Result<(), SinkError> {
        self.with_all(ParquetSink::close_files)
    }

    /// Closes the files of all tables that are too old.
    pub(crate) fn tick(&mut self, now: Instant) -> Result<(), SinkError> {
        self.with_all(|sink| sink.tick(now))
    }

    pub(crate) fn begin_batch(&mut self, batch: &BatchId) -> Result<(), SinkError> {
        self.batch = None;
        self.with_all(|sink| sink.begin_batch(batch))?;
        self.batch = Some(batch.clone());
        self.incomplete = false;
        Ok(())
    }

    pub(crate) fn finish_batch(&mut self) -> Result<(), SinkError> {
        if self.batch.take().is_none() {
            return Err(SinkError::NoBatch);
        }
        let finished = self.with_all(ParquetSink::finish_batch);
        match self.incomplete {
            true => Err(SinkError::IncompleteBatch),
            false => finished,
        }
    }

    /// What was done so far, of the tables that have rows.
    pub(crate) fn stats(&mut self) -> Vec<TableStats> {
        self.opened()
            .map(|(table, sink)| TableStats {
                table,
                sink: sink.stats(),
                overflow: sink.overflow_counts(),
            })
            .collect()
    }

    /// Open partitions and bytes of memory, over all tables.
    pub(crate) fn gauges(&mut self) -> (usize, usize) {
        self.opened()
            .fold((0, 0), |(partitions, memory), (_, sink)| {
                (
                    partitions + sink.open_partitions(),
                    memory + sink.memory_estimate(),
                )
            })
    }

    /// Does the same to all opened tables. One that fails does not keep the others from it.
    fn with_all(
        &mut self,
        mut act: impl FnMut(&mut ParquetSink) -> Result<(), SinkError>,
    ) -> Result<(), SinkError> {
        let mut first_error = Ok(());
        for (_, sink) in self.opened() {
            let result = act(sink);
            first_error = SinkError::both(first_error, result);
        }
        first_error
    }

    /// Keeps the bound of memory over all tables.
    fn keep_memory_limit(&mut self, limit: usize) -> Result<(), SinkError> {
        // The rest is for encoding, as it is within each sink.
        let limit = limit / 4 * 3;
        let estimate: usize = self.opened().map(|(_, sink)| sink.memory_estimate()).sum();
        if estimate < limit {
            return Ok(());
        }
        // What was estimated too high is known now.
        let mut sinks: Vec<_> = self
            .opened()
            .map(|(_, sink)| (sink.memory_size(), sink))
            .collect();
        sinks.sort_unstable_by_key(|(size, _)| Reverse(*size));
        let mut too_much = sinks.iter().map(|(size, _)| size).sum::<usize>();
        too_much = too_much.saturating_sub(limit / 8 * 7);
        for (size, sink) in sinks {
            // The largest give up what they can; a small one would have nothing but small files of it.
            sink.release_memory(size.saturating_sub(too_much))?;
            too_much = too_much.saturating_sub(size.saturating_sub(sink.memory_size()));
        }
        Ok(())
    }

    /// What became of the tables that have rows.
    pub(crate) fn report(&mut self) -> Vec<TableReport> {
        self.opened()
            .map(|(table, sink)| TableReport {
                table,
                files: sink.take_finished(),
                overflow: sink.overflow_counts(),
            })
            .collect()
    }

    fn opened(&mut self) -> impl Iterator<Item = (Table, &mut ParquetSink)> {
        let all = Table::ALL.into_iter().zip(&mut self.sinks);
        all.filter_map(|(table, sink)| Some((table, sink.as_deref_mut()?)))
    }

    /// The table that a row belongs to.
    fn table_of(&self, row: &Row<'_>) -> Table {
        let kind = || MetricKind::from_name(row.get(fields::KIND)?.as_str()?);
        match (row.signal(), self.options.metric_tables) {
            // A point without a kind, which no decoder here makes, has the table of all kinds.
            (Signal::Metrics, MetricTables::PerKind) => {
                kind().map_or(Table::Metrics, Table::MetricsOf)
            }
            (signal, _) => signal.into(),
        }
    }

    #[inline]
    fn sink_of(&mut self, table: Table) -> Result<&mut ParquetSink, SinkError> {
        match &mut self.sinks[table.index()] {
            Some(sink) => Ok(sink),
            none => {
                let storage = Arc::clone(&self.storage);
                let opened = self
                    .options
                    .open(storage, self.documents.as_ref(), table)
                    .and_then(|mut opened| {
                        if let Some(batch) = &self.batch {
                            opened.begin_batch(batch)?;
                        }
                        Ok(opened)
                    });
                match opened {
                    Ok(opened) => Ok(none.insert(Box::new(opened))),
                    Err(error) => {
                        self.incomplete = true;
                        Err(error)
                    }
                }
            }
        }
    }
}

impl TableOptions {
    #[cold]
    fn open(
        &self,
        storage: Arc<dyn Storage>,
        documents: Option<&Arc<dyn Documents>>,
        table: Table,
    ) -> Result<ParquetSink, SinkError> {
        let schema = Schema::new(table, self.schema.clone());
        let mut sink = ParquetSink::new(storage, schema, self.writer.clone())?
            .with_key_limits(self.key_limits)
            .with_sorted_rows(self.sorted_rows.clone())
            .with_partitioning(&self.partitioning);
        // Two tables in one directory would write over each other's files.
        let own_directory = self.partitioning.has_table()
            || self.partitioning.has_signal() && self.metric_tables == MetricTables::One;
        sink = sink.with_summaries(self.file_summaries);
        sink = match own_directory {
            true => sink.with_names(self.names.clone()),
            false => sink.with_names(self.names.in_directory(table.name())),
        };
        if let Some(rows) = self.row_group_rows {
            sink = sink.with_row_group_rows(rows);
        }
        if let Some(bytes) = self.row_group_bytes {
            sink = sink.with_row_group_bytes(bytes);
        }
        if let Some(partitions) = self.open_partitions {
            sink = sink.with_open_partitions(partitions);
        }
        if let Some(bytes) = self.memory_limit {
            sink = sink.with_memory_limit(bytes);
        }
        if let Some(age) = self.max_age {
            sink = sink.with_max_age(age);
        }
        if let Some(documents) = documents {
            sink = sink.with_dataset(Arc::clone(documents))?;
        }
        Ok(sink)
    }
}

impl RowSink for Tables {
    type Error = SinkError;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), SinkError> {
        let table = self.table_of(row);
        self.sink_of(table)?.row(row)?;
        match self.options.memory_limit {
            Some(limit) => self.keep_memory_limit(limit),
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.close_files()
    }
}
