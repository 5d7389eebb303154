//! Reads log lines from files or standard input and prints their templates, busiest first.
//!
//! ```text
//! cargo run --release --example fingerprint_lines -- [--top N] [--state FILE] [PATH…]
//! journalctl -f -o cat | cargo run --release --example fingerprint_lines
//! ```
//!
//! On a terminal the table is redrawn twice a second while lines arrive. With `--state`, the
//! learned state is loaded before and saved after, so that patterns improve from run to run.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use otlake_fingerprint::{Fingerprinter, PatternOptions, Patterns};

/// Interval at which the table is redrawn on a terminal.
const REDRAW: Duration = Duration::from_millis(500);

fn main() -> anyhow::Result<()> {
    let mut top = 20;
    let mut state = None;
    let mut paths = Vec::new();
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--top" {
            top = args
                .next()
                .and_then(|n| n.to_str()?.parse().ok())
                .context("--top needs a number")?;
        } else if arg == "--state" {
            state = Some(PathBuf::from(args.next().context("--state needs a file")?));
        } else {
            paths.push(PathBuf::from(arg));
        }
    }
    // Each run continues the counts of the last one.
    let options = PatternOptions::new().with_source(1);
    let patterns = match &state {
        Some(file) if file.exists() => Patterns::load(&std::fs::read(file)?, options)
            .with_context(|| file.display().to_string())?,
        _ => Patterns::new(options),
    };
    let mut table = Table {
        patterns,
        lines: 0,
        top,
        live: io::stdout().is_terminal(),
        drawn: Instant::now(),
    };
    if paths.is_empty() {
        table.read(io::stdin().lock())?;
    }
    for path in &paths {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        table.read(BufReader::with_capacity(1 << 20, file))?;
    }
    table.draw()?;
    if let Some(file) = state {
        std::fs::write(&file, table.patterns.save()).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

struct Table {
    patterns: Patterns,
    lines: u64,
    top: usize,
    live: bool,
    drawn: Instant,
}

impl Table {
    /// Learns every line. Lines are bytes, because logs are not always UTF-8.
    fn read(&mut self, mut from: impl BufRead) -> io::Result<()> {
        let mut fingerprinter = Fingerprinter::new();
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line)? > 0 {
            let fingerprint = fingerprinter.fingerprint(&line);
            self.patterns.learn(fingerprint, line.trim_ascii_end());
            self.lines += 1;
            line.clear();
            if self.live && self.drawn.elapsed() > REDRAW {
                self.draw()?;
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let set = self.patterns.patterns();
        let mut text = String::new();
        if self.live {
            // Move the cursor home and clear the screen.
            text.push_str("\x1b[H\x1b[2J");
        }
        let _ = writeln!(
            text,
            "{} lines, {} fingerprints, {} patterns",
            self.lines,
            self.patterns.len(),
            set.len()
        );
        let _ = writeln!(
            text,
            "{:>10}  {:<16}  {:<5}  template",
            "count", "pattern", "level"
        );
        for pattern in set.iter().take(self.top) {
            let level = pattern.level.map_or("", |level| level.as_str());
            let _ = writeln!(
                text,
                "{:>10}  {}  {level:<5}  {}",
                pattern.count, pattern.id, pattern.template
            );
        }
        self.drawn = Instant::now();
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}
