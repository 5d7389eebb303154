//! `DELTA_BINARY_PACKED`.
//!
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC>

use crate::decode::byte_reader::ByteReader;
use crate::decode::error::{ChunkDecodeError, damaged};
use crate::decode::unpack::unpack_wide_block;
use crate::page::pack::BLOCK;

/// Appends `count` integers. Sums wrap at 64 bits; those of narrower integers have to be cut by the caller.
pub(crate) fn read_delta_binary_packed(
    bytes: &mut ByteReader<'_>,
    count: usize,
    out: &mut Vec<i64>,
) -> Result<(), ChunkDecodeError> {
    let size = bytes.varint()?;
    let miniblocks = bytes.varint()?;
    let total = bytes.varint()?;
    let mut last = bytes.zigzag()?;
    if total != count as u64 {
        return Err(damaged(
            "a page has another number of values than its header says",
        ));
    }
    if miniblocks == 0
        || size % miniblocks != 0
        || size / miniblocks % BLOCK as u64 != 0
        || size == 0
    {
        return Err(damaged("a page has deltas in blocks of an invalid size"));
    }
    let blocks = usize::try_from(size / miniblocks).unwrap_or(usize::MAX) / BLOCK;
    let miniblocks = usize::try_from(miniblocks).unwrap_or(usize::MAX);
    if count == 0 {
        return Ok(());
    }
    out.reserve(count);
    out.push(last);
    let mut left = count - 1;
    let mut deltas = [0; BLOCK];
    while left > 0 {
        let smallest = bytes.zigzag()?;
        for &width in bytes.take(miniblocks)? {
            if left == 0 {
                break;
            }
            let width = u32::from(width);
            if width > 64 {
                return Err(damaged("its deltas are too wide"));
            }
            for block in 0..blocks {
                // Miniblocks after the last value may be left out.
                let size = 4 * width as usize;
                let needed = (left.min(BLOCK) * width as usize).div_ceil(8);
                let packed = bytes.take(size.min(bytes.rest().len()))?;
                if packed.len() < needed {
                    return Err(damaged("its deltas end too early"));
                }
                unpack_wide_block(packed, width, &mut deltas);
                let deltas = &deltas[..left.min(BLOCK)];
                out.extend(deltas.iter().map(|delta| {
                    last = last.wrapping_add(smallest).wrapping_add(*delta as i64);
                    last
                }));
                left -= deltas.len();
                if left == 0 {
                    let padding = (blocks - block - 1).saturating_mul(size);
                    bytes.take(padding.min(bytes.rest().len()))?;
                    break;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of 2^62 values in one miniblock without bits: the header may say so, but two values are read.
    #[test]
    fn a_huge_miniblock_ends_at_the_last_value() {
        let mut page = vec![0x80; 8];
        page.extend([0x40, 1, 2, 14, 2, 0]);
        let mut bytes = ByteReader::new(&page);
        let mut values = Vec::new();
        read_delta_binary_packed(&mut bytes, 2, &mut values).unwrap();
        assert_eq!(values, [7, 8]);
        assert!(bytes.rest().is_empty());
    }

    /// What follows the values, such as the text of `DELTA_LENGTH_BYTE_ARRAY`, begins after the last miniblock.
    #[test]
    fn the_padding_of_the_last_miniblock_is_read() {
        // Blocks of 256 values in four miniblocks of 64, of which one is there. Its second half is padding.
        let mut page = vec![0x80, 0x02, 4, 3, 0, 0, 2, 0, 0, 0];
        page.push(0b1001);
        page.extend([0; 15]);
        page.extend(b"text");
        let mut bytes = ByteReader::new(&page);
        let mut values = Vec::new();
        read_delta_binary_packed(&mut bytes, 3, &mut values).unwrap();
        assert_eq!(values, [0, 1, 3]);
        assert_eq!(bytes.rest(), b"text");
    }
}
