//! The Delta kernel on the storage of a dataset.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::thread;

use delta_kernel::engine_data::{FilteredRowVisitor, GetData, RowIndexIterator, TypedGetData};
use delta_kernel::expressions::ColumnName;
use delta_kernel::scan::StatsOptions;
use delta_kernel::schema::{DataType, MapType};
use delta_kernel::{KernelError, KernelResult, Snapshot, SnapshotRef};
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder};
use otlake_storage::Documents;
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::actions::PartitionTexts;
use crate::add::ActiveFile;
use crate::documents_store::DocumentsStore;
use crate::error::DeltaError;

type Engine = DefaultEngine<TokioMultiThreadExecutor>;

/// Reads the states of tables from their logs, and writes checkpoints.
#[derive(Debug)]
pub(crate) struct Kernel {
    documents: Arc<dyn Documents>,
    /// Taken when the kernel is dropped.
    runtime: Option<Runtime>,
}

impl Kernel {
    pub(crate) fn new(documents: Arc<dyn Documents>) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlake-delta")
            .enable_all()
            .build()?;
        Ok(Self {
            documents,
            runtime: Some(runtime),
        })
    }

    /// Calls `call` with the state of a table, the latest one or that of a version.
    ///
    /// It runs on a thread of its own, because the kernel blocks, and panics on a thread of a runtime that must not.
    pub(crate) fn with_snapshot<T: Send>(
        &self,
        directory: &str,
        version: Option<u64>,
        call: impl FnOnce(SnapshotRef, &Engine) -> KernelResult<T> + Send,
    ) -> Result<T, DeltaError> {
        let run = || {
            let engine = self.engine()?;
            let mut builder = Snapshot::builder_for(url(directory));
            if let Some(version) = version {
                builder = builder.at_version(version);
            }
            call(builder.build(&engine)?, &engine)
        };
        let done = thread::scope(|scope| scope.spawn(run).join());
        let directory = directory.to_owned();
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(source)) => Err(DeltaError::Log { directory, source }),
            Err(_) => Err(DeltaError::Panicked { directory }),
        }
    }

    /// Creates an engine. Each operation has its own, since one keeps the file that it has read last.
    fn engine(&self) -> KernelResult<Engine> {
        let Some(runtime) = &self.runtime else {
            return Err(KernelError::generic("the kernel is being dropped"));
        };
        let executor = TokioMultiThreadExecutor::new(runtime.handle().clone());
        let store = DocumentsStore::new(Arc::clone(&self.documents));
        let builder = DefaultEngineBuilder::new(Arc::new(store));
        Ok(builder.with_task_executor(Arc::new(executor)).build())
    }

    /// Returns the files of a table at a version, with `stats` or, if these are none, without.
    pub(crate) fn files(
        &self,
        directory: &str,
        version: u64,
        stats: StatsOptions,
    ) -> Result<Vec<ActiveFile>, DeltaError> {
        self.with_snapshot(directory, Some(version), |snapshot, engine| {
            let builder = snapshot.scan_builder().without_row_transforms();
            let scan = builder.with_stats(stats).build()?;
            let mut files = Files::default();
            for metadata in scan.scan_metadata(engine)? {
                files.visit_rows_of(&metadata?.scan_files)?;
            }
            Ok(files.0)
        })
    }

    /// Writes a checkpoint of a version, unless there is one.
    pub(crate) fn checkpoint(&self, directory: &str, version: u64) -> Result<(), DeltaError> {
        self.with_snapshot(directory, Some(version), |snapshot, engine| {
            snapshot.checkpoint(engine, None).map(|_| ())
        })
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A plain drop waits for its threads, and panics inside another runtime.
            runtime.shutdown_background();
        }
    }
}

/// Returns the location of a table. Its scheme is never looked up: every path leads to the storage.
fn url(directory: &str) -> String {
    let mut url = Url::parse("memory:///").unwrap_or_else(|error| unreachable!("{error}"));
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(directory.split('/')).push("");
    }
    url.into()
}

/// Collects the files of a scan.
#[derive(Default)]
struct Files(Vec<ActiveFile>);

impl FilteredRowVisitor for Files {
    fn selected_column_names_and_types(&self) -> (&'static [ColumnName], &'static [DataType]) {
        static COLUMNS: LazyLock<(Vec<ColumnName>, Vec<DataType>)> = LazyLock::new(|| {
            let map = DataType::from(MapType::new(DataType::STRING, DataType::STRING, true));
            let columns = [
                (ColumnName::new(["path"]), DataType::STRING),
                (ColumnName::new(["size"]), DataType::LONG),
                (ColumnName::new(["stats"]), DataType::STRING),
                (
                    ColumnName::new(["fileConstantValues", "partitionValues"]),
                    map.clone(),
                ),
                (ColumnName::new(["fileConstantValues", "tags"]), map),
            ];
            columns.into_iter().unzip()
        });
        (&COLUMNS.0, &COLUMNS.1)
    }

    fn visit_filtered<'a>(
        &mut self,
        getters: &[&'a dyn GetData<'a>],
        rows: RowIndexIterator<'_>,
    ) -> KernelResult<()> {
        let [path, size, stats, partition, tags] = getters else {
            return Err(KernelError::generic(
                "a scan has other columns than asked for",
            ));
        };
        for row in rows {
            let Some(path) = path.get_opt(row, "path")? else {
                continue;
            };
            let map = |map: Option<HashMap<String, String>>| -> PartitionTexts {
                let entries = map.unwrap_or_default().into_iter();
                entries.map(|(key, value)| (key, Some(value))).collect()
            };
            self.0.push(ActiveFile {
                path,
                size: size.get(row, "size")?,
                stats: stats.get_opt(row, "stats")?,
                partition: map(partition.get_opt(row, "partitionValues")?),
                tags: map(tags.get_opt(row, "tags")?),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_become_urls_that_end_with_a_slash() {
        assert_eq!(url("logs"), "memory:///logs/");
        assert_eq!(url("signal=logs/x y"), "memory:///signal=logs/x%20y/");
    }
}
