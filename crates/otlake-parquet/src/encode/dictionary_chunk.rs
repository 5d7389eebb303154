//! A chunk with a dictionary page: entries, and indices into them.

use crate::page::bound_store::{BoundStore, Bounds};
use crate::page::chunk_draft::DictionaryPage;
use crate::page::encoding::Encoding;
use crate::page::page_writer::PageWriter;
use crate::page::rle::{bit_width, put_indices, uniform};

/// The entries of a dictionary page. Each of them occurs in the chunk, and no two are equal.
pub(crate) trait DictionaryEntries {
    fn len(&self) -> usize;

    /// Returns the size of the dictionary page.
    fn page_bytes(&self) -> usize;

    /// Appends all entries in their plain encoding.
    fn put(&self, out: &mut Vec<u8>);

    /// Adds the bounds of the entries for which `occurs` returns true. Returns `None` if they have no bounds.
    fn bounds(&self, store: &mut BoundStore, occurs: impl Fn(usize) -> bool) -> Option<Bounds>;
}

/// Writes the dictionary page and the data pages, into which the chunk is cut already.
pub(crate) fn write(
    writer: &mut PageWriter<'_>,
    entries: &impl DictionaryEntries,
    indices: &[u32],
) {
    let count = entries.len();
    let width = bit_width(count as u64 - 1);
    writer.make_room(entries.page_bytes() + packed_bytes(indices.len(), width));
    entries.put(&mut writer.draft.body);
    writer.draft.dictionary = Some(DictionaryPage {
        end: writer.draft.body.len(),
        values: count,
    });
    writer.draft.distinct = Some(count as u64);
    let pages = writer.pages();
    for page in 0..pages {
        let slice = writer.begin_page(page);
        let indices = &indices[slice.values.clone()];
        put_indices(&mut writer.draft.body, indices, width);
        let bounds = &mut writer.draft.bounds;
        let bounds = if pages == 1 {
            entries.bounds(bounds, |_| true)
        } else {
            let occurring = &mut writer.buffers.occurring;
            mark_occurring(occurring, count, indices);
            entries.bounds(bounds, |entry| occurring[entry] != 0)
        };
        writer.end_page(&slice, Encoding::RLE_DICTIONARY, bounds);
    }
}

/// Returns the maximum number of bytes of encoded indices. They are packed in groups of eight. The last term
/// bounds what runs add.
pub(crate) fn packed_bytes(indices: usize, width: u32) -> usize {
    (indices + 8) * width as usize / 8 + indices / 4
}

/// Sets a flag to 1 for each of `count` entries that is among `indices`, and to 0 for all others. Returns the
/// number of entries that occur.
pub(crate) fn mark_occurring(flags: &mut Vec<u8>, count: usize, indices: &[u32]) -> usize {
    flags.clear();
    flags.resize(count, 0);
    let mut found = 0;
    let mut last = u32::MAX;
    for block in indices.chunks(64) {
        // Long runs are skipped, and a few common values are all found soon.
        if uniform(block, last) {
            continue;
        }
        for &index in block {
            let flag = &mut flags[index as usize];
            found += usize::from(*flag ^ 1);
            *flag = 1;
        }
        if found == count {
            break;
        }
        last = block[block.len() - 1];
    }
    found
}
