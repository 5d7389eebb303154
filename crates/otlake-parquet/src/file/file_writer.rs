//! A Parquet file.

use std::io::Write;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};
use foldhash::{HashMap, HashSet};

use crate::encoder::{Destination, Encoder};
use crate::error::FileError;
use crate::file::column::{Column, Leaf, Order, value_type};
use crate::file::file_summary::{Bound, ColumnSummary, FileSummary, LeafSummary};
use crate::file::footer::{Footer, RowGroup};
use crate::file::row_group::EncodedRowGroup;
use crate::options::SortingColumn;

/// The first and the last bytes of a file.
pub(crate) const MAGIC: &[u8; 4] = b"PAR1";

/// Writes a Parquet file whose schema may grow with every row group.
///
/// Columns are matched by name. A column that a batch lacks is null in its row group. A new column is null in the
/// earlier row groups; their nulls are written when the file is finished. All columns are `OPTIONAL`.
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
///
/// Errors, columns that are made one after another, and sizes:
///
/// ```
/// use std::sync::Arc;
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// use otlake_parquet::{Encoder, FileError, FileWriter, WriterOptions};
///
/// let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
/// let batch = RecordBatch::try_from_iter([("n", Arc::clone(&numbers)), ("n", numbers)])?;
///
/// let mut encoder = Encoder::new(WriterOptions::new())?;
/// let mut file = FileWriter::new(Vec::new());
/// let error = file.write_row_group(&mut encoder, &batch);
/// assert!(matches!(error, Err(FileError::DuplicateColumn { column }) if column == "n"));
/// assert!(!file.is_broken(), "the file is as it was");
///
/// // Columns that are made one after another, so that not all of them are in memory.
/// let schema = batch.project(&[0])?.schema();
/// let fields = schema.fields().iter().map(|field| &**field);
/// file.write_columns(&mut encoder, 2, fields, |_| -> Result<ArrayRef, FileError> {
///     Ok(Arc::new(Int64Array::from(vec![3, 4])))
/// })?;
/// assert_eq!((file.rows_written(), file.row_groups_written()), (2, 1));
/// assert_eq!(file.bytes_written(), file.destination().len() as u64);
/// assert!(file.memory_size() > 0 && file.memory_to_finish() > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileWriter<W> {
    sink: W,
    /// The number of bytes that were written to the sink.
    position: u64,
    columns: Vec<FileColumn>,
    by_name: HashMap<String, usize>,
    footer: Footer,
    rows: u64,
    broken: bool,
    /// For each column of the file, its place in the batch or row group. A buffer.
    places: Vec<Option<usize>>,
}

#[derive(Debug)]
struct FileColumn {
    column: Arc<Column>,
    nulls: u64,
}

impl<W: Write> FileWriter<W> {
    /// Creates a file that is written to `sink`.
    pub fn new(sink: W) -> Self {
        Self {
            sink,
            position: 0,
            columns: Vec::new(),
            by_name: HashMap::default(),
            footer: Footer::default(),
            rows: 0,
            broken: false,
            places: Vec::new(),
        }
    }

    /// Returns the number of rows written.
    pub fn rows_written(&self) -> u64 {
        self.rows
    }

    /// Returns the number of bytes written: the size of the file without page index and footer.
    pub fn bytes_written(&self) -> u64 {
        self.position
    }

    /// Returns the number of row groups written.
    pub fn row_groups_written(&self) -> usize {
        self.footer.row_groups.len()
    }

    /// Returns the bytes of memory that the metadata of the file takes: page index and statistics are kept until the
    /// file is finished. What is shared with the encoder and what the destination holds is not included.
    pub fn memory_size(&self) -> usize {
        let names = self.by_name.keys().map(|name| name.capacity());
        self.footer.memory_size()
            + self.columns.capacity() * size_of::<FileColumn>()
            + self.places.capacity() * size_of::<Option<usize>>()
            + self.by_name.capacity() * size_of::<(String, usize)>()
            + names.sum::<usize>()
    }

    /// Returns the bytes of memory that [`finish`](Self::finish) takes at most, in addition to
    /// [`memory_size`](Self::memory_size) and to the buffers of the encoder: nulls of the row groups that lack columns,
    /// the footer, and the summary. Key-value metadata is not included.
    pub fn memory_to_finish(&self) -> usize {
        let leaves: usize = self
            .columns
            .iter()
            .map(|column| column.column.leaves.len())
            .sum();
        let names: usize = self
            .columns
            .iter()
            .map(|column| column.column.name().len())
            .sum();
        let summary = self.columns.len() * size_of::<ColumnSummary>()
            + leaves * size_of::<LeafSummary>()
            + self.footer.row_groups.len() * size_of::<u64>()
            + 2 * names;
        let schema: usize = self
            .columns
            .iter()
            .map(|column| column.column.elements.len())
            .sum();
        let schema = schema + 8 * leaves;
        let footer = self.footer.size(leaves) + schema;
        // Bounds of the columns come from the statistics.
        summary + footer + footer / 4 + self.footer.missing_size(leaves)
    }

    /// Returns the destination of the file.
    pub fn destination(&self) -> &W {
        &self.sink
    }

    /// Returns whether an error left the file incomplete, so that it can only be dropped.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Writes `batch` as one row group. A batch without rows only adds its columns to the schema.
    ///
    /// # Errors
    ///
    /// Returns an error when the columns don't fit the file, which is then unchanged, or when the row group
    /// can't be encoded or written, which leaves the file [broken](Self::is_broken).
    pub fn write_row_group(
        &mut self,
        encoder: &mut Encoder,
        batch: &RecordBatch,
    ) -> Result<(), FileError> {
        let fields = batch.schema_ref().fields();
        let fields = fields.iter().map(|field| &**field);
        self.write_columns(encoder, batch.num_rows(), fields, |place| {
            Ok(Arc::clone(batch.column(place)))
        })
    }

    /// Encodes and writes a row group column by column, so that only one column has to be in memory. `column_at` is
    /// called with indexes into `fields`, in no particular order, and returns an array of `rows` rows that has the
    /// field's type or is a dictionary of it. If `rows` is 0, the fields are only added to the schema.
    ///
    /// # Errors
    ///
    /// Returns an error when the columns don't fit the file, which is then unchanged, or when a column can't be made,
    /// encoded or written, which leaves the file [broken](Self::is_broken).
    pub fn write_columns<'f, E: From<FileError>>(
        &mut self,
        encoder: &mut Encoder,
        rows: usize,
        fields: impl Iterator<Item = &'f Field>,
        column_at: impl FnMut(usize) -> Result<ArrayRef, E>,
    ) -> Result<(), E> {
        self.check_room()?;
        self.add_columns(fields, |_, field| encoder.column(field))?;
        if rows == 0 {
            return Ok(());
        }
        self.broken = true;
        self.put_row_group(encoder, rows, column_at)?;
        self.broken = false;
        Ok(())
    }

    /// Appends a row group that was encoded earlier, with any encoder. Its columns are matched by name. A row group
    /// without rows only adds its columns to the schema.
    ///
    /// # Errors
    ///
    /// Returns an error when the columns don't fit the file, which is then unchanged, so that the row group
    /// can go to another one, or when the bytes can't be written, which leaves the file
    /// [broken](Self::is_broken).
    pub fn append(&mut self, group: &EncodedRowGroup) -> Result<(), FileError> {
        self.check_room()?;
        let fields = group.columns.iter().map(|column| &*column.column.field);
        self.add_columns(fields, |place, _| {
            Ok(Arc::clone(&group.columns[place].column))
        })?;
        if group.rows == 0 {
            return Ok(());
        }
        self.broken = true;
        if self.position == 0 {
            self.write(MAGIC)?;
        }
        let offset = self.position;
        for piece in &group.pieces {
            self.write(piece)?;
        }
        self.broken = false;

        let first = self.footer.chunks.chunks.len();
        self.footer.chunks.append(&group.chunks, offset);
        let leaves = self.columns.iter().map(|column| column.column.leaves.len());
        let mut chunks = Vec::with_capacity(leaves.sum());
        for (FileColumn { column, nulls }, place) in std::iter::zip(&mut self.columns, &self.places)
        {
            let encoded = place.map(|place| &group.columns[place]);
            *nulls += encoded.map_or(0, |encoded| encoded.nulls);
            let first = encoded.map(|encoded| first + encoded.first_chunk);
            chunks.extend((0..column.leaves.len()).map(|leaf| Some(first? + leaf)));
        }
        self.end_row_group(group.rows, offset, chunks, &group.sorting);
        Ok(())
    }

    /// Writes the nulls of row groups that lack columns, the page index and the footer. Returns the sink, which is
    /// flushed, and a summary of the file.
    ///
    /// # Errors
    ///
    /// Returns an error when the rest can't be written, or when an earlier call left the file broken.
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
        self.reserve_missing();
        for number in 0..self.footer.row_groups.len() {
            let Footer { chunks, row_groups } = &mut self.footer;
            let group = &mut row_groups[number];
            let mut leaves = 0;
            for FileColumn { column, nulls } in &mut self.columns {
                let end = leaves + column.leaves.len();
                if group.chunks.len() < end {
                    group.chunks.resize(end, None);
                }
                if group.chunks[leaves].is_none() {
                    *nulls += group.rows as u64;
                    let first = chunks.chunks.len();
                    let to = Destination {
                        base: self.position,
                        chunks,
                    };
                    encoder.put_nulls(column, group.rows, to)?;
                    for (leaf, chunk) in group.chunks[leaves..end].iter_mut().enumerate() {
                        *chunk = Some(first + leaf);
                    }
                }
                leaves = end;
            }
        }

        let position = self.position + encoder.out.len() as u64;
        let columns: Vec<&Column> = self.columns.iter().map(|column| &*column.column).collect();
        let Encoder { options, out, .. } = &mut *encoder;
        let key_values = [options.key_values(), key_values];
        self.footer
            .put(out, position, &columns, key_values, options.created_by());
        self.flush(encoder)?;
        self.sink.flush()?;
        let summary = self.summary();
        Ok((self.sink, summary))
    }

    /// Reserves exactly the capacity for the chunks that row groups lack.
    fn reserve_missing(&mut self) {
        let leaves = self
            .columns
            .iter()
            .map(|column| column.column.leaves.len())
            .sum();
        let missing = self.footer.missing(leaves);
        self.footer.chunks.chunks.reserve_exact(missing);
        self.footer.chunks.pages.reserve_exact(missing);
    }

    fn check_room(&self) -> Result<(), FileError> {
        if self.broken {
            return Err(FileError::Broken);
        }
        // The format numbers them with 16 bits.
        if self.footer.row_groups.len() >= i16::MAX as usize {
            return Err(FileError::TooManyRowGroups);
        }
        Ok(())
    }

    /// Finds the columns for `fields` in the file, and adds those it lacks, which `column_at` creates. Puts the
    /// places of the file's columns among the fields into [`Self::places`]. Changes nothing if there is an error.
    fn add_columns<'f>(
        &mut self,
        fields: impl Iterator<Item = &'f Field>,
        mut column_at: impl FnMut(usize, &Field) -> Result<Arc<Column>, FileError>,
    ) -> Result<(), FileError> {
        self.places.clear();
        self.places.resize(self.columns.len(), None);
        let mut new: Vec<FileColumn> = Vec::new();
        let mut new_names: HashSet<&str> = HashSet::default();
        for (place, field) in fields.enumerate() {
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
                    if !new_names.insert(field.name()) {
                        return Err(duplicate());
                    }
                    // Nulls of earlier rows are counted when they are written.
                    new.push(FileColumn {
                        column: column_at(place, field)?,
                        nulls: 0,
                    });
                    self.places.push(Some(place));
                }
            }
        }
        self.by_name.reserve(new.len());
        for column in new {
            self.by_name
                .insert(column.column.name().to_owned(), self.columns.len());
            self.columns.push(column);
        }
        Ok(())
    }

    /// Returns the number of the file's column for a field. Looks at `place` first, because batches of one
    /// stream usually have their columns in the same order.
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

    fn put_row_group<E: From<FileError>>(
        &mut self,
        encoder: &mut Encoder,
        rows: usize,
        mut column_at: impl FnMut(usize) -> Result<ArrayRef, E>,
    ) -> Result<(), E> {
        encoder.begin();
        self.put_magic(encoder);
        let offset = self.position + encoder.out.len() as u64;
        let leaves = self.columns.iter().map(|column| column.column.leaves.len());
        let mut chunks = Vec::with_capacity(leaves.sum());
        for number in 0..self.columns.len() {
            let column = Arc::clone(&self.columns[number].column);
            let first = self.footer.chunks.chunks.len();
            let to = Destination {
                base: self.position,
                chunks: &mut self.footer.chunks,
            };
            match self.places[number] {
                Some(place) => {
                    let array = column_at(place)?;
                    check_array(&column, &array, rows)?;
                    self.columns[number].nulls += array.logical_null_count() as u64;
                    encoder.put_column(&column, &array, to)?;
                }
                None => {
                    self.columns[number].nulls += rows as u64;
                    encoder.put_nulls(&column, rows, to)?;
                }
            }
            chunks.extend((first..self.footer.chunks.chunks.len()).map(Some));
            if encoder.out.len() >= encoder.options.buffer_bytes() {
                self.flush(encoder)?;
            }
        }
        encoder.put_bloom_filters(self.position, &mut self.footer.chunks)?;
        self.flush(encoder)?;
        self.end_row_group(rows, offset, chunks, encoder.options().sorting_columns());
        Ok(())
    }

    /// Adds a row group, whose bytes are written, to the footer.
    fn end_row_group(
        &mut self,
        rows: usize,
        offset: u64,
        chunks: Vec<Option<usize>>,
        sorting: &[SortingColumn],
    ) {
        let columns: Vec<&Column> = self.columns.iter().map(|column| &*column.column).collect();
        let sorting = RowGroup::sorting(sorting, &columns);
        self.footer.row_groups.push(RowGroup {
            rows,
            offset,
            chunks,
            sorting,
        });
        self.rows += rows as u64;
    }

    fn put_magic(&self, encoder: &mut Encoder) {
        if self.position == 0 {
            encoder.out.extend_from_slice(MAGIC);
        }
    }

    fn flush(&mut self, encoder: &mut Encoder) -> Result<(), FileError> {
        self.write(&encoder.out)?;
        encoder.out.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.sink.write_all(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn summary(&self) -> FileSummary {
        let groups = &self.footer.row_groups;
        let mut leaf = 0;
        let mut columns = Vec::with_capacity(self.columns.len());
        for FileColumn { column, nulls } in &self.columns {
            let leaves = leaf..leaf + column.leaves.len();
            leaf = leaves.end;
            let list = &self.footer.chunks;
            let chunks = || {
                let groups = groups.iter();
                let numbers =
                    groups.flat_map(|group| group.chunks[leaves.clone()].iter().flatten());
                numbers.map(|number| &list.chunks[*number])
            };
            let (mut min, mut max, mut summaries) = (None, None, Vec::new());
            if column.root.is_primitive() {
                (min, max) = self.bounds(leaves.start, &column.leaves[0], column.value_type());
            } else {
                summaries.reserve_exact(column.leaves.len());
                let types = column.leaf_types();
                let found = std::iter::zip(&column.leaves, types).enumerate();
                summaries.extend(found.map(|(number, (leaf, (data_type, is_repeated)))| {
                    let number = leaves.start + number;
                    let bounds = match is_repeated {
                        false => self.bounds(number, leaf, data_type),
                        true => (None, None),
                    };
                    self.leaf_summary(number, leaf, data_type, bounds)
                }));
            }
            columns.push(ColumnSummary {
                name: column.name().to_owned(),
                data_type: column.value_type().clone(),
                field_id: column.field_id(),
                nulls: *nulls,
                min,
                max,
                compressed_bytes: chunks().map(|chunk| chunk.compressed).sum(),
                uncompressed_bytes: chunks().map(|chunk| chunk.uncompressed).sum(),
                leaves: summaries.into(),
            });
        }
        FileSummary {
            name: String::new(),
            rows: self.rows,
            bytes: self.position,
            row_groups: groups.len(),
            row_group_offsets: groups.iter().map(|group| group.offset).collect(),
            columns,
            sort_order: self.sort_order(),
        }
    }

    /// Returns the numbers of the chunks of a leaf, given by its number in the file.
    fn chunks_of(&self, leaf: usize) -> impl Iterator<Item = usize> {
        let groups = self.footer.row_groups.iter();
        groups.filter_map(move |group| group.chunks[leaf])
    }

    /// Returns the bounds of a leaf, given by its number in the file.
    fn bounds(
        &self,
        number: usize,
        leaf: &Leaf,
        data_type: &DataType,
    ) -> (Option<Bound>, Option<Bound>) {
        let range = self.footer.chunks.range(leaf.order, self.chunks_of(number));
        let bounds = range.and_then(|(min, max)| {
            let bound = |bytes| Bound::from_plain(data_type, bytes);
            Some((bound(min)?, bound(max)?))
        });
        bounds.unzip()
    }

    fn leaf_summary(
        &self,
        number: usize,
        leaf: &Leaf,
        data_type: &DataType,
        (min, max): (Option<Bound>, Option<Bound>),
    ) -> LeafSummary {
        let list = &self.footer.chunks.chunks;
        let chunks = || self.chunks_of(number).map(|chunk| &list[chunk]);
        LeafSummary {
            path: Arc::clone(&leaf.dotted_path),
            data_type: data_type.clone(),
            field_id: leaf.field_id,
            values: chunks().map(|chunk| chunk.values).sum(),
            nulls: chunks().map(|chunk| chunk.nulls).sum(),
            min,
            max,
            compressed_bytes: chunks().map(|chunk| chunk.compressed).sum(),
        }
    }

    fn sort_order(&self) -> Vec<SortingColumn> {
        if self
            .footer
            .row_groups
            .iter()
            .any(|group| group.sorting.is_empty())
        {
            return Vec::new();
        }
        let leaves = || {
            let columns = self.columns.iter();
            columns.flat_map(|column| column.column.leaves.iter().map(move |leaf| (column, leaf)))
        };
        let columns: Vec<&FileColumn> = leaves().map(|(column, _)| column).collect();
        let orders: Vec<Order> = leaves().map(|(_, leaf)| leaf.order).collect();
        let order = self.footer.sort_order(&orders, |leaf| columns[leaf].nulls);
        let order = order
            .into_iter()
            .map(|(leaf, descending, nulls_first)| SortingColumn {
                name: columns[leaf as usize].column.name().to_owned(),
                descending,
                nulls_first,
            });
        order.collect()
    }
}

/// Returns an error unless an array has the type of the column and `rows` rows.
fn check_array(column: &Column, array: &ArrayRef, rows: usize) -> Result<(), FileError> {
    if array.len() != rows {
        let fault = format!("the column has {} rows instead of {rows}", array.len());
        return Err(FileError::encode(column.name(), fault));
    }
    let data_type = array.data_type();
    if value_type(data_type) != column.value_type()
        && !column.accepts(&Field::new(column.name(), data_type.clone(), true))
    {
        return Err(FileError::ColumnType {
            column: column.name().to_owned(),
            expected: Box::new(column.value_type().clone()),
            found: Box::new(data_type.clone()),
        });
    }
    Ok(())
}
