//! The smallest parts of a JSON text.

use bumpalo::Bump;

use super::text::unescape;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    False,
    True,
    Number,
    /// A string as it stands in the text.
    String,
    /// A string with escapes.
    Escaped,
    Array,
    Object,
}

/// A value, or the name of a member, which is the string before its value.
///
/// Positions have 32 bits, so that twice as many tokens fit the cache.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Where it begins; of a string its content.
    pub(crate) start: u32,
    /// Where it ends. Of an array or an object how many tokens it has, itself included.
    pub(crate) end: u32,
}

impl Token {
    /// Positions have to be below [`LONGEST`].
    #[inline]
    pub(crate) fn new(kind: Kind, start: usize, end: usize) -> Token {
        Token {
            kind,
            start: start as u32,
            end: end as u32,
        }
    }

    /// The text of a number, or what stands between the quotes of a string.
    #[inline]
    pub(crate) fn of(self, json: &[u8]) -> &[u8] {
        &json[self.start as usize..self.end as usize]
    }

    /// The text of a number or a string without escapes, which go to the arena.
    #[inline]
    pub(crate) fn text<'r>(self, json: &'r [u8], arena: &'r Bump) -> &'r [u8] {
        match self.kind {
            Kind::Escaped => unescape(self.of(json), arena),
            _ => self.of(json),
        }
    }

    /// How many tokens the value has.
    #[inline]
    pub(crate) fn tokens(&self) -> usize {
        match self.kind {
            Kind::Array | Kind::Object => self.end as usize,
            _ => 1,
        }
    }
}

/// The longest text whose positions a token can have.
pub(crate) const LONGEST: usize = u32::MAX as usize;
