use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileOpenFuture, FileOpener, FileScanConfig, FileSource,
};
use datafusion::datasource::projection::{ProjectionOpener, SplitProjection};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryPool, UnboundedMemoryPool};
use datafusion::object_store::ObjectStore;
use datafusion::object_store::path::Path;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::apply_expression_roots;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use otlake_schema::DatasetSchema;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::decode::{AHEAD, End, FileDecoder, Plan, Stopped};
use super::input::Input;
use super::memory::ScanMemory;
use super::metrics::ScanMetrics;
use super::options::{Faults, OtlpOptions};

/// The source of a scan of OTLP files: decodes the columns that the query needs, and no others.
///
/// Each partition of the scan decodes on a thread of its own, one file after another. Files are not split, because
/// few framings show where a payload begins.
#[derive(Clone, Debug)]
pub struct OtlpSource {
    dataset: Arc<DatasetSchema>,
    options: OtlpOptions,
    table_schema: TableSchema,
    projection: SplitProjection,
    batch_size: usize,
    memory_pool: Arc<dyn MemoryPool>,
    metrics: ExecutionPlanMetricsSet,
}

impl OtlpSource {
    /// Returns a source of all columns of `table_schema`, whose file columns are those of
    /// [`OtlpFormat::schema`](crate::OtlpFormat::schema).
    pub fn new(
        table_schema: impl Into<TableSchema>,
        dataset: Arc<DatasetSchema>,
        options: OtlpOptions,
    ) -> OtlpSource {
        let table_schema = table_schema.into();
        OtlpSource {
            dataset,
            options,
            projection: SplitProjection::unprojected(&table_schema),
            table_schema,
            batch_size: 8192,
            memory_pool: Arc::new(UnboundedMemoryPool::default()),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// Sets the pool from which the scan takes its memory. Default: one without a limit.
    ///
    /// [`OtlpFormat`](crate::OtlpFormat) sets that of the session.
    #[must_use]
    pub fn with_memory_pool(mut self, memory_pool: Arc<dyn MemoryPool>) -> OtlpSource {
        self.memory_pool = memory_pool;
        self
    }

    /// Returns the columns of the table, with the attributes that they belong to.
    pub fn dataset_schema(&self) -> &Arc<DatasetSchema> {
        &self.dataset
    }

    /// Returns the options.
    pub fn options(&self) -> OtlpOptions {
        self.options
    }
}

impl FileSource for OtlpSource {
    fn create_file_opener(
        &self,
        object_store: Arc<dyn ObjectStore>,
        _base_config: &FileScanConfig,
        partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        let file_schema = self.table_schema.file_schema();
        let opener = Arc::new(OtlpOpener {
            store: object_store,
            plan: Plan {
                dataset: Arc::clone(&self.dataset),
                schema: Arc::new(file_schema.project(&self.projection.file_indices)?),
                rows: self.batch_size,
                options: self.options,
            },
            idle: Arc::default(),
            metrics: ScanMetrics::new(&self.metrics, partition),
            memory_pool: Arc::clone(&self.memory_pool),
            partition,
        });
        ProjectionOpener::try_new(self.projection.clone(), opener, file_schema)
    }

    fn table_schema(&self) -> &TableSchema {
        &self.table_schema
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        Arc::new(OtlpSource {
            batch_size,
            ..self.clone()
        })
    }

    fn try_pushdown_projection(
        &self,
        projection: &ProjectionExprs,
    ) -> Result<Option<Arc<dyn FileSource>>> {
        let merged = self.projection.source.try_merge(projection)?;
        let projection = SplitProjection::new(self.table_schema.file_schema(), &merged);
        Ok(Some(Arc::new(OtlpSource {
            projection,
            ..self.clone()
        })))
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        Some(&self.projection.source)
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    fn file_type(&self) -> &str {
        "otlp"
    }

    fn fmt_extra(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file_schema = self.table_schema.file_schema();
        let decoded = self.projection.file_indices.len();
        let all = file_schema.fields().len();
        write!(f, ", signal={}", self.dataset.table().name())?;
        write!(f, ", decoded_columns={decoded}/{all}")?;
        match self.options.faults {
            Faults::Fail => Ok(()),
            Faults::Skip => write!(f, ", skip_faults=true"),
        }
    }

    fn supports_repartitioning(&self) -> bool {
        false
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(self.projection.source.iter(), f)
    }
}

/// Opens the files of one partition.
struct OtlpOpener {
    store: Arc<dyn ObjectStore>,
    plan: Plan,
    /// A decoder that has learned the names of earlier files, while no file is being read.
    idle: Arc<Mutex<Option<FileDecoder>>>,
    metrics: ScanMetrics,
    memory_pool: Arc<dyn MemoryPool>,
    partition: usize,
}

impl FileOpener for OtlpOpener {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let store = Arc::clone(&self.store);
        let (plan, metrics) = (self.plan.clone(), self.metrics.clone());
        let idle = Arc::clone(&self.idle);
        let consumer = format!("OtlpScan[{}]", self.partition);
        let memory = Arc::new(ScanMemory::new(&self.memory_pool, consumer));
        let path = file.object_meta.location;
        Ok(async move {
            let input = Input::open(&*store, &path).await?;
            let (sender, receiver) = channel(AHEAD);
            let decoder_memory = Arc::clone(&memory);
            let task = SpawnedTask::spawn_blocking(move || {
                let lock = || idle.lock().unwrap_or_else(PoisonError::into_inner);
                let known = lock().take();
                let mut decoder = known.unwrap_or_else(|| plan.decoder());
                decode(
                    &mut decoder,
                    &path,
                    input,
                    &metrics,
                    &decoder_memory,
                    &sender,
                );
                *lock() = Some(decoder);
            });
            Ok(record_batches(receiver, task, memory))
        }
        .boxed())
    }
}

/// Decodes a file until it ends, fails, or the query needs no more of it.
fn decode(
    decoder: &mut FileDecoder,
    path: &Path,
    input: Input,
    metrics: &ScanMetrics,
    memory: &ScanMemory,
    sender: &Sender<Result<RecordBatch>>,
) {
    let timer = metrics.decoding.timer();
    let send = &mut |batch| sender.blocking_send(Ok(batch)).map_err(|_| Stopped);
    let decoded = decoder.decode(path, input, metrics, memory, send);
    drop(timer);
    if let Err(end) = decoded {
        decoder.discard();
        if let End::Failed(error) = end {
            // If the receiver is gone, nobody needs to know.
            let _ = sender.blocking_send(Err(*error));
        }
    }
}

/// Returns the record batches of a decoder, and the panic of its task if there is one. The memory is released
/// when the stream ends or is dropped.
fn record_batches(
    receiver: Receiver<Result<RecordBatch>>,
    task: SpawnedTask<()>,
    memory: Arc<ScanMemory>,
) -> BoxStream<'static, Result<RecordBatch>> {
    stream::unfold(
        (receiver, Some(task), memory),
        async |(mut receiver, mut task, memory)| {
            if let Some(batch) = receiver.recv().await {
                return Some((batch, (receiver, task, memory)));
            }
            let error = task.take()?.join().await.err()?;
            let error = DataFusionError::ExecutionJoin(Box::new(error));
            Some((Err(error), (receiver, None, memory)))
        },
    )
    .boxed()
}
