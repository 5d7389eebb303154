//! Writes OTLP payloads to Apache Iceberg tables, with a catalog in a SQLite file.
//!
//! ```text
//! cargo run -p otlake-iceberg --example iceberg [DIRECTORY]
//! ```
//!
//! Without an argument the tables are in `target/iceberg`. pyiceberg, DuckDB, polars, Spark, Trino and others read them:
//!
//! ```text
//! pip install "pyiceberg[pyarrow,sql-sqlite]"
//! python -c "
//! from pyiceberg.catalog.sql import SqlCatalog
//! catalog = SqlCatalog('lake', uri='sqlite:///target/iceberg/catalog.sqlite')
//! print(catalog.load_table('otlake.logs').scan(row_filter='severity_number >= 17').to_arrow())"
//! ```

#![allow(clippy::print_stdout, reason = "an example")]

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use iceberg::io::{FileIOBuilder, LocalFsStorageFactory};
use iceberg::{Catalog, CatalogBuilder};
use iceberg_catalog_sql::{SqlBindStyle, SqlCatalogBuilder};
use otlake::dataset::{BatchId, BatchStart, Dataset};
use otlake::otlp::ContentEncoding;
use otlake::storage::LocalDirectory;
use otlake::{BatchError, EncodedPayload, Pipeline};
use otlake_iceberg::{IcebergCommit, TimePartition};
use tokio::runtime::Runtime;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from);
    let directory = directory.unwrap_or_else(|| "target/iceberg".into());
    fs::create_dir_all(&directory)?;
    let directory = directory.canonicalize()?;

    // The set-up: a catalog, a commit, a dataset. The catalog runs on a runtime of its own here; a service has one.
    let runtime = Runtime::new()?;
    let catalog = runtime.block_on(open_catalog(&directory))?;
    let file_io = FileIOBuilder::new(Arc::new(LocalFsStorageFactory)).build();
    let root = directory.to_str().ok_or("the directory is not UTF-8")?;
    let commit = IcebergCommit::builder(catalog.clone(), file_io, root, runtime.handle().clone())
        .partition(TimePartition::Day)
        .build();
    let dataset = Dataset::builder()
        .partitioning("date={date}".parse()?)
        .commit(Arc::new(commit))
        .open(Arc::new(LocalDirectory::new(&directory)))?;

    // Two batches. The later payloads have attributes that the earlier ones don't have, so the tables get columns.
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data");
    let mut pipeline = Pipeline::on(&dataset).fingerprint().build();
    for part in 0..2 {
        let batch = BatchId::new("recorded", part)?;
        let outcome = pipeline.batch(&batch, |batch| {
            for signal in ["logs", "traces", "metrics"] {
                let mut paths: Vec<PathBuf> = Vec::new();
                for entry in data.join(signal).read_dir().map_err(BatchError::other)? {
                    paths.push(entry.map_err(BatchError::other)?.path());
                }
                paths.sort();
                let half = paths.len() / 2;
                let paths = match part {
                    0 => &paths[..half],
                    _ => &paths[half..],
                };
                for path in paths {
                    let extension = path.extension().unwrap_or_default().to_string_lossy();
                    let encoding = ContentEncoding::from_extension(&extension);
                    let bytes = fs::read(path).map_err(BatchError::other)?;
                    let payload = EncodedPayload::new(bytes, encoding);
                    match signal {
                        "logs" => batch.ingest_logs(payload)?,
                        "traces" => batch.ingest_traces(payload)?,
                        _ => batch.ingest_metrics(payload)?,
                    };
                }
            }
            Ok(())
        })?;
        match outcome.start {
            BatchStart::AlreadyFinished => println!("{batch} is in the tables already"),
            _ => println!("{batch}: {} records", outcome.records.accepted),
        }
    }

    for name in ["logs", "traces", "metrics"] {
        let ident = iceberg::TableIdent::from_strs(["otlake", name])?;
        let table = runtime.block_on(catalog.load_table(&ident))?;
        let metadata = table.metadata();
        println!(
            "{ident}: {} columns, {} snapshots, {}",
            metadata.current_schema().as_struct().fields().len(),
            metadata.snapshots().len(),
            table.metadata_location().unwrap_or_default(),
        );
    }
    Ok(())
}

/// Opens the catalog of a directory. Python's `SqlCatalog` with the same name reads it too.
async fn open_catalog(directory: &Path) -> iceberg::Result<Arc<dyn Catalog>> {
    let uri = format!("sqlite://{}/catalog.sqlite?mode=rwc", directory.display());
    let catalog = SqlCatalogBuilder::default()
        .uri(uri)
        .warehouse_location(format!("file://{}", directory.display()))
        .sql_bind_style(SqlBindStyle::QMark)
        .with_storage_factory(Arc::new(LocalFsStorageFactory))
        .load("lake", HashMap::new())
        .await?;
    Ok(Arc::new(catalog))
}
