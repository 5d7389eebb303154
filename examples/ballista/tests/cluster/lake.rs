//! The dataset of the recorded payloads, and the queries over it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use otlake::dataset::Dataset;
use otlake::fingerprint::PatternOptions;
use otlake::otlp::{ContentEncoding, Format};
use otlake::parquet::WriterOptions;
use otlake::row::Signal;
use otlake::storage::LocalDirectory;
use otlake::{EncodedPayload, FingerprintStage, PatternsTable, Pipeline};
use otlake_datafusion::register_dataset;

/// The table of patterns in the directory of the dataset.
const PATTERNS: &str = "_otlake/patterns.parquet";

/// Writes the recorded payloads to a dataset: each payload is a flush, so there are many files. Their patterns are in
/// [`PATTERNS`].
pub fn write(directory: &Path) {
    let storage = LocalDirectory::new(directory);
    let partitioning = "date={date}/app={resource.service.name}".parse().unwrap();
    let options = Dataset::builder().partitioning(partitioning);
    let dataset = options.open(Arc::new(storage.clone())).unwrap();
    let stage = FingerprintStage::new().with_patterns(PatternOptions::new());
    let mut pipeline = Pipeline::on(&dataset).stage(stage).build();
    for signal in [Signal::Logs, Signal::Traces, Signal::Metrics] {
        for path in recorded(signal) {
            let extension = path.extension().and_then(OsStr::to_str).unwrap();
            let encoding = ContentEncoding::from_extension(extension);
            let payload = EncodedPayload::new(std::fs::read(&path).unwrap(), encoding);
            pipeline.ingest(signal, Format::Protobuf, payload).unwrap();
            pipeline.flush().unwrap();
        }
    }
    PatternsTable::new(pipeline.patterns().unwrap())
        .write(&storage, PATTERNS, WriterOptions::new())
        .unwrap();
}

/// Returns the files of the recorded payloads.
pub fn recorded(signal: Signal) -> Vec<PathBuf> {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../data");
    let directory = std::fs::read_dir(Path::new(data).join(signal.name())).unwrap();
    let mut paths: Vec<PathBuf> = directory.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Registers the tables of a dataset, and `patterns`.
pub async fn register(context: &SessionContext, directory: &Path) {
    register_dataset(context, directory.to_str().unwrap())
        .await
        .unwrap();
    let patterns = directory.join(PATTERNS);
    let options = ParquetReadOptions::new();
    context
        .register_parquet("patterns", patterns.to_str().unwrap(), options)
        .await
        .unwrap();
}

/// Returns a session of DataFusion alone with the tables of a dataset.
pub async fn alone(directory: &Path, partitions: usize) -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(partitions);
    let context = SessionContext::new_with_config(config);
    otlake_datafusion::register(&context);
    register(&context, directory).await;
    context
}

/// Returns the queries of `docs/query.md` and of `queries.md`, by name.
pub fn queries() -> Vec<(String, String)> {
    let documents = [
        include_str!("../../../../docs/query.md"),
        include_str!("queries.md"),
    ];
    let snippets = documents
        .iter()
        .flat_map(|document| document.split("<!-- query: ").skip(1));
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/");
    let query = |snippet: &str| {
        let (name, rest) = snippet.split_once(" -->\n```sql\n").unwrap();
        let (sql, _) = rest.split_once("\n```").unwrap();
        let sql = sql.replace("'telemetry/", &format!("'{data}"));
        (name.to_owned(), sql.trim_end_matches(';').to_owned())
    };
    snippets.map(query).collect()
}

/// Returns the rows of a query as text. They are sorted, because rows with the same keys may come in any order, unless
/// the query chooses some of them.
pub async fn rows(context: &SessionContext, sql: &str) -> Vec<String> {
    let frame = context.sql(sql).await;
    let frame = frame.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let batches = frame
        .collect()
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut rows: Vec<String> = batches.iter().flat_map(texts).collect();
    if !sql.contains("LIMIT") {
        rows.sort_unstable();
    }
    rows
}

fn texts(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("null");
    let columns: Vec<ArrayFormatter<'_>> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
        .collect();
    let row = |row: usize| {
        let cells: Vec<String> = columns.iter().map(|c| c.value(row).to_string()).collect();
        cells.join(" | ")
    };
    (0..batch.num_rows()).map(row).collect()
}
