//! `BOOLEAN`: a bit each.

use arrow_buffer::BooleanBuffer;

use crate::page::bounds;
use crate::page::chunk::Encoding;
use crate::page::page_writer::Target;

/// Encodes `values`, nulls included.
pub(crate) fn draft(target: &mut Target<'_>, values: &BooleanBuffer) {
    // As if of a byte each: pages of bits are small even so.
    target.cut(1);
    let values = match target.levels.nulls() {
        Some(nulls) => nulls.valid_indices().map(|row| values.value(row)).collect(),
        None => values.clone(),
    };
    for page in 0..target.pages.slices.len() {
        let slice = target.begin_page(page);
        let bits = values.slice(slice.values.start, slice.values.len());
        let chunks = bits.bit_chunks();
        let body = &mut target.draft.body;
        let start = body.len();
        chunks
            .iter_padded()
            .for_each(|word| body.extend_from_slice(&word.to_le_bytes()));
        body.truncate(start + bits.len().div_ceil(8));
        let bounds = (!bits.is_empty()).then(|| {
            let (min, max) = (u8::from(!bits.has_false()), u8::from(bits.has_true()));
            bounds::put_number(target.draft, &[min], &[max])
        });
        target.end_page(&slice, Encoding::PLAIN, bounds);
    }
}
