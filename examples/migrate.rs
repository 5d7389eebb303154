//! Migrates a dataset to other directories: reads its files in the order of its manifests, and writes their rows to a new
//! dataset with another partitioning. Each old file is a batch, so the migration may be stopped and repeated, as long as
//! nothing writes to the old dataset or compacts it.
//!
//! ```text
//! cargo run -p otlake-examples --example migrate
//! ```

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use otlake::Pipeline;
use otlake::arrow::BatchSink;
use otlake::arrow::arrow_array::RecordBatch;
use otlake::arrow::arrow_schema::{ArrowError, Field, Schema};
use otlake::dataset::{BatchId, CompactionOptions, Compactor, Dataset, ManifestCommit, TableFiles};
use otlake::row::Bytes;
use otlake::schema::{DatasetColumn, DatasetSchema, Table};
use otlake::storage::{Documents, InMemoryStorage};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Writes the dataset to migrate, in directories by date, and compacts a part of it. Also returns the number of its rows.
fn old_dataset() -> anyhow::Result<(InMemoryStorage, u64)> {
    let storage = InMemoryStorage::new();
    let mut pipeline = Pipeline::builder()
        .partitioning("{table}/date={date}".parse()?)
        .rows_per_file(100)
        .build(storage.clone())?;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs");
    let mut rows = 0;
    let mut ingest = |name: &str| {
        let payload = std::fs::read(data.join(name))?;
        rows += pipeline.ingest_logs(payload)?.accepted;
        pipeline.flush()?;
        anyhow::Ok(())
    };
    ingest("checkout-python-001.binpb")?;
    ingest("frontend-nodejs-001.binpb")?;

    // The merged file replaces those of both payloads.
    let documents = Arc::new(storage.clone());
    let commit = Arc::new(ManifestCommit::new(documents.clone()));
    let compactor = Compactor::new(documents, commit, CompactionOptions::new());
    let report = compactor.run(&compactor.plan(Table::Logs)?, &mut |_| {})?;
    ensure!(report.errors.is_empty() && report.files_merged > 1);

    ingest("checkout-python-002.binpb")?;
    pipeline.finish()?;
    Ok((storage, rows))
}

/// Returns the published schema of a table; `None` if nothing was written to it.
fn published_schema(
    storage: &InMemoryStorage,
    table: Table,
) -> anyhow::Result<Option<DatasetSchema>> {
    let document = storage.get(&format!("_otlake/{}.schema.json", table.name()))?;
    let schema = document.map(|document| DatasetSchema::from_json(&document.bytes));
    Ok(schema.transpose()?)
}

/// Adds to each column the full name of its attribute, so that the new dataset knows it, too.
fn with_full_names(batch: &RecordBatch, schema: &DatasetSchema) -> Result<RecordBatch, ArrowError> {
    let field = |field: &Field| {
        let column = schema.column(field.name());
        let full_name = column.and_then(DatasetColumn::full_name);
        let entry = full_name.map(|name| ("otlake.full_name".to_owned(), name.to_owned()));
        field.clone().with_metadata(entry.into_iter().collect())
    };
    let arrow_schema = batch.schema();
    let fields = arrow_schema.fields().iter().map(|each| field(each));
    let arrow_schema = Schema::new(fields.collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(arrow_schema), batch.columns().to_vec())
}

fn main() -> anyhow::Result<()> {
    let (old, rows) = old_dataset()?;
    let new = InMemoryStorage::new();
    let partitioning = "{table}/service={resource.service.name}/date={date}";
    let dataset = Dataset::builder()
        .partitioning(partitioning.parse()?)
        .open(Arc::new(new.clone()))?;
    let mut writer = dataset.writer();

    let mut number = 0;
    for table in Table::ALL {
        let Some(schema) = published_schema(&old, table)? else {
            continue;
        };
        // Files that were merged are stored for some time, but are no longer part of the table.
        for file in TableFiles::load(&old, table)?.files() {
            let bytes: Bytes = old.files()[&file.name].clone();
            // The number of a file must be the same in every attempt. Files are in the order of their manifests' names.
            writer.begin_batch(&BatchId::new("migration", number)?)?;
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
            for batch in reader.with_batch_size(100_000).build()? {
                let batch = with_full_names(&batch?, &schema)?;
                writer.table(table).batch(&batch)?;
            }
            writer.finish_batch()?;
            println!("{} is migrated: {} rows", file.name, file.rows);
            number += 1;
        }
    }

    let mut migrated = 0;
    for file in TableFiles::load(&new, Table::Logs)?.files() {
        println!("    {}", file.name);
        migrated += file.rows;
    }
    println!("{migrated} rows in the new dataset");
    assert_eq!(migrated, rows);
    let schema = published_schema(&new, Table::Logs)?.context("there is no published schema")?;
    assert!(schema.column_of("resource.service.name").is_some());
    Ok(())
}
