//! Quoted strings: variables as values and in prose, except where they are the message.

use super::{After, MAX_QUOTED, Tail, Text};
use crate::class::is_alnum;
use crate::lexicon;
use crate::scanner::MAX_TOKENS;
use crate::token::Token;

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// A double quote: true when it opened a string that is a variable.
    ///
    /// As a value a string is a variable, unless its key says that it is the message. In prose it is a variable as well;
    /// then a word in capitals at its front is a command (`"GET /a HTTP/1.1"`) and stays.
    #[inline(never)]
    pub(super) fn quote(&mut self) -> bool {
        let start = self.at;
        if self.after == After::Key {
            let key = &self.bytes[self.last.0..self.last.1];
            let key = key.strip_suffix(b"=").unwrap_or(key);
            return !lexicon::is_message_key(key) && self.quoted(start, b'"');
        }
        // At the front it quotes the whole message; glued to a token it closes something.
        let opens = start > 0
            && matches!(self.bytes[start - 1], b' ' | b'(' | b'[' | b'{' | b',')
            && self
                .bytes
                .get(start + 1)
                .is_some_and(|&b| is_alnum(b) || matches!(b, b'/' | b'.' | b'-' | b'<'));
        if self.left == MAX_TOKENS || !opens {
            return false;
        }
        if self.is_quoted_key(start) {
            return false;
        }
        let rest = &self.bytes[start + 1..];
        let len = rest
            .iter()
            .position(|b| !b.is_ascii_uppercase())
            .unwrap_or(rest.len());
        if len > 1 && rest.get(len) == Some(&b' ') {
            let Some(end) = self.quote_end(start, b'"') else {
                return false;
            };
            self.word(start + 1, start + 1 + len);
            if start + 2 + len < end - 1 {
                self.variable(start + 2 + len, end - 1, Tail::Nothing);
            }
            self.at = end;
            return true;
        }
        self.quoted(start, b'"')
    }

    /// Whether the string at `start` is a key of an object (`{"a":1, "b":2}`, `{"a"=>1}`): its content is a word then. In `open "a": denied`
    /// a string stands before a colon as well, but not behind a brace or a comma.
    fn is_quoted_key(&self, start: usize) -> bool {
        let before = match self.bytes[..start] {
            [.., byte, b' '] | [.., byte] => byte,
            [] => return false,
        };
        matches!(before, b'{' | b',')
            && self
                .quote_end(start, b'"')
                .is_some_and(|end| matches!(self.bytes.get(end), Some(b':' | b'=')))
    }

    /// The position behind the quote that closes the one at `start`, on the same line.
    pub(super) fn quote_end(&self, start: usize, quote: u8) -> Option<usize> {
        let limit = self.bytes.len().min(start + MAX_QUOTED);
        let mut at = start + 1;
        while at < limit {
            match self.bytes[at] {
                b'\\' => at += 1,
                b'\n' => return None,
                byte if byte == quote => return (at > start + 1).then_some(at + 1),
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// A quoted string as one variable, from its opening quote at `start`.
    pub(super) fn quoted(&mut self, start: usize, quote: u8) -> bool {
        let Some(end) = self.quote_end(start, quote) else {
            return false;
        };
        self.variable(start, end, Tail::Nothing);
        self.at = end;
        true
    }
}
