use std::fmt;

/// Deeper values end the walk: it recurses, and a payload must not decide how far.
const MOST_NESTING: u32 = 100;

/// What a walk came by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Log records.
    pub records: usize,
    /// Attributes: of resources, scopes and records, and entries of nested maps.
    pub attributes: usize,
    /// Strings that are not empty: keys, values, names, URLs.
    pub strings: usize,
    /// Their bytes.
    pub string_bytes: usize,
}

/// The payload is not an `ExportLogsServiceRequest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// It ends inside a field.
    Truncated,
    /// A varint of more than ten bytes.
    Varint,
    /// A wire type that no field has, or a group.
    WireType,
    /// Values nested deeper than 100 levels.
    Nesting,
    /// A string that is not UTF-8.
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

/// Goes over every field of an `ExportLogsServiceRequest` down to the last nested value, and makes
/// nothing of it.
///
/// # Errors
///
/// When the bytes are not such a message. What they hold is not checked.
pub fn walk(payload: &[u8]) -> Result<Counts, Malformed> {
    let mut counts = Counts::default();
    let mut walk = Walk {
        counts: &mut counts,
        string: |_: &[u8]| Ok(()),
    };
    walk.request(payload)?;
    Ok(counts)
}

/// The same, and checks every string for itself, with SIMD.
///
/// # Errors
///
/// As [`walk`], and when a string is not UTF-8.
pub fn walk_utf8(payload: &[u8]) -> Result<Counts, Malformed> {
    let mut counts = Counts::default();
    let mut walk = Walk {
        counts: &mut counts,
        string: |bytes: &[u8]| match simdutf8::basic::from_utf8(bytes) {
            Ok(_) => Ok(()),
            Err(_) => Err(Malformed::Utf8),
        },
    };
    walk.request(payload)?;
    Ok(counts)
}

struct Walk<'a, F> {
    counts: &'a mut Counts,
    string: F,
}

/// The tags that matter: field number and wire type at once, so that a field of another wire type
/// is an unknown one.
const fn delimited(number: u64) -> u64 {
    number << 3 | 2
}
const F1: u64 = delimited(1);
const F2: u64 = delimited(2);
const F3: u64 = delimited(3);
const F4: u64 = delimited(4);
const F5: u64 = delimited(5);
const F6: u64 = delimited(6);
const F12: u64 = delimited(12);

impl<F: FnMut(&[u8]) -> Result<(), Malformed>> Walk<'_, F> {
    fn request(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 => self.resource_logs(content(&mut rest)?)?,
                tag => skip(tag, &mut rest)?,
            }
        }
        Ok(())
    }

    fn resource_logs(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 => self.resource(content(&mut rest)?)?,
                F2 => self.scope_logs(content(&mut rest)?)?,
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

    fn scope_logs(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F1 => self.scope(content(&mut rest)?)?,
                F2 => self.log_record(content(&mut rest)?)?,
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

    fn log_record(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        self.counts.records += 1;
        while !rest.is_empty() {
            match varint(&mut rest)? {
                F6 => self.key_value(content(&mut rest)?, 0)?,
                F3 | F12 => self.string(content(&mut rest)?)?,
                F5 => self.any_value(content(&mut rest)?, 0)?,
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

    /// An array's values or a map's entries. Not inlined, so that the flat values most payloads
    /// have do not pay for the recursion.
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

/// One byte in nearly all cases: tags below 16 and lengths below 128.
#[inline]
fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
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
fn content<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
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
fn skip(tag: u64, rest: &mut &[u8]) -> Result<(), Malformed> {
    match tag & 7 {
        0 => varint(rest).map(drop),
        1 => take(rest, 8).map(drop),
        2 => content(rest).map(drop),
        5 => take(rest, 4).map(drop),
        _ => Err(Malformed::WireType),
    }
}
