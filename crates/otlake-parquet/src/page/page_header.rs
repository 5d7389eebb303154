//! Thrift's `PageHeader`.

use crate::file::thrift::Fields;
use crate::page::chunk_draft::{ChunkDraft, DataPage};
use crate::page::encoding::Encoding;

/// The format's number of a version 1 data page.
pub(crate) const DATA_PAGE: i32 = 0;
/// The format's number of a dictionary page.
pub(crate) const DICTIONARY_PAGE: i32 = 2;

/// Appends the header of a data page or, without one, of the dictionary page of `draft`. The page's body
/// has `body` bytes before and `stored` bytes after compression.
pub(crate) fn put(
    out: &mut Vec<u8>,
    draft: &ChunkDraft,
    body: usize,
    stored: usize,
    page: Option<&DataPage>,
) {
    let mut header = Fields::new(out);
    let kind = match page {
        Some(_) => DATA_PAGE,
        None => DICTIONARY_PAGE,
    };
    header.i32(1, kind);
    header.i32(2, body as i32);
    header.i32(3, stored as i32);
    match page {
        Some(page) => header.structure(5, |fields| {
            fields.i32(1, page.values as i32);
            fields.i32(2, page.encoding.0);
            fields.i32(3, Encoding::RLE.0);
            fields.i32(4, Encoding::RLE.0);
        }),
        None => header.structure(7, |fields| {
            let values = draft.dictionary.as_ref().map_or(0, |page| page.values);
            fields.i32(1, values as i32);
            fields.i32(2, Encoding::PLAIN.0);
        }),
    }
    header.stop();
}
