//! A row group that is encoded but in no file yet.

use std::sync::Arc;

use crate::file::chunk_list::ChunkList;
use crate::file::column::Column;
use crate::options::SortingColumn;

/// A row group, encoded by [`Encoder::encode_row_group`](crate::Encoder::encode_row_group), that can be
/// [appended](crate::FileWriter::append) to any file.
///
/// It holds compressed pages and their metadata, and doesn't know where in a file it will be. So many
/// threads can encode row groups for one file, and the file is locked only while bytes are copied.
#[derive(Debug)]
pub struct EncodedRowGroup {
    pub(crate) rows: usize,
    /// Column chunks and bloom filters, in pieces, so that no buffer has to grow to the size of all of them.
    pub(crate) pieces: Vec<Vec<u8>>,
    /// The chunks of [`Self::columns`], in the same order; offsets count from the start of
    /// [`Self::pieces`].
    pub(crate) chunks: ChunkList,
    pub(crate) columns: Vec<EncodedColumn>,
    /// The order of the rows, as far as the file has these columns.
    pub(crate) sorting: Arc<[SortingColumn]>,
}

/// A column of an encoded row group.
#[derive(Debug)]
pub(crate) struct EncodedColumn {
    pub(crate) column: Arc<Column>,
    /// The number of its first chunk in [`EncodedRowGroup::chunks`].
    pub(crate) first_chunk: usize,
    pub(crate) nulls: u64,
}

impl EncodedRowGroup {
    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the number of bytes that the row group adds to its file, page index and footer not
    /// included.
    pub fn size(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }

    /// Returns the bytes of memory that the row group takes. What it shares with its encoder is not
    /// included.
    pub fn memory_size(&self) -> usize {
        let pieces = self.pieces.iter().map(Vec::capacity);
        pieces.sum::<usize>()
            + self.chunks.memory_size()
            + self.columns.capacity() * size_of::<EncodedColumn>()
    }
}
