//! Definition levels of a column that is not nested: which rows have a value.

use arrow_buffer::{BooleanBufferBuilder, NullBuffer};

use crate::decode::byte_reader::ByteReader;
use crate::decode::error::{ChunkDecodeError, damaged};
use crate::decode::rle::{Run, next_run};

/// The rows of a chunk that have a value.
#[derive(Debug)]
pub(crate) struct Validity {
    rows: usize,
    values: usize,
    /// `None` while all rows have a value.
    bits: Option<BooleanBufferBuilder>,
    /// The number of rows in the chunk.
    expected: usize,
}

impl Validity {
    pub(crate) fn new(expected: usize) -> Self {
        Self {
            rows: 0,
            values: 0,
            bits: None,
            expected,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds rows that all have a value.
    pub(crate) fn add_values(&mut self, rows: usize) {
        if let Some(bits) = &mut self.bits {
            bits.append_n(rows, true);
        }
        self.rows += rows;
        self.values += rows;
    }

    /// Reads the levels of a page with `rows` rows, and returns the number of rows that have a value.
    pub(crate) fn read(
        &mut self,
        bytes: &mut ByteReader<'_>,
        rows: usize,
    ) -> Result<usize, ChunkDecodeError> {
        let len = bytes.take(4)?;
        let len = len
            .iter()
            .rfold(0, |len, byte| len << 8 | usize::from(*byte));
        let mut levels = ByteReader::new(bytes.take(len)?);
        let before = self.values;
        let mut left = rows;
        while left > 0 {
            match next_run(&mut levels, 1, left)? {
                Run::Repeated { value: 1, count } => {
                    self.add_values(count);
                    left -= count;
                }
                Run::Repeated { value: 0, count } => {
                    self.bits().append_n(count, false);
                    self.rows += count;
                    left -= count;
                }
                Run::Repeated { .. } => return Err(damaged("a level is too high")),
                Run::Packed { bytes, count } => {
                    let bits = self.bits();
                    bits.append_packed_range(0..count, bytes);
                    let (whole, rest) = (&bytes[..count / 8], count % 8);
                    let mut values: usize =
                        whole.iter().map(|byte| byte.count_ones() as usize).sum();
                    if rest > 0 {
                        let last = bytes[count / 8] & !(0xff << rest);
                        values += last.count_ones() as usize;
                    }
                    self.rows += count;
                    self.values += values;
                    left -= count;
                }
            }
        }
        Ok(self.values - before)
    }

    fn bits(&mut self) -> &mut BooleanBufferBuilder {
        let (rows, expected) = (self.rows, self.expected);
        self.bits.get_or_insert_with(|| {
            let mut bits = BooleanBufferBuilder::new(expected);
            bits.append_n(rows, true);
            bits
        })
    }

    /// Returns the rows without a value.
    pub(crate) fn finish(self) -> Option<NullBuffer> {
        let bits = self.bits?.build();
        (self.values < self.rows).then(|| NullBuffer::new(bits))
    }
}
