//! Text and bytes, with and without a dictionary.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, DictionaryArray, Int32Array, StringArray};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use crate::decode::byte_reader::ByteReader;
use crate::decode::chunk_decoder::{Scratch, ValueDecoder};
use crate::decode::delta::read_delta_binary_packed;
use crate::decode::error::{ChunkDecodeError, damaged};
use crate::decode::number_decoder::spread;
use crate::decode::rle::read_indices;
use crate::page::encoding::Encoding;

/// Byte strings one after another.
#[derive(Debug)]
struct ByteStrings {
    /// The start of each string, and the end of the last one.
    offsets: Vec<i32>,
    bytes: Vec<u8>,
}

impl ByteStrings {
    fn new() -> Self {
        Self {
            offsets: vec![0],
            bytes: Vec::new(),
        }
    }

    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn get(&self, number: usize) -> &[u8] {
        &self.bytes[self.offsets[number] as usize..self.offsets[number + 1] as usize]
    }

    /// Returns whether offsets of 32 bits reach to the end of `len` more bytes.
    fn has_room(&self, len: usize) -> bool {
        i32::try_from(self.bytes.len().saturating_add(len)).is_ok()
    }

    /// Appends a string. There has to be room for it.
    fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.offsets.push(self.bytes.len() as i32);
    }

    /// Appends strings. Returns false if there is no room for them.
    fn read_plain(
        &mut self,
        bytes: &mut ByteReader<'_>,
        count: usize,
    ) -> Result<bool, ChunkDecodeError> {
        // Each value has a length of four bytes.
        let values = bytes.rest().len().saturating_sub(count.saturating_mul(4));
        if !self.has_room(values) {
            return Ok(false);
        }
        self.bytes.reserve_exact(values);
        self.offsets.reserve(count.min(bytes.rest().len()));
        for _ in 0..count {
            let len = bytes.take(4)?;
            let len = u32::from_le_bytes([len[0], len[1], len[2], len[3]]);
            self.push(bytes.take(len as usize)?);
        }
        Ok(true)
    }

    /// Appends strings of a dictionary. Returns false if there is no room for them.
    fn extend(&mut self, dictionary: &ByteStrings, indices: &[i32]) -> bool {
        let values = || indices.iter().map(|index| dictionary.get(*index as usize));
        let len = values().map(<[u8]>::len).fold(0, usize::saturating_add);
        if !self.has_room(len) {
            return false;
        }
        self.bytes.reserve(len);
        values().for_each(|value| self.push(value));
        true
    }

    /// Appends strings. Returns false if there is no room for them.
    fn read_delta_lengths(
        &mut self,
        bytes: &mut ByteReader<'_>,
        count: usize,
        lengths: &mut Vec<i64>,
    ) -> Result<bool, ChunkDecodeError> {
        lengths.clear();
        read_delta_binary_packed(bytes, count, lengths)?;
        let mut end = self.bytes.len() as i64;
        self.offsets.reserve(count);
        for length in lengths.iter() {
            // Lengths are deltas of 32 bits.
            let length = *length as i32;
            if length < 0 {
                return Err(damaged("a value has a negative length"));
            }
            end += i64::from(length);
            let Ok(end) = i32::try_from(end) else {
                return Ok(false);
            };
            self.offsets.push(end);
        }
        let len = end as usize - self.bytes.len();
        let values = bytes.take(len)?;
        self.bytes.reserve_exact(len);
        self.bytes.extend_from_slice(values);
        Ok(true)
    }

    fn into_array(
        mut self,
        is_utf8: bool,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef, ChunkDecodeError> {
        if let Some(nulls) = &nulls {
            let mut offsets = Vec::with_capacity(nulls.len() + 1);
            offsets.push(0);
            let mut next = 1;
            for (start, end) in nulls.valid_slices() {
                offsets.resize(start + 1, self.offsets[next - 1]);
                offsets.extend_from_slice(&self.offsets[next..next + end - start]);
                next += end - start;
            }
            offsets.resize(nulls.len() + 1, self.offsets[next - 1]);
            self.offsets = offsets;
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let bytes = Buffer::from_vec(self.bytes);
        Ok(if is_utf8 {
            Arc::new(StringArray::try_new(offsets, bytes, nulls)?)
        } else {
            Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?)
        })
    }
}

/// Reads a dictionary page. Its size has 31 bits, so there is room for its values.
fn read_dictionary(
    strings: &mut ByteStrings,
    mut bytes: ByteReader<'_>,
    count: usize,
) -> Result<(), ChunkDecodeError> {
    match strings.read_plain(&mut bytes, count)? {
        true => Ok(()),
        false => Err(damaged("its dictionary has more than 2 GiB")),
    }
}

/// Decodes text and bytes to an array without a dictionary.
#[derive(Debug)]
pub(crate) struct ByteArrayDecoder {
    is_utf8: bool,
    dictionary: ByteStrings,
    strings: ByteStrings,
}

impl ByteArrayDecoder {
    pub(crate) fn new(is_utf8: bool) -> Self {
        Self {
            is_utf8,
            dictionary: ByteStrings::new(),
            strings: ByteStrings::new(),
        }
    }
}

impl ValueDecoder for ByteArrayDecoder {
    fn dictionary(&mut self, bytes: ByteReader<'_>, count: usize) -> Result<(), ChunkDecodeError> {
        read_dictionary(&mut self.dictionary, bytes, count)
    }

    fn values(
        &mut self,
        mut bytes: ByteReader<'_>,
        encoding: Encoding,
        count: usize,
        scratch: &mut Scratch,
    ) -> Result<bool, ChunkDecodeError> {
        match encoding {
            Encoding::PLAIN => self.strings.read_plain(&mut bytes, count),
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let indices = &mut scratch.indices;
                indices.clear();
                read_indices(&mut bytes, count, self.dictionary.len(), indices)?;
                Ok(self.strings.extend(&self.dictionary, indices))
            }
            Encoding::DELTA_LENGTH_BYTE_ARRAY => {
                let lengths = &mut scratch.lengths;
                self.strings.read_delta_lengths(&mut bytes, count, lengths)
            }
            _ => Ok(false),
        }
    }

    fn finish(self, nulls: Option<NullBuffer>) -> Result<ArrayRef, ChunkDecodeError> {
        self.strings.into_array(self.is_utf8, nulls)
    }
}

/// Decodes text and bytes to a dictionary array. Pages without the dictionary are not read.
#[derive(Debug)]
pub(crate) struct DictionaryDecoder {
    is_utf8: bool,
    dictionary: ByteStrings,
    keys: Vec<i32>,
}

impl DictionaryDecoder {
    pub(crate) fn new(is_utf8: bool) -> Self {
        Self {
            is_utf8,
            dictionary: ByteStrings::new(),
            keys: Vec::new(),
        }
    }
}

impl ValueDecoder for DictionaryDecoder {
    fn dictionary(&mut self, bytes: ByteReader<'_>, count: usize) -> Result<(), ChunkDecodeError> {
        read_dictionary(&mut self.dictionary, bytes, count)
    }

    fn values(
        &mut self,
        mut bytes: ByteReader<'_>,
        encoding: Encoding,
        count: usize,
        _: &mut Scratch,
    ) -> Result<bool, ChunkDecodeError> {
        match encoding {
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                read_indices(&mut bytes, count, self.dictionary.len(), &mut self.keys)?;
                Ok(true)
            }
            _ => Ok(count == 0),
        }
    }

    fn finish(self, nulls: Option<NullBuffer>) -> Result<ArrayRef, ChunkDecodeError> {
        let keys = spread(self.keys, nulls.as_ref());
        let keys = Int32Array::try_new(keys.into(), nulls)?;
        let values = self.dictionary.into_array(self.is_utf8, None)?;
        Ok(Arc::new(DictionaryArray::try_new(keys, values)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values fit into the dictionary, and their copies into no array of 32-bit offsets.
    #[test]
    fn copies_of_more_than_2_gib_are_left_to_the_caller() {
        let mut page = (1_u32 << 20).to_le_bytes().to_vec();
        page.resize(page.len() + (1 << 20), b'x');
        let mut decoder = ByteArrayDecoder::new(true);
        decoder.dictionary(ByteReader::new(&page), 1).unwrap();
        // An index of one bit, and a run of 3,000 zeros.
        let indices = [1, 0xf0, 0x2e, 0];
        let mut scratch = Scratch::default();
        let encoding = Encoding::RLE_DICTIONARY;
        let is_read = decoder.values(ByteReader::new(&indices), encoding, 3_000, &mut scratch);
        assert!(!is_read.unwrap());
    }
}
