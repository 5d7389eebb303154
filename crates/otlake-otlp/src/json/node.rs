//! A value on the tape.

use bumpalo::Bump;

use super::scanner::Scanner;
use super::tape::Tape;
use super::token::{Kind, Token};
use crate::error::{Fault, InvalidPayloadKind, Result};

/// A value on the tape, with an arena for what does not borrow from the payload.
#[derive(Clone, Copy)]
pub(crate) struct Node<'r> {
    pub(crate) json: &'r [u8],
    pub(crate) token: Token,
    /// The tokens of the values inside.
    inside: &'r [Token],
    pub(crate) arena: &'r Bump,
}

impl<'r> Node<'r> {
    /// Creates a value from its tokens, of which there is at least one.
    #[inline]
    pub(crate) fn new(json: &'r [u8], tokens: &'r [Token], arena: &'r Bump) -> Node<'r> {
        Node {
            json,
            token: tokens[0],
            inside: &tokens[1..],
            arena,
        }
    }

    /// Returns the value with an arena that lives for a shorter time.
    #[inline]
    pub(crate) fn with_arena(self, arena: &'r Bump) -> Node<'r> {
        Node { arena, ..self }
    }

    /// Returns the members of an object. Null members are left out, because null means "not set" in proto3's JSON.
    #[inline]
    pub(crate) fn members(self) -> Result<Members<'r>> {
        if !self.token.kind.is_object() {
            return Err(self.expected("an object"));
        }
        Ok(Members {
            rest: self.inside,
            json: self.json,
            arena: self.arena,
        })
    }

    /// Returns the text of an object whose only member is `stringValue`, without escapes, in the spelling that
    /// [`Kind::StringValue`] has.
    #[inline]
    pub(crate) fn string_value(self) -> Option<&'r [u8]> {
        match self.inside {
            [_, text] if self.token.kind == Kind::StringValue => Some(text.of(self.json)),
            _ => None,
        }
    }

    /// Returns the members of an object that has only `key`, without escapes, and `value`, in this order.
    #[inline]
    pub(crate) fn key_and_value(self) -> Option<(&'r [u8], Node<'r>)> {
        match self.inside {
            [name, key, other, value @ ..] if value.first()?.tokens() == value.len() => {
                let same = self.token.kind == Kind::KeyValue
                    || self.token.kind == Kind::Object
                        && key.kind == Kind::String
                        && name.of(self.json) == b"key"
                        && other.of(self.json) == b"value";
                same.then(|| {
                    let value = Node::new(self.json, value, self.arena);
                    (key.of(self.json), value)
                })
            }
            _ => None,
        }
    }

    /// Returns the items of an array.
    #[inline]
    pub(crate) fn items(self) -> Result<Items<'r>> {
        match self.token.kind {
            Kind::Array => Ok(Items {
                rest: self.inside,
                json: self.json,
                arena: self.arena,
            }),
            _ => Err(self.expected("an array")),
        }
    }

    #[inline]
    pub(crate) fn is_null(&self) -> bool {
        self.token.kind == Kind::Null
    }

    #[inline]
    pub(crate) fn is_array(&self) -> bool {
        self.token.kind == Kind::Array
    }

    /// Returns a string. Its escapes are resolved, but it is not validated as UTF-8.
    #[inline]
    pub(crate) fn text(self) -> Result<&'r [u8]> {
        match self.token.kind {
            Kind::String | Kind::Escaped => Ok(self.token.text(self.json, self.arena)),
            _ => Err(self.expected("a string")),
        }
    }

    #[inline]
    pub(crate) fn boolean(self) -> Result<bool> {
        match self.token.kind {
            Kind::False => Ok(false),
            Kind::True => Ok(true),
            _ => Err(self.expected("true or false")),
        }
    }

    /// Returns the fault that the value is of another type.
    #[cold]
    pub(crate) fn expected(self, expected: &'static str) -> Box<Fault> {
        let found = match self.token.kind {
            Kind::Null => "null",
            Kind::False => "false",
            Kind::True => "true",
            Kind::Number => "a number",
            Kind::String | Kind::Escaped => "a string",
            Kind::Array => "an array",
            Kind::Object | Kind::KeyValue | Kind::StringValue => "an object",
        };
        self.fault(InvalidPayloadKind::JsonType { expected, found })
    }

    /// Returns the fault that the value is of the right type, but the field cannot have it.
    #[cold]
    pub(crate) fn invalid(self, expected: &'static str) -> Box<Fault> {
        self.fault(InvalidPayloadKind::JsonValue { expected })
    }

    fn fault(self, kind: InvalidPayloadKind) -> Box<Fault> {
        Fault::new(kind, self.text_from_here())
    }

    /// Returns the text of the payload from the beginning of the value on.
    #[cold]
    pub(crate) fn text_from_here(self) -> &'r [u8] {
        let quote = usize::from(matches!(self.token.kind, Kind::String | Kind::Escaped));
        &self.json[self.token.start as usize - quote..]
    }

    /// Returns the text of the value.
    #[cold]
    pub(crate) fn whole_text(self) -> &'r [u8] {
        let text = self.text_from_here();
        let mut scanner = Scanner::new(text);
        // The text has been scanned before, so it is well formed.
        let read = Tape::default().read(&mut scanner, self.arena).is_ok();
        debug_assert!(read);
        &text[..scanner.position()]
    }
}

/// An iterator over the members of an object; see [`Node::members`].
pub(crate) struct Members<'r> {
    rest: &'r [Token],
    json: &'r [u8],
    arena: &'r Bump,
}

impl<'r> Iterator for Members<'r> {
    type Item = (&'r [u8], Node<'r>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (name, rest) = self.rest.split_first()?;
            let value = split_value(rest, &mut self.rest)?;
            let value = Node::new(self.json, value, self.arena);
            if !value.is_null() {
                return Some((name.text(self.json, self.arena), value));
            }
        }
    }
}

/// An iterator over the items of an array; see [`Node::items`].
#[derive(Clone)]
pub(crate) struct Items<'r> {
    rest: &'r [Token],
    json: &'r [u8],
    arena: &'r Bump,
}

impl<'r> Iterator for Items<'r> {
    type Item = Node<'r>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let value = split_value(self.rest, &mut self.rest)?;
        Some(Node::new(self.json, value, self.arena))
    }
}

/// Splits off the tokens of the first value. The others go to `rest`.
#[inline]
fn split_value<'r>(tokens: &'r [Token], rest: &mut &'r [Token]) -> Option<&'r [Token]> {
    let (value, after) = tokens.split_at_checked(tokens.first()?.tokens())?;
    *rest = after;
    Some(value)
}
