//! The levels of a chunk: which values are present and, inside lists, where rows begin.

use std::ops::Range;

use arrow_buffer::NullBuffer;

use crate::page::nested_levels::NestedLevels;
use crate::page::rle::{
    begin_levels, bit_width, end_levels, put_constant_levels, put_packed_head, put_run, put_runs,
};

/// The levels of a chunk, one of each kind for every value, null or not.
#[derive(Clone, Copy)]
pub(crate) enum Levels<'a> {
    /// One value per row.
    Flat {
        rows: usize,
        /// `None` if no row is null.
        nulls: Option<&'a NullBuffer>,
    },
    /// The levels of a leaf of a list, a map or a struct.
    Nested(&'a NestedLevels),
}

/// Buffers for making levels. Reused.
#[derive(Debug, Default)]
pub(crate) struct LevelBuffers {
    words: Vec<u64>,
    numbers: Vec<u32>,
}

impl LevelBuffers {
    pub(crate) fn memory_size(&self) -> usize {
        self.words.capacity() * size_of::<u64>() + self.numbers.capacity() * size_of::<u32>()
    }
}

impl<'a> Levels<'a> {
    /// Returns the slots of the chunk's array that have no value; `None` if all have one.
    pub(crate) fn nulls(self) -> Option<&'a NullBuffer> {
        match self {
            Self::Flat { nulls, .. } => nulls,
            Self::Nested(levels) => levels.nulls.as_ref(),
        }
    }

    /// Returns whether there is a value at this level.
    pub(crate) fn has_value(self, at: usize) -> bool {
        match self {
            Self::Flat { nulls, .. } => nulls.is_none_or(|nulls| nulls.is_valid(at)),
            Self::Nested(levels) => levels.is_present(at),
        }
    }

    /// Returns whether this level is the last of its row.
    pub(crate) fn ends_row(self, at: usize) -> bool {
        match self {
            Self::Flat { .. } => true,
            Self::Nested(levels) => levels.ends_row(at),
        }
    }

    /// Appends the levels of a page, each kind preceded by its length.
    pub(crate) fn put(self, out: &mut Vec<u8>, page: Range<usize>, buffers: &mut LevelBuffers) {
        match self {
            Self::Flat { nulls, .. } => {
                put_validity(out, nulls, page.start, page.len(), &mut buffers.words);
            }
            Self::Nested(levels) => {
                let mut put = |levels: &[u16], max: u16| {
                    if max > 0 {
                        let numbers = &mut buffers.numbers;
                        numbers.clear();
                        numbers.extend(levels.iter().map(|level| u32::from(*level)));
                        let start = begin_levels(out);
                        put_runs(out, numbers, bit_width(u64::from(max)));
                        end_levels(out, start);
                    }
                };
                put(&levels.repetition[page.clone()], levels.max_repetition);
                put(&levels.definition[page], levels.max_definition);
            }
        }
    }
}

/// The number of words of 64 equal bits for which an RLE run is worth the header of the bit-packed run after it.
const UNIFORM_WORDS: usize = 4;

/// Appends the definition levels, 0 or 1, of the rows `row..row + rows` of a flat column.
fn put_validity(
    out: &mut Vec<u8>,
    nulls: Option<&NullBuffer>,
    row: usize,
    rows: usize,
    words: &mut Vec<u64>,
) {
    let Some(nulls) = nulls else {
        put_constant_levels(out, rows, 1, 1);
        return;
    };
    // Arrow's validity and Parquet's bit-packed levels of width 1 have the same bits in the same
    // order, so mixed stretches are copied.
    let bits = nulls.inner().slice(row, rows);
    let chunks = bits.bit_chunks();
    words.clear();
    words.extend(chunks.iter());
    let tail = chunks.remainder_len();
    if tail > 0 {
        words.push(chunks.remainder_bits());
    }

    let start = begin_levels(out);
    let full = |number: usize| {
        if tail > 0 && number + 1 == words.len() {
            (1 << tail) - 1
        } else {
            u64::MAX
        }
    };
    let bits_until = |number: usize| (number * 64).min(rows);
    let mut packed = 0;
    let mut at = 0;
    while at < words.len() {
        let set = words[at] == full(at);
        if !set && words[at] != 0 {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while end < words.len() && words[end] == if set { full(end) } else { 0 } {
            end += 1;
        }
        let whole = at == 0 && end == words.len();
        if whole || end - at >= UNIFORM_WORDS {
            put_packed(out, &words[packed..at], bits_until(at) - bits_until(packed));
            put_run(out, bits_until(end) - bits_until(at), u32::from(set), 1);
            packed = end;
        }
        at = end;
    }
    put_packed(out, &words[packed..], rows - bits_until(packed));
    end_levels(out, start);
}

fn put_packed(out: &mut Vec<u8>, words: &[u64], bits: usize) {
    if bits == 0 {
        return;
    }
    let groups = bits.div_ceil(8);
    put_packed_head(out, groups);
    let start = out.len();
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.truncate(start + groups);
}
