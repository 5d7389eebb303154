//! A value on the tape, and the ways into it.

use bumpalo::Bump;

use super::token::{Kind, Token};
use crate::error::{Fault, InvalidPayloadKind, Result};

/// A value, with an arena for what does not borrow from the payload.
#[derive(Clone, Copy)]
pub(crate) struct Node<'r> {
    pub(crate) json: &'r [u8],
    pub(crate) token: Token,
    /// The tokens of what is inside.
    inside: &'r [Token],
    pub(crate) arena: &'r Bump,
}

impl<'r> Node<'r> {
    /// The value whose tokens these are: there is one at least.
    #[inline]
    pub(crate) fn new(json: &'r [u8], tokens: &'r [Token], arena: &'r Bump) -> Node<'r> {
        Node {
            json,
            token: tokens[0],
            inside: &tokens[1..],
            arena,
        }
    }

    /// The same value with an arena that lives shorter.
    #[inline]
    pub(crate) fn with_arena(self, arena: &'r Bump) -> Node<'r> {
        Node { arena, ..self }
    }

    /// The members of an object, without those that are null: that is how proto3 says "not set".
    #[inline]
    pub(crate) fn members(self) -> Result<Members<'r>> {
        match self.token.kind {
            Kind::Object => Ok(Members {
                rest: self.inside,
                json: self.json,
                arena: self.arena,
            }),
            _ => Err(self.expected("an object")),
        }
    }

    /// The text of an object's only member, where it has that name and a string without escapes.
    #[inline]
    pub(crate) fn only_text(self, name: &[u8]) -> Option<&'r [u8]> {
        match self.inside {
            [member, value] if self.token.kind == Kind::Object => {
                let same = value.kind == Kind::String && member.of(self.json) == name;
                same.then(|| value.of(self.json))
            }
            _ => None,
        }
    }

    /// The two members of an object, where they have those names in that order and the first is a
    /// string without escapes.
    #[inline]
    pub(crate) fn text_and_value(
        self,
        first: &[u8],
        second: &[u8],
    ) -> Option<(&'r [u8], Node<'r>)> {
        match self.inside {
            [name, text, other, value @ ..] if self.token.kind == Kind::Object => {
                let same = text.kind == Kind::String
                    && name.of(self.json) == first
                    && other.of(self.json) == second
                    && value.first()?.tokens() == value.len();
                same.then(|| {
                    let value = Node::new(self.json, value, self.arena);
                    (text.of(self.json), value)
                })
            }
            _ => None,
        }
    }

    /// The items of an array.
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

    /// A string, without its escapes but not checked for UTF-8.
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

    /// Says that the value is of another type.
    #[cold]
    pub(crate) fn expected(self, expected: &'static str) -> Box<Fault> {
        let found = match self.token.kind {
            Kind::Null => "null",
            Kind::False => "false",
            Kind::True => "true",
            Kind::Number => "a number",
            Kind::String | Kind::Escaped => "a string",
            Kind::Array => "an array",
            Kind::Object => "an object",
        };
        self.fault(InvalidPayloadKind::JsonType { expected, found })
    }

    /// Says that the value is of the right type, but not one that the field can have.
    #[cold]
    pub(crate) fn invalid(self, expected: &'static str) -> Box<Fault> {
        self.fault(InvalidPayloadKind::JsonValue { expected })
    }

    fn fault(self, kind: InvalidPayloadKind) -> Box<Fault> {
        Fault::new(kind, self.text_from_here())
    }

    /// Returns the text from the beginning of the value on.
    #[cold]
    pub(crate) fn text_from_here(self) -> &'r [u8] {
        let quote = usize::from(matches!(self.token.kind, Kind::String | Kind::Escaped));
        &self.json[self.token.start as usize - quote..]
    }
}

/// See [`Node::members`].
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

/// See [`Node::items`].
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

/// The tokens of the value at the beginning; the others go to `rest`.
#[inline]
fn split_value<'r>(tokens: &'r [Token], rest: &mut &'r [Token]) -> Option<&'r [Token]> {
    let (value, after) = tokens.split_at_checked(tokens.first()?.tokens())?;
    *rest = after;
    Some(value)
}
