//! The rows of a record batch that go to one partition.

use std::ops::Range;

use arrow_array::{RecordBatch, UInt64Array};
use arrow_schema::ArrowError;
use arrow_select::take::take_record_batch;

/// The rows of a record batch that are in one partition.
pub(crate) enum Part<'a> {
    /// All rows.
    All(&'a RecordBatch),
    /// The rows with these numbers.
    Some(&'a RecordBatch, &'a [u64]),
}

impl Part<'_> {
    /// Returns the number of columns.
    pub(crate) fn columns(&self) -> usize {
        let (Self::All(batch) | Self::Some(batch, _)) = self;
        batch.num_columns()
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::All(batch) => batch.num_rows(),
            Self::Some(_, numbers) => numbers.len(),
        }
    }

    /// Returns the number of a row in the record batch.
    pub(crate) fn number(&self, row: usize) -> usize {
        match self {
            Self::All(_) => row,
            Self::Some(_, numbers) => numbers[row] as usize,
        }
    }

    /// Returns a range of the rows as a record batch. They are copied unless the part has all rows.
    ///
    /// # Errors
    ///
    /// Returns an error if the rows can't be copied.
    pub(crate) fn take(&self, rows: Range<usize>) -> Result<RecordBatch, ArrowError> {
        match self {
            Self::All(batch) => Ok(batch.slice(rows.start, rows.len())),
            Self::Some(batch, numbers) => {
                take_record_batch(batch, &UInt64Array::from(numbers[rows].to_vec()))
            }
        }
    }
}
