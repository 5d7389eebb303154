//! The sizes of the rows of a record batch, by which it is cut into row groups.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

/// The bytes that each row of a record batch takes up.
#[derive(Debug)]
pub(crate) struct RowSizes {
    /// The bytes of the strings of each row.
    strings: Vec<u32>,
    /// The bytes of everything else, which is about the same for all rows.
    others: usize,
}

impl RowSizes {
    pub(crate) fn of(batch: &RecordBatch) -> Self {
        let rows = batch.num_rows();
        let mut strings = vec![0u32; rows];
        let mut others = 0;
        for array in batch.columns() {
            let offsets = match array.data_type() {
                DataType::Utf8 => array.as_string::<i32>().value_offsets(),
                DataType::Binary => array.as_binary::<i32>().value_offsets(),
                _ => {
                    let dictionary = array.as_dictionary_opt::<Int32Type>();
                    let keys = dictionary.map(|dictionary| dictionary.keys().to_data());
                    // The values of a dictionary exist once, however many rows refer to them.
                    let data = keys.unwrap_or_else(|| array.to_data());
                    others += data.get_slice_memory_size().unwrap_or(0);
                    continue;
                }
            };
            for (size, pair) in strings.iter_mut().zip(offsets.windows(2)) {
                *size = size.saturating_add((pair[1] - pair[0]) as u32);
            }
            others += rows * size_of::<i32>();
        }
        Self {
            strings,
            others: others / rows.max(1) + 1,
        }
    }

    /// Returns how many rows there are until their sizes reach `bytes`, at least one, and their size.
    pub(crate) fn until(&self, rows: impl Iterator<Item = usize>, bytes: usize) -> (usize, usize) {
        let (mut count, mut size) = (0, 0);
        for row in rows {
            let row = self.others + self.strings[row] as usize;
            if count > 0 && size + row > bytes {
                break;
            }
            count += 1;
            size += row;
        }
        (count, size)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    #[test]
    fn a_batch_is_cut_before_the_row_that_is_too_much() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["aaaaaaaa", "", "b", "cccc"]));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4]));
        let batch = RecordBatch::try_from_iter([("text", texts), ("number", numbers)]).unwrap();
        let sizes = RowSizes::of(&batch);
        // Four bytes of an offset, eight of a number, and one for rounding.
        assert_eq!(sizes.until(0..4, 0), (1, 21));
        assert_eq!(sizes.until(0..4, 34), (2, 34));
        assert_eq!(sizes.until(1..4, 1_000), (3, 44));
        assert_eq!(sizes.until([3, 0].into_iter(), 37), (1, 17));
    }
}
