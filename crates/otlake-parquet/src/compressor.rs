//! One compression context for all pages of all files.
//!
//! Making a zstd context costs more than compressing a small page with it; the `parquet` crate makes
//! one for each column chunk.

use std::io;

use crate::compression::Compression;
use crate::error::EncoderError;

/// Parquet's numbers of codecs.
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
            Compression::Zstd(level) => zstd::bulk::Compressor::new(level.get())
                .map(Context::Zstd)
                .map_err(|source| EncoderError::Context {
                    compression,
                    source,
                })?,
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

    pub(crate) fn compression(&self) -> Compression {
        self.compression
    }

    /// Parquet's number of the codec.
    pub(crate) fn codec(&self) -> i32 {
        match self.compression {
            Compression::None => UNCOMPRESSED,
            Compression::Snappy => 1,
            Compression::Zstd(_) => 6,
            Compression::Lz4 => 7,
        }
    }

    /// `page`, compressed, until the next call.
    pub(crate) fn compress(&mut self, page: &[u8]) -> io::Result<&[u8]> {
        let out = &mut self.buffer;
        let len = match &mut self.context {
            #[cfg(feature = "zstd")]
            Context::Zstd(context) => {
                out.clear();
                out.reserve(zstd::zstd_safe::compress_bound(page.len()));
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
                out.extend_from_slice(page);
                page.len()
            }
        };
        Ok(&out[..len])
    }
}

/// These codecs write to a slice: keep its length, so that its bytes are zeroed once.
#[cfg(any(feature = "snappy", feature = "lz4"))]
fn grow(out: &mut Vec<u8>, len: usize) {
    if out.len() < len {
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
