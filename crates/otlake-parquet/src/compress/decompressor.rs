//! Decompression contexts for all pages of all files.

use std::io;

use parquet::basic::CompressionCodec;

use crate::decode::error::{ChunkDecodeError, damaged};

/// Decompresses pages. A context and a buffer are created when they are needed, and kept.
#[derive(Default)]
pub(crate) struct Decompressor {
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    page: Vec<u8>,
}

impl Decompressor {
    /// Returns whether pages of a codec can be decompressed.
    pub(crate) fn supports(codec: CompressionCodec) -> bool {
        let features = [
            (CompressionCodec::UNCOMPRESSED, true),
            (CompressionCodec::ZSTD, cfg!(feature = "zstd")),
            (CompressionCodec::SNAPPY, cfg!(feature = "snappy")),
            (CompressionCodec::LZ4_RAW, cfg!(feature = "lz4")),
        ];
        features.contains(&(codec, true))
    }

    pub(crate) fn memory_size(&self) -> usize {
        self.page.capacity()
    }

    /// Returns the `len` bytes of the page that was stored as `stored`.
    pub(crate) fn page<'a>(
        &'a mut self,
        codec: CompressionCodec,
        stored: &'a [u8],
        len: usize,
    ) -> Result<&'a [u8], ChunkDecodeError> {
        let found = match codec {
            CompressionCodec::UNCOMPRESSED => stored.len(),
            // A page without bytes may have no frame.
            _ if len == 0 => return Ok(&[]),
            _ => self.decompress(codec, stored, len)?,
        };
        if found != len {
            return Err(damaged("a page has another size than its header says"));
        }
        match codec {
            CompressionCodec::UNCOMPRESSED => Ok(stored),
            _ => Ok(&self.page[..len]),
        }
    }

    #[cfg_attr(
        not(any(feature = "zstd", feature = "snappy", feature = "lz4")),
        allow(unused_variables, reason = "there is no codec")
    )]
    fn decompress(
        &mut self,
        codec: CompressionCodec,
        stored: &[u8],
        len: usize,
    ) -> Result<usize, ChunkDecodeError> {
        let page = &mut self.page;
        match codec {
            #[cfg(feature = "zstd")]
            CompressionCodec::ZSTD => {
                let context = match &mut self.zstd {
                    Some(context) => context,
                    none => {
                        let context = zstd::bulk::Decompressor::new();
                        none.insert(context.map_err(ChunkDecodeError::Decompress)?)
                    }
                };
                page.clear();
                reserve(page, len)?;
                context
                    .decompress_to_buffer(stored, page)
                    .map_err(ChunkDecodeError::Decompress)
            }
            #[cfg(feature = "snappy")]
            CompressionCodec::SNAPPY => {
                let mut decoder = snap::raw::Decoder::new();
                decoder
                    .decompress(stored, grow(page, len)?)
                    .map_err(|error| ChunkDecodeError::Decompress(io::Error::other(error)))
            }
            #[cfg(feature = "lz4")]
            CompressionCodec::LZ4_RAW => lz4_flex::block::decompress_into(stored, grow(page, len)?)
                .map_err(|error| ChunkDecodeError::Decompress(io::Error::other(error))),
            _ => Err(ChunkDecodeError::Decompress(io::Error::from(
                io::ErrorKind::Unsupported,
            ))),
        }
    }
}

/// Makes room for a page. Its size is that of a header that may be damaged.
#[cfg(any(feature = "zstd", feature = "snappy", feature = "lz4"))]
fn reserve(page: &mut Vec<u8>, len: usize) -> Result<(), ChunkDecodeError> {
    page.try_reserve(len.saturating_sub(page.len()))
        .map_err(|error| ChunkDecodeError::Decompress(io::Error::other(error)))
}

/// Returns room for codecs that write to a slice. The buffer never shrinks, so its bytes are zeroed once.
#[cfg(any(feature = "snappy", feature = "lz4"))]
fn grow(page: &mut Vec<u8>, len: usize) -> Result<&mut [u8], ChunkDecodeError> {
    if page.len() < len {
        reserve(page, len)?;
        page.resize(len, 0);
    }
    Ok(&mut page[..len])
}
