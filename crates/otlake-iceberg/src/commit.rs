//! The commit target.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iceberg::Catalog;
use iceberg::io::FileIO;
use otlake_dataset::{
    BatchId, Commit, CommitOutcome, GroupCommit, GroupPanicked, Manifest, Partitioning,
    PublishError, PublishedSchema,
};
use otlake_schema::Table;
use tokio::runtime::Handle;

use crate::builder::IcebergCommitBuilder;
use crate::error::IcebergCommitError;
use crate::group::{Group, Outcome, Request};
use crate::partition;
use crate::published::IcebergSchema;
use crate::shared::Shared;
use crate::watermarks::Watermarks;

/// A [`Commit`] that adds the files of a dataset to Apache Iceberg tables, one for each of its tables.
///
/// - **Exactly once.** A snapshot and the watermarks of the sources whose batches it adds are one commit of the catalog. Before
///   each attempt the latest version of the table is examined, so a batch whose response was lost, and one that another
///   attempt has committed, are recognised at any time. Commits outside of batches are recognised by name as long
///   as the table has their snapshot.
/// - **Field ids are the table's.** The [published schema](IcebergSchema) of the dataset is the schema of the table. A
///   manifest with a field id, a name or a type that the table does not have is an error.
/// - **Group commit.** Writers that commit at the same time share a snapshot, and snapshots of a table are at least a
///   second apart.
/// - **Other writers** may add files, columns and snapshots at any time.
///
/// The batches of a source have to be attempted one after another: a batch counts as committed if a later one of its
/// source is.
///
/// Calls block their thread while the runtime of the catalog does the work. If that is a current-thread runtime, don't
/// make them on its own thread: they would never return.
pub struct IcebergCommit {
    shared: Arc<Shared>,
    group_time: Duration,
    tables: Mutex<HashMap<Table, Arc<TableGroup>>>,
    known: Mutex<Known>,
}

/// The watermarks that this process has seen.
#[derive(Debug, Default)]
struct Known {
    watermarks: HashMap<Table, Watermarks>,
    /// The sources whose watermarks were read from the tables.
    sources: HashSet<String>,
}

type TableGroup = GroupCommit<Request, Outcome>;

/// The largest number of commits in one snapshot, whose summary names them all.
const LARGEST_GROUP: usize = 100;

/// The number of sources whose watermarks are kept, so that the tables are not read again.
const SOURCES: usize = 10_000;

impl IcebergCommit {
    /// Returns a builder with the default options.
    ///
    /// `root` is the URL of the dataset's storage, such as `s3://lake/otel` or a path, and `file_io` writes the metadata of
    /// new tables to `_otlake/iceberg` there. `runtime` is the runtime that the catalog was created on.
    pub fn builder(
        catalog: Arc<dyn Catalog>,
        file_io: FileIO,
        root: &str,
        runtime: Handle,
    ) -> IcebergCommitBuilder {
        IcebergCommitBuilder::new(catalog, file_io, root, runtime)
    }

    pub(crate) fn from_parts(shared: Shared, group_time: Duration) -> Self {
        Self {
            shared: Arc::new(shared),
            group_time,
            tables: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// Returns the sequence number of the last batch of a source that was committed to a table.
    ///
    /// # Errors
    ///
    /// Returns an error if the table can't be loaded.
    pub fn watermark(&self, table: Table, source: &str) -> Result<Option<u64>, IcebergCommitError> {
        self.load_watermarks(table)?;
        let known = self.known();
        let watermarks = known.watermarks.get(&table);
        Ok(watermarks.and_then(|watermarks| watermarks.last(source)))
    }

    fn load_watermarks(&self, table: Table) -> Result<(), IcebergCommitError> {
        let catalog = |source| IcebergCommitError::Catalog {
            table: self.shared.ident(table).to_string(),
            source: Arc::new(source),
        };
        if let Some(loaded) = self.shared.load(table).map_err(catalog)? {
            let watermarks = Watermarks::of(loaded.metadata()).map_err(catalog)?;
            self.known().watermarks.insert(table, watermarks);
        } else {
            // It was dropped.
            self.known().watermarks.remove(&table);
        }
        Ok(())
    }

    fn group(&self, table: Table) -> Arc<TableGroup> {
        let tables = self.tables.lock();
        let mut tables = tables.unwrap_or_else(PoisonError::into_inner);
        let group = tables.entry(table).or_insert_with(|| {
            let group = GroupCommit::new().with_group_time(self.group_time);
            Arc::new(group.with_largest_group(LARGEST_GROUP))
        });
        Arc::clone(group)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Commit for IcebergCommit {
    fn commit(
        &self,
        name: &str,
        manifest: &Manifest,
    ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
        let table = manifest.table();
        let request = Request {
            name: name.to_owned(),
            manifest: manifest.clone(),
        };
        let commit = |requests: &[Request]| {
            let (outcomes, watermarks) = Group::new(&self.shared, table, requests).commit();
            // Otherwise the table may not have been loaded.
            if outcomes.iter().any(Result::is_ok) {
                self.known().watermarks.insert(table, watermarks);
            }
            outcomes
        };
        let outcome = self.group(table).commit(request, commit);
        Ok(outcome.unwrap_or_else(|GroupPanicked| {
            let table = self.shared.ident(table).to_string();
            Err(IcebergCommitError::Panicked { table })
        })?)
    }

    /// Returns whether a table has a later batch of the source. The last batch of a source may be finished or not: an
    /// attempt finds out when it commits. The tables are asked once for each source. After that, what this process has
    /// committed is enough, and other processes are noticed at the commit.
    fn is_finished(&self, batch: &BatchId) -> Result<bool, Box<dyn Error + Send + Sync>> {
        if !self.known().sources.contains(batch.source()) {
            let tables: Vec<Table> = {
                let tables = self.tables.lock();
                let tables = tables.unwrap_or_else(PoisonError::into_inner);
                tables.keys().copied().collect()
            };
            for table in tables {
                self.load_watermarks(table)?;
            }
            let sources = &mut self.known().sources;
            if sources.len() >= SOURCES {
                sources.clear();
            }
            sources.insert(batch.source().to_owned());
        }
        let known = self.known();
        let mut lasts = known.watermarks.values();
        Ok(lasts.any(|watermarks| {
            let last = watermarks.last(batch.source());
            last.is_some_and(|last| last > batch.sequence())
        }))
    }

    /// Returns an error if the table is partitioned by year, month, day or hour and this partitioning is coarser. If the table
    /// does not exist, its partitions are those that this commit creates it with.
    fn check_partitioning(
        &self,
        table: Table,
        partitioning: &Partitioning,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let ident = self.shared.ident(table).to_string();
        let loaded = self
            .shared
            .load(table)
            .map_err(|source| IcebergCommitError::Catalog {
                table: ident.clone(),
                source: Arc::new(source),
            })?;
        let field = match loaded {
            Some(loaded) => partition::too_fine_field(partitioning, table, loaded.metadata()),
            None => self.shared.partition.and_then(|of_new| {
                let transform = of_new.transform();
                let is_too_coarse = partition::is_too_coarse(partitioning, transform);
                is_too_coarse.then(|| format!("{transform}(timestamp)"))
            }),
        };
        match field {
            None => Ok(()),
            Some(field) => Err(IcebergCommitError::Partitioning {
                table: ident,
                field,
                partitioning: partitioning.to_string(),
            }
            .into()),
        }
    }

    fn published_schema(
        &self,
        table: Table,
    ) -> Result<Option<Box<dyn PublishedSchema>>, PublishError> {
        // From now on the table is asked for watermarks.
        self.group(table);
        let schema = IcebergSchema::load(Arc::clone(&self.shared), table);
        let schema = schema.map_err(|error| PublishError::Target {
            table: table.name(),
            source: error.into(),
        })?;
        Ok(Some(Box::new(schema)))
    }
}

impl fmt::Debug for IcebergCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IcebergCommit")
            .field("shared", &self.shared)
            .field("group_time", &self.group_time)
            .finish_non_exhaustive()
    }
}
