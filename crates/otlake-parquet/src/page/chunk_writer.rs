//! A column chunk, from the bodies of its pages to its bytes and metadata.

use std::io;

use crate::compress::compressor::{Compressor, UNCOMPRESSED};
use crate::error::FileError;
use crate::file::chunk_list::{ChunkList, ChunkMetadata, PageLocation};
use crate::file::column::Leaf;
use crate::file::column_metadata;
use crate::page::chunk_draft::{ChunkDraft, DataPage};
use crate::page::page_header;
use crate::room::make_room;

/// A page with fewer bytes than this is not compressed: the call takes microseconds whatever the page,
/// and the page's header and metadata are larger than anything it could save.
const SMALL: usize = 128;

/// The same limit for a page of bit-packed numbers, which rarely get 10 % smaller.
const SMALL_PACKED: usize = 2048;

/// The same limit for bit-packed numbers after the levels of a column with nulls, which may be regular.
const SMALL_SPARSE: usize = 512;

/// The bytes from the middle of a larger packed page that are compressed to see whether compression is
/// worth it: for timestamps and ids as packed deltas it is not.
const PROBE: usize = 1024;

/// The maximum number of bytes of a page header, without the bounds of its values.
const HEADER: usize = 64;

/// The format has 32 bits for the size of a page, and compression may add a little.
const LARGEST_PAGE: usize = i32::MAX as usize - (16 << 20);

/// Writes a drafted chunk.
#[derive(Clone, Copy)]
pub(crate) struct ChunkWriter<'a> {
    pub(crate) draft: &'a ChunkDraft,
    /// The name of the top-level column, for errors.
    pub(crate) column: &'a str,
    pub(crate) leaf: &'a Leaf,
}

/// Sizes of a chunk's pages, headers included.
struct PageSizes {
    /// All pages before compression.
    uncompressed: u64,
    /// The dictionary page as written; 0 if there is none.
    dictionary: u64,
}

impl ChunkWriter<'_> {
    /// Compresses the pages and appends them with their headers to `out`, whose first byte is at `base`
    /// of the file or row group. Appends the chunk's metadata to `list`.
    pub(crate) fn write(
        self,
        compressor: &mut Compressor,
        out: &mut Vec<u8>,
        base: u64,
        list: &mut ChunkList,
    ) -> Result<(), FileError> {
        let Self { draft, leaf, .. } = self;
        let start = out.len();
        let mut codec = compressor.codec();
        let mut bodies = draft.bodies();
        if bodies.all(|(body, page)| body.len() < self.smallest(page)) {
            codec = UNCOMPRESSED;
        }
        let pages = list.pages.len();
        let mut sizes = self.put_pages(codec, compressor, out, &mut list.pages)?;
        let written = (out.len() - start) as u64;
        if codec != UNCOMPRESSED && written >= sizes.uncompressed - (sizes.uncompressed >> 5) {
            // Less than 3 % saved: not worth the reader's time. Random ids end here.
            out.truncate(start);
            list.pages.truncate(pages);
            codec = UNCOMPRESSED;
            sizes = self.put_pages(codec, compressor, out, &mut list.pages)?;
        }
        let compressed = (out.len() - start) as u64;

        let column_index =
            column_metadata::put_column_index(&mut list.column_indexes, draft, leaf.order);
        let head = list.metadata.len();
        let sums = column_metadata::Sums {
            codec,
            uncompressed: sizes.uncompressed,
            compressed,
        };
        column_metadata::put_head(&mut list.metadata, draft, leaf, &sums);
        let tail = list.metadata.len();
        let bounds = draft.chunk_bounds(leaf.order);
        let range = column_metadata::put_tail(&mut list.metadata, draft, bounds.as_ref());
        list.chunks.push(ChunkMetadata {
            offset: base + start as u64,
            dictionary_bytes: sizes.dictionary,
            head: head..tail,
            tail: tail..list.metadata.len(),
            range,
            column_index,
            pages: pages..list.pages.len(),
            bloom_filter: None,
            compressed,
            uncompressed: sizes.uncompressed,
            values: draft.pages.iter().map(|page| page.values as u64).sum(),
            nulls: draft.pages.iter().map(|page| page.nulls as u64).sum(),
        });
        Ok(())
    }

    fn put_pages(
        self,
        codec: i32,
        compressor: &mut Compressor,
        out: &mut Vec<u8>,
        locations: &mut Vec<PageLocation>,
    ) -> Result<PageSizes, FileError> {
        let mut sizes = PageSizes {
            uncompressed: 0,
            dictionary: 0,
        };
        for (body, page) in self.draft.bodies() {
            if body.len() > LARGEST_PAGE {
                return Err(FileError::PageTooLarge {
                    column: self.column.to_owned(),
                    bytes: body.len(),
                });
            }
            let stored = if codec == UNCOMPRESSED {
                body
            } else {
                let compression = compressor.compression();
                self.compress(body, page, compressor)
                    .map_err(|source| FileError::Compress {
                        column: self.column.to_owned(),
                        compression,
                        source,
                    })?
            };
            let before = out.len();
            make_room(out, stored.len() + HEADER);
            page_header::put(out, self.draft, body.len(), stored.len(), page);
            sizes.uncompressed += (out.len() - before + body.len()) as u64;
            out.extend_from_slice(stored);
            let bytes = out.len() - before;
            match page {
                Some(page) => locations.push(PageLocation {
                    bytes: bytes as u32,
                    first_row: page.first_row as u64,
                }),
                None => sizes.dictionary = bytes as u64,
            }
        }
        Ok(sizes)
    }

    /// Returns the body as a page of a compressed chunk, possibly stored as it is.
    fn compress<'c>(
        self,
        body: &[u8],
        page: Option<&DataPage>,
        compressor: &'c mut Compressor,
    ) -> io::Result<&'c [u8]> {
        let packed = page.is_some_and(|page| page.encoding.is_packed());
        if compressor.can_store()
            && (body.len() < self.smallest(page) || (packed && !shrinks(body, compressor)?))
        {
            return Ok(compressor.store(body));
        }
        compressor.compress(body)
    }

    /// Returns the smallest size for which compressing a page is worth it.
    fn smallest(self, page: Option<&DataPage>) -> usize {
        match page {
            // The levels of lists and maps are regular, and most of the page where they are short.
            Some(page) if page.encoding.is_packed() && self.leaf.max_repetition_level == 0 => {
                if page.nulls == 0 {
                    SMALL_PACKED
                } else {
                    SMALL_SPARSE
                }
            }
            _ => SMALL,
        }
    }
}

/// Returns whether a part of a large page gets smaller. Compressing a small page costs as little as probing it.
fn shrinks(body: &[u8], compressor: &mut Compressor) -> io::Result<bool> {
    if body.len() < 4 * PROBE {
        return Ok(true);
    }
    let middle = (body.len() - PROBE) / 2;
    let stored = compressor.compress(&body[middle..middle + PROBE])?.len();
    Ok(stored < PROBE - PROBE / 32)
}
