use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::Value;

use crate::RejectionReason;
use crate::limits::{InvalidUtf8, Limits};
use crate::record::Entries;
use crate::utf8::{short_ascii, valid_prefix};

/// The limits and choices that a decoder was built with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) limits: Limits,
    pub(crate) invalid_utf8: InvalidUtf8,
}

/// Reads the values of one record, resource or scope, and notes if it exceeds a limit. Nested values are
/// laid out in the arena; everything else borrows from the payload.
pub(crate) struct Values<'r> {
    pub(crate) arena: &'r Bump,
    pub(crate) rules: &'r Rules,
    nested: usize,
    replaced: u64,
    unknown: Unknown,
    rejection: Option<RejectionReason>,
}

/// Notes about the values of a record.
pub(crate) struct Noted {
    pub(crate) rejection: Option<RejectionReason>,
    pub(crate) replaced: u64,
    pub(crate) unknown: Unknown,
}

/// The fields that no message has.
#[derive(Clone, Copy, Default)]
pub(crate) struct Unknown {
    pub(crate) count: u64,
    /// The address of the first of them in the payload.
    pub(crate) first: usize,
}

impl Unknown {
    /// Counts a field with its value at `at`.
    #[cold]
    pub(crate) fn add(&mut self, at: &[u8]) {
        if self.count == 0 {
            self.first = at.as_ptr().addr();
        }
        self.count += 1;
    }

    pub(crate) fn merge(&mut self, later: Unknown) {
        if self.count == 0 {
            self.first = later.first;
        }
        self.count += later.count;
    }
}

impl<'r> Values<'r> {
    #[inline]
    pub(crate) fn new(arena: &'r Bump, rules: &'r Rules) -> Values<'r> {
        Values {
            arena,
            rules,
            nested: 0,
            replaced: 0,
            unknown: Unknown::default(),
            rejection: None,
        }
    }

    /// Counts a field that no message has, with its value at `at`.
    #[cold]
    pub(crate) fn unknown(&mut self, at: &[u8]) {
        self.unknown.add(at);
    }

    /// Notes that the record exceeds a limit. The first of several reasons counts.
    #[cold]
    pub(crate) fn reject(&mut self, rejection: RejectionReason) {
        self.rejection.get_or_insert(rejection);
    }

    /// Returns whether the record exceeds a limit.
    pub(crate) fn is_rejected(&self) -> bool {
        self.rejection.is_some()
    }

    /// Returns the notes so far.
    #[inline]
    pub(crate) fn noted(&self) -> Noted {
        Noted {
            rejection: self.rejection,
            replaced: self.replaced,
            unknown: self.unknown,
        }
    }

    /// Returns bytes as a string. If they are not UTF-8, the rules say what happens.
    #[inline]
    pub(crate) fn string(&mut self, bytes: &'r [u8]) -> &'r str {
        match short_ascii(bytes) {
            Some(string) => string,
            None => self.checked_string(bytes),
        }
    }

    #[inline(never)]
    fn checked_string(&mut self, bytes: &'r [u8]) -> &'r str {
        self.check_length(bytes.len());
        match simdutf8::basic::from_utf8(bytes) {
            Ok(string) => string,
            Err(_) => self.invalid_string(bytes),
        }
    }

    /// Returns a string that is known to be UTF-8, and checks its length.
    #[cfg(feature = "opentelemetry-proto")]
    #[inline]
    pub(crate) fn text(&mut self, string: &'r str) -> &'r str {
        self.check_length(string.len());
        string
    }

    #[cold]
    fn invalid_string(&mut self, bytes: &'r [u8]) -> &'r str {
        match self.rules.invalid_utf8 {
            InvalidUtf8::Reject => {
                self.reject(RejectionReason::InvalidUtf8);
                valid_prefix(bytes)
            }
            InvalidUtf8::Replace => {
                self.replaced += 1;
                self.arena.alloc_str(&String::from_utf8_lossy(bytes))
            }
        }
    }

    /// Returns the name of an attribute that was not predicted.
    pub(crate) fn name(&mut self, bytes: &'r [u8]) -> &'r str {
        let limit = self.rules.limits.name_bytes;
        if bytes.len() > limit {
            self.reject(RejectionReason::NameBytes { limit });
        }
        self.string(bytes)
    }

    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &'r [u8]) -> Value<'r> {
        self.check_length(bytes.len());
        Value::Bytes(bytes)
    }

    /// Returns the metadata of a metric. Every point has all of it, so it is limited like attributes.
    pub(crate) fn metadata(&mut self, metadata: Entries<'r>) -> Entries<'r> {
        let limit = self.rules.limits.attributes;
        if metadata.len() > limit {
            self.reject(RejectionReason::Attributes { limit });
        }
        metadata
    }

    /// Returns the bytes of an id. Broken senders send any length.
    #[inline]
    pub(crate) fn id(&mut self, bytes: &'r [u8]) -> &'r [u8] {
        self.check_length(bytes.len());
        bytes
    }

    #[inline]
    fn check_length(&mut self, length: usize) {
        let limit = self.rules.limits.value_bytes;
        if length > limit {
            self.reject(RejectionReason::ValueBytes { limit });
        }
    }

    /// Returns an unsigned number as a value: as a string of digits if it does not fit an Int.
    #[inline]
    pub(crate) fn unsigned(&self, value: u64) -> Value<'r> {
        match i64::try_from(value) {
            Ok(int) => Value::Int(int),
            Err(_) => Value::String(self.arena.alloc_str(&value.to_string())),
        }
    }

    pub(crate) fn too_deep(&mut self, depth: usize) -> bool {
        let limit = self.rules.limits.nesting_depth;
        let too_deep = depth > limit;
        if too_deep {
            self.reject(RejectionReason::NestingDepth { limit });
        }
        too_deep
    }

    /// Returns a copy of the values of an earlier occurrence of the same field, because messages merge.
    /// Copies count as nested values again: pieces without end would cost more than their bytes otherwise.
    pub(crate) fn merged<T: Copy>(&mut self, before: &[T]) -> BumpVec<'r, T> {
        let mut values = BumpVec::new_in(self.arena);
        values.extend(before.iter().take_while(|_| self.room()));
        values
    }

    /// Returns how many of so many nested values there can be room for, to allocate no more than that.
    pub(crate) fn room_for(&self, count: usize) -> usize {
        let limit = self.rules.limits.nested_values;
        count.min(limit.saturating_sub(self.nested))
    }

    /// Returns whether there is room for one more nested value, and counts it.
    #[inline]
    pub(crate) fn room(&mut self) -> bool {
        self.nested += 1;
        let limit = self.rules.limits.nested_values;
        let room = self.nested <= limit;
        if !room {
            self.reject(RejectionReason::NestedValues { limit });
        }
        room
    }
}
