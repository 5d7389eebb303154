//! The error of decoding a chunk.

use std::io;

use arrow_schema::ArrowError;

/// An error of [`ChunkDecoder::decode`](crate::ChunkDecoder::decode).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkDecodeError {
    /// The bytes are not those of a column chunk as its metadata describes it.
    #[error("a column chunk is damaged: {fault}")]
    Damaged {
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A page can't be decompressed.
    #[error("a page can't be decompressed")]
    Decompress(#[source] io::Error),
    /// The values are not valid for the type of the column.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// Returns the error of a damaged chunk.
pub(crate) fn damaged(fault: &'static str) -> ChunkDecodeError {
    ChunkDecodeError::Damaged { fault }
}
