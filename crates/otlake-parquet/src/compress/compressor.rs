//! A compression context for all pages of all files.
//!
//! Creating a zstd context costs more than compressing a small page with it, and the `parquet` crate creates
//! one for each column chunk.

use std::io;

use crate::compress::compression::Compression;
#[cfg(feature = "zstd")]
use crate::compress::compression::ZstdLevel;
use crate::error::EncoderError;
use crate::room::make_room_for;

/// The format's number for pages without compression.
pub(crate) const UNCOMPRESSED: i32 = 0;

pub(crate) struct Compressor {
    compression: Compression,
    context: Context,
    buffer: Vec<u8>,
}

enum Context {
    #[cfg(feature = "zstd")]
    Zstd(zstd::bulk::Compressor<'static>),
    #[cfg(feature = "snappy")]
    Snappy(Box<snap::raw::Encoder>),
    #[cfg(feature = "lz4")]
    Lz4(lz4_flex::block::CompressTable),
    None,
}

impl Compressor {
    pub(crate) fn new(compression: Compression) -> Result<Self, EncoderError> {
        let context = match compression {
            #[cfg(feature = "zstd")]
            Compression::Zstd(level) => {
                zstd_context(level)
                    .map(Context::Zstd)
                    .map_err(|source| EncoderError::Context {
                        compression,
                        source,
                    })?
            }
            #[cfg(feature = "snappy")]
            Compression::Snappy => Context::Snappy(Box::new(snap::raw::Encoder::new())),
            #[cfg(feature = "lz4")]
            Compression::Lz4 => Context::Lz4(lz4_flex::block::CompressTable::default()),
            Compression::None => Context::None,
            #[allow(
                unreachable_patterns,
                reason = "which codecs remain depends on the features"
            )]
            _ => return Err(EncoderError::Unavailable { compression }),
        };
        Ok(Self {
            compression,
            context,
            buffer: Vec::new(),
        })
    }

    pub(crate) fn memory_size(&self) -> usize {
        self.buffer.capacity()
    }

    pub(crate) fn release_memory(&mut self) {
        self.buffer = Vec::new();
    }

    pub(crate) fn compression(&self) -> Compression {
        self.compression
    }

    /// Returns the format's number of the codec.
    pub(crate) fn codec(&self) -> i32 {
        match self.compression {
            Compression::None => UNCOMPRESSED,
            Compression::Snappy => 1,
            Compression::Zstd(_) => 6,
            Compression::Lz4 => 7,
        }
    }

    /// Returns whether [`store`](Self::store) works, which takes a format that can hold bytes as they are.
    pub(crate) fn can_store(&self) -> bool {
        matches!(self.compression, Compression::Zstd(_))
    }

    /// Returns `page` as a zstd frame of raw blocks.
    ///
    /// A version 1 page in a compressed chunk can't be marked as uncompressed, but zstd's format can hold raw
    /// blocks (RFC 8878, 3.1.1), which need no compressor. Its fixed cost, some 4 µs for the tables of an
    /// entropy coder, is where the pages of small row groups spend most of their time.
    pub(crate) fn store(&mut self, page: &[u8]) -> &[u8] {
        const BLOCK: usize = 128 << 10;
        let out = &mut self.buffer;
        out.clear();
        make_room_for(out, page.len() + 9 + 3 * (page.len() / BLOCK + 1));
        out.extend_from_slice(&0xFD2F_B528u32.to_le_bytes());
        // A single segment has no window descriptor, and its size has 1, 2 or 4 bytes.
        match page.len() {
            0..256 => out.extend_from_slice(&[0x20, page.len() as u8]),
            256..65_792 => {
                out.push(0x60);
                out.extend_from_slice(&((page.len() - 256) as u16).to_le_bytes());
            }
            _ => {
                out.push(0xa0);
                out.extend_from_slice(&(page.len() as u32).to_le_bytes());
            }
        }
        let mut rest = page;
        loop {
            let (block, after) = rest.split_at(rest.len().min(BLOCK));
            let last = u32::from(after.is_empty());
            let head = last | (block.len() as u32) << 3;
            out.extend_from_slice(&head.to_le_bytes()[..3]);
            out.extend_from_slice(block);
            rest = after;
            if last == 1 {
                return out;
            }
        }
    }

    /// Returns `page`, compressed.
    pub(crate) fn compress(&mut self, page: &[u8]) -> io::Result<&[u8]> {
        let out = &mut self.buffer;
        let len = match &mut self.context {
            #[cfg(feature = "zstd")]
            Context::Zstd(context) => {
                out.clear();
                make_room_for(out, zstd::zstd_safe::compress_bound(page.len()));
                context.compress_to_buffer(page, out)?
            }
            #[cfg(feature = "snappy")]
            Context::Snappy(encoder) => {
                grow(out, snap::raw::max_compress_len(page.len()));
                encoder.compress(page, out).map_err(io::Error::other)?
            }
            #[cfg(feature = "lz4")]
            Context::Lz4(table) => {
                grow(out, lz4_flex::block::get_maximum_output_size(page.len()));
                lz4_flex::block::compress_into_with_table(page, out, table)
                    .map_err(io::Error::other)?
            }
            Context::None => {
                out.clear();
                make_room_for(out, page.len());
                out.extend_from_slice(page);
                page.len()
            }
        };
        Ok(&out[..len])
    }
}

/// Creates a context of zstd. At level 1, which is for speed, it looks for repetitions of at least seven bytes. By default
/// zstd does so in large pages only, but ids have many shorter repetitions, which save little.
#[cfg(feature = "zstd")]
fn zstd_context(level: ZstdLevel) -> io::Result<zstd::bulk::Compressor<'static>> {
    let mut context = zstd::bulk::Compressor::new(level.get())?;
    if level.get() == 1 {
        context.set_parameter(zstd::zstd_safe::CParameter::MinMatch(7))?;
    }
    Ok(context)
}

/// Makes room for codecs that write to a slice. The buffer never shrinks, so its bytes are zeroed once.
#[cfg(any(feature = "snappy", feature = "lz4"))]
fn grow(out: &mut Vec<u8>, len: usize) {
    if out.len() < len {
        make_room_for(out, len);
        out.resize(len, 0);
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Compressor")
            .field(&self.compression)
            .finish()
    }
}

#[cfg(all(test, feature = "zstd"))]
mod tests {
    use super::*;

    #[test]
    fn stored_frames_are_zstd() {
        let mut compressor = Compressor::new(Compression::ZSTD).unwrap();
        for len in [
            0, 1, 255, 256, 257, 65_791, 65_792, 131_072, 131_073, 400_000,
        ] {
            let page: Vec<u8> = (0..len).map(|i| (i * i % 251) as u8).collect();
            let stored = compressor.store(&page);
            assert!(stored.len() <= len + 9 + 3 * (len / (128 << 10) + 1));
            assert_eq!(zstd::bulk::decompress(stored, len).unwrap(), page);
        }
    }

    #[test]
    fn short_repetitions_are_left_alone_at_level_1_only() {
        // Texts of six bytes that come back, with a number after each.
        let page: Vec<u8> = (0..4096u32)
            .flat_map(|row| format!("text{:02}{row:04x}", row * row % 61).into_bytes())
            .collect();
        for level in [1, 2, 3] {
            let level = ZstdLevel::new(level).unwrap();
            let mut compressor = Compressor::new(Compression::Zstd(level)).unwrap();
            let ours = compressor.compress(&page).unwrap();
            let default = zstd::bulk::compress(&page, level.get()).unwrap();
            assert_eq!(ours == default, level.get() > 1, "level {}", level.get());
            assert_eq!(zstd::bulk::decompress(ours, page.len()).unwrap(), page);
        }
    }
}
