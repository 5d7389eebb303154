use std::ops::Range;

/// A field of a message: its number, its wire type and its position.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) wire_type: u8,
    /// The range of tag, length and content.
    pub(super) whole: Range<usize>,
    /// The range of the content alone.
    pub(super) content: Range<usize>,
}

/// Maximum nesting of groups, deeper than any decoder skips.
const MOST_GROUPS: usize = 200;

/// Returns the fields of a message, or `None` if the bytes are not a message. A group counts as one
/// field, because no OTLP message has one.
pub(super) fn fields(bytes: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let field = field(bytes, at, 0)?;
        at = field.whole.end;
        fields.push(field);
    }
    Some(fields)
}

fn field(bytes: &[u8], start: usize, groups: usize) -> Option<Field> {
    let mut at = start;
    let tag = varint(bytes, &mut at)?;
    let number = u32::try_from(tag >> 3).ok()?;
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
        3 if groups < MOST_GROUPS => group_end(bytes, at, number, groups)? - at,
        5 => 4,
        _ => return None,
    };
    let end = content.checked_add(len).filter(|end| *end <= bytes.len())?;
    Some(Field {
        number,
        wire_type,
        whole: start..end,
        content: content..end,
    })
}

/// Returns the position after the end of the group that began before `at`.
fn group_end(bytes: &[u8], mut at: usize, number: u32, groups: usize) -> Option<usize> {
    loop {
        let mut after = at;
        let tag = varint(bytes, &mut after)?;
        if tag == u64::from(number) << 3 | 4 {
            return Some(after);
        }
        at = field(bytes, at, groups + 1)?.whole.end;
    }
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

/// Encodes a length-delimited field: a string, bytes, a message, or packed numbers.
pub fn delimited_field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut field = Vec::with_capacity(content.len() + 8);
    push_delimited(&mut field, number, content, 0);
    field
}

/// Encodes a varint field in as few bytes as possible.
pub fn varint_field(number: u32, value: u64) -> Vec<u8> {
    let mut field = Vec::new();
    push_varint(&mut field, u64::from(number) << 3, 0);
    push_varint(&mut field, value, 0);
    field
}

/// Encodes a fixed64 field.
pub fn fixed64_field(number: u32, value: u64) -> Vec<u8> {
    let mut field = Vec::new();
    push_varint(&mut field, u64::from(number) << 3 | 1, 0);
    field.extend(value.to_le_bytes());
    field
}

/// Appends `value` as a varint. Adds `padding` redundant continuation bytes, which is valid up to
/// ten bytes in all.
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

/// Appends a length-delimited field.
pub(super) fn push_delimited(out: &mut Vec<u8>, number: u32, content: &[u8], padding: usize) {
    push_varint(out, u64::from(number) << 3 | 2, 0);
    push_varint(out, content.len() as u64, padding);
    out.extend_from_slice(content);
}
