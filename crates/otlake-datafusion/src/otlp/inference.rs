use std::convert::Infallible;
use std::sync::Arc;

use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::object_store::{ObjectMeta, ObjectStore};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures_util::{StreamExt, TryStreamExt, stream};
use otlake_otlp::OtlpDecoder;
use otlake_row::{Row, RowSink};
use otlake_schema::{DatasetSchema, Schema, SchemaInference, SchemaOptions, Table};

use super::file::{FileError, OtlpFile};
use super::input::Input;
use super::memory::ScanMemory;
use super::metrics::ScanMetrics;
use super::options::OtlpOptions;

/// Reads files to find the columns of their attributes and the types of these. `parallel` files are read at a time.
///
/// The result depends on the order of the files, which decides about names that collide and about the column budget,
/// and not on which of them is read first.
pub(crate) async fn infer(
    table: Table,
    store: &Arc<dyn ObjectStore>,
    files: &[ObjectMeta],
    options: OtlpOptions,
    memory_pool: &Arc<dyn MemoryPool>,
    parallel: usize,
) -> Result<DatasetSchema> {
    let found = stream::iter(files.iter().cloned().map(|file| {
        let store = Arc::clone(store);
        let memory = ScanMemory::new(memory_pool, "OtlpInference");
        async move { infer_file(table, &*store, file, options, memory).await }
    }));
    let mut found = found.buffered(parallel.max(1));
    let mut schema = Schema::new(table, SchemaOptions::new());
    while let Some(file) = found.try_next().await? {
        schema.join(&file);
    }
    let mut dataset = DatasetSchema::new(table);
    dataset.extend(&schema);
    Ok(dataset)
}

async fn infer_file(
    table: Table,
    store: &dyn ObjectStore,
    file: ObjectMeta,
    options: OtlpOptions,
    memory: ScanMemory,
) -> Result<Schema> {
    let input = Input::open(store, &file.location).await?;
    let task = SpawnedTask::spawn_blocking(move || read(table, &file, input, options, &memory));
    task.join()
        .await
        .map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?
}

fn read(
    table: Table,
    file: &ObjectMeta,
    input: Input,
    options: OtlpOptions,
    memory: &ScanMemory,
) -> Result<Schema> {
    let mut sink = Inference {
        inference: SchemaInference::new(),
        schema: Schema::new(table, SchemaOptions::new()),
    };
    let mut decoder = OtlpDecoder::builder().limits(options.limits).build();
    let file = OtlpFile {
        path: &file.location,
        signal: table.signal(),
        options,
        // What is left out is counted when the file is read for the query.
        metrics: &ScanMetrics::new(&ExecutionPlanMetricsSet::new(), 0),
        memory,
    };
    match file.decode(input, &mut decoder, &mut sink) {
        Ok(()) => Ok(sink.schema),
        Err(FileError::Fault(error)) => Err(*error),
        Err(FileError::Sink(error)) => match error {},
    }
}

/// Takes rows for their columns and types alone.
struct Inference {
    inference: SchemaInference,
    schema: Schema,
}

impl RowSink for Inference {
    type Error = Infallible;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Infallible> {
        self.inference.infer(row, &mut self.schema);
        Ok(())
    }
}
