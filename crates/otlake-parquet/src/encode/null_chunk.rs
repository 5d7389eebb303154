//! Chunks of a column that is null throughout, or that the row group lacks.

use crate::file::column::Leaf;
use crate::page::chunk_draft::{ChunkDraft, DataPage};
use crate::page::encoding::Encoding;
use crate::page::rle::put_constant_levels;

/// Drafts the chunk of `leaf` as one page. The page has few bytes however many rows there are, so the limits
/// of pages don't apply.
pub(crate) fn draft(draft: &mut ChunkDraft, leaf: &Leaf, rows: usize) {
    put_constant_levels(&mut draft.body, rows, 0, leaf.max_repetition_level);
    put_constant_levels(&mut draft.body, rows, 0, leaf.max_definition_level);
    draft.pages.push(DataPage {
        end: draft.body.len(),
        values: rows,
        first_row: 0,
        nulls: rows,
        encoding: Encoding::PLAIN,
        bounds: None,
    });
}
