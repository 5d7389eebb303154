mod logs;
mod metrics;
mod traces;
mod wire;

use std::fmt;

use otlake_row::Signal;

use self::logs::Logs;
use self::metrics::Metrics;
use self::traces::Traces;
use self::wire::{content, skip, varint};

/// Maximum nesting of values. The walk is recursive, and a payload must not determine how deep it
/// gets.
const MOST_NESTING: u32 = 100;

/// Counts of what a walk visited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Log records, spans or data points.
    pub records: usize,
    /// Attributes of resources, scopes, records and messages inside records, and entries of nested
    /// maps.
    pub attributes: usize,
    /// Strings that are not empty: keys, values, names, URLs.
    pub strings: usize,
    /// Total length of the strings, in bytes.
    pub string_bytes: usize,
}

/// The payload is not an export request of the signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// The payload ends inside a field.
    Truncated,
    /// A varint has more than ten bytes.
    Varint,
    /// A wire type is unknown, or a group.
    WireType,
    /// Values are nested deeper than 100 levels.
    Nesting,
    /// A string is not UTF-8.
    Utf8,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the payload ends inside a field",
            Self::Varint => "a varint has more than ten bytes",
            Self::WireType => "a field has a wire type that is not in use",
            Self::Nesting => "values are nested too deep",
            Self::Utf8 => "a string is not UTF-8",
        })
    }
}

impl std::error::Error for Malformed {}

/// Visits every field of an export request down to the last nested value, and keeps nothing.
///
/// # Errors
///
/// Fails if the bytes are not such a message. Strings are not checked.
pub fn walk(signal: Signal, payload: &[u8]) -> Result<Counts, Malformed> {
    walk_with(signal, payload, |_| Ok(()))
}

/// Does the same as [`walk`], and checks each string separately, with SIMD.
///
/// # Errors
///
/// Fails like [`walk`], and if a string is not UTF-8.
pub fn walk_utf8(signal: Signal, payload: &[u8]) -> Result<Counts, Malformed> {
    walk_with(signal, payload, |bytes| {
        match simdutf8::basic::from_utf8(bytes) {
            Ok(_) => Ok(()),
            Err(_) => Err(Malformed::Utf8),
        }
    })
}

fn walk_with(signal: Signal, payload: &[u8], string: impl Strings) -> Result<Counts, Malformed> {
    let mut counts = Counts::default();
    let mut walk = Walk {
        counts: &mut counts,
        string,
    };
    match signal {
        Signal::Logs => walk.request::<Logs>(payload)?,
        Signal::Traces => walk.request::<Traces>(payload)?,
        Signal::Metrics => walk.request::<Metrics>(payload)?,
    }
    Ok(counts)
}

struct Walk<'a, F> {
    counts: &'a mut Counts,
    string: F,
}

/// Tags of the fields that matter. A tag combines field number and wire type, so a field with
/// another wire type counts as unknown.
const fn delimited(number: u64) -> u64 {
    number << 3 | 2
}
const F1: u64 = delimited(1);
const F2: u64 = delimited(2);
const F3: u64 = delimited(3);
const F4: u64 = delimited(4);
const F5: u64 = delimited(5);
const F6: u64 = delimited(6);
const F7: u64 = delimited(7);
const F8: u64 = delimited(8);
const F9: u64 = delimited(9);
const F10: u64 = delimited(10);
const F11: u64 = delimited(11);
const F12: u64 = delimited(12);
const F13: u64 = delimited(13);
const F15: u64 = delimited(15);

/// The message type inside the scopes of a signal.
trait Item {
    fn item<F: Strings>(walk: &mut Walk<'_, F>, bytes: &[u8]) -> Result<(), Malformed>;
}

/// A check of strings.
trait Strings: FnMut(&[u8]) -> Result<(), Malformed> {}

impl<F: FnMut(&[u8]) -> Result<(), Malformed>> Strings for F {}

impl<F: Strings> Walk<'_, F> {
    fn request<I: Item>(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 => self.resources::<I>(content(&mut rest)?)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    fn resources<I: Item>(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 => self.resource(content(&mut rest)?)?,
                F2 => self.scopes::<I>(content(&mut rest)?)?,
                F3 => self.string(content(&mut rest)?)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    fn resource(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 => self.key_value(content(&mut rest)?, 0)?,
                F3 => self.entity_ref(content(&mut rest)?)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    fn entity_ref(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 | F2 | F3 | F4 => self.string(content(&mut rest)?)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    fn scopes<I: Item>(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 => self.scope(content(&mut rest)?)?,
                F2 => I::item(self, content(&mut rest)?)?,
                F3 => self.string(content(&mut rest)?)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    fn scope(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 | F2 => self.string(content(&mut rest)?)?,
                F3 => self.key_value(content(&mut rest)?, 0)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    #[inline]
    fn key_value(&mut self, mut rest: &[u8], nesting: u32) -> Result<(), Malformed> {
        self.counts.attributes += 1;
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 => self.string(content(&mut rest)?)?,
                F2 => self.any_value(content(&mut rest)?, nesting)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    #[inline]
    fn any_value(&mut self, mut rest: &[u8], nesting: u32) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 => self.string(content(&mut rest)?)?,
                tag @ (F5 | F6) => self.nested(tag, content(&mut rest)?, nesting + 1)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    /// Walks the values of an array or the entries of a map. Not inlined, so that flat values,
    /// which most payloads have, do not pay for the recursion.
    #[inline(never)]
    fn nested(&mut self, kind: u64, mut rest: &[u8], nesting: u32) -> Result<(), Malformed> {
        if nesting > MOST_NESTING {
            return Err(Malformed::Nesting);
        }
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 if kind == F5 => self.any_value(content(&mut rest)?, nesting)?,
                F1 => self.key_value(content(&mut rest)?, nesting)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    #[inline]
    fn string(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        self.counts.strings += usize::from(!bytes.is_empty());
        self.counts.string_bytes += bytes.len();
        (self.string)(bytes)
    }
}
