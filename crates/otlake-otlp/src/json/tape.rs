//! What the scanner found, laid out flat: a value can be hopped over, or read a second time, without
//! scanning it again.

use bumpalo::Bump;

use super::node::Node;
use super::scanner::{Quoted, Scanner};
use crate::error::Result;

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

/// The tokens of one value, and of those inside it.
#[derive(Default)]
pub(crate) struct Tape {
    tokens: Vec<Token>,
    /// The indexes of the arrays and objects that are not closed yet. A list instead of calls within
    /// calls: what nobody knows may be nested as deep as it likes.
    open: Vec<usize>,
}

impl Tape {
    /// Reads the next value, instead of the one before.
    pub(crate) fn read<'r, 'p: 'r>(
        &'r mut self,
        scanner: &mut Scanner<'p>,
        arena: &'r Bump,
    ) -> Result<Node<'r>> {
        self.tokens.clear();
        self.open.clear();
        loop {
            let opened = self.value(scanner)?;
            if !(opened || self.close(scanner)?) {
                return Ok(Node::new(scanner.json(), &self.tokens, arena));
            }
            if self.in_object() {
                let name = scanner.name()?;
                self.push_string(name);
            }
        }
    }

    /// Reads a value, of an array or an object only the opening bracket. Whether that was one which
    /// has something in it.
    #[inline]
    fn value(&mut self, scanner: &mut Scanner<'_>) -> Result<bool> {
        let byte = scanner.peek();
        let start = scanner.position();
        match byte {
            Some(b'"') => {
                let string = scanner.string()?;
                self.push_string(string);
            }
            Some(b'{') => return Ok(self.open(Kind::Object, scanner)),
            Some(b'[') => return Ok(self.open(Kind::Array, scanner)),
            Some(b'-' | b'0'..=b'9') => {
                let number = scanner.number()?;
                self.push(Kind::Number, number.start, number.end);
            }
            Some(b'n') => {
                scanner.literal("null")?;
                self.push(Kind::Null, start, start);
            }
            Some(b't') => {
                scanner.literal("true")?;
                self.push(Kind::True, start, start);
            }
            Some(b'f') => {
                scanner.literal("false")?;
                self.push(Kind::False, start, start);
            }
            _ => return Err(scanner.expected("a value")),
        }
        Ok(false)
    }

    #[inline]
    fn open(&mut self, kind: Kind, scanner: &mut Scanner<'_>) -> bool {
        let start = scanner.position();
        scanner.take();
        let some = scanner.first(closing(kind));
        if some {
            self.open.push(self.tokens.len());
        }
        // The number of tokens of one that is empty.
        self.push(kind, start, 1);
        some
    }

    /// Behind a value: closes what ends there. Whether another value follows.
    #[inline]
    fn close(&mut self, scanner: &mut Scanner<'_>) -> Result<bool> {
        while let Some(&index) = self.open.last() {
            if scanner.another(closing(self.tokens[index].kind))? {
                return Ok(true);
            }
            self.open.pop();
            self.tokens[index].end = (self.tokens.len() - index) as u32;
        }
        Ok(false)
    }

    #[inline]
    fn in_object(&self) -> bool {
        let innermost = self.open.last().map(|index| self.tokens[*index].kind);
        innermost == Some(Kind::Object)
    }

    #[inline]
    fn push_string(&mut self, string: Quoted) {
        let kind = if string.escaped {
            Kind::Escaped
        } else {
            Kind::String
        };
        self.push(kind, string.content.start, string.content.end);
    }

    #[inline]
    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.tokens.push(Token {
            kind,
            start: start as u32,
            end: end as u32,
        });
    }
}

fn closing(kind: Kind) -> u8 {
    if kind == Kind::Object { b'}' } else { b']' }
}
