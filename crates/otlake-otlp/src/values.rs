use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::Value;

use crate::RejectionReason;
use crate::limits::{InvalidUtf8, Limits};
use crate::record::Entries;
use crate::utf8::{short_ascii, valid_prefix};

/// What a decoder was told to hold senders to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) limits: Limits,
    pub(crate) invalid_utf8: InvalidUtf8,
}

/// Takes the values of one record, resource or scope, and notes where it goes over a limit. Nested
/// ones are laid out in the arena, everything else borrows from the payload.
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

    /// Notes that the record goes over a limit; of several the first counts.
    #[cold]
    pub(crate) fn reject(&mut self, rejection: RejectionReason) {
        self.rejection.get_or_insert(rejection);
    }

    /// Whether the record goes over a limit.
    pub(crate) fn is_rejected(&self) -> bool {
        self.rejection.is_some()
    }

    /// What was noted so far.
    #[inline]
    pub(crate) fn noted(&self) -> Noted {
        Noted {
            rejection: self.rejection,
            replaced: self.replaced,
            unknown: self.unknown,
        }
    }

    /// The bytes as a string. Where they are not UTF-8 the rules say what becomes of it.
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

    /// A string that is known to be UTF-8.
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

    /// The name of an attribute that was not predicted.
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

    /// The metadata of a metric. Each of its points has all of it, so there may be no more than of
    /// attributes.
    pub(crate) fn metadata(&mut self, metadata: Entries<'r>) -> Entries<'r> {
        let limit = self.rules.limits.attributes;
        if metadata.len() > limit {
            self.reject(RejectionReason::Attributes { limit });
        }
        metadata
    }

    /// The bytes of an id; those of broken senders have any length.
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

    /// An unsigned number as the row has it: as digits where it does not fit an Int.
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

    /// What an earlier occurrence of the same field held, to go on with: messages merge. It is copied, so
    /// it takes room again; pieces without end would cost more than their bytes otherwise.
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

    /// Whether there is room for one more nested value.
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
