//! Queries whose requests and bytes are counted.

use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelector,
};
use parquet::arrow::push_decoder::ParquetPushDecoderBuilder;
use parquet::file::metadata::ParquetMetaData;

use otlake_dataset::TableFiles;
use otlake_schema::Table;
use otlake_storage::InMemoryStorage;

use crate::Result;
use crate::filter::{Filter, Wanted, is_match, may_have, may_have_chunk, pages};
use crate::reads::Reads;

/// A query for some columns of the rows that match all filters.
pub struct Query {
    pub table: Table,
    pub columns: Vec<&'static str>,
    pub filters: Vec<Filter>,
}

impl Query {
    /// Returns a line with the figures.
    pub fn run(&self, storage: &InMemoryStorage) -> Result<String> {
        let mut reads = Reads::new(storage);
        let (mut files, mut decoded, mut matched) = (0, 0, 0);
        for file in TableFiles::load(storage, self.table)?.files() {
            if !self.filters.iter().all(|filter| may_have(file, filter)) {
                continue;
            }
            files += 1;
            let metadata = reads.metadata(file)?;
            let (groups, selection) = self.selection(&metadata, &file.name, &mut reads)?;
            if groups.is_empty() {
                continue;
            }
            let metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new())?;
            let columns = self
                .columns
                .iter()
                .chain(self.filters.iter().map(|(column, _)| column));
            let mask = ProjectionMask::columns(metadata.parquet_schema(), columns.copied());
            let mut decoder = ParquetPushDecoderBuilder::new_with_metadata(metadata)
                .with_row_groups(groups)
                .with_row_selection(selection)
                .with_projection(mask)
                .build()?;
            loop {
                match decoder.try_decode()? {
                    DecodeResult::NeedsData(ranges) => {
                        let bytes = reads.read_all(&file.name, &ranges)?;
                        decoder.push_ranges(ranges, bytes)?;
                    }
                    DecodeResult::Data(batch) => {
                        decoded += batch.num_rows();
                        let is_match = |row: &usize| {
                            self.filters
                                .iter()
                                .all(|filter| is_match(&batch, *row, filter))
                        };
                        matched += (0..batch.num_rows()).filter(is_match).count();
                    }
                    DecodeResult::Finished => break,
                }
            }
        }
        let (requests, bytes) = (reads.requests, reads.bytes);
        let filters: Vec<_> = self.filters.iter().map(|(column, _)| *column).collect();
        Ok(format!(
            "{filters:?}: {requests} requests, {bytes} bytes, {files} files, {decoded} rows to filter, {matched} match"
        ))
    }

    /// Returns the row groups that may have rows, and the rows of their pages that may match.
    fn selection(
        &self,
        metadata: &ParquetMetaData,
        name: &str,
        reads: &mut Reads<'_>,
    ) -> Result<(Vec<usize>, RowSelection)> {
        let (mut groups, mut selectors) = (Vec::new(), Vec::new());
        for (number, group) in metadata.row_groups().iter().enumerate() {
            let rows = usize::try_from(group.num_rows())?;
            let mut selection = RowSelection::from(vec![RowSelector::select(rows)]);
            let mut may_match = rows > 0;
            for (column, wanted) in &self.filters {
                let mut chunks = group.columns().iter();
                let leaf = chunks.position(|chunk| chunk.column_path().string() == *column);
                let leaf = leaf.ok_or("a file lacks a column of its manifest")?;
                let chunk = group.column(leaf);
                may_match = may_match && may_have_chunk(chunk, wanted);
                if may_match && let Some(pages) = pages(metadata, number, leaf, rows, wanted) {
                    selection = selection.intersection(&pages);
                }
            }
            for (column, wanted) in &self.filters {
                let mut chunks = group.columns().iter();
                let chunk = chunks.find(|chunk| chunk.column_path().string() == *column);
                if let (true, Wanted::Text(text), Some(chunk)) =
                    (may_match && selection.selects_any(), wanted, chunk)
                {
                    may_match = reads.may_contain(name, chunk, text)?;
                }
            }
            if may_match && selection.selects_any() {
                groups.push(number);
                selectors.extend(Vec::<RowSelector>::from(selection));
            }
        }
        Ok((groups, selectors.into()))
    }
}
