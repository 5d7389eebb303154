//! The main job: converts OTLP payloads of all signals, in any form, to the Parquet files of a dataset, on
//! all cores. Writes the patterns of the log bodies as a table, and prints a summary.
//!
//! ```text
//! cargo run --release --example otlp_to_parquet
//! cargo run --release --example otlp_to_parquet -- --storage LOCATION --workers N PATH…
//! ```

mod arguments;
mod inputs;
mod tables;

use std::collections::HashSet;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use otlake::dataset::{Dataset, MetricTables, TableReport};
use otlake::fingerprint::{PatternOptions, Patterns};
use otlake::otlp::Summary;
use otlake::parquet::WriterOptions;
use otlake::schema::OverflowCounts;
use otlake::{FingerprintStage, IngestError, PatternsTable, Pipeline};

use crate::arguments::Arguments;
use crate::inputs::{Input, Inputs};
use crate::tables::Run;

type Error = Box<dyn std::error::Error>;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// A worker's pipeline.
type Worker = Pipeline<(FingerprintStage,)>;

/// Converts all inputs and returns how many of them failed.
fn run(arguments: &Arguments) -> Result<usize, Error> {
    let location = arguments.storage()?;
    let storage = otlake::storage::open(&location)?;
    let dataset = options(arguments).open(Arc::clone(&storage))?;

    let found = Inputs::find(arguments.paths());
    let (inputs, not_found) = (found.files, found.failed);
    let progress = progress_bar(inputs.len());
    let started = Instant::now();
    let workers = arguments.workers();
    let done = on_all(workers, &inputs, &dataset, arguments, &progress)?;
    dataset.flush()?;
    let elapsed = started.elapsed();
    progress.finish_and_clear();

    let patterns = PatternsTable::new(&done.patterns);
    // Without logs there are no bodies to report on.
    let patterns = Some(patterns).filter(|patterns| patterns.batch().num_rows() > 0);
    let written = patterns.as_ref().map(|patterns| {
        let options = WriterOptions::new().with_compression(arguments.compression);
        patterns.write(&storage, "_otlake/patterns.parquet", options)
    });
    let tables = dataset.report();
    check_order(arguments, &tables)?;
    let run = Run {
        location,
        workers,
        inputs: inputs.len() + not_found,
        failed: not_found + done.failed,
        bytes_in: done.bytes,
        elapsed,
        records: done.records,
        overflow: done.overflow,
    };
    print(&tables::summary(
        &run,
        &tables,
        written.transpose()?.as_ref(),
    ));
    for table in &tables {
        print(&tables::columns(table));
    }
    if let Some(patterns) = &patterns {
        print(&tables::templates(patterns, 10));
    }
    Ok(run.failed)
}

/// Returns an error if no table has a column by which rows should be sorted. Columns are found while rows
/// are read, so it is not known before.
fn check_order(arguments: &Arguments, tables: &[TableReport]) -> Result<(), Error> {
    let files = tables.iter().flat_map(|table| &table.files);
    let columns = files.flat_map(|file| file.columns.iter().map(|column| &*column.name));
    let columns: HashSet<&str> = columns.collect();
    let mut order = arguments.sort.iter();
    match order.find(|name| !columns.contains(name.as_str())) {
        Some(unknown) if !columns.is_empty() => {
            Err(format!("--sort {unknown}: no table has this column").into())
        }
        _ => Ok(()),
    }
}

fn options(arguments: &Arguments) -> otlake::dataset::DatasetBuilder {
    let mut writer = WriterOptions::new().with_compression(arguments.compression);
    if let Some(rows) = arguments.rows_per_file {
        writer = writer.with_rows_per_file(rows);
    }
    let mut builder = Dataset::builder()
        .writer_options(writer)
        .sorted_rows(arguments.order())
        // The summary is of all files.
        .file_summaries(usize::MAX);
    if let Some(partitioning) = &arguments.partitioning {
        builder = builder.partitioning(partitioning.clone());
    }
    if arguments.table_per_kind {
        builder = builder.metric_tables(MetricTables::PerKind);
    }
    builder
}

/// The results of the workers.
struct Done {
    failed: usize,
    bytes: u64,
    records: Summary,
    overflow: OverflowCounts,
    patterns: Patterns,
}

/// Converts inputs on several threads, each of which takes the next one when it is done with another.
fn on_all(
    workers: usize,
    inputs: &[Input],
    dataset: &Dataset,
    arguments: &Arguments,
    progress: &ProgressBar,
) -> Result<Done, Error> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<_, Error> {
        let stage = FingerprintStage::new().with_patterns(PatternOptions::default());
        let mut worker: Worker = Pipeline::on(dataset).stage(stage).build();
        let (mut failed, mut bytes) = (0, 0);
        while let Some(input) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let say = |what: &str| {
                let path = input.path().display();
                progress.suspend(|| eprintln!("{path}: {what}"));
            };
            let converted = convert(input, arguments, &mut worker, &say)?;
            failed += usize::from(!converted.whole);
            bytes += converted.bytes;
            progress.inc(1);
        }
        // Files stay open for the other workers.
        worker.write_row_groups()?;
        Ok((failed, bytes, worker))
    };
    let mut done = Done {
        failed: 0,
        bytes: 0,
        records: Summary::default(),
        overflow: OverflowCounts::default(),
        patterns: Patterns::default(),
    };
    thread::scope(|scope| {
        let work = || work().map_err(|error| chain(&*error));
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            let result = thread.join().map_err(|_| "a worker panicked")?;
            let (failed, bytes, worker) = result?;
            done.failed += failed;
            done.bytes += bytes;
            done.records.merge(worker.records().clone());
            for table in worker.writer().stats() {
                done.overflow.merge(&table.overflow);
            }
            if let Some(patterns) = worker.patterns() {
                done.patterns.merge(patterns);
            }
        }
        Ok(done)
    })
}

/// The result of converting an input.
struct Converted {
    bytes: u64,
    whole: bool,
}

/// Pushes the payloads of a file through the pipeline. A faulty payload is reported and affects
/// nothing else. An error comes from the output, so the next input would fail in the same way.
fn convert(
    input: &Input,
    arguments: &Arguments,
    pipeline: &mut Worker,
    say: &dyn Fn(&str),
) -> Result<Converted, IngestError> {
    let (mut bytes, mut whole) = (0, true);
    let mut broken = |error: Error| {
        whole = false;
        say(&chain(&*error));
    };
    let payloads = match input.payloads(arguments) {
        Ok(payloads) => payloads,
        Err(error) => {
            broken(error.into());
            return Ok(Converted { bytes, whole });
        }
    };
    for payload in payloads {
        let payload = match payload {
            Ok(payload) => payload,
            Err(error) => {
                broken(error.into());
                continue;
            }
        };
        bytes += payload.bytes.len() as u64;
        let number = payload.number;
        let signal = match input.signal(&payload, arguments) {
            Ok(signal) => signal,
            Err(error) => {
                broken(format!("payload {number}: {error}").into());
                continue;
            }
        };
        match pipeline.ingest(signal, payload.format, payload.bytes) {
            Ok(summary) => {
                if let Some(first) = summary.first_rejection {
                    let rejected = tables::counted(summary.rejected, "record", "records");
                    broken(
                        format!("payload {number}: {rejected} rejected, the first: {first}").into(),
                    );
                }
                if let Some(first) = summary.first_unknown_field {
                    let unknown =
                        tables::counted(summary.unknown_fields, "unknown field", "unknown fields");
                    let message =
                        format!("payload {number}: {unknown} skipped, the first: {first}");
                    // A field of a newer protocol is one thing, a payload of nothing else another.
                    match summary.accepted {
                        0 => broken(message.into()),
                        _ => say(&message),
                    }
                }
            }
            Err(error) if error.is_payload() => {
                broken(format!("payload {number}: {}", chain(&error)).into());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Converted { bytes, whole })
}

/// Returns an error with its causes as one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !line.ends_with(&cause_text) {
            line = format!("{line}: {cause_text}");
        }
        source = cause.source();
    }
    line
}

/// Returns a progress bar that shows on terminals only.
fn progress_bar(inputs: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} files, {eta} left");
    let bar = ProgressBar::new(inputs as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Prints a table. Ignores errors: the output may be a closed pipe, such as into `head`.
fn print(table: &str) {
    let _ = writeln!(io::stdout(), "{table}\n");
}
