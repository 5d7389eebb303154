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
///
/// ```
/// use std::sync::Arc;
/// use std::thread;
///
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// use otlake_parquet::{EncodedRowGroup, Encoder, FileWriter, WriterOptions};
///
/// let encode = |start: i64| -> Result<EncodedRowGroup, Box<dyn std::error::Error + Send + Sync>> {
///     let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(start..start + 100));
///     let batch = RecordBatch::try_from_iter([("n", numbers)])?;
///     Ok(Encoder::new(WriterOptions::new())?.encode_row_group(&batch)?)
/// };
/// let groups = thread::scope(|scope| {
///     let threads = [0, 100].map(|start| scope.spawn(move || encode(start)));
///     threads.map(|thread| thread.join().expect("no thread panics"))
/// });
///
/// let mut file = FileWriter::new(Vec::new());
/// for group in groups {
///     let group = group?;
///     let before = file.bytes_written();
///     file.append(&group)?;
///     assert_eq!(group.rows(), 100);
///     assert!(file.bytes_written() - before >= group.size() as u64);
///     assert!(group.memory_size() >= group.size());
/// }
/// assert_eq!((file.rows_written(), file.row_groups_written()), (200, 2));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
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
