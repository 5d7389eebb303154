//! Minima and maxima in their plain encoding; of byte strings cut to the length they may have.

use crate::page::chunk::{Bound, Bounds, Draft};

/// Appends the bounds `min` and `max` to `draft`, cut to the bytes that it allows.
pub(crate) fn put(draft: &mut Draft, min: &[u8], max: &[u8], utf8: bool) -> Bounds {
    let limit = draft.truncate;
    Bounds {
        min: put_min(draft, min, utf8, limit),
        max: put_max(draft, max, utf8, limit),
    }
}

/// Appends the bounds of a number, whose bytes are all of it.
pub(crate) fn put_number(draft: &mut Draft, min: &[u8], max: &[u8]) -> Bounds {
    Bounds {
        min: draft.exact_bound(min),
        max: draft.exact_bound(max),
    }
}

/// A prefix is not greater than the whole.
fn put_min(draft: &mut Draft, value: &[u8], utf8: bool, limit: usize) -> Bound {
    match cut(value, utf8, limit) {
        Some(prefix) => Bound {
            exact: false,
            ..draft.exact_bound(prefix)
        },
        None => draft.exact_bound(value),
    }
}

/// A prefix whose last character or byte is one greater is greater than the whole. If there is none,
/// as of bytes that are all 0xff, the whole value stays.
fn put_max(draft: &mut Draft, value: &[u8], utf8: bool, limit: usize) -> Bound {
    let Some(prefix) = cut(value, utf8, limit) else {
        return draft.exact_bound(value);
    };
    let start = draft.bounds.len();
    draft.bounds.extend_from_slice(prefix);
    let incremented = match std::str::from_utf8(prefix) {
        Ok(text) if utf8 => increment_text(&mut draft.bounds, start, text),
        _ => increment_bytes(&mut draft.bounds, start),
    };
    if incremented {
        Bound {
            bytes: start..draft.bounds.len(),
            exact: false,
        }
    } else {
        draft.bounds.truncate(start);
        draft.exact_bound(value)
    }
}

/// The longest prefix of at most `limit` bytes, whole characters if it is text; none if the value is
/// short enough, or no character fits.
fn cut(value: &[u8], utf8: bool, limit: usize) -> Option<&[u8]> {
    if value.len() <= limit {
        return None;
    }
    let mut end = limit;
    if utf8 {
        // A byte 10xxxxxx goes on with a character.
        while end > 0 && value[end] & 0xc0 == 0x80 {
            end -= 1;
        }
    }
    (end > 0).then(|| &value[..end])
}

fn increment_bytes(bytes: &mut Vec<u8>, start: usize) -> bool {
    while let Some(last) = bytes[start..].last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return true;
        }
        bytes.pop();
    }
    false
}

/// As the `parquet` crate: the next character must have the same length in bytes.
fn increment_text(bytes: &mut Vec<u8>, start: usize, text: &str) -> bool {
    for (at, character) in text.char_indices().rev() {
        let next = char::from_u32(character as u32 + 1);
        if let Some(next) = next.filter(|next| next.len_utf8() == character.len_utf8()) {
            bytes.truncate(start + at);
            bytes.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bounds_hold(value in prop::collection::vec(any::<u8>(), 0..12), limit in 1usize..8) {
            let mut draft = Draft { truncate: limit, ..Draft::default() };
            let bounds = put(&mut draft, &value, &value, false);
            let (min, max) = (&draft.bounds[bounds.min.bytes], &draft.bounds[bounds.max.bytes]);
            prop_assert!(min <= &value[..] && max >= &value[..]);
            prop_assert_eq!(bounds.min.exact, min == &value[..]);
            prop_assert_eq!(bounds.max.exact, max == &value[..]);
            prop_assert!(min.len() <= limit);
        }

        #[test]
        fn bounds_of_text_hold_and_are_text(value in "\\PC{0,6}|[a\u{7f}\u{7ff}\u{ffff}\u{10ffff}\u{d7ff}]{0,5}", limit in 1usize..8) {
            let mut draft = Draft { truncate: limit, ..Draft::default() };
            let bounds = put(&mut draft, value.as_bytes(), value.as_bytes(), true);
            let min = std::str::from_utf8(&draft.bounds[bounds.min.bytes]).unwrap();
            let max = std::str::from_utf8(&draft.bounds[bounds.max.bytes]).unwrap();
            prop_assert!(min <= value.as_str() && max >= value.as_str());
            prop_assert_eq!(bounds.min.exact, min == value);
            prop_assert_eq!(bounds.max.exact, max == value);
        }
    }
}
