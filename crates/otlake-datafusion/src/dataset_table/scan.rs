//! Plans the scan of a table.

use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::common::DFSchema;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchemaBuilder;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion_datasource::compute_all_files_statistics;

use crate::dataset_table::data_file::DataFile;
use crate::dataset_table::location::Location;
use crate::dataset_table::manifests::path_in;
use crate::dataset_table::partitions::{is_exact, retain};
use crate::dataset_table::statistics::{FileStatistics, statistics, total_rows};
use crate::dataset_table::{DatasetFiles, DatasetTable, listing, ordering};

/// The largest number of files times columns for which a scan has the statistics of each file, about 50 MB. A larger
/// scan is pruned as well, but DataFusion then only knows its number of rows. The limit was not measured.
const STATISTICS: usize = 1 << 18;

impl DatasetTable {
    /// Returns all files of the table.
    pub(super) async fn list(&self, session: &dyn Session) -> Result<Vec<DataFile>> {
        let location: &Location = &self.location;
        let store = session.runtime_env().object_store(location.store())?;
        match &self.files {
            DatasetFiles::Manifests => {
                let concurrency = session.config_options().execution.meta_fetch_concurrency;
                let directory = location.manifests()?;
                let schema = &self.schema;
                self.manifests
                    .files(
                        &*store,
                        location.root(),
                        &directory,
                        schema,
                        concurrency.get(),
                    )
                    .await
            }
            DatasetFiles::Listing { directory } => {
                let directory = path_in(location.root(), directory.trim_matches('/'))?;
                listing::files(&*store, location.root(), &directory).await
            }
        }
    }

    /// Plans a scan: which files are read, and what is known of their rows.
    pub(super) async fn plan(
        &self,
        session: &dyn Session,
        projection: Option<&[usize]>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.list(session).await?;
        let mut files: Vec<&DataFile> = files.iter().collect();
        self.prune(&mut files, session, filters)?;
        let columns: Vec<&str> = self.partition_columns().collect();
        if let Some(limit) = limit
            && filters.iter().all(|filter| is_exact(filter, &columns))
        {
            keep_rows(&mut files, limit as u64);
        }
        if files.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema.project(columns)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }

        // Every task of a cluster gets the statistics of all files.
        let columns = files.len() * self.schema.fields().len();
        let with_statistics = columns <= STATISTICS;
        let partitioned = files
            .iter()
            .map(|file| self.partitioned(file, with_statistics));
        let groups = FileGroup::new(partitioned.collect());
        let mut groups = vec![groups];
        let order = match with_statistics {
            true => ordering::common(&files, &self.schema),
            // Without statistics, files can't be arranged so that they follow one another.
            false => Vec::new(),
        };
        let ordering = ordering::ordering(&order, &self.schema);
        let target = session.config().target_partitions().max(1);
        let mut ordered = None;
        if let Some(ordering) = &ordering {
            // Each group has files that follow one another, as far as there are not more groups than partitions.
            let split = FileScanConfig::split_groups_by_statistics_with_target_partitions(
                &self.schema,
                &groups,
                ordering,
                target,
            );
            ordered = split.ok().filter(|groups| groups.len() <= target);
        }
        groups = match ordered {
            Some(groups) => groups,
            None => groups.remove(0).split_files(target),
        };
        let (groups, statistics) = match with_statistics {
            true => compute_all_files_statistics(groups, Arc::clone(&self.schema), true, false)?,
            false => (groups, total_rows(&files, &self.schema)),
        };

        let parquet =
            ParquetFormat::default().with_options(session.default_table_options().parquet);
        let fields = self.schema.fields();
        let file_schema = Arc::new(
            self.schema
                .project(&(0..self.file_columns).collect::<Vec<_>>())?,
        );
        let table_schema = TableSchemaBuilder::new(file_schema)
            .with_table_partition_cols(fields[self.file_columns..].to_vec())
            .build();
        let source = parquet.file_source(table_schema);
        let scan = FileScanConfigBuilder::new(self.location.store(), source)
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.map(<[usize]>::to_vec))?
            .with_limit(limit)
            .with_output_ordering(ordering.into_iter().collect())
            .build();
        parquet.create_physical_plan(session, scan).await
    }

    /// Removes the files that have no row which passes the filters, as far as partition values and statistics show.
    fn prune(
        &self,
        files: &mut Vec<&DataFile>,
        session: &dyn Session,
        filters: &[Expr],
    ) -> Result<()> {
        let columns: Vec<&str> = self.partition_columns().collect();
        let (exact, _): (Vec<&Expr>, Vec<&Expr>) = filters
            .iter()
            .partition(|filter| is_exact(filter, &columns));
        if let Some(filter) = conjunction(exact.into_iter().cloned()) {
            let fields = self.file_columns..self.schema.fields().len();
            let partitions = self.schema.project(&fields.collect::<Vec<_>>())?;
            retain(files, filter, &partitions, session)?;
        }
        // All of them, since a filter may combine columns of both kinds.
        if let Some(filter) = conjunction(filters.iter().cloned()) {
            let schema = DFSchema::try_from(Arc::clone(&self.schema))?;
            let filter = session.create_physical_expr(filter, &schema)?;
            let predicate = PruningPredicateBuilder::new()
                .with_file_schema(Arc::clone(&self.schema))
                .try_build(filter)?;
            let mut may_match = predicate
                .prune(&FileStatistics {
                    files,
                    schema: &self.schema,
                    file_columns: self.file_columns,
                })?
                .into_iter();
            files.retain(|_| may_match.next().unwrap_or(true));
        }
        Ok(())
    }

    fn partitioned(&self, file: &DataFile, with_statistics: bool) -> PartitionedFile {
        let values = self.partition_columns();
        let values = values.map(|name| file.partition_value(name)).collect();
        let mut partitioned =
            PartitionedFile::new_from_meta(file.object_meta()).with_partition_values(values);
        if with_statistics {
            // `with_statistics` would say that the partition values are never null.
            let statistics = statistics(file, &self.schema, self.file_columns);
            partitioned.statistics = Some(Arc::new(statistics));
        }
        partitioned
    }
}

/// Keeps as many files as have `limit` rows.
fn keep_rows(files: &mut Vec<&DataFile>, limit: u64) {
    let mut rows = 0u64;
    files.retain(|file| {
        let keep = rows < limit;
        // A file whose rows are unknown may have none.
        rows = rows.saturating_add(file.facts.as_ref().map_or(0, |facts| facts.rows));
        keep
    });
}
