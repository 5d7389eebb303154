//! Counts the records of each service in OTLP files of any form, without Arrow and without Parquet.
//!
//! ```text
//! cargo run -p otlake-examples --example count_by_service -- FILE…
//! ```

mod recorded;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::File;

use otlake::otlp::{OtlpDecoder, PayloadReader};
use otlake::row::{Row, sink_fn};

fn main() -> anyhow::Result<()> {
    let mut counts: BTreeMap<(String, &str), u64> = BTreeMap::new();
    let mut sink = sink_fn(|row: &mut Row<'_>| {
        let service = row.service_name().unwrap_or("unknown").to_owned();
        *counts.entry((service, row.signal().name())).or_default() += 1;
        Ok::<_, Infallible>(())
    });
    let mut decoder = OtlpDecoder::new();
    for path in recorded::paths(&["logs", "traces", "metrics"])? {
        for payload in PayloadReader::new(File::open(path)?) {
            let payload = payload?;
            // A request without records does not say which signal it is, and has nothing to count.
            if let Some(signal) = payload.signal()? {
                decoder.decode(signal, payload.format, &payload.bytes, &mut sink)?;
            }
        }
    }
    for ((service, signal), count) in &counts {
        println!("{count:>8} {signal:<8} {service}");
    }
    assert!(!counts.is_empty());
    Ok(())
}
