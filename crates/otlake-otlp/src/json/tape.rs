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
            Some(b'{') => return Ok(self.object(scanner)),
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

    /// Reads an object as [`Self::value`] does. Attributes and strings in the form in which nearly all senders write
    /// them are recognised by their bytes, without reading one token after another.
    #[inline]
    fn object(&mut self, scanner: &mut Scanner<'_>) -> bool {
        let start = scanner.position();
        if let Some(opened) = self.key_value(scanner) {
            return opened;
        }
        scanner.go_to(start);
        if let Some(tokens) = string_value(scanner) {
            self.tokens.extend_from_slice(&tokens);
            return false;
        }
        scanner.go_to(start);
        self.open(Kind::Object, scanner)
    }

    /// Reads an object that begins with `key` and `value`, up to the members of the value unless the value is a
    /// string. Returns `None` if the object has another form.
    #[inline]
    fn key_value(&mut self, scanner: &mut Scanner<'_>) -> Option<bool> {
        let start = scanner.position();
        if !scanner.skip(br#"{"key":""#) {
            return None;
        }
        let name = Token::new(Kind::String, start + 2, start + 5);
        let key = scanner.plain_text();
        let end = scanner.position();
        if !scanner.skip(br#"","value":"#) {
            return None;
        }
        let other = Token::new(Kind::String, end + 3, end + 8);
        let value = scanner.position();
        if let Some([object, name_of_text, text]) = string_value(scanner)
            && scanner.skip(b"}")
        {
            let whole = Token::new(Kind::KeyValue, start, 7);
            let tokens = [whole, name, key, other, object, name_of_text, text];
            self.tokens.extend_from_slice(&tokens);
            return Some(false);
        }
        scanner.go_to(value);
        if scanner.peek() != Some(b'{') {
            return None;
        }
        self.open.push(self.tokens.len());
        let whole = Token::new(Kind::KeyValue, start, 1);
        self.tokens.extend_from_slice(&[whole, name, key, other]);
        Some(self.open(Kind::Object, scanner))
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
        innermost.is_some_and(Kind::is_object)
    }
}

/// Reads an object whose only member is `stringValue`, a string without escapes. Returns `None` if the object has
/// another form.
#[inline]
fn string_value(scanner: &mut Scanner<'_>) -> Option<[Token; 3]> {
    let start = scanner.position();
    if !scanner.skip(br#"{"stringValue":""#) {
        return None;
    }
    let text = scanner.plain_text();
    scanner.skip(br#""}"#).then(|| {
        let object = Token::new(Kind::StringValue, start, 3);
        let name = Token::new(Kind::String, start + 2, start + 13);
        [object, name, text]
    })
}

fn closing(kind: Kind) -> u8 {
    if kind.is_object() { b'}' } else { b']' }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the kind of the first token, and the values with their names, or `None` for a fault.
    fn read(json: &str) -> Option<(Kind, String)> {
        let (arena, mut tape) = (Bump::new(), Tape::default());
        let mut scanner = Scanner::new(json.as_bytes());
        let node = tape.read(&mut scanner, &arena).ok()?;
        Some((node.token.kind, outline(node)))
    }

    fn outline(node: Node<'_>) -> String {
        if let Ok(members) = node.members() {
            let members = members.map(|(name, node)| format!("{name:?} {},", outline(node)));
            return format!("{{{}}}", members.collect::<String>());
        }
        match node.items() {
            Ok(items) => items.map(|node| format!("{},", outline(node))).collect(),
            Err(_) => format!("{:?}", node.token.text(node.json, node.arena)),
        }
    }

    #[test]
    fn attributes_are_recognised_by_their_bytes_and_read_as_in_any_other_form() {
        for (json, kind) in [
            (r#"{"key":"k","value":{"stringValue":"v"}}"#, Kind::KeyValue),
            (r#"{"key":"","value":{"stringValue":""}}"#, Kind::KeyValue),
            (r#"{"key":"k","value":{"intValue":"1"}}"#, Kind::KeyValue),
            (
                r#"{"key":"k","value":{"stringValue":"\n"}}"#,
                Kind::KeyValue,
            ),
            (r#"{"key":"k","value":{}}"#, Kind::KeyValue),
            (
                r#"{"key":"k","value":{"stringValue":"v","x":1}}"#,
                Kind::KeyValue,
            ),
            (
                r#"{"key":"k","value":{"stringValue":"v"},"x":[1]}"#,
                Kind::KeyValue,
            ),
            (
                r#"{"key":"k","value":{"arrayValue":{"values":[{"stringValue":"v"}]}}}"#,
                Kind::KeyValue,
            ),
            (r#"{"stringValue":"v"}"#, Kind::StringValue),
            (r#"{"stringValue":"v","x":1}"#, Kind::Object),
            (r#"{"stringValue":"\n"}"#, Kind::Object),
            (r#"{"key":"\n","value":{"stringValue":"v"}}"#, Kind::Object),
            (r#"{"key":"k","value":null}"#, Kind::Object),
            (r#"{"value":{"stringValue":"v"},"key":"k"}"#, Kind::Object),
        ] {
            let (found, compact) = read(json).unwrap();
            assert_eq!(found, kind, "{json}");
            let (found, spaced) = read(&json.replace('{', "{ ")).unwrap();
            assert_eq!((found, spaced), (Kind::Object, compact), "{json}");
            for cut in 0..json.len() {
                assert!(read(&json[..cut]).is_none(), "{}", &json[..cut]);
            }
        }
    }
}
