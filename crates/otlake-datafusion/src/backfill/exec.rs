use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{AsArray, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, internal_datafusion_err, internal_err};
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::object_store::ObjectStore;
use datafusion::object_store::path::Path;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::file_writer::FileWriter;
use super::options::BackfillOptions;
use super::outcome;
use super::target::{Target, failed};
use crate::otlp::input::Input;

/// Writes files to a dataset, each as a batch. Its input has their paths, and its output a row for each of them.
///
/// The paths come from a plan of their own, because Ballista gives each task its partitions by restricting the leaves of
/// a plan, and it only knows the leaves of DataFusion.
#[derive(Clone, Debug)]
pub(crate) struct BackfillExec {
    pub(crate) paths: Arc<dyn ExecutionPlan>,
    pub(crate) job: BackfillJob,
    properties: Arc<PlanProperties>,
}

/// Where the files are, and what happens with them.
#[derive(Clone, Debug)]
pub(crate) struct BackfillJob {
    pub(crate) store: ObjectStoreUrl,
    pub(crate) dataset: ListingTableUrl,
    pub(crate) options: Arc<BackfillOptions>,
    /// The columns of the result that are returned.
    pub(crate) projection: Option<Vec<usize>>,
}

impl BackfillExec {
    /// Returns a plan that writes the files of each partition one after another.
    pub(crate) fn of_files(partitions: &[Vec<Path>], job: BackfillJob) -> Result<BackfillExec> {
        let schema = Arc::new(Schema::new(vec![Field::new("path", DataType::Utf8, false)]));
        let batches = |paths: &Vec<Path>| {
            let paths: StringArray = paths.iter().map(|path| Some(path.as_ref())).collect();
            Ok(vec![RecordBatch::try_new(
                Arc::clone(&schema),
                vec![Arc::new(paths)],
            )?])
        };
        let partitions: Vec<_> = partitions.iter().map(batches).collect::<Result<_>>()?;
        let paths = MemorySourceConfig::try_new_exec(&partitions, Arc::clone(&schema), None)?;
        BackfillExec::new(paths, job)
    }

    /// Returns a plan that writes the files whose paths are in the only column of its input.
    pub(crate) fn new(paths: Arc<dyn ExecutionPlan>, job: BackfillJob) -> Result<BackfillExec> {
        let schema = match &job.projection {
            Some(projection) => Arc::new(outcome::schema().project(projection)?),
            None => outcome::schema(),
        };
        let partitions = paths.properties().output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(BackfillExec {
            paths,
            job,
            properties: Arc::new(properties),
        })
    }
}

impl DisplayAs for BackfillExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackfillExec: dataset={}", self.job.dataset)
    }
}

impl ExecutionPlan for BackfillExec {
    fn name(&self) -> &str {
        "BackfillExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.paths]
    }

    /// The files are distributed already, by their sizes.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(paths) if children.is_empty() => {
                Ok(Arc::new(BackfillExec::new(paths, self.job.clone())?))
            }
            _ => internal_err!("a backfill has one input"),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mode = ChildrenPropertiesMode::Recompute;
        self.replace_children(children, ReplaceChildrenOptions::new(mode))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let job = &self.job;
        let memory = MemoryConsumer::new(format!("Backfill[{partition}]"));
        let memory = memory.register(context.memory_pool());
        memory.try_grow(job.options.memory_limit)?;
        let store = context.runtime_env().object_store(&job.store)?;
        let target = Target::find(&job.dataset, &context)?;
        let writer = FileWriter::new(job.store.clone(), target, Arc::clone(&job.options));
        let writer = Arc::new(Mutex::new(writer));
        let projection = job.projection.clone();
        let paths = self.paths.execute(partition, context)?;
        let paths = paths.map(|batch| Ok::<_, DataFusionError>(stream::iter(paths_of(&batch?)?)));
        let rows = paths.try_flatten().and_then(move |path| {
            let row = write(Arc::clone(&store), Arc::clone(&writer), path);
            let projection = projection.clone();
            row.map(move |row| project(row?, projection.as_deref()))
        });
        // After an error the other files are left to the next attempt.
        let rows = stream::try_unfold((Box::pin(rows), memory), async |(mut rows, memory)| {
            Ok(rows.try_next().await?.map(|row| (row, (rows, memory))))
        });
        let schema: SchemaRef = self.schema();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

/// Returns the paths in a batch of the input.
fn paths_of(batch: &RecordBatch) -> Result<Vec<Result<Path>>> {
    let Some(texts) = batch.column(0).as_string_opt::<i32>() else {
        return internal_err!("the input of a backfill has no paths");
    };
    let path = |text: &str| {
        Path::parse(text).map_err(|error| internal_datafusion_err!("the path {text:?}: {error}"))
    };
    Ok(texts.iter().flatten().map(path).collect())
}

fn project(row: RecordBatch, projection: Option<&[usize]>) -> Result<RecordBatch> {
    match projection {
        Some(projection) => Ok(row.project(projection)?),
        None => Ok(row),
    }
}

/// Writes a file, on a thread that may block, and returns its row.
async fn write(
    input: Arc<dyn ObjectStore>,
    writer: Arc<Mutex<FileWriter>>,
    path: Path,
) -> Result<RecordBatch> {
    let reader = Input::open(&*input, &path).await;
    let reader = reader.map_err(|error| failed(&format!("read {path}"), &error))?;
    let task = SpawnedTask::spawn_blocking(move || {
        let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write(&path, reader)?.row(path.as_ref())
    });
    let row = task.join().await;
    row.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?
}
