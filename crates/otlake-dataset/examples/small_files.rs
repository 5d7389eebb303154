//! Measures compaction: writes small files in 24 partitions, and merges them.
//!
//! ```sh
//! cargo build --release -p otlake-dataset --example small_files
//! target/release/examples/small_files write target/small 10000
//! target/release/examples/small_files compact target/small
//! target/release/examples/small_files query target/small payment
//! ```

#![allow(clippy::print_stdout, reason = "a program that prints figures")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use otlake_dataset::{
    CompactionOptions, Compactor, Dataset, ManifestCommit, ManifestFile, TableFiles,
};
use otlake_otlp::{Format, OtlpDecoder};
use otlake_parquet::{Bound, SortingColumn};
use otlake_row::{Bytes, Signal};
use otlake_schema::Table;
use otlake_storage::{Documents, LocalDirectory};
use otlake_testkit::{Shape, logs_request};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::statistics::Statistics;
use prost::Message;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HOUR: u64 = 3_600_000_000_000;
/// 2026-11-22.
const BEGIN: u64 = 1_795_305_600_000_000_000;
/// The records of a file, which make it about 60 kB.
const RECORDS: usize = 550;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["write", directory, files] => write(&LocalDirectory::new(directory), files.parse()?),
        ["compact", directory] => compact(LocalDirectory::new(directory), None),
        ["compact", directory, order] => {
            let columns = order.split(',').filter(|column| !column.is_empty());
            compact(LocalDirectory::new(directory), Some(columns.map(by).collect()))
        }
        ["query", directory, service] => query(&LocalDirectory::new(directory), service),
        _ => Err(
            "small_files write DIRECTORY FILES | compact DIRECTORY [COLUMN,…] | query DIRECTORY SERVICE"
                .into(),
        ),
    }
}

fn by(name: &str) -> SortingColumn {
    SortingColumn {
        name: name.to_owned(),
        descending: false,
        nulls_first: false,
    }
}

/// Writes a file for each request, in the partition of its hour.
fn write(storage: &LocalDirectory, files: u64) -> Result<(), Box<dyn Error>> {
    let dataset = Dataset::builder()
        .partitioning("date={date}/hour={hour}".parse()?)
        .sorted_rows(vec![by("resource_service_name"), by("timestamp")])
        .open(Arc::new(storage.clone()))?;
    let (mut writer, mut decoder) = (dataset.writer(), OtlpDecoder::new());
    for number in 0..files {
        let shape = Shape {
            seed: number,
            records: RECORDS,
            ..Shape::ten_thousand()
        };
        let mut request = logs_request(&shape);
        let end = u128::from(number / 24 + 1) * u128::from(HOUR) / u128::from(files / 24 + 1);
        set_times(&mut request, BEGIN + number % 24 * HOUR + end as u64 - 1);
        let payload = Bytes::from(request.encode_to_vec());
        decoder.decode(Signal::Logs, Format::Protobuf, &payload, &mut writer)?;
        writer.flush()?;
    }
    print_files(&TableFiles::load(storage, Table::Logs)?);
    Ok(())
}

/// Moves the records of a request, so that the last one has this time.
fn set_times(request: &mut ExportLogsServiceRequest, last: u64) {
    let mut time = last - RECORDS as u64 * 1_000_000;
    for resource in &mut request.resource_logs {
        for scope in &mut resource.scope_logs {
            for record in &mut scope.log_records {
                time += 1_000_000;
                record.time_unix_nano = time;
            }
        }
    }
}

/// Merges the files, in another order than they have if one is given.
fn compact(
    storage: LocalDirectory,
    order: Option<Vec<SortingColumn>>,
) -> Result<(), Box<dyn Error>> {
    let storage = Arc::new(storage);
    let commit = Arc::new(ManifestCommit::new(storage.clone()));
    let mut options = CompactionOptions::new();
    if let Some(order) = order {
        options = options.with_sorted_rows(order);
    }
    let compactor = Compactor::new(storage.clone(), commit, options);
    let begin = Instant::now();
    let plan = compactor.plan(Table::Logs)?;
    println!("planned in {:.2?}", begin.elapsed());
    let report = compactor.run(&plan, &mut |_| {})?;
    println!("{report} in {:.2?}", begin.elapsed());
    if let Some(error) = report.errors.first() {
        println!("the first error: {error:?}");
    }
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let mut ticks = stat
        .split(' ')
        .skip(13)
        .map_while(|ticks| ticks.parse().ok());
    if let (Some(user), Some(system)) = (ticks.next(), ticks.next()) {
        let (user, system): (u64, u64) = (user, system);
        println!("processor time in ticks: {user} user, {system} system");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    println!("{}", peak.unwrap_or("VmHWM is unknown here"));
    print_files(&TableFiles::load(&*storage, Table::Logs)?);
    Ok(())
}

fn print_files(files: &TableFiles) {
    let (mut count, mut bytes, mut rows) = (0, 0, 0);
    for file in files.files() {
        count += 1;
        bytes += file.bytes;
        rows += file.rows;
    }
    println!("{count} files, {bytes} bytes, {rows} rows");
}

/// Counts the requests and bytes with which a reader of manifests finds the bodies of one service: a request for each
/// footer, and one for each chunk of a row group that may have rows of the service.
fn query(storage: &LocalDirectory, service: &str) -> Result<(), Box<dyn Error>> {
    let (mut requests, mut bytes, mut rows) = (0, 0, 0);
    for file in TableFiles::load(storage, Table::Logs)?.files() {
        if !may_have(file, service) {
            continue;
        }
        let content = storage.get(&file.name)?.ok_or("a file is gone")?.bytes;
        let metadata = ArrowReaderMetadata::load(&content, ArrowReaderOptions::new())?;
        let footer = u32::from_le_bytes(content[content.len() - 8..][..4].try_into()?);
        requests += 1;
        bytes += u64::from(footer) + 8;
        let columns = ["resource_service_name", "timestamp", "body"];
        let mask = ProjectionMask::columns(metadata.parquet_schema(), columns);
        for group in metadata.metadata().row_groups() {
            let chunks = || group.columns().iter();
            let service_chunk = chunks().find(|chunk| chunk.column_path().string() == columns[0]);
            let may_match = service_chunk.is_none_or(|chunk| match chunk.statistics() {
                Some(Statistics::ByteArray(known)) => {
                    let within = |bound: Option<&[u8]>, is_least: bool| {
                        bound.is_none_or(|bound| match is_least {
                            true => bound <= service.as_bytes(),
                            false => bound >= service.as_bytes(),
                        })
                    };
                    within(known.min_bytes_opt(), true) && within(known.max_bytes_opt(), false)
                }
                _ => true,
            });
            if !may_match {
                continue;
            }
            rows += group.num_rows();
            for (leaf, chunk) in chunks().enumerate() {
                if mask.leaf_included(leaf) {
                    requests += 1;
                    bytes += u64::try_from(chunk.compressed_size())?;
                }
            }
        }
    }
    println!("{service}: {requests} requests, {bytes} bytes, {rows} rows to filter");
    Ok(())
}

fn may_have(file: &ManifestFile, service: &str) -> bool {
    let Some(column) = file.column("resource_service_name") else {
        return false;
    };
    match (&column.min, &column.max) {
        (Some(Bound::Utf8(min)), Some(Bound::Utf8(max))) => {
            min.as_str() <= service && service <= max.as_str()
        }
        _ => true,
    }
}
