//! Migrates a dataset to other directories: reads its files in the order of its manifests, and writes their rows to a new
//! dataset with another partitioning. Each old file is a batch, so the migration may be stopped and repeated.
//!
//! ```text
//! cargo run -p otlake-examples --example migrate
//! ```

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use otlake::Pipeline;
use otlake::arrow::BatchSink;
use otlake::arrow::arrow_array::RecordBatch;
use otlake::arrow::arrow_schema::{ArrowError, Field, Schema};
use otlake::dataset::{BatchId, Dataset, Manifest};
use otlake::row::Bytes;
use otlake::schema::{DatasetColumn, DatasetSchema, Table};
use otlake::storage::{Documents, InMemoryStorage};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Writes the dataset to migrate, in directories by date.
fn old_dataset() -> anyhow::Result<InMemoryStorage> {
    let storage = InMemoryStorage::new();
    let mut pipeline = Pipeline::builder()
        .partitioning("{table}/date={date}".parse()?)
        .rows_per_file(100)
        .build(storage.clone())?;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    for name in ["checkout-python-001", "frontend-nodejs-001"] {
        pipeline.ingest_logs(std::fs::read(data.join(format!("logs/{name}.binpb")))?)?;
    }
    pipeline.finish()?;
    Ok(storage)
}

fn published_schema(storage: &InMemoryStorage, table: Table) -> anyhow::Result<DatasetSchema> {
    let name = format!("_otlake/{}.schema.json", table.name());
    let document = storage
        .get(&name)?
        .context("there is no published schema")?;
    Ok(DatasetSchema::from_json(&document.bytes)?)
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
    let old = old_dataset()?;
    let new = InMemoryStorage::new();
    let partitioning = "{table}/service={resource.service.name}/date={date}";
    let dataset = Dataset::builder()
        .partitioning(partitioning.parse()?)
        .open(Arc::new(new.clone()))?;
    let mut writer = dataset.writer();

    let (mut number, mut rows) = (0, 0);
    for document in old.list("_otlake/manifests/")? {
        let document = old.get(&document.name)?.context("a manifest has gone")?;
        let manifest = Manifest::from_json(&document.bytes)?;
        let schema = published_schema(&old, manifest.table())?;
        for file in manifest.files() {
            let bytes: Bytes = old.files()[&file.name].clone();
            // The number of a file must be the same in every attempt. Here manifests are listed by their names.
            writer.begin_batch(&BatchId::new("migration", number)?)?;
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
            for batch in reader.with_batch_size(100_000).build()? {
                let batch = batch?;
                rows += batch.num_rows() as u64;
                let batch = with_full_names(&batch, &schema)?;
                writer.table(manifest.table()).batch(&batch)?;
            }
            writer.finish_batch()?;
            println!("{} is migrated: {} rows", file.name, file.rows);
            number += 1;
        }
    }

    let mut migrated = 0;
    for document in new.list("_otlake/manifests/")? {
        let document = new.get(&document.name)?.context("a manifest has gone")?;
        for file in Manifest::from_json(&document.bytes)?.files() {
            println!("    {}", file.name);
            migrated += file.rows;
        }
    }
    println!("{migrated} rows in the new dataset");
    assert_eq!(migrated, rows);
    let schema = published_schema(&new, Table::Logs)?;
    assert!(schema.column_of("resource.service.name").is_some());
    Ok(())
}
