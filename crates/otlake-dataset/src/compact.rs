//! Merges small files.
//!
//! ```text
//!  Commit::files ──▶ plan ──▶ group of small files ──▶ sort, merge ──▶ a large file ──▶ Commit::replace
//!                    by partition and window            in memory       compact-…        one step
//! ```

mod columns;
pub(crate) mod default_order;
pub(crate) mod error;
mod input;
pub(crate) mod leftovers;
mod merge;
pub(crate) mod options;
mod order;
mod output;
pub(crate) mod plan;
pub(crate) mod report;
mod rows;
mod sort_key;
mod sorter;
mod strings;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use arrow_schema::Schema as ArrowSchema;
use otlake_parquet::{Encoder, SortingColumn};
use otlake_schema::{SchemaOptions, Table};
use otlake_storage::Documents;

use self::columns::Columns;
use self::default_order::default_order;
use self::error::CompactionError;
use self::input::{Decoder, Input};
use self::options::CompactionOptions;
use self::output::Output;
use self::plan::{CompactionGroup, CompactionPlan};
use self::report::CompactionReport;
use self::sorter::{MOST_RUNS, MemoryShares, Sorter};
use crate::catalog::published_schema::PublishedSchema;
use crate::catalog::schema_document::SchemaDocument;
use crate::commit::Commit;
use crate::commit::manifest::Manifest;
use crate::commit::manifest::file::ManifestFile;
use crate::commit::replacement::ReplaceOutcome;
use crate::files::column_names;
use crate::files::read_ahead::read_ahead;
use crate::writer::published_types::PublishedTypes;

/// Merges the small files of a table into larger ones, in its sort order.
///
/// Each merged file replaces its files in one step, through [`Commit::replace`], so readers of manifests see every row
/// once. Writers and other compactors may run at the same time. If another process has replaced some of the files first,
/// the merged file is deleted and the rest is planned again. The process may be killed at any time: what was replaced
/// stays, and [`ManifestCommit::remove_leftovers`](crate::ManifestCommit::remove_leftovers) deletes a file that is not
/// part of the table. The merged files are named `compact-TABLE-…`.
///
/// The replaced files stay until [`ManifestCommit::clean_up`](crate::ManifestCommit::clean_up) deletes them.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{CompactionOptions, Compactor, Dataset, ManifestCommit, TableFiles};
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::InMemoryStorage;
///
/// let storage = Arc::new(InMemoryStorage::new());
/// let mut writer = Dataset::builder().open(storage.clone())?.writer();
/// for severity in [9, 13, 17] {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::SEVERITY_NUMBER, Value::Int(severity));
///     writer.row(&mut row)?;
///     writer.flush()?;
/// }
/// assert_eq!(TableFiles::load(&*storage, Table::Logs)?.files().count(), 3);
///
/// let commit = Arc::new(ManifestCommit::new(storage.clone()));
/// let compactor = Compactor::new(storage.clone(), commit, CompactionOptions::new());
/// let plan = compactor.plan(Table::Logs)?;
/// assert_eq!(plan.files(), 3);
/// let report = compactor.run(&plan, &mut |_| {})?;
/// assert!(report.errors.is_empty());
/// assert_eq!((report.files_merged, report.files_written, report.rows), (3, 1, 3));
/// assert_eq!(TableFiles::load(&*storage, Table::Logs)?.files().count(), 1);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct Compactor {
    storage: Arc<dyn Documents>,
    commit: Arc<dyn Commit>,
    options: CompactionOptions,
}

/// A function that is called with the progress after each file that was read or written.
pub type CompactionProgress<'a> = dyn FnMut(&CompactionReport) + 'a;

impl Compactor {
    /// Creates a compactor for the files in `storage`. `commit` lists and replaces them.
    pub fn new(
        storage: Arc<dyn Documents>,
        commit: Arc<dyn Commit>,
        options: CompactionOptions,
    ) -> Self {
        Self {
            storage,
            commit,
            options,
        }
    }

    /// Chooses the files of a table to merge. It reads only manifests and writes nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the files of the table can't be listed.
    pub fn plan(&self, table: Table) -> Result<CompactionPlan, CompactionError> {
        let files = self.commit.files(table).map_err(CompactionError::Commit)?;
        Ok(CompactionPlan::new(table, files, &self.options))
    }

    /// Merges the files of a plan. A file that can't be read or merged is an error in the report, and the others are
    /// merged without it.
    ///
    /// # Errors
    ///
    /// Returns an error if the published schema can't be read, or the codec is not in this build. Nothing has changed
    /// then.
    pub fn run(
        &self,
        plan: &CompactionPlan,
        progress: &mut CompactionProgress<'_>,
    ) -> Result<CompactionReport, CompactionError> {
        if plan.is_empty() {
            return Ok(CompactionReport::default());
        }
        let mut run = Run::new(self, plan.table())?;
        for group in plan.groups() {
            run.group(group, progress);
        }
        Ok(run.report)
    }
}

impl fmt::Debug for Compactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compactor")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The number of unreadable files in a group after which the rest of the group is left alone, because the storage is
/// probably at fault.
const MOST_UNREADABLE: usize = 3;

/// The work on one plan.
struct Run<'a> {
    compactor: &'a Compactor,
    table: Table,
    /// The fields of the published schema; empty if there is none.
    published: Arc<ArrowSchema>,
    schema_version: Option<u64>,
    key_values: Vec<(String, String)>,
    /// The order for rows whose files have no order.
    default_order: Vec<SortingColumn>,
    /// The encoder of sorted rows in memory.
    encoder: Encoder,
    /// The encoder of the last merged file.
    output_encoder: Option<Encoder>,
    decoder: Decoder,
    report: CompactionReport,
}

impl<'a> Run<'a> {
    fn new(compactor: &'a Compactor, table: Table) -> Result<Self, CompactionError> {
        let published = match compactor.commit.published_schema(table)? {
            Some(published) => Some(published.schema().clone()),
            None => {
                let document = SchemaDocument::load(Arc::clone(&compactor.storage), table)?;
                document.exists().then(|| document.schema().clone())
            }
        };
        let (mut fields, mut schema_version, mut key_values) =
            (Arc::new(ArrowSchema::empty()), None, Vec::new());
        let default_order = default_order(table, published.as_ref());
        if let Some(schema) = published {
            let schema = Arc::new(schema);
            schema_version = Some(schema.version());
            key_values = column_names::of_published(&schema).to_vec();
            let types = PublishedTypes::new(schema, &SchemaOptions::new(), true);
            fields = Arc::clone(types.fields());
        }
        let options = compactor.options.writer.clone();
        let options = options
            .with_bloom_filter_columns(Vec::<String>::new())
            .with_sorting_columns(Vec::new());
        Ok(Self {
            compactor,
            table,
            published: fields,
            schema_version,
            key_values,
            default_order,
            encoder: Encoder::new(options)?,
            output_encoder: None,
            decoder: Decoder::new(MemoryShares::of(compactor.options.memory_limit).whole),
            report: CompactionReport::default(),
        })
    }

    /// Merges files until none or one is left.
    fn group(&mut self, group: &CompactionGroup, progress: &mut CompactionProgress<'_>) {
        let mut pending: VecDeque<ManifestFile> = group.files.iter().cloned().collect();
        let mut unreadable = 0;
        while pending.len() > 1 {
            match self.step(group, &mut pending, progress) {
                Ok(()) => {}
                Err(Interruption::Conflict) => {
                    self.report.conflicts += 1;
                    if !self.retain_listed(&mut pending) {
                        return;
                    }
                }
                Err(Interruption::Error(error)) => {
                    let file = error.file().map(str::to_owned);
                    let is_missing = matches!(error, CompactionError::Missing { .. });
                    let Some(file) = file else {
                        self.report.errors.push(error);
                        return;
                    };
                    if is_missing {
                        // Another process may have replaced and deleted it.
                        if !self.retain_listed(&mut pending) {
                            return;
                        }
                        if !pending.iter().any(|pending| pending.name == file) {
                            continue;
                        }
                    }
                    unreadable += usize::from(matches!(error, CompactionError::Read { .. }));
                    self.report.errors.push(error);
                    pending.retain(|pending| pending.name != file);
                    if unreadable == MOST_UNREADABLE {
                        return;
                    }
                }
            }
        }
    }

    /// Removes the files that are no longer part of the table. Returns false if that is unknown.
    fn retain_listed(&mut self, pending: &mut VecDeque<ManifestFile>) -> bool {
        match self.compactor.commit.files(self.table) {
            Ok(files) => {
                let names: HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
                pending.retain(|file| names.contains(file.name.as_str()));
                true
            }
            Err(error) => {
                self.report.errors.push(CompactionError::Commit(error));
                false
            }
        }
    }

    /// Merges files from the front of `pending` into one, and removes them from `pending` if that succeeds.
    fn step(
        &mut self,
        group: &CompactionGroup,
        pending: &mut VecDeque<ManifestFile>,
        progress: &mut CompactionProgress<'_>,
    ) -> Result<(), Interruption> {
        let options = &self.compactor.options;
        let mut columns = Columns::new(Arc::clone(&self.published));
        let order = self.order_of(pending)?;
        let shares = MemoryShares::of(options.memory_limit);
        let mut sorter = Sorter::new(&order, shares, options.row_group_rows);
        let (storage, table_files) = (&*self.compactor.storage, &*pending.make_contiguous());
        let read = |number: usize| input::read_opening(storage, &table_files[number]);
        let sizes = table_files.iter().map(input::opening_size).enumerate();
        let (mut taken, mut waiting) = (0, 0);
        read_ahead(sizes, shares.read_ahead, &read, |ahead| {
            for file in table_files {
                let (runs, bytes) = sorter.runs();
                let is_full =
                    bytes + waiting + file.bytes > options.target_bytes() || runs >= MOST_RUNS;
                if taken > 1 && is_full {
                    break;
                }
                waiting += file.bytes;
                let opening = ahead.take(taken);
                let mut input = Input::open(storage, file, opening, &mut self.decoder)?;
                input.find_columns(&mut columns)?;
                while let Some(block) = input.next(&columns, &mut self.decoder)? {
                    if sorter.push(block, &columns, &mut self.encoder)? {
                        waiting = file.bytes;
                    }
                }
                taken += 1;
                self.report.files_read += 1;
                progress(&self.report);
            }
            Ok::<(), CompactionError>(())
        })?;
        let taken = pending.range(..taken);
        let (rows, bytes) = taken.clone().fold((0, 0), |(rows, bytes), file| {
            (rows + file.rows, bytes + file.bytes)
        });
        let encoder = self.output_encoder.take();
        let directory = &group.directory;
        let mut output = Output::create(self.compactor, self.table, directory, &order, encoder)?;
        output.declare(&columns)?;
        sorter.finish(
            &columns,
            &mut self.encoder,
            &mut self.decoder,
            &mut |group| output.write(&group),
        )?;
        let (summary, encoder) = output.commit(&self.key_values)?;
        self.output_encoder = Some(encoder);
        let written = summary.bytes;
        let mut manifest = Manifest::new(self.table);
        if let Some(version) = self.schema_version {
            manifest = manifest.with_schema_version(version);
        }
        manifest.add(&summary, pending[0].partition.clone());
        let names = taken.clone().map(|file| file.name.clone());
        let manifest = manifest.with_replaces(names.collect());
        let taken = taken.len();
        if summary.rows != rows {
            let _ = self.compactor.storage.delete(&summary.name);
            return Err(Interruption::Error(CompactionError::Incomplete {
                expected: rows,
                found: summary.rows,
            }));
        }
        match self.compactor.commit.replace(&manifest) {
            Ok(ReplaceOutcome::Replaced) => {}
            Ok(ReplaceOutcome::Conflict) => {
                // If this fails, the file is a leftover that is removed later.
                let _ = self.compactor.storage.delete(&summary.name);
                return Err(Interruption::Conflict);
            }
            // The file may be part of the table.
            Err(error) => return Err(Interruption::Error(CompactionError::Commit(error))),
        }
        pending.drain(..taken);
        self.report.files_merged += taken as u64;
        self.report.bytes_merged += bytes;
        self.report.files_written += 1;
        self.report.bytes_written += written;
        self.report.rows += rows;
        progress(&self.report);
        Ok(())
    }

    /// Returns the order of the merged rows: as set, that of the latest file, or the default one.
    fn order_of(
        &mut self,
        pending: &VecDeque<ManifestFile>,
    ) -> Result<Vec<SortingColumn>, CompactionError> {
        if let Some(order) = &self.compactor.options.order {
            return Ok(order.clone());
        }
        let mut order = Vec::new();
        if let Some(latest) = pending.back() {
            let storage = &*self.compactor.storage;
            let opening = input::read_opening(storage, latest);
            order = Input::open(storage, latest, opening, &mut self.decoder)?.sort_order()?;
        }
        if order.is_empty() {
            order.clone_from(&self.default_order);
        }
        Ok(order)
    }
}

/// The reason why files were not replaced.
enum Interruption {
    /// Another process has replaced some of them.
    Conflict,
    Error(CompactionError),
}

impl<E: Into<CompactionError>> From<E> for Interruption {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}
