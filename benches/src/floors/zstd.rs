use std::fmt;
use std::io;

use bytes::Bytes;
use parquet::file::metadata::ParquetMetaDataReader;

use crate::case::Error;

/// Zstandard at level 1 with one context and one output buffer for everything: the cost of
/// compression for a writer that never allocates a new context.
pub struct Zstd1 {
    context: zstd::bulk::Compressor<'static>,
    out: Vec<u8>,
}

impl Zstd1 {
    /// Creates a context for level 1.
    ///
    /// # Errors
    ///
    /// Fails if zstd cannot allocate.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            context: zstd::bulk::Compressor::new(1)?,
            out: Vec::new(),
        })
    }

    /// Returns the total size of the buffers, each compressed separately.
    ///
    /// # Errors
    ///
    /// Fails if zstd fails.
    pub fn compressed_size(&mut self, buffers: &[Vec<u8>]) -> io::Result<usize> {
        let mut size = 0;
        for buffer in buffers {
            self.out.clear();
            self.out
                .reserve(zstd::zstd_safe::compress_bound(buffer.len()));
            size += self.context.compress_to_buffer(buffer, &mut self.out)?;
        }
        Ok(size)
    }
}

impl fmt::Debug for Zstd1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zstd1").finish_non_exhaustive()
    }
}

/// Returns the bytes of every column chunk of a Parquet file: dictionary pages, data pages and
/// their headers, without the footer.
///
/// # Errors
///
/// Fails if the file is not a Parquet file.
pub fn column_chunks(file: &Bytes) -> Result<Vec<Vec<u8>>, Error> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(file)?;
    let columns = metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns());
    columns
        .map(|column| {
            let (start, len) = column.byte_range();
            let range = usize::try_from(start)?..usize::try_from(start + len)?;
            Ok(file
                .get(range)
                .ok_or("a column chunk outside its file")?
                .to_vec())
        })
        .collect()
}
