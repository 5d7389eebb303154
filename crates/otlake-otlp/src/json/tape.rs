//! The tokens of a JSON value in one list, so that values can be skipped or read again without another scan.

use bumpalo::Bump;

use super::node::Node;
use super::scanner::Scanner;
use super::token::{Kind, Token};
use crate::error::Result;

/// The tokens of one value, and of those inside it.
#[derive(Default)]
pub(crate) struct Tape {
    tokens: Vec<Token>,
    /// The indexes of the arrays and objects that are not closed yet. This is a list instead of recursion,
    /// because unknown members may be nested to any depth.
    open: Vec<usize>,
}

/// The tokens for which memory is kept between payloads: 12 MiB, enough for about ten thousand records of one
/// resource.
const KEPT: usize = 1 << 20;

/// The open arrays and objects for which memory is kept between payloads.
const KEPT_DEPTH: usize = 1 << 10;

impl Tape {
    /// Frees the memory that only a very large resource needed.
    pub(crate) fn shrink(&mut self) {
        self.tokens.clear();
        self.tokens.shrink_to(KEPT);
        self.open.clear();
        self.open.shrink_to(KEPT_DEPTH);
    }

    /// Reads the next value, which replaces the previous one.
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
                self.tokens.push(name);
            }
        }
    }

    /// Reads a scalar, an empty array or object, or the opening bracket of another one. Returns true in the last
    /// case.
    #[inline]
    fn value(&mut self, scanner: &mut Scanner<'_>) -> Result<bool> {
        let token = match scanner.peek() {
            Some(b'"') => scanner.string()?,
            Some(b'{') => return Ok(self.open(Kind::Object, scanner)),
            Some(b'[') => return Ok(self.open(Kind::Array, scanner)),
            Some(b'-' | b'0'..=b'9') => scanner.number()?,
            Some(b'n') => scanner.literal("null", Kind::Null)?,
            Some(b't') => scanner.literal("true", Kind::True)?,
            Some(b'f') => scanner.literal("false", Kind::False)?,
            _ => return Err(scanner.expected("a value")),
        };
        self.tokens.push(token);
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
        // An empty one has one token.
        self.tokens.push(Token::new(kind, start, 1));
        some
    }

    /// Closes the arrays and objects that end after a value. Returns whether another value follows.
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
}

fn closing(kind: Kind) -> u8 {
    if kind == Kind::Object { b'}' } else { b']' }
}
