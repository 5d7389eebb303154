//! The main job: converts OTLP payloads of all signals, in any form, to Parquet files. Writes the
//! patterns of the log bodies as a table next to them, and prints a summary.
//!
//! ```text
//! cargo run --release --example otlp_to_parquet
//! cargo run --release --example otlp_to_parquet -- --out DIR PATH…
//! ```

mod arguments;
mod inputs;
mod tables;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use otlake::dataset::MetricTables;
use otlake::fingerprint::PatternOptions;
use otlake::parquet::{FileSummary, WriterOptions};
use otlake::storage::LocalDirectory;
use otlake::{FingerprintStage, IngestError, PatternsTable, Pipeline};

use crate::arguments::Arguments;
use crate::inputs::Input;
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

/// Converts all inputs and returns how many of them failed.
fn run(arguments: &Arguments) -> Result<usize, Error> {
    let out = arguments.out()?;
    let mut builder = Pipeline::builder()
        .compression(arguments.compression)
        .stage(FingerprintStage::new().with_patterns(PatternOptions::default()))
        .sorted_rows(arguments.order());
    if let Some(partitioning) = &arguments.partitioning {
        builder = builder.partitioning(partitioning.clone());
    }
    if arguments.table_per_kind {
        builder = builder.metric_tables(MetricTables::PerKind);
    }
    if let Some(rows) = arguments.rows_per_file {
        builder = builder.rows_per_file(rows);
    }
    let mut pipeline = builder.build_files(LocalDirectory::new(&out))?;

    let (inputs, not_found) = inputs::find(arguments.paths());
    let mut failed = not_found;
    let progress = progress_bar(inputs.len());
    let mut bytes_in = 0;
    let started = Instant::now();
    for input in progress.wrap_iter(inputs.iter()) {
        let say = |what: &str| {
            let path = input.path().display();
            progress.suspend(|| eprintln!("{path}: {what}"));
        };
        let converted = convert(input, arguments, &mut pipeline, &say)?;
        failed += usize::from(!converted.whole);
        bytes_in += converted.bytes;
    }
    let report = pipeline.finish()?;
    let run = Run {
        inputs: inputs.len() + not_found,
        failed,
        bytes_in,
        elapsed: started.elapsed(),
    };
    progress.finish_and_clear();
    // Without logs there are no bodies to report on.
    let patterns =
        (report.patterns_table.as_ref()).filter(|patterns| patterns.batch().num_rows() > 0);
    let beside = patterns.map(|patterns| write_beside(&out, patterns, arguments));
    let beside = beside.transpose()?;
    print(&tables::summary(&run, &report, &out, beside.as_ref()));
    for table in &report.tables {
        print(&tables::columns(table));
    }
    if let Some(patterns) = patterns {
        print(&tables::templates(patterns, 10));
    }
    Ok(failed)
}

/// Writes the patterns of the data in `out` next to it.
fn write_beside(
    out: &Path,
    patterns: &PatternsTable,
    arguments: &Arguments,
) -> Result<FileSummary, Error> {
    let (directory, name) = arguments::beside(out)?;
    let options = WriterOptions::new().with_compression(arguments.compression);
    let mut file = patterns.write(&LocalDirectory::new(&directory), &name, options)?;
    file.name = directory.join(name).display().to_string();
    Ok(file)
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
    pipeline: &mut Pipeline<(FingerprintStage,)>,
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
                if let Some(reason) = summary.first_rejection {
                    let rejected = summary.rejected;
                    say(&format!(
                        "payload {number}: {rejected} records rejected, the first because: {reason}"
                    ));
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
