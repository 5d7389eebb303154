//! The RLE / bit-packing hybrid: dictionary indices.
//!
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE>

use crate::decode::byte_reader::ByteReader;
use crate::decode::error::{ChunkDecodeError, damaged};
use crate::decode::unpack::unpack_block;
use crate::page::pack::BLOCK;

/// A part of encoded numbers.
pub(crate) enum Run<'a> {
    Repeated { value: u32, count: usize },
    Packed { bytes: &'a [u8], count: usize },
}

/// Reads the next run of numbers of `width` bits. At most `wanted` of its numbers count.
pub(crate) fn next_run<'a>(
    bytes: &mut ByteReader<'a>,
    width: u32,
    wanted: usize,
) -> Result<Run<'a>, ChunkDecodeError> {
    let head = bytes.varint()?;
    let count = usize::try_from(head >> 1).unwrap_or(usize::MAX);
    if head & 1 == 0 {
        let mut value = [0; 4];
        let size = width.div_ceil(8) as usize;
        value[..size].copy_from_slice(bytes.take(size)?);
        return match count.min(wanted) {
            0 => Err(damaged("a run of levels or indices is empty")),
            count => Ok(Run::Repeated {
                value: u32::from_le_bytes(value),
                count,
            }),
        };
    }
    // Some writers leave out the end of the last group.
    let size = count.saturating_mul(width as usize);
    let packed = bytes.take(size.min(bytes.rest().len()))?;
    let count = count.saturating_mul(8).min(wanted);
    if count == 0 || packed.len() < (count * width as usize).div_ceil(8) {
        return Err(damaged("a run of levels or indices ends too early"));
    }
    Ok(Run::Packed {
        bytes: packed,
        count,
    })
}

/// Appends `count` dictionary indices, each below `limit`. The first byte of `bytes` is their width.
pub(crate) fn read_indices(
    bytes: &mut ByteReader<'_>,
    mut count: usize,
    limit: usize,
    out: &mut Vec<i32>,
) -> Result<(), ChunkDecodeError> {
    let outside = || damaged("an index is outside of its dictionary");
    if count == 0 {
        return Ok(());
    }
    let limit = u32::try_from(limit)
        .ok()
        .filter(|limit| *limit <= 1 << 31)
        .ok_or_else(outside)?;
    let width = u32::from(bytes.byte()?);
    if width > 32 {
        return Err(damaged("its indices are too wide"));
    }
    out.reserve(count);
    while count > 0 {
        match next_run(bytes, width, count)? {
            Run::Repeated { value, count: run } => {
                if value >= limit {
                    return Err(outside());
                }
                out.resize(out.len() + run, value as i32);
                count -= run;
            }
            Run::Packed { bytes, count: run } => {
                let (mut block, mut largest) = ([0; BLOCK], 0);
                let block_bytes = 4 * width as usize;
                let mut rest = bytes;
                let mut left = run;
                while left > 0 {
                    unpack_block(rest, width, &mut block);
                    rest = rest.get(block_bytes..).unwrap_or_default();
                    let block = &block[..left.min(BLOCK)];
                    largest = block.iter().fold(largest, |a, b| a.max(*b));
                    out.extend(block.iter().map(|index| *index as i32));
                    left -= block.len();
                }
                if largest >= limit {
                    return Err(outside());
                }
                count -= run;
            }
        }
    }
    Ok(())
}
