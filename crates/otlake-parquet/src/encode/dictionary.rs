//! A chunk with a dictionary page: entries, and indices into them.

use crate::page::chunk::{Bounds, Dictionary, Draft, Encoding};
use crate::page::page_writer::Target;
use crate::page::rle::{bit_width, put_indices};

/// The entries of a dictionary page; each of them occurs, and none twice.
pub(crate) trait Entries {
    fn len(&self) -> usize;

    /// Appends all of them, plain-encoded.
    fn put(&self, out: &mut Vec<u8>);

    /// Appends the bounds of those that `occurs` says yes to; none if none of them compares.
    fn bounds(&self, draft: &mut Draft, occurs: impl Fn(usize) -> bool) -> Option<Bounds>;
}

/// Writes the chunk. The target is cut into pages already.
pub(crate) fn put(target: &mut Target<'_>, entries: &impl Entries, indices: &[u32]) {
    let count = entries.len();
    entries.put(&mut target.draft.body);
    target.draft.dictionary = Some(Dictionary {
        end: target.draft.body.len(),
        values: count,
    });
    let width = bit_width(count as u64 - 1);
    let pages = target.pages.slices.len();
    for page in 0..pages {
        let slice = target.begin_page(page);
        let indices = &indices[slice.values.clone()];
        put_indices(&mut target.draft.body, indices, width);
        let bounds = if pages == 1 {
            entries.bounds(target.draft, |_| true)
        } else {
            let used = &mut target.pages.used;
            used.clear();
            used.resize(count, 0);
            mark(used, indices);
            entries.bounds(target.draft, |number| used[number] != 0)
        };
        target.end_page(&slice, Encoding::RLE_DICTIONARY, bounds);
    }
}

/// Sets `used` to 1 for the indices that occur, and returns how many of them there are.
pub(crate) fn mark(used: &mut [u8], indices: &[u32]) -> usize {
    let mut count = 0;
    let mut last = u32::MAX;
    for block in indices.chunks(64) {
        // Long runs are passed over, and a few common values are all seen soon.
        if crate::page::rle::uniform(block, last) {
            continue;
        }
        for &index in block {
            let seen = &mut used[index as usize];
            count += usize::from(*seen ^ 1);
            *seen = 1;
        }
        if count == used.len() {
            break;
        }
        last = block[block.len() - 1];
    }
    count
}
