//! `BOOLEAN`: one bit per value.

use arrow_buffer::BooleanBuffer;

use crate::page::encoding::Encoding;
use crate::page::page_writer::PageWriter;

/// Encodes `values`, which include the slots of nulls.
pub(crate) fn encode(values: &BooleanBuffer, writer: &mut PageWriter<'_>) {
    // Pages are cut as if a value had a byte: pages of bits are small even so.
    writer.cut(1);
    let values = match writer.nulls() {
        Some(nulls) => nulls
            .valid_indices()
            .map(|slot| values.value(slot))
            .collect(),
        None => values.clone(),
    };
    for page in 0..writer.pages() {
        let slice = writer.begin_page(page);
        let bits = values.slice(slice.values.start, slice.values.len());
        let body = &mut writer.draft.body;
        let start = body.len();
        for word in bits.bit_chunks().iter_padded() {
            body.extend_from_slice(&word.to_le_bytes());
        }
        body.truncate(start + bits.len().div_ceil(8));
        let bounds = (!bits.is_empty()).then(|| {
            let (min, max) = (u8::from(!bits.has_false()), u8::from(bits.has_true()));
            writer.draft.bounds.put_exact(&[min], &[max])
        });
        writer.end_page(&slice, Encoding::PLAIN, bounds);
    }
}
