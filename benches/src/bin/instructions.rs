//! Counts the instructions that the stages execute per record.
//!
//! Timings differ between machines and from minute to minute; instruction counts of one build hardly
//! do. So this command finds regressions where the report only finds noise. It runs each case in a
//! process of its own under valgrind's callgrind, once with one pass and once with several, and
//! divides the difference by the records: start-up, warm-up and the generation of payloads cancel
//! out.
//!
//! ```sh
//! cargo run --release -p otlake-benches --bin instructions            # prints the table
//! cargo run --release -p otlake-benches --bin instructions -- --check # and compares it with the committed one
//! cargo run --release -p otlake-benches --bin instructions -- --save  # and replaces its rows in the committed one
//! ```

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use otlake_benches::{Error, Workload, lineup};

// The allocator of the report, so that both measure the same program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The cases that are counted, by workload.
const CASES: [(&str, &[&str]); 5] = [
    (
        "10k",
        &[
            "decode",
            "fingerprint",
            "buffer",
            "shred",
            "parquet",
            "end_to_end_zstd1",
        ],
    ),
    (
        "small_groups",
        &[
            "decode",
            "fingerprint",
            "buffer",
            "shred",
            "parquet",
            "end_to_end_zstd1",
        ],
    ),
    (
        "traces",
        &["decode", "shred", "parquet", "end_to_end_zstd1"],
    ),
    (
        "metrics",
        &["decode", "shred", "parquet", "end_to_end_zstd1"],
    ),
    ("logs_json", &["decode"]),
];

/// Passes of the longer of the two runs, beyond the single pass of the shorter one.
const MORE_PASSES: usize = 4;

/// An increase up to this share passes `--check`. Hash seeds and addresses differ from run to run,
/// which moves a count by a few tenths of a per cent.
const TOLERANCE: f64 = 0.02;

/// Counts instructions per record for decode, fingerprint, buffer, shred, parquet and all of them.
/// Needs valgrind.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Fail if a case executes over 2 % more instructions than the committed table says.
    #[arg(long, conflicts_with = "save")]
    check: bool,

    /// Replace the counted rows of the committed table, benches/instructions.tsv.
    #[arg(long)]
    save: bool,

    /// Count only the cases with these names.
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,

    #[command(subcommand)]
    pass: Option<Pass>,
}

/// The part of the program that runs under valgrind.
#[derive(Debug, Subcommand)]
enum Pass {
    /// Runs one case without counting anything.
    #[command(hide = true)]
    Run {
        workload: String,
        case: String,
        passes: usize,
    },
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq)]
struct Count {
    workload: String,
    case: String,
    per_record: f64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.pass {
        Some(Pass::Run {
            workload,
            case,
            passes,
        }) => run(workload, case, *passes).map(|_| true),
        None => count_all(&arguments),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nothing is left to report a failure of this write to.
            let _ = writeln!(io::stderr(), "instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a case once to warm it up and then `passes` times. Returns the records of one pass.
fn run(workload: &str, case: &str, passes: usize) -> Result<usize, Error> {
    let workload = Workload::named(workload)?;
    let mut cases = lineup(&workload)?;
    let case = cases
        .iter_mut()
        .find(|found| found.name() == case)
        .ok_or_else(|| format!("{}: no case {case}", workload.name()))?;
    for _ in 0..=passes {
        case.pass()?;
    }
    Ok(workload.records())
}

/// Counts the selected cases, prints them, and saves or checks them. Returns whether the check
/// passed.
fn count_all(arguments: &Arguments) -> Result<bool, Error> {
    let mut out = io::stdout().lock();
    let committed = read_table(&table_path())?;
    let mut counts = Vec::new();
    let mut passed = true;
    writeln!(
        out,
        "{:<14}{:<20}{:>12}{:>12}",
        "workload", "case", "per record", "committed"
    )?;
    for (workload, cases) in CASES {
        let records = Workload::named(workload)?.records();
        for &case in cases {
            if !arguments.cases.is_empty() && !arguments.cases.iter().any(|name| name == case) {
                continue;
            }
            let difference =
                instructions(workload, case, 1 + MORE_PASSES)? - instructions(workload, case, 1)?;
            let per_record = difference as f64 / (MORE_PASSES * records) as f64;
            let before = committed
                .iter()
                .find(|count| count.workload == workload && count.case == case)
                .map(|count| count.per_record);
            write!(out, "{workload:<14}{case:<20}{per_record:>12.0}")?;
            match before {
                Some(before) => {
                    let change = per_record / before - 1.0;
                    let more = change > TOLERANCE;
                    passed &= !more;
                    let mark = if more { "  more" } else { "" };
                    writeln!(out, "{before:>12.0}  {:+.1} %{mark}", change * 100.0)?;
                }
                None => writeln!(out, "{:>12}", "-")?,
            }
            out.flush()?;
            counts.push(Count {
                workload: workload.to_owned(),
                case: case.to_owned(),
                per_record,
            });
        }
    }
    if arguments.save {
        std::fs::write(table_path(), table(&updated(&committed, &counts)))?;
    }
    Ok(passed || !arguments.check)
}

/// Returns the instructions of this program running a case `passes` times.
fn instructions(workload: &str, case: &str, passes: usize) -> Result<i64, Error> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["run", workload, case, &passes.to_string()])
        .output()
        .map_err(|error| format!("valgrind can't be started ({error}): install it"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{workload} {case}: {}\n{text}", output.status).into());
    }
    // callgrind ends with "Collected : N".
    text.lines()
        .find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
        .ok_or_else(|| format!("{workload} {case}: valgrind printed no count\n{text}").into())
}

fn table_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.tsv")
}

/// Returns the rows of a table with the new counts in place of earlier ones, in the order of [`CASES`]. Cases that no
/// longer exist are left out.
fn updated(committed: &[Count], counted: &[Count]) -> Vec<Count> {
    let mut rows = Vec::new();
    for (workload, cases) in CASES {
        for case in cases {
            let mut known = counted.iter().chain(committed);
            rows.extend(
                known
                    .find(|count| count.workload == workload && count.case == *case)
                    .cloned(),
            );
        }
    }
    rows
}

fn table(counts: &[Count]) -> String {
    let mut text = "workload\tcase\tinstructions per record\n".to_owned();
    for count in counts {
        let Count {
            workload,
            case,
            per_record,
        } = count;
        // Writing to a string never fails.
        let _ = writeln!(text, "{workload}\t{case}\t{per_record:.0}");
    }
    text
}

/// Reads a table; a missing one is empty.
fn read_table(path: &Path) -> Result<Vec<Count>, Error> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path)?;
    let row = |line: &str| -> Option<Count> {
        let mut cells = line.split('\t').map(str::to_owned);
        Some(Count {
            workload: cells.next()?,
            case: cells.next()?,
            per_record: cells.next()?.parse().ok()?,
        })
    };
    text.lines()
        .skip(1)
        .map(|line| {
            row(line).ok_or_else(|| format!("{}: bad line {line:?}", path.display()).into())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counting some cases with `--save` must not remove the others from the table.
    #[test]
    fn saved_counts_replace_those_of_their_cases_only() {
        let count = |workload: &str, case: &str, per_record| Count {
            workload: workload.to_owned(),
            case: case.to_owned(),
            per_record,
        };
        let committed = [
            count("10k", "fingerprint", 1.0),
            count("traces", "gone", 2.0),
            count("traces", "decode", 3.0),
        ];
        let counted = [
            count("10k", "fingerprint", 4.0),
            count("10k", "decode", 5.0),
        ];
        let expected = [
            count("10k", "decode", 5.0),
            count("10k", "fingerprint", 4.0),
            count("traces", "decode", 3.0),
        ];
        assert_eq!(updated(&committed, &counted), expected);
    }
}
