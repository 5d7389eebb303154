//! Lists the payloads of files, or of standard input: their form, signal and position.
//!
//! ```text
//! cargo run --release --example payloads -- [--framing NAME] [PATH…]
//! cargo run --release --example payloads -- examples/data/logs/*
//! zstdcat rotated-*.zst | cargo run --release --example payloads
//! ```
//!
//! The framing is detected; `--framing` (protobuf, json, json-lines, length-prefixed) overrides it.
//! Broken payloads are reported on stderr, and then the exit code is 1.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use anyhow::Context;
use otlake::otlp::{Format, Framing, Payload, PayloadReader, SignalError};

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        // The reader has closed the pipe: `… | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("payloads: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the number of broken payloads.
fn run() -> anyhow::Result<usize> {
    let mut framing = None;
    let mut paths = Vec::new();
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--framing" {
            let name = arguments.next().context("--framing needs a name")?;
            framing = Some(name.to_string_lossy().parse::<Framing>()?);
        } else {
            paths.push(argument);
        }
    }
    let mut broken = 0;
    if paths.is_empty() {
        broken += list("-", io::stdin().lock(), framing)?;
    }
    for path in paths {
        let name = path.to_string_lossy();
        let file = File::open(&path).with_context(|| name.to_string())?;
        broken += list(&name, file, framing)?;
    }
    Ok(broken)
}

/// Lists the payloads of a file and returns how many are broken.
fn list(name: &str, file: impl Read, framing: Option<Framing>) -> io::Result<usize> {
    let mut reader = PayloadReader::new(file);
    if let Some(framing) = framing {
        reader = reader.with_framing(framing);
    }
    let mut stdout = io::stdout().lock();
    let mut broken = 0;
    for payload in reader {
        match payload {
            Ok(payload) => writeln!(
                stdout,
                "{name}\t{}\tat byte {}\t{} bytes\t{}\t{}",
                payload.number,
                payload.offset,
                payload.bytes.len(),
                format_name(payload.format),
                signal_name(&payload),
            )?,
            Err(error) => {
                eprintln!("{name}: {error}");
                broken += 1;
            }
        }
    }
    Ok(broken)
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Json => "json",
        _ => "protobuf",
    }
}

fn signal_name(payload: &Payload) -> &'static str {
    match payload.signal() {
        Ok(Some(signal)) => signal.name(),
        Ok(None) => "unknown",
        Err(SignalError::Profiles) => "profiles",
        Err(_) => "unknown",
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
