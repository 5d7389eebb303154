//! Numbers of 4 and 8 bytes, and booleans.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Int32Array, Int64Array, make_array};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer};
use arrow_schema::DataType;

use crate::decode::byte_reader::ByteReader;
use crate::decode::chunk_decoder::{Scratch, ValueDecoder};
use crate::decode::delta::read_delta_binary_packed;
use crate::decode::error::{ChunkDecodeError, damaged};
use crate::decode::rle::read_indices;
use crate::page::encoding::Encoding;

/// The physical type of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberKind {
    NarrowInteger,
    WideInteger,
    /// Doubles are read as their bits.
    Double,
}

/// Decodes numbers.
#[derive(Debug)]
pub(crate) struct NumberDecoder<'a> {
    kind: NumberKind,
    data_type: &'a DataType,
    dictionary: Vec<i64>,
    values: Vec<i64>,
}

impl<'a> NumberDecoder<'a> {
    pub(crate) fn new(kind: NumberKind, data_type: &'a DataType) -> Self {
        Self {
            kind,
            data_type,
            dictionary: Vec::new(),
            values: Vec::new(),
        }
    }
}

impl ValueDecoder for NumberDecoder<'_> {
    fn dictionary(
        &mut self,
        mut bytes: ByteReader<'_>,
        count: usize,
    ) -> Result<(), ChunkDecodeError> {
        read_plain(self.kind, &mut bytes, count, &mut self.dictionary)
    }

    fn values(
        &mut self,
        mut bytes: ByteReader<'_>,
        encoding: Encoding,
        count: usize,
        scratch: &mut Scratch,
    ) -> Result<bool, ChunkDecodeError> {
        let values = &mut self.values;
        match encoding {
            Encoding::PLAIN => read_plain(self.kind, &mut bytes, count, values)?,
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let indices = &mut scratch.indices;
                indices.clear();
                read_indices(&mut bytes, count, self.dictionary.len(), indices)?;
                let dictionary = &self.dictionary;
                values.extend(indices.iter().map(|index| dictionary[*index as usize]));
            }
            Encoding::DELTA_BINARY_PACKED if self.kind != NumberKind::Double => {
                read_delta_binary_packed(&mut bytes, count, values)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn finish(self, nulls: Option<NullBuffer>) -> Result<ArrayRef, ChunkDecodeError> {
        // The array of the physical type gets the logical type of the column.
        let data = if self.kind == NumberKind::NarrowInteger {
            let values: Vec<i32> = self.values.iter().map(|value| *value as i32).collect();
            let values = spread(values, nulls.as_ref());
            Int32Array::try_new(values.into(), nulls)?.into_data()
        } else {
            let values = spread(self.values, nulls.as_ref());
            Int64Array::try_new(values.into(), nulls)?.into_data()
        };
        let data = data.into_builder().data_type(self.data_type.clone());
        Ok(make_array(data.build()?))
    }
}

fn read_plain(
    kind: NumberKind,
    bytes: &mut ByteReader<'_>,
    count: usize,
    out: &mut Vec<i64>,
) -> Result<(), ChunkDecodeError> {
    if kind == NumberKind::NarrowInteger {
        let (values, _) = bytes.take(count.saturating_mul(4))?.as_chunks::<4>();
        let values = values.iter();
        out.extend(values.map(|value| i64::from(i32::from_le_bytes(*value))));
    } else {
        let (values, _) = bytes.take(count.saturating_mul(8))?.as_chunks::<8>();
        out.extend(values.iter().map(|value| i64::from_le_bytes(*value)));
    }
    Ok(())
}

/// Moves values to their rows. The rows that have none get zeros.
pub(crate) fn spread<T: Copy + Default>(values: Vec<T>, nulls: Option<&NullBuffer>) -> Vec<T> {
    let Some(nulls) = nulls else {
        return values;
    };
    let mut rows = vec![T::default(); nulls.len()];
    let mut values = values.as_slice();
    for (start, end) in nulls.valid_slices() {
        let (run, rest) = values.split_at(end - start);
        rows[start..end].copy_from_slice(run);
        values = rest;
    }
    rows
}

/// Decodes booleans.
#[derive(Debug)]
pub(crate) struct BooleanDecoder {
    bits: BooleanBufferBuilder,
}

impl BooleanDecoder {
    pub(crate) fn new() -> Self {
        Self {
            bits: BooleanBufferBuilder::new(0),
        }
    }
}

impl ValueDecoder for BooleanDecoder {
    fn dictionary(&mut self, _: ByteReader<'_>, _: usize) -> Result<(), ChunkDecodeError> {
        Err(damaged("a chunk of booleans has a dictionary"))
    }

    fn values(
        &mut self,
        mut bytes: ByteReader<'_>,
        encoding: Encoding,
        count: usize,
        _: &mut Scratch,
    ) -> Result<bool, ChunkDecodeError> {
        if encoding != Encoding::PLAIN {
            return Ok(false);
        }
        let packed = bytes.take(count.div_ceil(8))?;
        self.bits.append_packed_range(0..count, packed);
        Ok(true)
    }

    fn finish(self, nulls: Option<NullBuffer>) -> Result<ArrayRef, ChunkDecodeError> {
        let values = self.bits.build();
        let rows = match &nulls {
            None => values,
            Some(nulls) => {
                let mut rows = BooleanBufferBuilder::new(nulls.len());
                let mut next = 0;
                for (start, end) in nulls.valid_slices() {
                    rows.append_n(start - rows.len(), false);
                    let run: BooleanBuffer = values.slice(next, end - start);
                    rows.append_buffer(&run);
                    next += end - start;
                }
                rows.append_n(nulls.len() - rows.len(), false);
                rows.build()
            }
        };
        Ok(Arc::new(BooleanArray::new(rows, nulls)))
    }
}
