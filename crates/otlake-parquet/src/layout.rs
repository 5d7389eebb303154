//! Which rows of a chunk go into which page, and which values are there at all.

use std::ops::Range;

use arrow_buffer::NullBuffer;

/// The rows of a page, and its values among the chunk's values that are not null.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) row: usize,
    pub(crate) rows: usize,
    pub(crate) values: Range<usize>,
}

impl Slice {
    pub(crate) fn nulls(&self) -> usize {
        self.rows - self.values.len()
    }
}

/// Cuts `rows` rows into pages of at most `page_rows`.
pub(crate) fn cut(
    slices: &mut Vec<Slice>,
    rows: usize,
    nulls: Option<&NullBuffer>,
    page_rows: usize,
) {
    slices.clear();
    let mut values = 0;
    for row in (0..rows).step_by(page_rows) {
        let rows = page_rows.min(rows - row);
        let nulls = nulls.map_or(0, |nulls| nulls.slice(row, rows).null_count());
        let end = values + rows - nulls;
        slices.push(Slice {
            row,
            rows,
            values: values..end,
        });
        values = end;
    }
}

/// Cuts the slices whose values have more than `page_bytes`, as `bytes` has it of a value by its
/// number. A slice ends with the value that reaches the limit.
pub(crate) fn cut_by_bytes(
    slices: &mut Vec<Slice>,
    nulls: Option<&NullBuffer>,
    page_bytes: usize,
    bytes: impl Fn(usize) -> usize,
) {
    let sum = |slice: &Slice| slice.values.clone().map(&bytes).sum::<usize>();
    if slices.iter().all(|slice| sum(slice) <= page_bytes) {
        return;
    }
    let mut cut = Vec::new();
    for slice in slices.iter() {
        let (mut row, mut value, mut size) = (slice.row, slice.values.start, 0);
        let mut first_value = value;
        for at in slice.row..slice.row + slice.rows {
            if nulls.is_none_or(|nulls| nulls.is_valid(at)) {
                size += bytes(value);
                value += 1;
            }
            if size >= page_bytes {
                cut.push(Slice {
                    row,
                    rows: at + 1 - row,
                    values: first_value..value,
                });
                (row, first_value, size) = (at + 1, value, 0);
            }
        }
        let rows = slice.row + slice.rows - row;
        if rows > 0 {
            cut.push(Slice {
                row,
                rows,
                values: first_value..value,
            });
        }
    }
    *slices = cut;
}

/// The values that are not null, copied to `buffer` unless all are.
pub(crate) fn dense<'a, T: Copy>(
    values: &'a [T],
    nulls: Option<&NullBuffer>,
    buffer: &'a mut Vec<T>,
) -> &'a [T] {
    let Some(nulls) = nulls else { return values };
    buffer.clear();
    buffer.reserve(values.len() - nulls.null_count());
    let chunks = nulls.inner().bit_chunks();
    let words = chunks
        .iter()
        .chain((chunks.remainder_len() > 0).then(|| chunks.remainder_bits()));
    for (mut word, block) in words.zip(values.chunks(64)) {
        if word == u64::MAX {
            buffer.extend_from_slice(block);
            continue;
        }
        while word != 0 {
            buffer.push(block[word.trailing_zeros() as usize]);
            word &= word - 1;
        }
    }
    buffer
}
