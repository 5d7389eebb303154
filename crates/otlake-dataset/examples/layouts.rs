//! Measures the order of merged rows: writes some hours of log records, spans or data points in small files, merges them in
//! several orders, and counts the requests and bytes with which a reader answers typical queries.
//!
//! ```sh
//! cargo run --release -p otlake-dataset --example layouts -- traces 24 288 5000
//! ```
//!
//! The reader knows the manifests. Of each file that may have rows, it reads the end, bloom filters, and the pages that
//! statistics and page index can't exclude. Ranges less than 1 MiB apart are one request, as with `object_store`.

#![allow(clippy::print_stdout, reason = "a program that prints figures")]

use std::collections::HashMap;
use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_cast::display::array_value_to_string;
use arrow_schema::DataType;
use bytes::Bytes;
use otlake_dataset::{
    CompactionOptions, Compactor, Dataset, ManifestCommit, ManifestFile, TableFiles,
};
use otlake_otlp::{Format, OtlpDecoder};
use otlake_parquet::{Bound, SortingColumn};
use otlake_row::{Key, Location, Row, RowSink, Signal, Value, fields, sink_fn};
use otlake_schema::Table;
use otlake_storage::{Documents, InMemoryStorage, PutIf};
use otlake_testkit::{
    MetricShape, Rng, Shape, TraceShape, logs_payload, metrics_payload, traces_payload,
};
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
    RowSelector,
};
use parquet::arrow::push_decoder::ParquetPushDecoderBuilder;
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataPushDecoder};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 2026-11-22, in nanoseconds.
const BEGIN: i64 = 1_795_305_600_000_000_000;
const HOUR: i64 = 3_600_000_000_000;
/// The end of a file that is read first.
const TAIL: u64 = 64 << 10;
/// Ranges that are less than this apart are read with one request.
const GAP: u64 = 1 << 20;

const SERVICE: &str = "resource_service_name";
const INSTANCE: &str = "resource_service_instance_id";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [signal, hours, files, rows] = &arguments[..] else {
        return Err("layouts logs|traces|metrics HOURS FILES ROWS_PER_FILE".into());
    };
    let (hours, files, rows) = (hours.parse()?, files.parse()?, rows.parse()?);
    match signal.as_str() {
        "logs" => {
            let lake = Lake::write(Signal::Logs, hours, files, rows, false)?;
            let queries = [
                lake.query(
                    &[SERVICE, "timestamp", "body"],
                    &[(SERVICE, text("payment")), lake.an_hour()],
                ),
                lake.query(&[SERVICE, "timestamp", "body"], &[lake.an_hour()]),
                lake.query(
                    &["trace_id", "timestamp", "body"],
                    &[lake.sample("trace_id", &[])?],
                ),
            ];
            for order in ["", "timestamp", "resource_service_name,timestamp"] {
                lake.measure(order, &queries)?;
            }
        }
        "traces" => {
            let lake = Lake::write(Signal::Traces, hours, files, rows, false)?;
            let columns = [
                "trace_id",
                "span_id",
                "parent_span_id",
                "name",
                SERVICE,
                "timestamp",
                "duration_nano",
            ];
            let trace = lake.sample("trace_id", &[])?;
            let queries = [
                lake.query(&columns, &[(SERVICE, text("payment")), lake.an_hour()]),
                lake.query(&columns, std::slice::from_ref(&trace)),
                lake.query(&columns, &[trace, lake.an_hour()]),
                lake.query(&columns, &[lake.an_hour()]),
            ];
            for order in [
                "",
                "timestamp",
                "trace_id",
                "resource_service_name,timestamp",
                "resource_service_name,trace_id",
            ] {
                lake.measure(order, &queries)?;
            }
        }
        "metrics" => {
            for with_series in [false, true] {
                let lake = Lake::write(Signal::Metrics, hours, files, rows, with_series)?;
                let metric = ("name", text("http.server.request.duration"));
                let service = (SERVICE, text("payment"));
                let of = [metric.clone(), service.clone()];
                let columns = [
                    "name",
                    SERVICE,
                    INSTANCE,
                    "attr_http_route",
                    "attr_http_request_method",
                    "attr_http_response_status_code",
                    "timestamp",
                    "count",
                    "sum",
                    "bucket_counts",
                ];
                let mut series = of.to_vec();
                for column in [
                    INSTANCE,
                    "attr_http_route",
                    "attr_http_request_method",
                    "attr_http_response_status_code",
                ] {
                    series.push(lake.sample(column, &of)?);
                }
                let mut queries = vec![
                    lake.query(&columns, &series),
                    lake.query(&columns, &of),
                    lake.query(&columns, &[metric, lake.an_hour()]),
                    lake.query(
                        &["name", SERVICE, "timestamp", "as_int", "as_double"],
                        &[service, lake.an_hour()],
                    ),
                ];
                if with_series {
                    let hash = lake.sample("series", &of)?;
                    queries.push(lake.query(&columns, &[of[0].clone(), hash]));
                }
                let orders: &[&str] = if with_series {
                    &[
                        "name,resource_service_name,timestamp",
                        "name,series,timestamp",
                        "resource_service_name,name,timestamp",
                        "resource_service_name,name,series,timestamp",
                    ]
                } else {
                    &[
                        "",
                        "timestamp",
                        "name,timestamp",
                        "name,resource_service_name,timestamp",
                        "resource_service_name,timestamp",
                        "resource_service_name,name,timestamp",
                    ]
                };
                for order in orders {
                    lake.measure(order, &queries)?;
                }
            }
        }
        other => return Err(format!("there is no signal {other}").into()),
    }
    Ok(())
}

/// Some hours of rows in small files, in one partition.
struct Lake {
    table: Table,
    hours: i64,
    storage: InMemoryStorage,
}

impl Lake {
    /// Writes files that follow one another in time. With `with_series`, data points have a hash of their series.
    fn write(
        signal: Signal,
        hours: i64,
        files: u64,
        rows: usize,
        with_series: bool,
    ) -> Result<Self> {
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
    fn an_hour(&self) -> Filter {
        let begin = (BEGIN + self.hours / 2 * HOUR) / 1_000;
        let end = begin + HOUR / 1_000 - 1;
        ("timestamp", Wanted::Integers(begin..=end))
    }

    fn query(&self, columns: &[&'static str], filters: &[Filter]) -> Query {
        Query {
            table: self.table,
            columns: columns.to_vec(),
            filters: filters.to_vec(),
        }
    }

    /// Returns a filter for a value of a row that others match, in the first file of the second half.
    fn sample(&self, column: &'static str, filters: &[Filter]) -> Result<Filter> {
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
    fn measure(&self, order: &str, queries: &[Query]) -> Result<()> {
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

/// Moves rows to a part of the time: a trace, and what an instance exports at once, stay together.
struct Times {
    begin: i64,
    length: i64,
    rng: Rng,
    shifts: HashMap<String, i64>,
}

impl Times {
    fn new(begin: i64, length: i64, seed: u64) -> Self {
        Self {
            begin,
            length,
            rng: Rng::new(seed),
            shifts: HashMap::new(),
        }
    }

    fn move_row(&mut self, row: &mut Row<'_>) {
        const TIMES: [Key; 4] = [
            fields::START_TIME_UNIX_NANO,
            fields::TIME_UNIX_NANO,
            fields::END_TIME_UNIX_NANO,
            fields::OBSERVED_TIME_UNIX_NANO,
        ];
        let time = match row.signal() {
            Signal::Traces => fields::START_TIME_UNIX_NANO,
            _ => fields::TIME_UNIX_NANO,
        };
        let Some(Value::Int(time)) = row.get(time) else {
            return;
        };
        let at = self.begin + self.rng.below(self.length as usize) as i64;
        let shift = match row.signal() {
            Signal::Traces => {
                let trace = format!("{:?}", row.get(fields::TRACE_ID));
                *self.shifts.entry(trace).or_insert(at - time)
            }
            Signal::Metrics => {
                let resource = format!("{:?}", row.resource().id());
                *self.shifts.entry(resource).or_insert(at - time)
            }
            _ => at - time,
        };
        for cell in row.cells_mut() {
            if let Value::Int(time) = &mut cell.value
                && TIMES.contains(&cell.key)
                && *time > 0
            {
                *time += shift;
            }
        }
    }
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

/// A filter of a query: the name of a column and its values.
type Filter = (&'static str, Wanted);

#[derive(Clone, Debug)]
enum Wanted {
    Text(String),
    Integers(RangeInclusive<i64>),
}

fn text(value: &str) -> Wanted {
    Wanted::Text(value.to_owned())
}

impl Wanted {
    fn may_be_text(&self, min: Option<&[u8]>, max: Option<&[u8]>) -> bool {
        let Self::Text(text) = self else { return true };
        min.is_none_or(|min| min <= text.as_bytes()) && max.is_none_or(|max| text.as_bytes() <= max)
    }

    fn may_be_integer(&self, min: Option<i64>, max: Option<i64>) -> bool {
        let Self::Integers(range) = self else {
            return true;
        };
        min.is_none_or(|min| min <= *range.end()) && max.is_none_or(|max| *range.start() <= max)
    }
}

fn is_match(batch: &RecordBatch, row: usize, (column, wanted): &Filter) -> bool {
    let Some(array) = batch
        .column_by_name(column)
        .filter(|array| !array.is_null(row))
    else {
        return false;
    };
    match (wanted, array.data_type()) {
        (Wanted::Text(text), _) => array.as_string::<i32>().value(row) == text,
        (Wanted::Integers(range), DataType::Int64) => {
            range.contains(&array.as_primitive::<Int64Type>().value(row))
        }
        (Wanted::Integers(range), _) => {
            range.contains(&array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
    }
}

/// A query for some columns of the rows that match all filters.
struct Query {
    table: Table,
    columns: Vec<&'static str>,
    filters: Vec<Filter>,
}

impl Query {
    /// Returns a line with the figures.
    fn run(&self, storage: &InMemoryStorage) -> Result<String> {
        let mut reads = Reads {
            storage,
            requests: 0,
            bytes: 0,
        };
        let (mut files, mut decoded, mut matched) = (0, 0, 0);
        for file in TableFiles::load(storage, self.table)?.files() {
            if !self.filters.iter().all(|filter| may_have(file, filter)) {
                continue;
            }
            files += 1;
            let metadata = reads.metadata(file)?;
            let (groups, selection) = self.selection(&metadata, &file.name, &mut reads)?;
            if groups.is_empty() {
                continue;
            }
            let metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new())?;
            let columns = self
                .columns
                .iter()
                .chain(self.filters.iter().map(|(column, _)| column));
            let mask = ProjectionMask::columns(metadata.parquet_schema(), columns.copied());
            let mut decoder = ParquetPushDecoderBuilder::new_with_metadata(metadata)
                .with_row_groups(groups)
                .with_row_selection(selection)
                .with_projection(mask)
                .build()?;
            loop {
                match decoder.try_decode()? {
                    DecodeResult::NeedsData(ranges) => {
                        let bytes = reads.read_all(&file.name, &ranges)?;
                        decoder.push_ranges(ranges, bytes)?;
                    }
                    DecodeResult::Data(batch) => {
                        decoded += batch.num_rows();
                        let is_match = |row: &usize| {
                            self.filters
                                .iter()
                                .all(|filter| is_match(&batch, *row, filter))
                        };
                        matched += (0..batch.num_rows()).filter(is_match).count();
                    }
                    DecodeResult::Finished => break,
                }
            }
        }
        let (requests, bytes) = (reads.requests, reads.bytes);
        let filters: Vec<_> = self.filters.iter().map(|(column, _)| *column).collect();
        Ok(format!(
            "{filters:?}: {requests} requests, {bytes} bytes, {files} files, {decoded} rows to filter, {matched} match"
        ))
    }

    /// Returns the row groups that may have rows, and the rows of their pages that may match.
    fn selection(
        &self,
        metadata: &ParquetMetaData,
        name: &str,
        reads: &mut Reads<'_>,
    ) -> Result<(Vec<usize>, RowSelection)> {
        let (mut groups, mut selectors) = (Vec::new(), Vec::new());
        for (number, group) in metadata.row_groups().iter().enumerate() {
            let rows = usize::try_from(group.num_rows())?;
            let mut selection = RowSelection::from(vec![RowSelector::select(rows)]);
            let mut may_match = rows > 0;
            for (column, wanted) in &self.filters {
                let mut chunks = group.columns().iter();
                let leaf = chunks.position(|chunk| chunk.column_path().string() == *column);
                let leaf = leaf.ok_or("a file lacks a column of its manifest")?;
                let chunk = group.column(leaf);
                may_match = may_match && may_have_chunk(chunk, wanted);
                if may_match && let Some(pages) = pages(metadata, number, leaf, rows, wanted) {
                    selection = selection.intersection(&pages);
                }
            }
            for (column, wanted) in &self.filters {
                let mut chunks = group.columns().iter();
                let chunk = chunks.find(|chunk| chunk.column_path().string() == *column);
                if let (true, Wanted::Text(text), Some(chunk)) =
                    (may_match && selection.selects_any(), wanted, chunk)
                {
                    may_match = reads.may_contain(name, chunk, text)?;
                }
            }
            if may_match && selection.selects_any() {
                groups.push(number);
                selectors.extend(Vec::<RowSelector>::from(selection));
            }
        }
        Ok((groups, selectors.into()))
    }
}

fn may_have(file: &ManifestFile, (column, wanted): &Filter) -> bool {
    let Some(column) = file.column(column) else {
        return false;
    };
    match (&column.min, &column.max) {
        (Some(Bound::Utf8(min)), Some(Bound::Utf8(max))) => {
            wanted.may_be_text(Some(min.as_bytes()), Some(max.as_bytes()))
        }
        (Some(Bound::Int64(min)), Some(Bound::Int64(max))) => {
            wanted.may_be_integer(Some(*min), Some(*max))
        }
        _ => column.nulls < file.rows,
    }
}

fn may_have_chunk(chunk: &ColumnChunkMetaData, wanted: &Wanted) -> bool {
    let Some(known) = chunk.statistics() else {
        return true;
    };
    match known {
        _ if known.null_count_opt() == u64::try_from(chunk.num_values()).ok() => false,
        Statistics::ByteArray(known) => {
            wanted.may_be_text(known.min_bytes_opt(), known.max_bytes_opt())
        }
        Statistics::Int64(known) => {
            wanted.may_be_integer(known.min_opt().copied(), known.max_opt().copied())
        }
        _ => true,
    }
}

/// Returns the rows of the pages of a chunk that may match; `None` without a page index.
fn pages(
    metadata: &ParquetMetaData,
    group: usize,
    leaf: usize,
    rows: usize,
    wanted: &Wanted,
) -> Option<RowSelection> {
    let index = metadata.column_index()?.get(group)?.get(leaf)?;
    let locations = metadata
        .offset_index()?
        .get(group)?
        .get(leaf)?
        .page_locations();
    let first = |page: usize| {
        locations
            .get(page)
            .map_or(rows, |page| page.first_row_index as usize)
    };
    let selectors = (0..locations.len()).map(|page| {
        let may_match = match index {
            ColumnIndexMetaData::BYTE_ARRAY(index) => {
                !index.is_null_page(page)
                    && wanted.may_be_text(index.min_value(page), index.max_value(page))
            }
            ColumnIndexMetaData::INT64(index) => {
                let (min, max) = (index.min_value(page), index.max_value(page));
                !index.is_null_page(page) && wanted.may_be_integer(min.copied(), max.copied())
            }
            _ => true,
        };
        let rows = first(page + 1) - first(page);
        if may_match {
            RowSelector::select(rows)
        } else {
            RowSelector::skip(rows)
        }
    });
    Some(selectors.collect::<Vec<_>>().into())
}

/// Reads that are counted.
struct Reads<'a> {
    storage: &'a InMemoryStorage,
    requests: u64,
    bytes: u64,
}

impl Reads<'_> {
    fn read(&mut self, name: &str, range: Range<u64>) -> Result<Bytes> {
        self.requests += 1;
        self.bytes += range.end - range.start;
        Ok(self
            .storage
            .read_range(name, range)?
            .ok_or("a file is gone")?)
    }

    /// Reads several ranges, those that are close to each other with one request.
    fn read_all(&mut self, name: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let mut sorted = ranges.to_vec();
        sorted.sort_unstable_by_key(|range| range.start);
        let mut pieces: Vec<(Range<u64>, Bytes)> = Vec::new();
        let mut merged: Vec<Range<u64>> = Vec::new();
        for range in sorted {
            match merged.last_mut() {
                Some(last) if range.start <= last.end + GAP => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        for range in merged {
            pieces.push((range.clone(), self.read(name, range)?));
        }
        let slice = |range: &Range<u64>| {
            let (piece, bytes) = pieces
                .iter()
                .find(|(piece, _)| piece.start <= range.start && range.end <= piece.end)?;
            let start = (range.start - piece.start) as usize;
            Some(bytes.slice(start..start + (range.end - range.start) as usize))
        };
        let slices = ranges.iter().map(slice);
        slices
            .collect::<Option<_>>()
            .ok_or_else(|| "every range was read".into())
    }

    /// Reads the footer and the page index.
    fn metadata(&mut self, file: &ManifestFile) -> Result<Arc<ParquetMetaData>> {
        let mut decoder = ParquetMetaDataPushDecoder::try_new(file.bytes)?;
        let tail = file.bytes.saturating_sub(TAIL)..file.bytes;
        decoder.push_range(tail.clone(), self.read(&file.name, tail)?)?;
        loop {
            match decoder.try_decode()? {
                DecodeResult::NeedsData(ranges) => {
                    let bytes = self.read_all(&file.name, &ranges)?;
                    decoder.push_ranges(ranges, bytes)?;
                }
                DecodeResult::Data(metadata) => return Ok(Arc::new(metadata)),
                DecodeResult::Finished => return Err("a file has no footer".into()),
            }
        }
    }

    /// Returns whether the bloom filter of a chunk has a value, if there is one.
    fn may_contain(&mut self, name: &str, chunk: &ColumnChunkMetaData, text: &str) -> Result<bool> {
        let (Some(offset), Some(length)) =
            (chunk.bloom_filter_offset(), chunk.bloom_filter_length())
        else {
            return Ok(true);
        };
        let begin = u64::try_from(offset)?;
        let bytes = self.read(name, begin..begin + u64::try_from(length)?)?;
        Ok(Sbbf::from_bytes(&bytes)?.check(text))
    }
}
