//! Rows in small files, and merged copies of them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arrow_array::Array;
use arrow_cast::display::array_value_to_string;
use arrow_schema::DataType;
use bytes::Bytes;
use otlake_dataset::{CompactionOptions, Compactor, Dataset, ManifestCommit, TableFiles};
use otlake_otlp::{Format, OtlpDecoder};
use otlake_parquet::SortingColumn;
use otlake_row::{Key, Location, Row, RowSink, Signal, Value, fields, sink_fn};
use otlake_schema::Table;
use otlake_storage::{Documents, InMemoryStorage, PutIf};
use otlake_testkit::{
    MetricShape, Shape, TraceShape, logs_payload, metrics_payload, traces_payload,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::Result;
use crate::filter::{Filter, Wanted, is_match};
use crate::query::Query;
use crate::times::Times;

/// 2026-11-22, in nanoseconds.
const BEGIN: i64 = 1_795_305_600_000_000_000;
const HOUR: i64 = 3_600_000_000_000;

/// The size of a [`Lake`].
#[derive(Clone, Copy)]
pub struct Size {
    pub hours: i64,
    pub files: u64,
    /// The rows of a file.
    pub rows: usize,
}

/// Some hours of rows in small files, in one partition.
pub struct Lake {
    table: Table,
    hours: i64,
    storage: InMemoryStorage,
}

impl Lake {
    /// Writes files that follow one another in time. With `with_series`, data points have a hash of their series.
    pub fn write(signal: Signal, size: Size, with_series: bool) -> Result<Self> {
        let Size { hours, files, rows } = size;
        let storage = InMemoryStorage::new();
        let dataset = Dataset::builder()
            .partitioning("{table}/date={date}".parse()?)
            .open(Arc::new(storage.clone()))?;
        let (mut writer, mut decoder) = (dataset.writer(), OtlpDecoder::new());
        let series = Key::register(Location::Field, "series")?;
        let length = hours * HOUR / files as i64;
        for number in 0..files {
            let payload = Bytes::from(match signal {
                Signal::Traces => traces_payload(&TraceShape {
                    spans: rows,
                    ..TraceShape::ten_thousand().with_seed(number)
                }),
                Signal::Metrics => metrics_payload(&MetricShape {
                    points: rows,
                    ..MetricShape::ten_thousand().with_seed(number)
                }),
                _ => logs_payload(&Shape {
                    records: rows,
                    ..Shape::ten_thousand().with_seed(number)
                }),
            });
            let mut times = Times::new(BEGIN + number as i64 * length, length, number);
            let mut sink = sink_fn(|row: &mut Row<'_>| {
                times.move_row(row);
                if with_series {
                    let hash = hash_of_series(row);
                    row.push(series, Value::Int(hash));
                }
                writer.row(row)
            });
            decoder.decode(signal, Format::Protobuf, &payload, &mut sink)?;
            writer.flush()?;
        }
        let table = match signal {
            Signal::Traces => Table::Traces,
            Signal::Metrics => Table::Metrics,
            _ => Table::Logs,
        };
        let lake = Self {
            table,
            hours,
            storage,
        };
        print!("{} in small files: ", table.name());
        print_files(&lake.storage, table)?;
        Ok(lake)
    }

    /// Returns a filter for an hour in the second half.
    pub fn an_hour(&self) -> Filter {
        let begin = (BEGIN + self.hours / 2 * HOUR) / 1_000;
        let end = begin + HOUR / 1_000 - 1;
        ("timestamp", Wanted::Integers(begin..=end))
    }

    pub fn query(&self, columns: &[&'static str], filters: &[Filter]) -> Query {
        Query {
            table: self.table,
            columns: columns.to_vec(),
            filters: filters.to_vec(),
        }
    }

    /// Returns a filter for a value of a row that others match, in the first file of the second half.
    pub fn sample(&self, column: &'static str, filters: &[Filter]) -> Result<Filter> {
        let table = TableFiles::load(&self.storage, self.table)?;
        let mut files: Vec<_> = table.files().collect();
        files.sort_by_key(|file| file.time_range());
        let file = files[files.len() / 2];
        let bytes = self.storage.get(&file.name)?.ok_or("a file is gone")?.bytes;
        for batch in ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()? {
            let batch = batch?;
            let array = batch.column_by_name(column).ok_or("no such column")?;
            let matches = |row: &usize| {
                !array.is_null(*row) && filters.iter().all(|filter| is_match(&batch, *row, filter))
            };
            if let Some(row) = (0..batch.num_rows()).find(matches) {
                let value = array_value_to_string(array, row)?;
                return Ok(match array.data_type() {
                    DataType::Int64 => {
                        let value = value.parse()?;
                        (column, Wanted::Integers(value..=value))
                    }
                    _ => (column, Wanted::Text(value)),
                });
            }
        }
        Err("no row matches".into())
    }

    /// Merges a copy of the files in an order, and prints the figures.
    pub fn measure(&self, order: &str, queries: &[Query]) -> Result<()> {
        let storage = Arc::new(InMemoryStorage::new());
        for file in self.storage.list("")? {
            let bytes = self.storage.get(&file.name)?.ok_or("a file is gone")?.bytes;
            let _stored = storage.put(&file.name, bytes, PutIf::Absent)?;
        }
        let columns = order.split(',').filter(|column| !column.is_empty());
        let options = CompactionOptions::new().with_sorted_rows(columns.map(by).collect());
        let commit = Arc::new(ManifestCommit::new(storage.clone()));
        let compactor = Compactor::new(storage.clone(), commit, options);
        let begin = processor_ticks();
        let report = compactor.run(&compactor.plan(self.table)?, &mut |_| {})?;
        let ticks = processor_ticks() - begin;
        if let Some(error) = report.errors.first() {
            return Err(format!("{error}").into());
        }
        print!("{order:?}: {ticks} ticks of processor time, ");
        print_files(&storage, self.table)?;
        for query in queries {
            println!("    {}", query.run(&storage)?);
        }
        Ok(())
    }
}

fn by(name: &str) -> SortingColumn {
    SortingColumn {
        name: name.to_owned(),
        descending: false,
        nulls_first: false,
    }
}

fn print_files(storage: &InMemoryStorage, table: Table) -> Result<()> {
    let (mut count, mut groups, mut bytes, mut rows) = (0, 0, 0, 0);
    for file in TableFiles::load(storage, table)?.files() {
        count += 1;
        groups += file.row_groups;
        bytes += file.bytes;
        rows += file.rows;
    }
    println!("{count} files, {groups} row groups, {bytes} bytes, {rows} rows");
    Ok(())
}

/// Returns the processor time of this process, user and system.
fn processor_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.split(' ').skip(13).take(2);
    ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// Returns a hash of resource, scope, metric name and attributes.
fn hash_of_series(row: &Row<'_>) -> i64 {
    let keys = row.keys();
    let cells = row
        .resource()
        .cells()
        .iter()
        .chain(row.scope().cells())
        .chain(row.cells());
    let cells =
        cells.filter(|cell| cell.key.location() != Location::Field || cell.key == fields::NAME);
    let mut texts: Vec<String> = cells
        .map(|cell| {
            format!(
                "{:?} {} {:?}",
                cell.key.location(),
                keys.name(cell.key),
                cell.value
            )
        })
        .collect();
    texts.sort_unstable();
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    hasher.finish() as i64
}
