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
    /// Whether rows have no attributes of records; see
    /// [`without_record_attributes`](crate::OtlpDecoderBuilder::without_record_attributes).
    pub(crate) skip_record_attributes: bool,
}

/// Reads the values of one record, resource or scope, and notes if it exceeds a limit. Nested values are
/// laid out in the arena; everything else borrows from the payload.
pub(crate) struct Values<'r> {
    pub(crate) arena: &'r Bump,
    pub(crate) rules: &'r Rules,
    nested: usize,
    replaced: u64,
    /// The values of which only the text is known.
    #[cfg(feature = "json")]
    foreign: usize,
    unknown: Unknown,
    rejection: Option<RejectionReason>,
}

/// Notes on the values of a record or a group.
pub(crate) struct Noted {
    pub(crate) rejection: Option<RejectionReason>,
    pub(crate) replaced: u64,
    pub(crate) unknown: Unknown,
}

/// The unknown fields: those that their message does not have.
#[derive(Clone, Copy, Default)]
pub(crate) struct Unknown {
    pub(crate) count: u64,
    /// The address of the first unknown field in the payload.
    pub(crate) first: usize,
}

impl Unknown {
    /// Counts an unknown field, whose value begins at `at`.
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
            #[cfg(feature = "json")]
            foreign: 0,
            unknown: Unknown::default(),
            rejection: None,
        }
    }

    /// Counts an unknown field, whose value begins at `at`.
    #[cold]
    pub(crate) fn unknown(&mut self, at: &[u8]) {
        self.unknown.add(at);
    }

    /// Returns the text of a value that has unknown members only, so that it is not lost.
    #[cfg(feature = "json")]
    #[cold]
    pub(crate) fn foreign(&mut self, text: &'r [u8]) -> Value<'r> {
        self.foreign += 1;
        Value::String(self.string(text))
    }

    /// Returns the number of values for which [`Self::foreign`] was called.
    #[cfg(feature = "json")]
    pub(crate) fn foreign_values(&self) -> usize {
        self.foreign
    }

    /// Rejects the record. If there are several reasons, the first one counts.
    #[cold]
    pub(crate) fn reject(&mut self, rejection: RejectionReason) {
        self.rejection.get_or_insert(rejection);
    }

    /// Returns whether the record is rejected.
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

    /// Returns bytes as a string. If they are not UTF-8, the rules decide whether they are replaced.
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

    /// Checks the length of a string that is known to be UTF-8, and returns it.
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

    /// Validates the name of an attribute that was not predicted, and returns it.
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

    /// Checks the size of a metric's metadata, and returns it. Each point has all of it, so the limit is that of
    /// attributes.
    pub(crate) fn metadata(&mut self, metadata: Entries<'r>) -> Entries<'r> {
        let limit = self.rules.limits.attributes;
        if metadata.len() > limit {
            self.reject(RejectionReason::Attributes { limit });
        }
        metadata
    }

    /// Checks the length of an id, and returns it. Broken senders send ids of any length.
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

    /// Returns an unsigned number as a value, which is a string of digits if it does not fit an `i64`.
    #[inline]
    pub(crate) fn unsigned(&self, value: u64) -> Value<'r> {
        match i64::try_from(value) {
            Ok(int) => Value::Int(int),
            Err(_) => self.digits(value),
        }
    }

    /// Passes an unsigned number to `push`, as the value that [`Self::unsigned`] returns.
    ///
    /// Pushing in each branch is faster than pushing what both return. The compiler would merge the branches in
    /// memory: it stores the value as words and copies it as a vector, which waits for the stores.
    #[inline]
    pub(crate) fn push_unsigned(&self, value: u64, push: impl FnOnce(Value<'r>)) {
        match i64::try_from(value) {
            Ok(int) => push(Value::Int(int)),
            Err(_) => self.push_digits(value, push),
        }
    }

    #[cold]
    #[inline(never)]
    fn push_digits(&self, value: u64, push: impl FnOnce(Value<'r>)) {
        push(self.digits(value));
    }

    #[cold]
    fn digits(&self, value: u64) -> Value<'r> {
        Value::String(self.arena.alloc_str(&value.to_string()))
    }

    /// Returns whether `depth` exceeds the limit, and rejects the record if so.
    pub(crate) fn too_deep(&mut self, depth: usize) -> bool {
        let limit = self.rules.limits.nesting_depth;
        let too_deep = depth > limit;
        if too_deep {
            self.reject(RejectionReason::NestingDepth { limit });
        }
        too_deep
    }

    /// Returns a copy of the values of an earlier occurrence of the same field, because messages merge.
    /// Copies count as nested values again. Otherwise a message in many pieces would take time and memory
    /// quadratic in its size.
    pub(crate) fn merged<T: Copy>(&mut self, before: &[T]) -> BumpVec<'r, T> {
        let mut values = BumpVec::new_in(self.arena);
        values.extend(before.iter().take_while(|_| self.room()));
        values
    }

    /// Returns how many of `count` nested values are within the limit, so that no more are allocated.
    pub(crate) fn room_for(&self, count: usize) -> usize {
        let limit = self.rules.limits.nested_values;
        count.min(limit.saturating_sub(self.nested))
    }

    /// Counts one more nested value, and returns whether it is within the limit.
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
