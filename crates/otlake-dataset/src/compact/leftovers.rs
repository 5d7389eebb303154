//! Removes merged files that never became part of a table.

use std::error::Error;
use std::time::{Duration, SystemTime};

use otlake_schema::Table;

use crate::commit::manifest_commit::ManifestCommit;
use crate::commit::table_files::TableFiles;

/// The beginning of the last part of the names of merged files. The table, a hyphen and 16 random digits follow.
pub(crate) const PREFIX: &str = "compact-";

impl ManifestCommit {
    /// Deletes the merged files of a table that no manifest lists and that are older than `grace`, and returns their
    /// names. A [`Compactor`](crate::Compactor) leaves them if it dies, or does not learn whether it has replaced files.
    ///
    /// The grace period has to be longer than it takes from writing a merged file to replacing the others by it. A day
    /// is a good choice. This lists all files of the storage, so once a day is often enough.
    ///
    /// Only call this for a table that is committed to manifests. No manifest lists the files of a Delta table, so this would
    /// delete the files that a `Compactor` has merged in one.
    ///
    /// # Errors
    ///
    /// Returns an error if files can't be listed or deleted.
    pub fn remove_leftovers(
        &self,
        table: Table,
        grace: Duration,
    ) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
        let mut removed = Vec::new();
        let Some(before) = SystemTime::now().checked_sub(grace) else {
            return Ok(removed);
        };
        // Listed before the manifests are read: a file that becomes part of the table in between is not removed.
        let mut found = self.documents.list("")?;
        found.retain(|file| file.modified <= before && is_merged(&file.name, table));
        if found.is_empty() {
            return Ok(removed);
        }
        let files = TableFiles::load(&*self.documents, table)?;
        let listed = files.references();
        for file in found {
            if !listed.contains(file.name.as_str()) {
                self.documents.delete(&file.name)?;
                removed.push(file.name);
            }
        }
        Ok(removed)
    }
}

/// Returns whether a name is that of a merged file of a table.
fn is_merged(name: &str, table: Table) -> bool {
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
    use super::*;

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
