//! Measures the stages, the floors and the peers in one run and prints a comparison.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use otlake_benches::{
    Bodies, Case, Error, Figure, Run, Workload, lineup, lineup_of_bodies, lineup_of_workers,
    to_json, write_table,
};
use otlake_otlp::Format;
use otlake_row::Signal;
use otlake_testkit::CountingAllocator;

// Services typically use such an allocator. With glibc's malloc the peers look half as fast as they
// are.
#[global_allocator]
static ALLOCATOR: CountingAllocator<MiMalloc> = CountingAllocator::new(MiMalloc);

/// Measures records per second, allocations and output size of otlake's stages and of the floors
/// below which no decoder can get. With the feature `peers`, also of other ways from OTLP to
/// Parquet and from lines to templates. All cases run round after round with mimalloc, on one
/// thread except for those with several workers.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Also write the figures as JSON to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Number of timings per case; the median counts.
    #[arg(long, default_value_t = Run::default().rounds)]
    rounds: usize,

    /// Measure only the cases with these names.
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,

    /// Also write the payloads to this directory, to measure them with other tools.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,

    /// Measure fingerprints and templates on the lines of the data sets in this directory and
    /// below, instead of generated ones (files named *_structured.csv with a column Content, as in
    /// Loghub). May be given more than once.
    #[arg(long, value_name = "DIR")]
    bodies: Vec<PathBuf>,

    /// Signal of the payload files: logs, traces or metrics.
    #[arg(long, default_value = "logs", value_parser = signal)]
    signal: Signal,

    /// Files that each contain the bytes of an export request. Without any, generated payloads of
    /// all signals and generated bodies are measured.
    #[arg(value_name = "PAYLOAD")]
    payloads: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match report(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to report a failure of this write to.
            let _ = writeln!(io::stderr(), "report: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(arguments: &Arguments) -> Result<(), Error> {
    let workloads = if arguments.payloads.is_empty() {
        Workload::generated()?
    } else {
        arguments
            .payloads
            .iter()
            .map(|path| Workload::from_file(path, arguments.signal))
            .collect::<Result<_, _>>()?
    };
    let bodies = if !arguments.bodies.is_empty() {
        Some(Bodies::from_directories(&arguments.bodies)?)
    } else if arguments.payloads.is_empty() {
        Some(Bodies::generated()?)
    } else {
        None
    };
    let mut out = io::stdout().lock();
    let mut all = Vec::new();
    for workload in &workloads {
        describe(workload, &mut out)?;
        if let Some(directory) = &arguments.save {
            save(directory, workload)?;
        }
        let cases = lineup(workload)?;
        let (name, records) = (workload.name(), workload.records());
        all.extend(measure(arguments, name, records, cases, &mut out)?);
    }
    if arguments.payloads.is_empty() {
        let workload = Workload::many()?;
        describe(&workload, &mut out)?;
        let cases = lineup_of_workers(&workload)?;
        let (name, records) = (workload.name(), workload.records());
        all.extend(measure(arguments, name, records, cases, &mut out)?);
    }
    if let Some(bodies) = &bodies {
        let records = bodies.lines().len();
        writeln!(
            out,
            "{}: {records} lines, {:.0} B per line",
            Bodies::NAME,
            bodies.bytes() as f64 / records as f64,
        )?;
        let cases = lineup_of_bodies(bodies)?;
        all.extend(measure(arguments, Bodies::NAME, records, cases, &mut out)?);
    }
    writeln!(
        out,
        "One thread (workers_…: as many as the name says), mimalloc, median of {} rounds over all cases (± half the interquartile range).\n\
         × peer: speed against the faster Parquet peer at ZSTD(1), for bodies against peer_logdrain; higher is better.\n\
         × floor: time relative to floor_walk_utf8; lower is better.\n\
         heap B, allocs: per record, in one warm pass; peak MB: most bytes live at once in that pass; out B: file bytes per record.",
        arguments.rounds.max(1)
    )?;
    if let Some(path) = &arguments.json {
        let mut file = BufWriter::new(File::create(path)?);
        serde_json::to_writer_pretty(&mut file, &to_json(&all))?;
        writeln!(file)?;
        file.flush()?;
    }
    Ok(())
}

fn describe(workload: &Workload, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{}: {} payloads, {} records, {:.0} B per record",
        workload.name(),
        workload.payloads().len(),
        workload.records(),
        workload.bytes() as f64 / workload.records() as f64,
    )
}

/// Measures the selected cases and writes their table.
fn measure(
    arguments: &Arguments,
    name: &str,
    records: usize,
    mut cases: Vec<Case<'_>>,
    out: &mut impl Write,
) -> Result<Vec<Figure>, Error> {
    cases.retain(|case| {
        arguments.cases.is_empty() || arguments.cases.iter().any(|name| name == case.name())
    });
    let run = Run {
        rounds: arguments.rounds,
        count_allocations: true,
        ..Run::default()
    };
    let figures = run.measure(name, records, &mut cases)?;
    write_table(out, &figures)?;
    writeln!(out)?;
    Ok(figures)
}

fn signal(name: &str) -> Result<Signal, String> {
    let found = Signal::ALL.into_iter().find(|signal| signal.name() == name);
    found.ok_or_else(|| "expected logs, traces or metrics".to_owned())
}

fn save(directory: &Path, workload: &Workload) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let ending = match workload.format() {
        Format::Json => "json",
        _ => "binpb",
    };
    for (number, payload) in workload.payloads().iter().enumerate() {
        let name = format!("{}-{number}.{ending}", workload.name());
        std::fs::write(directory.join(name), payload)?;
    }
    Ok(())
}
