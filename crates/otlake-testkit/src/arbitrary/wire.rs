use std::ops::Range;

/// One field of a message: its number, its wire type and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) wire_type: u8,
    /// Tag, length and content.
    pub(super) whole: Range<usize>,
    /// The content alone.
    pub(super) content: Range<usize>,
}

/// The fields of a message, or nothing when the bytes are none. Groups are not taken apart: no OTLP
/// message has one.
pub(super) fn fields(bytes: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let tag = varint(bytes, &mut at)?;
        let wire_type = (tag & 7) as u8;
        let mut content = at;
        let len = match wire_type {
            0 => {
                let mut end = at;
                varint(bytes, &mut end)?;
                end - at
            }
            1 => 8,
            2 => {
                let len = varint(bytes, &mut at)?;
                content = at;
                usize::try_from(len).ok()?
            }
            5 => 4,
            _ => return None,
        };
        let end = content.checked_add(len).filter(|end| *end <= bytes.len())?;
        fields.push(Field {
            number: u32::try_from(tag >> 3).ok()?,
            wire_type,
            whole: start..end,
            content: content..end,
        });
        at = end;
    }
    Some(fields)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Appends `value` as a varint; `padding` continuation bytes that add nothing make it longer than
/// needed, which is valid up to ten bytes in all.
pub(super) fn push_varint(out: &mut Vec<u8>, mut value: u64, padding: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    if padding == 0 {
        out.push(value as u8);
    } else {
        out.push(value as u8 | 0x80);
        out.extend(std::iter::repeat_n(0x80, padding - 1));
        out.push(0);
    }
}

/// Appends a field whose content has a length.
pub(super) fn push_delimited(out: &mut Vec<u8>, number: u32, content: &[u8], padding: usize) {
    push_varint(out, u64::from(number) << 3 | 2, 0);
    push_varint(out, content.len() as u64, padding);
    out.extend_from_slice(content);
}
