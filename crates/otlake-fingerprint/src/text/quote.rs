//! Reads quoted strings: they are variables as values and in prose, and words where they are the message.

use super::{After, MAX_QUOTED, Tail, Text};
use crate::class::is_alnum;
use crate::lexicon;
use crate::scanner::MAX_TOKENS;
use crate::token::Token;

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Reads a double quote. Returns true if it opened a string that is a variable, and false if it is a separator.
    ///
    /// A string is text at the front of the message, and after a key that introduces a message. It is a variable as any other value and in
    /// prose. In prose, a word in capitals at the front of the string is a command (`"GET /a HTTP/1.1"`) and remains a word.
    #[inline(never)]
    pub(super) fn quote(&mut self) -> bool {
        let start = self.at;
        let escaped = start > 0 && self.bytes[start - 1] == b'\\';
        if escaped {
            return self.escaped_quote(start);
        }
        if start < self.closing || (start == self.closing && start > 0) {
            self.after = After::Nothing;
            return false;
        }
        let Some(end) = self.quote_end(start, b'"') else {
            return false;
        };
        if self.is_key_of_object(start, end) {
            return false;
        }
        if self.names_table(start) {
            self.closing = end - 1;
            self.after = After::Nothing;
            return false;
        }
        let empty = end == start + 2;
        let value = self.after != After::Nothing;
        if self.words.count == 0 && self.left < MAX_TOKENS && self.command(start, end) {
            return true;
        }
        if value || self.at_front() {
            let key = &self.bytes[self.words.last.0..self.words.last.1];
            let key = key.strip_suffix(b"=").unwrap_or(key);
            if !empty && (self.at_front() || lexicon::is_message_key(key)) {
                self.closing = end - 1;
                self.after = After::Nothing;
                return false;
            }
            if empty && !value {
                return false;
            }
            return self.quoted(start, end);
        }
        // A quote right after a token closes something.
        let opens = matches!(
            self.bytes[start - 1],
            b' ' | b'(' | b'[' | b']' | b'{' | b',' | b'<' | b'>' | b'\t'
        ) && !self.bytes[start + 1].is_ascii_whitespace()
            && !matches!(self.bytes[start + 1], b',' | b';' | b')');
        if !opens {
            return false;
        }
        self.command(start, end) || self.quoted(start, end)
    }

    /// Returns whether a quote at `start` begins the name of a table (`FROM "users"`), which distinguishes statements.
    fn names_table(&self, start: usize) -> bool {
        let (from, to) = self.words.last;
        to + 1 == start && lexicon::introduces_table(&self.bytes[from..to])
    }

    /// Reads a backquote. Returns true if it opened a string, which may end in an apostrophe, too.
    #[inline(never)]
    pub(super) fn backquote(&mut self) -> bool {
        let start = self.at;
        let bytes = self.bytes;
        let opens =
            start > 0 && matches!(bytes[start - 1], b' ' | b'(' | b'[' | b',' | b'=' | b':');
        if !opens || self.names_table(start) || self.at_front() && self.after == After::Nothing {
            return false;
        }
        let inside = &bytes[start + 1..bytes.len().min(start + MAX_QUOTED)];
        let closes = |at: &usize| {
            matches!(inside[*at], b'`' | b'\'')
                && !bytes.get(start + 2 + at).is_some_and(|&b| is_alnum(b))
        };
        let line = memchr::memchr(b'\n', inside).unwrap_or(inside.len());
        let Some(len) = (0..line).find(closes).filter(|len| *len > 0) else {
            return false;
        };
        if inside[0] == b' ' {
            return false;
        }
        self.quoted(start, start + len + 2)
    }

    /// Returns the end of the string in typographic quotes at `start`, if a quote opens there that is not at the front of the message.
    pub(super) fn typographic(&self, start: usize) -> Option<usize> {
        const QUOTES: [(&str, &str); 6] = [
            ("\u{201c}", "\u{201d}"),
            ("\u{2018}", "\u{2019}"),
            ("\u{201e}", "\u{201c}"),
            ("\u{201e}", "\u{201d}"),
            ("\u{ab}", "\u{bb}"),
            ("\u{300c}", "\u{300d}"),
        ];
        if self.at_front() && self.after == After::Nothing {
            return None;
        }
        let text = &self.bytes[start..self.bytes.len().min(start + MAX_QUOTED)];
        let text = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
        QUOTES.iter().find_map(|(open, close)| {
            let inside = text.strip_prefix(open.as_bytes())?;
            memchr::memmem::find_iter(inside, close)
                .map(|at| (at, start + open.len() + at + close.len()))
                .find(|&(_, end)| !self.bytes.get(end).is_some_and(|&b| is_alnum(b)))
                .filter(|&(at, _)| at > 0)
                .map(|(_, end)| end)
        })
    }

    /// Reads a command: a word in capitals, and the rest of the string as a variable.
    fn command(&mut self, start: usize, end: usize) -> bool {
        let rest = &self.bytes[start + 1..];
        let len = rest.iter().take_while(|b| b.is_ascii_uppercase()).count();
        if len < 2 || rest.get(len) != Some(&b' ') {
            return false;
        }
        self.word(start + 1, start + 1 + len);
        if start + 2 + len < end - 1 && self.left > 0 {
            self.variable(start + 2 + len, end - 1, Tail::Nothing);
        }
        self.at = end;
        true
    }

    /// Reads an escaped quote inside a quoted text: `msg="open \"a b\": denied"`.
    fn escaped_quote(&mut self, start: usize) -> bool {
        let bytes = self.bytes;
        let opens = start < 2
            || matches!(
                bytes[start - 2],
                b' ' | b'(' | b'[' | b'{' | b',' | b'=' | b':'
            );
        if !opens || self.at_front() {
            return false;
        }
        let limit = bytes.len().min(start + MAX_QUOTED);
        let inside = &bytes[start + 1..limit];
        let Some(len) = memchr::memchr2(b'"', b'\n', inside) else {
            return false;
        };
        if len < 2 || inside[len] != b'"' || inside[len - 1] != b'\\' {
            return false;
        }
        self.variable(start + 1, start + len, Tail::Nothing);
        self.at = start + len + 2;
        true
    }

    /// Reads a single quote at the front of a chunk. Returns true if it opened a string.
    ///
    /// An apostrophe in a word opens nothing, because a letter comes before it, and closes nothing, because a letter follows it.
    pub(super) fn single_quote(&mut self, start: usize) -> bool {
        if self.at_front() && self.after == After::Nothing {
            return false;
        }
        // The text that a program panicked with is its message.
        if self.bytes[..start].ends_with(b" panicked at ") {
            self.at = start + 1;
            return true;
        }
        let Some(end) = self.quote_end(start, b'\'') else {
            return false;
        };
        if self.is_key_of_object(start, end) {
            self.at = start + 1;
            return true;
        }
        let empty = end == start + 2;
        let key = &self.bytes[self.words.last.0..self.words.last.1];
        let key = key.strip_suffix(b"=").unwrap_or(key);
        if !empty && self.after != After::Nothing && lexicon::is_message_key(key) {
            self.at = start + 1;
            self.after = After::Nothing;
            return true;
        }
        let apart = self.after != After::Nothing
            || matches!(
                self.bytes[start.saturating_sub(1)],
                b' ' | b'(' | b'[' | b',' | b'='
            );
        let inside = self.bytes[start + 1];
        if !empty && (inside == b' ' || matches!(inside, b',' | b')')) || empty && !apart {
            return false;
        }
        self.quoted(start, end)
    }

    /// Returns whether the string is a key of an object (`{"a":1, "b":2}`, `{'a': 1}`), so that its content is a word. The string in
    /// `open "a": denied` also comes before a colon, but not after a brace or a comma.
    fn is_key_of_object(&self, start: usize, end: usize) -> bool {
        let before = match self.bytes[..start] {
            [.., byte, b' '] | [.., byte] => byte,
            [] => return false,
        };
        matches!(before, b'{' | b',') && matches!(self.bytes.get(end), Some(b':' | b'='))
    }

    /// Returns the position after the quote that closes the one at `start`, on the same line.
    ///
    /// A quote before a letter or a digit closes nothing: it opens something, or is an apostrophe.
    pub(super) fn quote_end(&self, start: usize, quote: u8) -> Option<usize> {
        let limit = self.bytes.len().min(start + MAX_QUOTED);
        let mut at = start + 1;
        while at < limit {
            match self.bytes[at] {
                b'\\' => at += 1,
                b'\n' => return None,
                byte if byte == quote && !self.bytes.get(at + 1).is_some_and(|&b| is_alnum(b)) => {
                    return Some(at + 1);
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Returns the end of the remarks about a value that ends at `end`: ` (Size = 50)`.
    fn remarks_end(&self, mut end: usize) -> usize {
        let remark = |at: usize| {
            let rest = self.bytes[at..].strip_prefix(b" (")?;
            let name = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            let rest = rest[name..].strip_prefix(b" = ").filter(|_| name > 0)?;
            let value = rest.iter().take_while(|b| is_alnum(**b)).count();
            let rest = rest[value..].strip_prefix(b")").filter(|_| value > 0)?;
            Some(self.bytes.len() - rest.len())
        };
        while let Some(next) = remark(end) {
            end = next;
        }
        end
    }

    /// Emits a quoted string as one variable. What is said in parentheses about a value belongs to it: `@p0='ann' (Size = 50)`.
    fn quoted(&mut self, start: usize, end: usize) -> bool {
        let end = match self.after {
            After::Key => self.remarks_end(end),
            After::Nothing | After::Colon | After::Label => end,
        };
        self.variable(start, end, Tail::Nothing);
        self.at = end;
        true
    }
}
