//! Cuts the rows of a chunk into pages, and leaves out nulls.

use std::ops::Range;

use arrow_buffer::NullBuffer;

use crate::page::levels::Levels;

/// The rows, the levels and the values of a page. Values are counted without nulls.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) row: usize,
    pub(crate) rows: usize,
    pub(crate) levels: Range<usize>,
    pub(crate) values: Range<usize>,
}

impl Slice {
    /// Returns the number of levels without a value.
    pub(crate) fn nulls(&self) -> usize {
        self.levels.len() - self.values.len()
    }
}

/// The limits of a page.
#[derive(Clone, Copy)]
pub(crate) struct PageLimits {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

/// The bytes that a level without a value counts as, so that pages of nothing but nulls end, too.
const NULL: usize = 1;

/// Cuts a chunk into pages, for values of `width` bytes each. The pages of flat columns are within `limits`; those
/// of nested columns end with the row that reaches one.
pub(crate) fn cut(slices: &mut Vec<Slice>, levels: Levels<'_>, limits: PageLimits, width: usize) {
    slices.clear();
    match levels {
        Levels::Flat { rows, nulls } => {
            let page_rows = limits.rows.min((limits.bytes / width.max(1)).max(1));
            cut_flat(slices, rows, nulls, page_rows);
        }
        Levels::Nested(nested) => {
            let whole = Slice {
                row: 0,
                rows: nested.rows(),
                levels: 0..nested.definition.len(),
                values: 0..nested.values(),
            };
            let size = whole.values.len() * width + whole.nulls() * NULL;
            if whole.rows <= limits.rows && size <= limits.bytes {
                slices.push(whole);
            } else {
                cut_slice(slices, &whole, levels, limits, |_| width);
            }
        }
    }
}

fn cut_flat(slices: &mut Vec<Slice>, rows: usize, nulls: Option<&NullBuffer>, page_rows: usize) {
    let mut values = 0;
    for row in (0..rows).step_by(page_rows) {
        let rows = page_rows.min(rows - row);
        let nulls = nulls.map_or(0, |nulls| nulls.slice(row, rows).null_count());
        let end = values + rows - nulls;
        slices.push(Slice {
            row,
            rows,
            levels: row..row + rows,
            values: values..end,
        });
        values = end;
    }
}

/// Cuts the slices whose values have more than `page_bytes`. `bytes` returns the size of a value by its number.
pub(crate) fn cut_by_bytes(
    slices: &mut Vec<Slice>,
    levels: Levels<'_>,
    page_bytes: usize,
    bytes: impl Fn(usize) -> usize,
) {
    let sum = |slice: &Slice| slice.values.clone().map(&bytes).sum::<usize>();
    if slices.iter().all(|slice| sum(slice) <= page_bytes) {
        return;
    }
    let limits = PageLimits {
        rows: usize::MAX,
        bytes: page_bytes,
    };
    let mut cut = Vec::new();
    for slice in slices.iter() {
        cut_slice(&mut cut, slice, levels, limits, &bytes);
    }
    *slices = cut;
}

/// Appends the parts of a slice. Each part ends with the row that reaches a limit.
fn cut_slice(
    slices: &mut Vec<Slice>,
    slice: &Slice,
    levels: Levels<'_>,
    limits: PageLimits,
    bytes: impl Fn(usize) -> usize,
) {
    let begin = |row, level, value| Slice {
        row,
        rows: 0,
        levels: level..level,
        values: value..value,
    };
    let mut part = begin(slice.row, slice.levels.start, slice.values.start);
    let mut size = 0;
    for at in slice.levels.clone() {
        part.levels.end = at + 1;
        if levels.has_value(at) {
            size += bytes(part.values.end);
            part.values.end += 1;
        } else {
            size += NULL;
        }
        if levels.ends_row(at) {
            part.rows += 1;
            if size >= limits.bytes || part.rows >= limits.rows {
                let next = begin(part.row + part.rows, part.levels.end, part.values.end);
                slices.push(std::mem::replace(&mut part, next));
                size = 0;
            }
        }
    }
    if part.rows > 0 {
        slices.push(part);
    }
}

/// Returns the values that are not null, copied to `buffer` unless that is all of them.
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
