use super::Malformed;

/// Reads a varint. Nearly all are one byte: tags below 16 and lengths below 128.
#[inline]
pub(super) fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    match rest.split_first() {
        Some((&byte, after)) if byte < 0x80 => {
            *rest = after;
            Ok(u64::from(byte))
        }
        _ => long_varint(rest),
    }
}

fn long_varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0;
    for (index, byte) in rest.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if *byte < 0x80 {
            *rest = &rest[index + 1..];
            return Ok(value);
        }
    }
    Err(if rest.len() < 10 {
        Malformed::Truncated
    } else {
        Malformed::Varint
    })
}

#[inline]
pub(super) fn content<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let len = varint(rest)?;
    take(rest, len)
}

#[inline]
fn take<'a>(rest: &mut &'a [u8], len: u64) -> Result<&'a [u8], Malformed> {
    let len = usize::try_from(len).map_err(|_| Malformed::Truncated)?;
    let (content, after) = rest.split_at_checked(len).ok_or(Malformed::Truncated)?;
    *rest = after;
    Ok(content)
}

#[inline]
pub(super) fn skip(tag: u64, rest: &mut &[u8]) -> Result<(), Malformed> {
    match tag & 7 {
        0 => varint(rest).map(drop),
        1 => take(rest, 8).map(drop),
        2 => content(rest).map(drop),
        5 => take(rest, 4).map(drop),
        _ => Err(Malformed::WireType),
    }
}
