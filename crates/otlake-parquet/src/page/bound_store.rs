//! Minima and maxima of pages, in their plain encoding.

use std::ops::Range;

/// The bounds of a chunk's pages. Byte strings are cut to a limit.
#[derive(Debug, Default)]
pub(crate) struct BoundStore {
    bytes: Vec<u8>,
    limit: usize,
}

/// A minimum and a maximum.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) min: Bound,
    pub(crate) max: Bound,
}

/// A bound, in the bytes of a [`BoundStore`].
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    bytes: Range<usize>,
    /// Whether the bound is a value that occurs, as opposed to a cut one.
    pub(crate) exact: bool,
}

impl BoundStore {
    /// Removes all bounds; the next ones have at most `limit` bytes.
    pub(crate) fn clear(&mut self, limit: usize) {
        self.bytes.clear();
        self.limit = limit;
    }

    pub(crate) fn get(&self, bound: &Bound) -> &[u8] {
        &self.bytes[bound.bytes.clone()]
    }

    /// Adds the bounds of byte strings, cut if they are too long.
    pub(crate) fn put(&mut self, min: &[u8], max: &[u8], utf8: bool) -> Bounds {
        Bounds {
            min: self.put_min(min, utf8),
            max: self.put_max(max, utf8),
        }
    }

    /// Adds bounds that are not cut, such as numbers.
    pub(crate) fn put_exact(&mut self, min: &[u8], max: &[u8]) -> Bounds {
        Bounds {
            min: self.put_bound(min, true),
            max: self.put_bound(max, true),
        }
    }

    /// Adds one bound as it is.
    pub(crate) fn put_bound(&mut self, value: &[u8], exact: bool) -> Bound {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        Bound {
            bytes: start..self.bytes.len(),
            exact,
        }
    }

    /// Adds a lower bound, cut to a prefix if it is too long: a prefix is not greater than the whole.
    fn put_min(&mut self, value: &[u8], utf8: bool) -> Bound {
        match cut(value, utf8, self.limit) {
            Some(prefix) => self.put_bound(prefix, false),
            None => self.put_bound(value, true),
        }
    }

    /// Adds an upper bound. If it is too long, it is cut to a prefix whose last character or byte is
    /// increased, which is greater than the whole. If there is no such prefix, as for bytes that are all
    /// 0xff, the whole value is kept.
    fn put_max(&mut self, value: &[u8], utf8: bool) -> Bound {
        let Some(prefix) = cut(value, utf8, self.limit) else {
            return self.put_bound(value, true);
        };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(prefix);
        let incremented = match std::str::from_utf8(prefix) {
            Ok(text) if utf8 => increment_text(&mut self.bytes, start, text),
            _ => increment_bytes(&mut self.bytes, start),
        };
        if incremented {
            Bound {
                bytes: start..self.bytes.len(),
                exact: false,
            }
        } else {
            self.bytes.truncate(start);
            self.put_bound(value, true)
        }
    }

    pub(crate) fn memory_size(&self) -> usize {
        self.bytes.capacity()
    }
}

/// Returns the longest prefix of at most `limit` bytes, which ends at a character if the value is text.
/// Returns `None` if the value is short enough, or if not even one character fits.
fn cut(value: &[u8], utf8: bool, limit: usize) -> Option<&[u8]> {
    if value.len() <= limit {
        return None;
    }
    let mut end = limit;
    if utf8 {
        // A byte 10xxxxxx continues a character.
        while end > 0 && value[end] & 0xc0 == 0x80 {
            end -= 1;
        }
    }
    (end > 0).then(|| &value[..end])
}

/// Increases the last byte of `bytes[start..]` that can be increased and removes those after it. Returns
/// whether there is one.
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

/// Increases the last character of `text`, the content of `bytes[start..]`, that can be increased and
/// removes those after it. Returns whether there is one. Like the `parquet` crate, this requires that the
/// next character has the same length in bytes.
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

    fn store(limit: usize) -> BoundStore {
        BoundStore {
            limit,
            ..BoundStore::default()
        }
    }

    proptest! {
        #[test]
        fn bounds_hold(value in prop::collection::vec(any::<u8>(), 0..12), limit in 1usize..8) {
            let mut store = store(limit);
            let bounds = store.put(&value, &value, false);
            let (min, max) = (store.get(&bounds.min), store.get(&bounds.max));
            prop_assert!(min <= &value[..] && max >= &value[..]);
            prop_assert_eq!(bounds.min.exact, min == &value[..]);
            prop_assert_eq!(bounds.max.exact, max == &value[..]);
            prop_assert!(min.len() <= limit);
        }

        #[test]
        fn bounds_of_text_hold_and_are_text(value in "\\PC{0,6}|[a\u{7f}\u{7ff}\u{ffff}\u{10ffff}\u{d7ff}]{0,5}", limit in 1usize..8) {
            let mut store = store(limit);
            let bounds = store.put(value.as_bytes(), value.as_bytes(), true);
            let min = std::str::from_utf8(store.get(&bounds.min)).unwrap();
            let max = std::str::from_utf8(store.get(&bounds.max)).unwrap();
            prop_assert!(min <= value.as_str() && max >= value.as_str());
            prop_assert_eq!(bounds.min.exact, min == value);
            prop_assert_eq!(bounds.max.exact, max == value);
        }
    }
}
