//! What a compaction has done.

use std::fmt;

use super::error::CompactionError;
use super::plan::Size;

/// The progress of a compaction, and its outcome at the end. Its `Display` is a line for people.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CompactionReport {
    /// The number of files that were replaced by merged ones.
    pub files_merged: u64,
    /// The bytes of the replaced files.
    pub bytes_merged: u64,
    /// The number of merged files that are part of the table now.
    pub files_written: u64,
    /// The bytes of the merged files.
    pub bytes_written: u64,
    /// The rows of the merged files.
    pub rows: u64,
    /// The number of times that another process replaced some of the files first, so that the rest was planned again.
    pub conflicts: u64,
    /// The number of files that were read, including those that are not replaced yet.
    pub files_read: u64,
    /// The errors. A file that an error names stays as it is.
    pub errors: Vec<CompactionError>,
}

impl fmt::Display for CompactionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} files with {} became {} with {} and {} rows",
            self.files_merged,
            Size(self.bytes_merged),
            self.files_written,
            Size(self.bytes_written),
            self.rows,
        )?;
        if self.conflicts > 0 {
            write!(f, "; {} conflicts", self.conflicts)?;
        }
        if !self.errors.is_empty() {
            write!(f, "; {} errors", self.errors.len())?;
        }
        Ok(())
    }
}
