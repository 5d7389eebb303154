//! Skips the fields of a record after its message: a JSON object, or pairs, up to the end of the line.

use super::{After, Lines, Text};
use crate::class::is_alnum;
use crate::pairs;
use crate::scanner::MAX_TOKENS;
use crate::token::Token;

/// What the rules of this module know of the text ahead, so that they don't read it again at each bracket of a line.
#[derive(Default)]
pub(super) struct Ahead {
    /// The end of the line in which fields were looked for last, before its line break.
    line_end: usize,
    /// The end of that line without white space at its end.
    text_end: usize,
    /// The end of the objects that were read and are not all that follows. Brackets before it are not looked at again.
    objects_end: usize,
    /// The number of bytes that were read.
    #[cfg(test)]
    read: usize,
}

impl Ahead {
    /// Finds the end of the line at `at`, unless it is known.
    fn line(&mut self, bytes: &[u8], at: usize) {
        if at < self.line_end {
            return;
        }
        let rest = &bytes[at..];
        let len = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        self.line_end = at + len;
        self.text_end = at + rest[..len].trim_ascii_end().len();
        #[cfg(test)]
        {
            self.read += len;
        }
    }
}

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Skips the fields of a record after its message: a tab, and an object of JSON up to the end of the line.
    #[inline]
    pub(super) fn fields(&mut self) -> bool {
        let (bytes, start) = (self.bytes, self.at);
        if self.words.count < 2 || !bytes[start..].starts_with(b"\t{\"") {
            return false;
        }
        self.ahead.line(bytes, start);
        if !bytes[start..self.ahead.text_end].ends_with(b"}") {
            return false;
        }
        self.at = self.ahead.line_end;
        self.lines = Lines::Exception;
        true
    }

    /// Skips the fields of a record after its message: pairs up to the end of the line. They come after two spaces or more, after a message
    /// in quotes (`"pool opened" size=3`), or after two words or more (`pool opened name=orders size=3`).
    ///
    /// After words alone, one pair may also be the end of a sentence (`exited with status=1`), and so may a list (`size=3, name=orders`).
    /// A single word after a colon may be a value, and then only the keys say what the message is (`START: imap pid=17 from=10.0.0.7`).
    /// One of the pairs may also be the message.
    #[inline(never)]
    pub(super) fn pairs_end_line(&mut self, start: usize) -> bool {
        let bytes = self.bytes;
        let before = bytes[start - 2];
        let apart = before == b' ' || before == b'"' && self.closing + 2 == start;
        if !apart && (!is_alnum(before) || self.words.count < 2)
            || self.left == MAX_TOKENS
            || memchr::memchr(b'=', &bytes[..start]).is_some()
        {
            return false;
        }
        let end =
            memchr::memchr2(b'\n', b'\r', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        let Some(pairs) = pairs::only_pairs(bytes[start..end].trim_ascii_end()) else {
            return false;
        };
        if pairs.message
            || !apart
                && (pairs.count < 2 || pairs.listed || !has_words_after_colon(&bytes[..start]))
        {
            return false;
        }
        self.at = end;
        self.lines = Lines::Exception;
        true
    }

    /// Skips the fields of a record after its message: objects of JSON up to the end of the line (`order saved {"id":17}`).
    #[inline(never)]
    pub(super) fn objects(&mut self) -> bool {
        let (bytes, start) = (self.bytes, self.at);
        let before = &bytes[..start];
        if self.after != After::Nothing
            || before.last() != Some(&b' ')
            || start < self.ahead.objects_end
        {
            return false;
        }
        let apart = before.ends_with(b" | ") || before.ends_with(b" - ");
        if self.words.count < if apart { 1 } else { 2 } {
            return false;
        }
        self.ahead.line(bytes, start);
        let line = &bytes[start..self.ahead.text_end];
        let (len, count) = objects_len(line);
        #[cfg(test)]
        {
            self.ahead.read += len;
        }
        if len < line.len() {
            self.ahead.objects_end = start + len;
            return false;
        }
        // Brackets with nothing inside may also be a value.
        if count < 2 && (line[0] == b'[' || !apart && line[1] == b'}') {
            return false;
        }
        #[cfg(test)]
        {
            self.ahead.read += len;
        }
        if let Some(name) = last_message_name(line) {
            self.ahead.objects_end = start + name;
            return false;
        }
        self.at = self.ahead.line_end;
        self.lines = Lines::Exception;
        true
    }
}

/// Returns whether there is no colon with a space after it, or two chunks or more after the last of them.
fn has_words_after_colon(before: &[u8]) -> bool {
    let Some(colon) = memchr::memmem::rfind(before, b": ") else {
        return true;
    };
    before[colon + 2..].trim_ascii().contains(&b' ')
}

/// Returns the length of the objects at the front of a line, with one space between them, and their number.
fn objects_len(line: &[u8]) -> (usize, usize) {
    let (mut at, mut count) = (0, 0);
    loop {
        at += match line[at..] {
            [b'{', b'}', ..] | [b'[', b']', ..] => 2,
            [b'{', b'"', ..] => object_len(&line[at..]),
            _ => return (at, count),
        };
        count += 1;
        if line.get(at) != Some(&b' ') {
            return (at, count);
        }
        at += 1;
    }
}

/// Returns the position of the last name of a message in a line of objects.
fn last_message_name(line: &[u8]) -> Option<usize> {
    let names = [b"\"msg\":".as_slice(), b"\"message\":"];
    names
        .into_iter()
        .filter_map(|name| memchr::memmem::rfind(line, name))
        .max()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scanner::MAX_BYTES;

    /// Messages in which a rule about the rest of the line fails at each of many brackets, without a token between them.
    #[test]
    fn the_rest_of_a_line_is_read_a_few_times_at_most() {
        let spaces = " ".repeat(1500);
        let unclosed = format!("a b {}", "{\" ".repeat(1200));
        let ends = "}".repeat(420);
        let nested = format!("a b {}{ends}\"{ends}", "{\" ".repeat(800));
        let messages = [
            format!("{unclosed}\"msg\":x"),
            format!("{unclosed}\"message\":{{\" x"),
            format!("a b {}\"msg\":x{spaces}", "{\" ".repeat(800)),
            format!("{nested} x"),
            format!("a b {}x", "{\" } . ".repeat(580)),
            format!("a b {}x{spaces}", "{\" } . ".repeat(300)),
            format!("a b {}", "\t{\"".repeat(1360)),
            format!("a b {}{spaces}", "\t{\"".repeat(800)),
            format!("a b {}", "{\"msg\": ".repeat(500)),
        ];
        for message in messages {
            assert!(message.len() <= MAX_BYTES, "{}", message.len());
            let emit = &mut |_: Token<'_>| {};
            let mut text = Text::new(message.as_bytes(), emit);
            text.run();
            let read = text.ahead.read;
            assert!(
                (1..=5 * message.len()).contains(&read),
                "{read} bytes of {message}"
            );
        }
    }
}
