//! Removes merged files that never became part of a table.

use std::collections::HashSet;
use std::error::Error;
use std::time::{Duration, SystemTime};

use otlake_schema::Table;

use crate::commit::manifest::Manifest;
use crate::commit::manifest_commit::ManifestCommit;
use crate::commit::manifest_reader::ManifestReader;
use crate::commit::replacement::ReplaceOutcome;

/// The beginning of the last part of the names of merged files. The table, a hyphen and 16 random digits follow.
pub(crate) const PREFIX: &str = "compact-";

impl ManifestCommit {
    /// Deletes the merged files of a table that no manifest lists and that are older than `grace`, and returns their
    /// names. A [`Compactor`](crate::Compactor) leaves them if it dies, or does not learn whether it has replaced files.
    ///
    /// Before it deletes files, it reads the manifests and creates a swap that names the files, so that no compactor can
    /// replace others by them any more. [`clean_up`](Self::clean_up) deletes the swap.
    ///
    /// The grace period has to be longer than it takes from writing a merged file to replacing the others by it. A compactor
    /// that takes longer gets a conflict: its work is lost, and no row is. A day is a good choice. This lists all files of the
    /// storage, so once a day is often enough.
    ///
    /// Files in the directory of a Delta table are not deleted, because its log lists them and no manifest does. Don't call
    /// this for a table of another commit target: it would delete the files that a `Compactor` has merged there.
    ///
    /// # Errors
    ///
    /// Returns an error if files can't be listed, read or deleted, or if the swap can't be created before the deadline of the
    /// [retries](Self::with_retry). No file of the table is affected.
    pub fn remove_leftovers(
        &self,
        table: Table,
        grace: Duration,
    ) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
        let Some(before) = SystemTime::now().checked_sub(grace) else {
            return Ok(Vec::new());
        };
        // Listed before the manifests are read: a file that becomes part of the table in between is not removed.
        let stored = self.documents.list("")?;
        let names = stored.iter().map(|file| file.name.as_str());
        let delta_tables: HashSet<String> = names.filter_map(delta_table_of).collect();
        let merged = stored.into_iter().filter(|file| {
            let is_in = |directory: &String| file.name.starts_with(directory);
            file.modified <= before
                && is_merged(&file.name, table)
                && !delta_tables.iter().any(is_in)
        });
        let mut names: Vec<String> = merged.map(|file| file.name).collect();
        let mut manifests = ManifestReader::skimming(&*self.documents, table);
        while !names.is_empty() {
            let files = manifests.read()?;
            let listed = files.references();
            names.retain(|name| !listed.contains(name.as_str()));
            if names.is_empty() || self.disown(table, &names)? {
                break;
            }
        }
        for name in &names {
            self.documents.delete(name)?;
        }
        Ok(names)
    }

    /// Puts a swap that names merged files, so that a compactor which has stalled can't replace other files by them any
    /// more. Returns false if a swap lists one of them by now.
    fn disown(&self, table: Table, names: &[String]) -> Result<bool, Box<dyn Error + Send + Sync>> {
        let swap = Manifest::new(table).with_replaces(names.to_vec());
        let outcome = self.put_next_swap(&swap, |swaps| {
            let mut listed = swaps.values().flat_map(Manifest::files);
            Ok(!listed.any(|file| names.contains(&file.name)))
        })?;
        Ok(outcome == ReplaceOutcome::Replaced)
    }
}

/// Returns the directory of the Delta table whose log has a file, such as `logs/`.
fn delta_table_of(name: &str) -> Option<String> {
    let (directory, _) = name.split_once("_delta_log/")?;
    (directory.is_empty() || directory.ends_with('/')).then(|| directory.to_owned())
}

/// Returns whether a name is that of a merged file of a table.
pub(crate) fn is_merged(name: &str, table: Table) -> bool {
    let name = name.rsplit_once('/').map_or(name, |(_, last)| last);
    let rest = name.strip_prefix(PREFIX);
    let rest = rest.and_then(|rest| rest.strip_prefix(table.name()));
    let rest = rest.and_then(|rest| rest.strip_prefix('-'));
    let random = rest.and_then(|rest| rest.strip_suffix(".parquet"));
    random.is_some_and(|random| {
        random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use otlake_storage::{Documents, InMemoryStorage, PutIf};

    use super::*;

    /// A Delta table lists its merged files in its log and not in manifests: they are not taken for leftovers.
    #[test]
    fn merged_files_of_delta_tables_stay() {
        let storage = Arc::new(InMemoryStorage::new());
        let leftover = "other/compact-logs-0123456789abcdef.parquet";
        for name in [
            "logs/_delta_log/00000000000000000000.json",
            "logs/date=2026-11-22/compact-logs-0123456789abcdef.parquet",
            leftover,
        ] {
            let _stored = storage.put(name, "".into(), PutIf::Absent).unwrap();
        }
        let commit = ManifestCommit::new(storage);
        let removed = commit.remove_leftovers(Table::Logs, Duration::ZERO);
        assert_eq!(removed.unwrap(), [leftover]);
    }

    #[test]
    fn only_merged_files_of_the_table_are_leftovers() {
        let merged = "logs/date=2026-11-22/compact-logs-0123456789abcdef.parquet";
        assert!(is_merged(merged, Table::Logs));
        assert!(is_merged(
            "compact-logs-0123456789abcdef.parquet",
            Table::Logs
        ));
        for other in [
            "compact-traces-0123456789abcdef.parquet",
            "compact-logs-0123456789abcde.parquet",
            "compact-logs-0123456789abcdeg.parquet",
            "compact-logs-0123456789abcdef.json",
            "part-compact-logs-0123456789abcdef.parquet",
            "compact-logs-0123456789abcdef.parquet/part.parquet",
        ] {
            assert!(!is_merged(other, Table::Logs), "{other}");
        }
    }
}
