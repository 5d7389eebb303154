//! A `Decoder` of one's own: lines of `LEVEL key=value … | message` to the same rows, and so to the
//! same Parquet, as OTLP.
//!
//! ```text
//! cargo run --example custom_decoder
//! ```

use std::fmt;

use otlake::dataset::ParquetSink;
use otlake::parquet::WriterOptions;
use otlake::row::{
    Bytes, DecodeFailure, Decoder, Group, Keys, Location, Row, RowSink, Signal, Summary, Value,
    fields,
};
use otlake::schema::Schema;
use otlake::storage::Memory;
use otlake::{FingerprintStage, fingerprint::PatternOptions};

#[derive(Default)]
struct LineDecoder {
    keys: Keys,
}

#[derive(Debug)]
struct NotUtf8 {
    offset: usize,
}

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the lines are not UTF-8 at byte {}", self.offset)
    }
}

impl std::error::Error for NotUtf8 {}

impl Decoder for LineDecoder {
    type Error = NotUtf8;

    fn decode<S: RowSink>(
        &mut self,
        payload: &Bytes,
        sink: &mut S,
    ) -> Result<Summary, DecodeFailure<NotUtf8, S::Error>> {
        let lines = std::str::from_utf8(payload).map_err(|error| DecodeFailure::Payload {
            error: NotUtf8 {
                offset: error.valid_up_to(),
            },
            before: Summary::default(),
        })?;
        let mut summary = Summary::default();
        let (resource, scope) = (Group::new(&[]), Group::new(&[]));
        for line in lines.lines() {
            let Some((head, message)) = line.split_once(" | ") else {
                summary.rejected += 1;
                summary
                    .first_rejection
                    .get_or_insert_with(|| format!("no message in {line:?}"));
                continue;
            };
            let mut row = Row::new(Signal::Logs, resource, scope);
            row.set_payload(payload);
            row.push(fields::BODY, Value::String(message));
            for word in head.split_whitespace() {
                match word.split_once('=') {
                    None => row.push(fields::SEVERITY_TEXT, Value::String(word)),
                    Some((name, value)) => {
                        // A name beyond the interner's limits is left out; a decoder that must not
                        // lose it pushes it under `Key::excess`.
                        if let Some(key) = self.keys.intern(Location::Attribute, name) {
                            let int = value.parse().map(Value::Int);
                            row.push(key, int.unwrap_or(Value::String(value)));
                        }
                    }
                }
            }
            row.set_keys(&self.keys);
            if let Err(error) = sink.row(&mut row) {
                let before = summary;
                return Err(DecodeFailure::Sink { error, before });
            }
            summary.accepted += 1;
        }
        Ok(summary)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lines = "INFO tenant=acme took_ms=12 | order 1817 stored\n\
                 INFO tenant=acme took_ms=9 | order 1818 stored\n\
                 ERROR tenant=umbrella | no disk left on node-7\n\
                 cut off\n";
    let storage = Memory::new();
    let parquet = ParquetSink::new(storage.clone(), Schema::logs(), WriterOptions::new())?;
    let mut sink = FingerprintStage::new(parquet).with_patterns(PatternOptions::default());
    let summary = LineDecoder::default().decode(&Bytes::from(lines), &mut sink)?;
    sink.finish()?;

    println!("{} taken, {} rejected", summary.accepted, summary.rejected);
    if let Some(reason) = summary.first_rejection {
        println!("the first because: {reason}");
    }
    for pattern in sink
        .patterns()
        .iter()
        .flat_map(|patterns| patterns.patterns().to_vec())
    {
        println!("{} x {}", pattern.count, pattern.template);
    }
    for (name, file) in storage.files() {
        println!("{name}: {} bytes", file.len());
    }
    Ok(())
}
