//! One Parquet file.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use arrow_schema::Field;
use parquet::file::metadata::KeyValue;

use crate::encoder::{Chunks, Encoder};
use crate::error::FileError;
use crate::file::column::Column;
use crate::file::footer::{ChunkMetadata, Footer, RowGroup};
use crate::file::summary::{Bound, ColumnSummary, FileSummary};

/// First and last in a file.
pub(crate) const MAGIC: &[u8; 4] = b"PAR1";

/// Bytes of finished column chunks that wait for the destination. Small row groups go out in one
/// write, large ones are not held twice.
const FLUSH_AT: usize = 4 << 20;

/// A Parquet file whose schema may grow with every row group.
///
/// Columns are matched by name. A column that a batch lacks is null in its row group; a column that
/// is new gets nulls in the row groups before, when the file is finished. All columns are `OPTIONAL`.
///
/// ```
/// use std::sync::Arc;
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// use otlake_parquet::{Encoder, FileWriter, WriterOptions};
///
/// let a: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
/// let b: ArrayRef = Arc::new(Int64Array::from(vec![3]));
///
/// let mut encoder = Encoder::new(WriterOptions::new())?;
/// let mut file = FileWriter::new(Vec::new());
/// file.write_row_group(&mut encoder, &RecordBatch::try_from_iter([("a", a)])?)?;
/// file.write_row_group(&mut encoder, &RecordBatch::try_from_iter([("b", b)])?)?;
/// let (bytes, summary) = file.finish(&mut encoder, &[])?;
///
/// assert_eq!(summary.rows, 3);
/// assert_eq!(summary.columns[0].nulls, 1);
/// assert_eq!(summary.columns[1].nulls, 2);
/// assert_eq!(summary.bytes, bytes.len() as u64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileWriter<W> {
    sink: W,
    /// Bytes that went to the sink.
    position: u64,
    columns: Vec<FileColumn>,
    by_name: HashMap<String, usize>,
    footer: Footer,
    rows: u64,
    broken: bool,
    /// For each column of the file, its place in the batch. A buffer.
    places: Vec<Option<usize>>,
}

#[derive(Debug)]
struct FileColumn {
    column: Arc<Column>,
    nulls: u64,
}

impl<W: Write> FileWriter<W> {
    /// A file that is written to `sink`, from its beginning.
    pub fn new(sink: W) -> Self {
        Self {
            sink,
            position: 0,
            columns: Vec::new(),
            by_name: HashMap::new(),
            footer: Footer::default(),
            rows: 0,
            broken: false,
            places: Vec::new(),
        }
    }

    /// Rows written.
    pub fn rows_written(&self) -> u64 {
        self.rows
    }

    /// Bytes written, which is the size of the file but for page index and footer.
    pub fn bytes_written(&self) -> u64 {
        self.position
    }

    /// Row groups written.
    pub fn row_groups_written(&self) -> usize {
        self.footer.row_groups.len()
    }

    /// Bytes of memory that the open file's metadata takes: page index and statistics of what was
    /// written wait here for the end of the file. What is shared with the encoder and what the
    /// destination holds is not in it.
    pub fn memory_size(&self) -> usize {
        let names = self.by_name.keys().map(|name| name.capacity());
        self.footer.memory_size()
            + self.columns.capacity() * size_of::<FileColumn>()
            + self.places.capacity() * size_of::<Option<usize>>()
            + self.by_name.capacity() * size_of::<(String, usize)>()
            + names.sum::<usize>()
    }

    /// What it is written to.
    pub fn destination(&self) -> &W {
        &self.sink
    }

    /// Whether an error left the bytes incomplete, so that the file can only be dropped.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Writes `batch` as one row group. A batch without rows adds its columns to the schema and
    /// writes nothing.
    ///
    /// # Errors
    ///
    /// When the columns don't fit the file, in which case it is as it was, or when the row group can't
    /// be encoded or written, in which case the file [is broken](Self::is_broken).
    pub fn write_row_group(
        &mut self,
        encoder: &mut Encoder,
        batch: &RecordBatch,
    ) -> Result<(), FileError> {
        if self.broken {
            return Err(FileError::Broken);
        }
        if self.footer.row_groups.len() > i16::MAX as usize - 1 {
            return Err(FileError::TooManyRowGroups);
        }
        self.add_columns(encoder, batch)?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.broken = true;
        self.put_row_group(encoder, batch)?;
        self.broken = false;
        Ok(())
    }

    /// Writes nulls where row groups lack columns, page index and footer, and returns the sink,
    /// flushed, and what the file is.
    ///
    /// # Errors
    ///
    /// When that can't be written, or an earlier call left the file broken.
    pub fn finish(
        mut self,
        encoder: &mut Encoder,
        key_values: &[(String, String)],
    ) -> Result<(W, FileSummary), FileError> {
        if self.broken {
            return Err(FileError::Broken);
        }
        encoder.begin();
        self.put_magic(encoder);
        for number in 0..self.footer.row_groups.len() {
            let group = &mut self.footer.row_groups[number];
            let rows = group.rows;
            let mut chunks = std::mem::take(&mut group.chunks);
            let mut leaves = 0;
            for FileColumn { column, nulls } in &mut self.columns {
                if leaves == chunks.len() {
                    *nulls += rows as u64;
                    let to = Chunks {
                        base: self.position,
                        footer: &mut self.footer,
                        list: &mut chunks,
                    };
                    encoder.put_nulls(column, rows, to)?;
                }
                leaves += column.leaves.len();
            }
            self.footer.row_groups[number].chunks = chunks;
        }

        let position = self.position + encoder.out.len() as u64;
        let columns: Vec<&Column> = self.columns.iter().map(|column| &*column.column).collect();
        let key_values: Vec<KeyValue> = key_values
            .iter()
            .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
            .collect();
        let created_by = encoder.options().created_by().to_owned();
        self.footer.put(
            &mut encoder.out,
            position,
            &columns,
            &key_values,
            &created_by,
        );
        self.flush(encoder)?;
        self.sink.flush()?;
        let summary = self.summary();
        Ok((self.sink, summary))
    }

    /// Finds the batch's columns in the file and adds those it has not; [`Self::places`] is where
    /// the file's columns are in the batch. Changes nothing before all is well.
    fn add_columns(&mut self, encoder: &mut Encoder, batch: &RecordBatch) -> Result<(), FileError> {
        let schema = batch.schema_ref();
        self.places.clear();
        self.places.resize(self.columns.len(), None);
        let mut new: Vec<FileColumn> = Vec::new();
        let mut new_names: HashMap<&str, usize> = HashMap::new();
        for (place, field) in schema.fields().iter().enumerate() {
            let duplicate = || FileError::DuplicateColumn {
                column: field.name().clone(),
            };
            match self.find(place, field) {
                Some(known) => {
                    let column = &self.columns[known].column;
                    if !column.accepts(field) {
                        return Err(FileError::ColumnType {
                            column: field.name().clone(),
                            expected: Box::new(column.value_type().clone()),
                            found: Box::new(field.data_type().clone()),
                        });
                    }
                    if self.places[known].replace(place).is_some() {
                        return Err(duplicate());
                    }
                }
                None => {
                    if new_names.insert(field.name(), place).is_some() {
                        return Err(duplicate());
                    }
                    // The rows before are counted when their row groups get their nulls.
                    new.push(FileColumn {
                        column: encoder.column(field)?,
                        nulls: 0,
                    });
                    self.places.push(Some(place));
                }
            }
        }
        for column in new {
            self.by_name
                .insert(column.column.name().to_owned(), self.columns.len());
            self.columns.push(column);
        }
        Ok(())
    }

    /// Batches of one stream have their columns in the same places, mostly.
    fn find(&self, place: usize, field: &Field) -> Option<usize> {
        if self
            .columns
            .get(place)
            .is_some_and(|column| column.column.name() == field.name())
        {
            return Some(place);
        }
        self.by_name.get(field.name()).copied()
    }

    fn put_row_group(
        &mut self,
        encoder: &mut Encoder,
        batch: &RecordBatch,
    ) -> Result<(), FileError> {
        encoder.begin();
        self.put_magic(encoder);
        let rows = batch.num_rows();
        let offset = self.position + encoder.out.len() as u64;
        let mut chunks: Vec<ChunkMetadata> = Vec::with_capacity(self.columns.len());
        for number in 0..self.columns.len() {
            let column = Arc::clone(&self.columns[number].column);
            let to = Chunks {
                base: self.position,
                footer: &mut self.footer,
                list: &mut chunks,
            };
            match self.places[number] {
                Some(place) => {
                    let array = batch.column(place);
                    self.columns[number].nulls += array.logical_null_count() as u64;
                    encoder.put_column(&column, array, to)?;
                }
                None => {
                    self.columns[number].nulls += rows as u64;
                    encoder.put_nulls(&column, rows, to)?;
                }
            }
            if encoder.out.len() >= FLUSH_AT {
                self.flush(encoder)?;
            }
        }
        encoder.put_bloom_filters(self.position, &mut chunks)?;
        self.flush(encoder)?;
        let columns: Vec<&Column> = self.columns.iter().map(|column| &*column.column).collect();
        let sorting = RowGroup::sorting(encoder.options().sorting_columns(), &columns);
        self.footer.row_groups.push(RowGroup {
            rows,
            offset,
            chunks,
            sorting,
        });
        self.rows += rows as u64;
        Ok(())
    }

    fn put_magic(&self, encoder: &mut Encoder) {
        if self.position == 0 {
            encoder.out.extend_from_slice(MAGIC);
        }
    }

    fn flush(&mut self, encoder: &mut Encoder) -> Result<(), FileError> {
        self.sink.write_all(&encoder.out)?;
        self.position += encoder.out.len() as u64;
        encoder.out.clear();
        Ok(())
    }

    fn summary(&self) -> FileSummary {
        let groups = &self.footer.row_groups;
        let mut leaf = 0;
        let mut columns = Vec::with_capacity(self.columns.len());
        for FileColumn { column, nulls } in &self.columns {
            let leaves = leaf..leaf + column.leaves.len();
            leaf = leaves.end;
            let chunks = || {
                groups
                    .iter()
                    .flat_map(|group| &group.chunks[leaves.clone()])
            };
            let range = match &column.leaves[..] {
                [leaf] if column.root.is_primitive() => self.footer.range(leaf.order, chunks()),
                _ => None,
            };
            let bounds = range.and_then(|(min, max)| {
                let bound = |bytes| Bound::from_plain(column.value_type(), bytes);
                Some((bound(min)?, bound(max)?))
            });
            let (min, max) = bounds.unzip();
            columns.push(ColumnSummary {
                name: column.name().to_owned(),
                data_type: column.value_type().clone(),
                nulls: *nulls,
                min,
                max,
                compressed_bytes: chunks().map(|chunk| chunk.compressed).sum(),
                uncompressed_bytes: chunks().map(|chunk| chunk.uncompressed).sum(),
            });
        }
        FileSummary {
            name: String::new(),
            rows: self.rows,
            bytes: self.position,
            row_groups: groups.len(),
            columns,
        }
    }
}
