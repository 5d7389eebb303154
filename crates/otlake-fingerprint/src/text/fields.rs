//! Skips the fields of a record after its message: a JSON object, or pairs, up to the end of the line.

use super::{After, Lines, Text};
use crate::pairs;
use crate::scanner::MAX_TOKENS;
use crate::token::Token;

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Skips the fields of a record after its message: a tab, and an object of JSON up to the end of the line.
    #[inline]
    pub(super) fn fields(&mut self) -> bool {
        let rest = &self.bytes[self.at..];
        if self.words.count < 2 || !rest.starts_with(b"\t{\"") {
            return false;
        }
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        if !rest[..end].trim_ascii_end().ends_with(b"}") {
            return false;
        }
        self.at += end;
        self.lines = Lines::Exception;
        true
    }

    /// Skips the fields of a record after its message: pairs up to the end of the line, after two spaces or more, or after a message in
    /// quotes (`"pool opened" size=3`).
    #[inline(never)]
    pub(super) fn pairs_end_line(&mut self, start: usize) -> bool {
        let bytes = self.bytes;
        let apart = bytes[start - 2] == b' ' || self.closing + 2 == start;
        if !apart || self.left == MAX_TOKENS || memchr::memchr(b'=', &bytes[..start]).is_some() {
            return false;
        }
        let end =
            memchr::memchr2(b'\n', b'\r', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        if !pairs::only_pairs(bytes[start..end].trim_ascii_end()) {
            return false;
        }
        self.at = end;
        self.lines = Lines::Exception;
        true
    }

    /// Skips the fields of a record after its message: objects of JSON up to the end of the line (`order saved {"id":17}`).
    #[inline(never)]
    pub(super) fn objects(&mut self) -> bool {
        let bytes = self.bytes;
        let (before, rest) = bytes.split_at(self.at);
        if self.after != After::Nothing || before.last() != Some(&b' ') {
            return false;
        }
        let apart = before.ends_with(b" | ") || before.ends_with(b" - ");
        if self.words.count < if apart { 1 } else { 2 } {
            return false;
        }
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = rest[..end].trim_ascii_end();
        let (mut at, mut count) = (0, 0);
        while at < line.len() {
            at += match line[at..] {
                [b'{', b'}', ..] | [b'[', b']', ..] => 2,
                [b'{', b'"', ..] => object_len(&line[at..]),
                _ => return false,
            };
            count += 1;
            match line.get(at) {
                None => break,
                Some(b' ') => at += 1,
                Some(_) => return false,
            }
        }
        // Brackets with nothing inside may also be a value, and the object may hold the message.
        let value = count < 2 && (line[0] == b'[' || !apart && line.get(1) == Some(&b'}'));
        let names = [b"\"msg\":".as_slice(), b"\"message\":"];
        if value
            || names
                .iter()
                .any(|name| memchr::memmem::find(line, name).is_some())
        {
            return false;
        }
        self.at += end;
        self.lines = Lines::Exception;
        true
    }
}

/// Returns the length of the object at the front of a line. It may be cut short. Brackets inside strings don't count.
fn object_len(line: &[u8]) -> usize {
    let mut open = 0_usize;
    let mut quoted = false;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        at += 1;
        match byte {
            b'"' => quoted = !quoted,
            b'\\' if quoted => at += 1,
            b'{' | b'[' if !quoted => open += 1,
            b'}' | b']' if !quoted => {
                open -= 1;
                if open == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    line.len()
}
