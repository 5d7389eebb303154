//! Prints the most frequent templates of the logs in OTLP files, with the levels and an example of each.
//!
//! ```text
//! cargo run -p otlake-examples --example top_templates -- FILE…
//! ```

mod recorded;

use std::convert::Infallible;
use std::fs::File;

use otlake::fingerprint::Patterns;
use otlake::otlp::{OtlpDecoder, PayloadReader};
use otlake::row::{Row, Signal, Value, fields, sink_fn};

fn main() -> anyhow::Result<()> {
    let mut patterns = Patterns::default();
    let mut sink = sink_fn(|row: &mut Row<'_>| {
        if let Some(body) = row.get(fields::BODY).and_then(Value::as_str) {
            patterns.observe(body.as_bytes());
        }
        Ok::<_, Infallible>(())
    });
    let mut decoder = OtlpDecoder::new();
    for path in recorded::paths(&["logs"])? {
        for payload in PayloadReader::new(File::open(path)?) {
            let payload = payload?;
            decoder.decode(Signal::Logs, payload.format, &payload.bytes, &mut sink)?;
        }
    }
    let patterns = patterns.patterns();
    for pattern in patterns.iter().take(10) {
        println!("{:>6} × {}", pattern.count, pattern.template);
    }
    assert!(!patterns.is_empty());
    Ok(())
}
