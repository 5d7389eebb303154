//! Chooses the files that are merged.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use otlake_schema::Table;

use super::options::CompactionOptions;
use crate::commit::manifest::file::ManifestFile;
use crate::route::partition_value::{PartitionLiteral, PartitionValue, Transform};

/// The files of a table that a [`Compactor`](crate::Compactor) would merge. Its `Display` is a list for people.
///
/// Files are grouped by partition and time window. In each group, the files smaller than half of the target size are
/// chosen. The largest of them stays as long as it is larger than all others together: a file is only rewritten if it
/// becomes at least twice as large. So however often a table is compacted, a row is written at most
/// log2(target size / size of its first file) times.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{
///     CompactionGroup, CompactionOptions, CompactionPlan, CompactionReport, Compactor, Dataset, ManifestCommit,
/// };
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::InMemoryStorage;
///
/// let storage = Arc::new(InMemoryStorage::new());
/// let mut writer = Dataset::builder().open(storage.clone())?.writer();
/// for severity in [9, 17, 13] {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::SEVERITY_NUMBER, Value::Int(severity));
///     writer.row(&mut row)?;
///     writer.flush()?; // a file each
/// }
///
/// let commit = Arc::new(ManifestCommit::new(storage.clone()));
/// let compactor = Compactor::new(storage, commit, CompactionOptions::new());
/// let plan: CompactionPlan = compactor.plan(Table::Logs)?;
/// assert_eq!((plan.table(), plan.files()), (Table::Logs, 3));
/// let group: &CompactionGroup = &plan.groups()[0];
/// assert_eq!((group.rows(), group.bytes()), (3, plan.bytes()));
///
/// let report: CompactionReport = compactor.run(&plan, &mut |_| {})?;
/// assert_eq!((report.files_merged, report.files_written), (3, 1));
/// assert!(compactor.plan(Table::Logs)?.is_empty());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CompactionPlan {
    table: Table,
    target_bytes: u64,
    groups: Vec<CompactionGroup>,
    kept_files: usize,
    kept_bytes: u64,
}

/// Files of one partition and time window that are merged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompactionGroup {
    /// The directory of the files; empty if they are in none.
    pub directory: String,
    /// The beginning of the time window, in microseconds since the epoch; `None` for files without a time.
    pub window: Option<i64>,
    /// The files, at least two, those with the earliest rows first. Their statistics are left out except for those of
    /// `timestamp`, because a plan may have very many files.
    pub files: Vec<ManifestFile>,
}

impl CompactionPlan {
    /// Chooses the files to merge from those of a table.
    pub(crate) fn new(table: Table, files: Vec<ManifestFile>, options: &CompactionOptions) -> Self {
        let target_bytes = options.target_bytes();
        let window = i64::try_from(options.window.as_micros()).unwrap_or(i64::MAX);
        let (mut kept_files, mut kept_bytes) = (0, 0);
        let mut keep = |file: &ManifestFile| {
            kept_files += 1;
            kept_bytes += file.bytes;
        };
        let mut groups: BTreeMap<(String, Option<i64>, String), Vec<ManifestFile>> =
            BTreeMap::new();
        let typed = TypedPartitions::of(&files);
        for mut file in files {
            file.columns.retain(|column| column.name == "timestamp");
            file.columns.shrink_to_fit();
            if file.bytes >= target_bytes.div_ceil(2) {
                keep(&file);
                continue;
            }
            let directory = file.name.rsplit_once('/').map_or("", |(above, _)| above);
            if let Some(partition) = typed.find(directory, &file.partition) {
                file.partition = partition;
            }
            let latest = file.time_range().map(|(_, latest)| latest);
            let start = latest.map(|latest| latest.div_euclid(window).saturating_mul(window));
            // Escaped values in a directory are cut, so two partitions may share one.
            let partition = format!("{:?}", file.partition);
            let key = (directory.to_owned(), start, partition);
            groups.entry(key).or_default().push(file);
        }
        let mut chosen = Vec::new();
        for ((directory, window, _), mut files) in groups {
            files.sort_by_key(|file| file.bytes);
            let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
            while let Some(largest) = files.last()
                && (files.len() < 2 || largest.bytes > bytes - largest.bytes)
            {
                bytes -= largest.bytes;
                keep(largest);
                files.pop();
            }
            if files.is_empty() {
                continue;
            }
            files.sort_by(|a, b| {
                let key = |file: &ManifestFile| file.time_range().map(|(earliest, _)| earliest);
                key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
            });
            chosen.push(CompactionGroup {
                directory,
                window,
                files,
            });
        }
        Self {
            table,
            target_bytes,
            groups: chosen,
            kept_files,
            kept_bytes,
        }
    }

    /// Returns the table.
    pub fn table(&self) -> Table {
        self.table
    }

    /// Returns the files that are merged with each other. If together they are larger than the target, they become
    /// several files.
    pub fn groups(&self) -> &[CompactionGroup] {
        &self.groups
    }

    /// Returns the number of files that are merged.
    pub fn files(&self) -> usize {
        self.groups.iter().map(|group| group.files.len()).sum()
    }

    /// Returns the number of bytes that are merged.
    pub fn bytes(&self) -> u64 {
        self.groups.iter().map(CompactionGroup::bytes).sum()
    }

    /// Returns whether there is nothing to merge.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

/// The partitions whose values have types, by directory. Manifests of version 1 have text in their place.
struct TypedPartitions(HashMap<String, HashSet<Vec<PartitionValue>>>);

impl TypedPartitions {
    fn of(files: &[ManifestFile]) -> Self {
        let mut typed: HashMap<String, HashSet<Vec<PartitionValue>>> = HashMap::new();
        // Most tables have no such manifests, and nothing to look up.
        let has_text = |file: &ManifestFile| !file.partition.is_empty() && is_text(&file.partition);
        if files.iter().any(has_text) {
            for file in files.iter().filter(|file| !is_text(&file.partition)) {
                let directory = file.name.rsplit_once('/').map_or("", |(above, _)| above);
                let partitions = typed.entry(directory.to_owned()).or_default();
                if !partitions.contains(&file.partition) {
                    partitions.insert(file.partition.clone());
                }
            }
        }
        Self(typed)
    }

    /// Returns the typed values of a partition whose values are text.
    fn find(&self, directory: &str, partition: &[PartitionValue]) -> Option<Vec<PartitionValue>> {
        let known = self.0.get(directory).filter(|_| is_text(partition))?;
        let is_same = |typed: &PartitionValue, text: &PartitionValue| {
            let value = text.value.as_ref().map(|value| match value {
                PartitionLiteral::Text(text) => {
                    PartitionLiteral::of_text(&typed.transform, text.clone())
                }
                other => other.clone(),
            });
            typed.name == text.name && typed.value == value
        };
        let mut known = known.iter().filter(|typed| {
            typed.len() == partition.len()
                && typed
                    .iter()
                    .zip(partition)
                    .all(|(typed, text)| is_same(typed, text))
        });
        known.next().cloned()
    }
}

fn is_text(partition: &[PartitionValue]) -> bool {
    partition
        .iter()
        .all(|value| value.transform == Transform::Text)
}

impl CompactionGroup {
    /// Returns the number of bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Returns the number of rows of all files.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }
}

impl fmt::Display for CompactionPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = |bytes: u64| bytes.div_ceil(self.target_bytes).max(1);
        let after: u64 = self.groups.iter().map(|group| most(group.bytes())).sum();
        writeln!(
            f,
            "{}: {} files with {} become at most {after} of about {}; {} with {} stay",
            self.table.name(),
            self.files(),
            Size(self.bytes()),
            Size(self.target_bytes),
            self.kept_files,
            Size(self.kept_bytes),
        )?;
        for group in &self.groups {
            writeln!(
                f,
                "  {}: {} files with {} and {} rows",
                if group.directory.is_empty() {
                    "."
                } else {
                    &group.directory
                },
                group.files.len(),
                Size(group.bytes()),
                group.rows(),
            )?;
        }
        Ok(())
    }
}

/// A number of bytes for people.
pub(crate) struct Size(pub(crate) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..1_000 => write!(f, "{bytes} bytes"),
            bytes @ 1_000..1_000_000 => write!(f, "{:.1} kB", bytes as f64 / 1e3),
            bytes @ 1_000_000..1_000_000_000 => write!(f, "{:.1} MB", bytes as f64 / 1e6),
            bytes => write!(f, "{:.1} GB", bytes as f64 / 1e9),
        }
    }
}
