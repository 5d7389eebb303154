//! The main job: OTLP log payloads to Parquet files, the patterns of their bodies as a table beside
//! them, and a summary of what was done.
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
use otlake::fingerprint::PatternOptions;
use otlake::otlp::Limits;
use otlake::parquet::{FileNames, FileSummary, LocalDirectory, WriterOptions};
use otlake::{IngestError, PatternsTable, Pipeline};

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

/// Converts all inputs and says how many of them failed.
fn run(arguments: &Arguments) -> Result<usize, Error> {
    let out = arguments.out()?;
    let mut builder = Pipeline::builder()
        .compression(arguments.compression)
        .patterns(PatternOptions::default())
        .file_names(FileNames::new("logs"));
    if let Some(rows) = arguments.rows_per_file {
        builder = builder.rows_per_file(rows);
    }
    let mut pipeline = builder.build(LocalDirectory::new(&out))?;

    let (inputs, not_found) = inputs::find(arguments.paths());
    let mut failed = not_found;
    let progress = progress_bar(inputs.len());
    let mut bytes_in = 0;
    let started = Instant::now();
    for input in progress.wrap_iter(inputs.iter()) {
        match convert(input, &mut pipeline) {
            Ok(bytes) => bytes_in += bytes,
            // The output is at fault, so the next input would fail in the same way.
            Err(Failure::Output(error)) => return Err(error.into()),
            Err(Failure::Input(error)) => {
                failed += 1;
                progress.suspend(|| eprintln!("{}: {}", input.path().display(), chain(&*error)));
            }
        }
    }
    let report = pipeline.finish()?;
    let run = Run {
        inputs: inputs.len() + not_found,
        failed,
        bytes_in,
        elapsed: started.elapsed(),
    };
    progress.finish_and_clear();
    // Without records there is nothing to say of them.
    let patterns = (report.patterns_table.as_ref()).filter(|_| !report.files.is_empty());
    let beside = patterns.map(|patterns| write_beside(&out, patterns, arguments));
    let beside = beside.transpose()?;
    print(&tables::summary(&run, &report, &out, beside.as_ref()));
    if let Some(patterns) = patterns {
        print(&tables::columns(&report));
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

enum Failure {
    Input(Error),
    Output(IngestError),
}

/// Pushes one file through the pipeline and returns its size.
fn convert(input: &Input, pipeline: &mut Pipeline<LocalDirectory>) -> Result<u64, Failure> {
    let payload = input
        .read(Limits::default().payload_bytes)
        .map_err(Failure::Input)?;
    let bytes = payload.len() as u64;
    match pipeline.ingest_logs(payload) {
        Ok(summary) => {
            if let Some(reason) = summary.first_rejection {
                let path = input.path().display();
                eprintln!(
                    "{path}: {} records rejected, the first because: {reason}",
                    summary.rejected
                );
            }
            Ok(bytes)
        }
        Err(error @ IngestError::Payload { .. }) => Err(Failure::Input(error.into())),
        Err(error) => Err(Failure::Output(error)),
    }
}

/// An error with its causes, as one line.
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

/// A bar on a terminal, nothing elsewhere.
fn progress_bar(inputs: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} files, {eta} left");
    let bar = ProgressBar::new(inputs as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Prints a table. When nobody reads on, as behind a pipe into `head`, there is nobody to tell.
fn print(table: &str) {
    let _ = writeln!(io::stdout(), "{table}\n");
}
