//! Measures queries over a million log records in raw files, as ratios to decoding without DataFusion:
//! `cargo run --release -p otlake-datafusion --example figures`. An argument sets another number of records.

#![allow(clippy::print_stdout, reason = "an example")]

use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{AsArray, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::TryStreamExt;
use otlake_datafusion::OtlpTable;
use otlake_fingerprint::Patterns;
use otlake_otlp::{OtlpDecoder, PayloadReader};
use otlake_row::{Row, RowSink, Signal, Value, fields};
use otlake_testkit::{Shape, logs_payload};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The number of runs of each measurement, of which the fastest counts.
const RUNS: usize = 3;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Counts rows.
#[derive(Default)]
struct Count(usize);

impl RowSink for Count {
    type Error = Infallible;

    fn row(&mut self, _row: &mut Row<'_>) -> std::result::Result<(), Infallible> {
        self.0 += 1;
        Ok(())
    }
}

/// Learns the patterns of bodies.
#[derive(Default)]
struct Learn(Patterns);

impl RowSink for Learn {
    type Error = Infallible;

    fn row(&mut self, row: &mut Row<'_>) -> std::result::Result<(), Infallible> {
        if let Some(Value::String(body)) = row.get(fields::BODY) {
            self.0.observe(body.as_bytes());
        }
        Ok(())
    }
}

fn decode<S: RowSink<Error = Infallible>>(directory: &Path, sink: &mut S) -> Result<()> {
    let mut decoder = OtlpDecoder::new();
    for entry in std::fs::read_dir(directory)? {
        for payload in PayloadReader::new(File::open(entry?.path())?) {
            let payload = payload?;
            decoder.decode(Signal::Logs, payload.format, &payload.bytes, sink)?;
        }
    }
    Ok(())
}

/// Writes files of 10,000 records, as they are and in gzip.
fn write(raw: &Path, gzip: &Path, records: usize) -> Result<()> {
    let shape = Shape::ten_thousand();
    for number in 0..records.div_ceil(shape.records) {
        let payload = logs_payload(&shape.with_seed(number as u64));
        std::fs::write(raw.join(format!("{number:04}.binpb")), &payload)?;
        let file = File::create(gzip.join(format!("{number:04}.binpb.gz")))?;
        let mut file = GzEncoder::new(file, Compression::default());
        file.write_all(&payload)?;
        file.finish()?;
    }
    Ok(())
}

fn fastest(mut run: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut fastest = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        run()?;
        fastest = fastest.min(start.elapsed());
    }
    Ok(fastest)
}

/// Runs a query, and drops its rows as they come.
async fn run(context: &SessionContext, sql: &str) -> Result<usize> {
    let stream = context.sql(sql).await?.execute_stream().await?;
    let rows = stream.try_fold(0, |rows, batch| async move { Ok(rows + batch.num_rows()) });
    Ok(rows.await?)
}

async fn fastest_query(context: &SessionContext, sql: &str) -> Result<Duration> {
    let mut fastest = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        run(context, sql).await?;
        fastest = fastest.min(start.elapsed());
    }
    Ok(fastest)
}

fn print(name: &str, time: Duration, base: Duration) {
    let (time, base) = (time.as_secs_f64(), base.as_secs_f64());
    println!("{name:<60} {time:>7.2} s {:>7.2} x as fast", base / time);
}

#[tokio::main]
async fn main() -> Result<()> {
    let records = std::env::args()
        .nth(1)
        .map_or(Ok(1_000_000), |records| records.parse())?;
    let directory = tempfile::tempdir()?;
    let (raw, gzip) = (directory.path().join("raw"), directory.path().join("gzip"));
    std::fs::create_dir(&raw)?;
    std::fs::create_dir(&gzip)?;
    write(&raw, &gzip, records)?;
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    otlake_datafusion::register(&context);
    for (name, files) in [("raw", &raw), ("gzip", &gzip)] {
        let files = files.to_string_lossy();
        let table = OtlpTable::builder(files, Signal::Logs)
            .open(&context.state())
            .await?;
        context.register_table(name, Arc::new(table))?;
    }
    println!("{records} log records, one partition, fastest of {RUNS} runs");
    for (table, files) in [("gzip", &gzip), ("raw", &raw)] {
        let alone = fastest(|| decode(files, &mut Count::default()))?;
        print(&format!("{table}: decode alone"), alone, alone);
        let filtered = format!("SELECT count(*) FROM {table} WHERE severity_number >= 17");
        print(&filtered, fastest_query(&context, &filtered).await?, alone);
        let all = fastest_query(&context, &format!("SELECT * FROM {table}")).await?;
        print(&format!("{table}: all columns"), all, all);
        let three = format!("SELECT \"timestamp\", severity_number, body FROM {table}");
        print(&three, fastest_query(&context, &three).await?, all);
        let numbers = format!("SELECT \"timestamp\", severity_number, flags FROM {table}");
        print(&numbers, fastest_query(&context, &numbers).await?, all);
    }
    let learn = fastest(|| {
        let mut learn = Learn::default();
        decode(&gzip, &mut learn)?;
        learn.0.patterns();
        Ok(())
    })?;
    print("gzip: decode and learn without SQL", learn, learn);
    let sql = "SELECT patterns(body) FROM gzip";
    print(sql, fastest_query(&context, sql).await?, learn);

    let batches = context.sql("SELECT body FROM raw").await?.collect().await?;
    let bodies: Vec<StringViewArray> = batches
        .iter()
        .map(|batch| batch.column(0).as_string_view().clone())
        .collect();
    let learn = fastest(|| {
        let mut patterns = Patterns::default();
        for body in bodies.iter().flatten().flatten() {
            patterns.observe(body.as_bytes());
        }
        patterns.patterns();
        Ok(())
    })?;
    print("in memory: learn without SQL", learn, learn);
    let schema = Schema::new(vec![Field::new("body", DataType::Utf8View, true)]);
    let batches: Vec<RecordBatch> = batches;
    let memory = MemTable::try_new(Arc::new(schema), vec![batches])?;
    context.register_table("memory", Arc::new(memory))?;
    let sql = "SELECT patterns(body) FROM memory";
    print(sql, fastest_query(&context, sql).await?, learn);
    Ok(())
}
