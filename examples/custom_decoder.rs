//! A decoder of your own: lines such as `LEVEL key=value … | message` become the same rows, and so the same
//! Parquet, as OTLP.
//!
//! There is no trait to implement: a decoder is any code that pushes rows into a `RowSink`.
//!
//! ```text
//! cargo run --example custom_decoder
//! ```

use std::sync::Arc;

use otlake::dataset::Dataset;
use otlake::row::{Bytes, Group, Keys, Location, Row, RowSink, Signal, Stage, Value, fields};
use otlake::storage::InMemoryStorage;
use otlake::{FingerprintStage, fingerprint::PatternOptions};

#[derive(Default)]
struct LineDecoder {
    keys: Keys,
}

impl LineDecoder {
    /// Pushes a row for each line and returns the number of lines without a message.
    fn decode<S: RowSink>(&mut self, lines: &Bytes, sink: &mut S) -> anyhow::Result<usize>
    where
        S::Error: std::error::Error + Send + Sync + 'static,
    {
        let text = std::str::from_utf8(lines)?;
        let mut skipped = 0;
        // The lines have neither a resource nor a scope, so all rows share the same two empty groups.
        let (resource, scope) = (Group::new(&[]), Group::new(&[]));
        for line in text.lines() {
            let Some((head, message)) = line.split_once(" | ") else {
                skipped += 1;
                continue;
            };
            let mut row = Row::new(Signal::Logs, resource, scope);
            // A sink that keeps rows may share the buffer instead of copying the values.
            row.set_payload(lines);
            row.push(fields::BODY, Value::String(message));
            for word in head.split_whitespace() {
                match word.split_once('=') {
                    None => row.push(fields::SEVERITY_TEXT, Value::String(word)),
                    Some((name, value)) => {
                        // A name beyond the interner's limits is left out. A decoder that must not lose
                        // it pushes it under `Key::excess`.
                        if let Some(key) = self.keys.intern(Location::Attribute, name) {
                            let int = value.parse().map(Value::Int);
                            row.push(key, int.unwrap_or(Value::String(value)));
                        }
                    }
                }
            }
            row.set_keys(&self.keys);
            sink.row(&mut row)?;
        }
        Ok(skipped)
    }
}

fn main() -> anyhow::Result<()> {
    let lines = "INFO tenant=acme took_ms=12 | order 1817 stored\n\
                 INFO tenant=acme took_ms=9 | order 1818 stored\n\
                 ERROR tenant=umbrella | no disk left on node-7\n\
                 cut off\n";
    let storage = InMemoryStorage::new();
    let dataset = Dataset::builder().open_files(Arc::new(storage.clone()))?;
    let stage = FingerprintStage::new().with_patterns(PatternOptions::default());
    let mut sink = stage.before(dataset.writer());
    let skipped = LineDecoder::default().decode(&Bytes::from(lines), &mut sink)?;
    sink.finish()?;

    println!("{skipped} line without a message");
    let patterns = sink.stage().patterns().map(|patterns| patterns.patterns());
    for pattern in patterns.iter().flat_map(|patterns| patterns.iter()) {
        println!("{} x {}", pattern.count, pattern.template);
    }
    for (name, file) in storage.files() {
        println!("{name}: {} bytes", file.len());
    }
    Ok(())
}
