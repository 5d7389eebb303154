//! Drops old partitions.

use std::error::Error;
use std::time::{Duration, SystemTime};

use otlake_schema::Table;

use crate::commit::Commit;
use crate::commit::manifest::Manifest;
use crate::commit::manifest::file::ManifestFile;
use crate::commit::replacement::ReplaceOutcome;

/// Drops the files of a table whose rows are all older than `age`, by the time in their partition columns or, without
/// such a column, by the latest `timestamp` of each file. Returns the entries of the files that are no longer part of
/// the table, as [`Commit::files`] has them: most columns may be left out.
///
/// The files are removed through [`Commit::replace`], in one step; with manifests next to the data,
/// [`ManifestCommit::clean_up`](crate::ManifestCommit::clean_up) deletes them after the grace period. Files that have
/// neither such a column nor a `timestamp` in every row are kept.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use otlake_dataset::{Dataset, ManifestCommit, TableFiles, drop_older_than};
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::InMemoryStorage;
///
/// let storage = InMemoryStorage::new();
/// let dataset = Dataset::builder().partitioning("date={date}".parse()?);
/// let mut writer = dataset.open(Arc::new(storage.clone()))?.writer();
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::TIME_UNIX_NANO, Value::Int(1_600_000_000_000_000_000));
/// writer.row(&mut row)?;
/// writer.flush()?;
///
/// let commit = ManifestCommit::new(Arc::new(storage.clone()));
/// let dropped = drop_older_than(&commit, Table::Logs, Duration::from_secs(30 * 86_400))?;
/// assert_eq!(dropped.len(), 1);
/// assert_eq!(TableFiles::load(&storage, Table::Logs)?.files().count(), 0);
/// # Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
/// ```
///
/// # Errors
///
/// Returns the error of the commit. Either all of the files are dropped or none.
pub fn drop_older_than(
    commit: &dyn Commit,
    table: Table,
    age: Duration,
) -> Result<Vec<ManifestFile>, Box<dyn Error + Send + Sync>> {
    let Some(before) = SystemTime::now().checked_sub(age) else {
        return Ok(Vec::new());
    };
    let before = before.duration_since(SystemTime::UNIX_EPOCH);
    let before = before.map_or(0, |since| since.as_micros()) as i128;
    loop {
        let mut old = commit.files(table)?;
        old.retain(|file| end_micros(file).is_some_and(|end| end <= before));
        if old.is_empty() {
            return Ok(old);
        }
        let names = old.iter().map(|file| file.name.clone()).collect();
        let manifest = Manifest::new(table).with_replaces(names);
        match commit.replace(&manifest)? {
            ReplaceOutcome::Replaced => return Ok(old),
            // Another process has replaced or dropped some of them: look again.
            ReplaceOutcome::Conflict => {}
        }
    }
}

/// Returns a time in microseconds since the epoch that is later than all rows of a file.
fn end_micros(file: &ManifestFile) -> Option<i128> {
    const HOUR: i128 = 3_600_000_000;
    if let Some(hour) = file.hour() {
        return Some((i128::from(hour) + 1) * HOUR);
    }
    if let Some(day) = file.day() {
        return Some((i128::from(day) + 1) * 24 * HOUR);
    }
    let column = file.column("timestamp")?;
    let (_, max) = file.time_range().filter(|_| column.nulls == 0)?;
    Some(i128::from(max) + 1)
}
