//! The tokens of a JSON text.

use bumpalo::Bump;

use super::text::unescape;

// A whole word, so that a token is copied as words: see `Value` of otlake-row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    Null,
    False,
    True,
    Number,
    /// A string without escapes.
    String,
    /// A string with escapes.
    Escaped,
    Array,
    Object,
    /// An object whose first two members are `key`, a string without escapes, and `value`, an object.
    KeyValue,
    /// An object whose only member is `stringValue`, a string without escapes.
    StringValue,
}

impl Kind {
    /// Returns whether the value is an object.
    #[inline]
    pub(crate) fn is_object(self) -> bool {
        matches!(self, Kind::Object | Kind::KeyValue | Kind::StringValue)
    }
}

/// A value, or the name of a member, which is the string before its value.
///
/// Positions have 32 bits, so that twice as many tokens fit the cache.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// The position at which it begins. For a string, this is the position of its content.
    pub(crate) start: u32,
    /// The position at which it ends. For an array or an object, this is the number of its tokens, itself
    /// included.
    pub(crate) end: u32,
}

impl Token {
    /// Creates a token. Positions must be below [`LONGEST`].
    #[inline]
    pub(crate) fn new(kind: Kind, start: usize, end: usize) -> Token {
        Token {
            kind,
            start: start as u32,
            end: end as u32,
        }
    }

    /// Returns the text of a number, or the text between the quotes of a string.
    #[inline]
    pub(crate) fn of(self, json: &[u8]) -> &[u8] {
        &json[self.start as usize..self.end as usize]
    }

    /// Returns the text of a number or a string. Escapes are resolved in the arena.
    #[inline]
    pub(crate) fn text<'r>(self, json: &'r [u8], arena: &'r Bump) -> &'r [u8] {
        match self.kind {
            Kind::Escaped => unescape(self.of(json), arena),
            _ => self.of(json),
        }
    }

    /// Returns the number of tokens of the value.
    #[inline]
    pub(crate) fn tokens(&self) -> usize {
        match self.kind {
            Kind::Array | Kind::Object | Kind::KeyValue | Kind::StringValue => self.end as usize,
            _ => 1,
        }
    }
}

/// The length of the longest text whose positions fit into a token.
pub(crate) const LONGEST: usize = u32::MAX as usize;
