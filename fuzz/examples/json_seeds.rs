//! Writes the seeds of `json_decode`, from the dialect table and from the seeds of the protobuf
//! decoders. They are committed; run this again when the table has new kinds of cases:
//!
//! ```text
//! cargo run --manifest-path fuzz/Cargo.toml --example json_seeds
//! ```

use std::path::Path;
use std::{fs, io};

/// Use one of this many cases: most differ little, and fewer seeds run faster.
const EVERY: usize = 4;

/// First byte of an input that is a request in protobuf; the signal is added to it.
const PROTOBUF: u8 = 150;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = root.join("corpus/json_decode");
    fs::create_dir_all(&seeds)?;
    let table = root.join("../crates/otlake-otlp/tests/json/data/dialect.txt");
    let table = fs::read_to_string(table)?;
    let cases = table.lines().filter(|line| !line.starts_with('#'));
    let cases = cases.filter_map(|line| line.split(" => ").next()?.split_once(' '));
    for (number, (form, json)) in cases.enumerate().step_by(EVERY) {
        let (signal, before, after) = match form {
            "log" => (
                0,
                r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":["#,
                "]}]}]}",
            ),
            "span" => (
                1,
                r#"{"resourceSpans":[{"scopeSpans":[{"spans":["#,
                "]}]}]}",
            ),
            "metric" => (
                2,
                r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":["#,
                "]}]}]}",
            ),
            "spans" => (1, "", ""),
            "metrics" => (2, "", ""),
            _ => (0, "", ""),
        };
        let input = [&[signal], format!("{before}{json}{after}").as_bytes()].concat();
        fs::write(seeds.join(format!("dialect-{number:03}.bin")), input)?;
    }
    for (signal, target) in (0..).zip(["logs_decode", "traces_decode", "metrics_decode"]) {
        for seed in 0..3 {
            let name = format!("arbitrary-{seed}.bin");
            if let Ok(payload) = fs::read(root.join("corpus").join(target).join(&name)) {
                let input = [&[PROTOBUF + signal], &payload[..]].concat();
                fs::write(seeds.join(format!("{target}-{name}")), input)?;
            }
        }
    }
    Ok(())
}
