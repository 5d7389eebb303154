//! `BOOLEAN`: a bit each.

use arrow_buffer::BooleanBuffer;

use crate::bounds;
use crate::chunk::Encoding;
use crate::target::Target;

/// Encodes `values`, nulls included.
pub(crate) fn draft(target: &mut Target<'_>, values: &BooleanBuffer) {
    // A page of a MiB of bits is far beyond any limit of rows.
    target.cut(1);
    for page in 0..target.pages.slices.len() {
        let slice = target.begin_page(page);
        let all = values.slice(slice.row, slice.rows);
        let nulls = target.nulls.map(|nulls| nulls.slice(slice.row, slice.rows));
        let bits = match nulls.filter(|nulls| nulls.null_count() > 0) {
            Some(nulls) => nulls.valid_indices().map(|row| all.value(row)).collect(),
            None => all,
        };
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
