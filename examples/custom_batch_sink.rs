//! A custom `BatchSink`: finds out when each service sent its last log, from record batches instead of rows. Work on
//! whole columns is faster than work on rows, and the same sink takes record batches of other producers.
//!
//! ```text
//! cargo run -p otlake-examples --example custom_batch_sink
//! ```

mod recorded;

use std::collections::BTreeMap;
use std::fs::File;

use anyhow::Context;
use otlake::arrow::arrow_array::RecordBatch;
use otlake::arrow::arrow_array::cast::AsArray;
use otlake::arrow::arrow_array::types::Int64Type;
use otlake::arrow::{BatchBuilder, BatchOptions, BatchSink};
use otlake::otlp::{OtlpDecoder, PayloadReader};
use otlake::row::Signal;
use otlake::schema::Schema;

#[derive(Default)]
struct LastLogs {
    nanos: BTreeMap<String, i64>,
}

impl BatchSink for LastLogs {
    type Error = anyhow::Error;

    fn batch(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let column = |name: &str| {
            batch
                .column_by_name(name)
                .with_context(|| format!("no column {name}"))
        };
        let services = column("resource_service_name")?;
        let services = services.as_string_opt::<i32>().context("no strings")?;
        let times = column("time_unix_nano")?;
        let times = times
            .as_primitive_opt::<Int64Type>()
            .context("no numbers")?;
        for (service, nanos) in services.iter().zip(times) {
            if let (Some(service), Some(nanos)) = (service, nanos) {
                let last = self.nanos.entry(service.to_owned()).or_default();
                *last = nanos.max(*last);
            }
        }
        Ok(())
    }
}

fn main() -> anyhow::Result<()> {
    let options = BatchOptions::new().with_plain_strings();
    let mut builder = BatchBuilder::with_options(Schema::logs(), options);
    let (mut decoder, mut sink) = (OtlpDecoder::new(), LastLogs::default());
    for path in recorded::paths(&["logs"])? {
        for payload in PayloadReader::new(File::open(path)?) {
            let payload = payload?;
            decoder.decode(Signal::Logs, payload.format, &payload.bytes, &mut builder)?;
            if builder.rows() >= 1_000 {
                sink.batch(&builder.finish_batch())?;
            }
        }
    }
    sink.batch(&builder.finish_batch())?;
    sink.finish()?;
    for (service, nanos) in &sink.nanos {
        println!("{service:<16} {nanos}");
    }
    assert!(!sink.nanos.is_empty());
    Ok(())
}
