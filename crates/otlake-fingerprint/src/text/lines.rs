//! Decides which lines of a message are scanned. Only the first one is, unless it says too little: a traceback, a statement of a query
//! language, a line that announces the next one.

use super::{After, Lines, Text};
use crate::lexicon;
use crate::token::Token;

/// The number of words at which a message does not continue on the next line.
const ENOUGH_WORDS: usize = 3;

/// The line that Python writes above a traceback. The last line of a traceback has the exception.
const TRACEBACK: &[u8] = b"Traceback (most recent call last):";

/// Returns the position of the exception at the end of a traceback: the first line after the last head that is not indented.
pub(super) fn exception(message: &[u8]) -> Option<usize> {
    let mut at = memchr::memmem::rfind(message, TRACEBACK)? + TRACEBACK.len();
    loop {
        at += memchr::memchr(b'\n', &message[at..])? + 1;
        match message.get(at)? {
            b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' | b'|' | b'+' => {}
            _ => return Some(at),
        }
    }
}

impl<'t, F: FnMut(Token<'_>)> Text<'t, '_, F> {
    /// Returns whether the scan stopped before the frames of a traceback.
    #[inline]
    pub(super) fn traceback(&self) -> bool {
        match self.lines {
            Lines::Traceback => true,
            Lines::Last => false,
            // A scan that stops after the last token that counts has bytes left.
            Lines::Decide | Lines::All | Lines::Exception => {
                self.at < self.bytes.len()
                    && self.is_traceback(self.line_before(self.at), self.line_after(self.at))
            }
        }
    }

    /// Returns whether the frames of a traceback follow a line, given the position of the next one.
    fn is_traceback(&self, line: &[u8], next: Option<usize>) -> bool {
        line.ends_with(TRACEBACK)
            || next.is_some_and(|next| self.bytes[next..].starts_with(TRACEBACK))
    }

    /// Moves to the next line if it is scanned. Returns false at the end of the scan.
    #[inline(never)]
    pub(super) fn next_line(&mut self) -> bool {
        let go_on = self.lines != Lines::Last && self.finds_line();
        if !go_on && self.lines != Lines::Traceback {
            self.lines = Lines::Last;
        }
        go_on
    }

    fn finds_line(&mut self) -> bool {
        let line = self.line_before(self.at);
        let next = self.line_after(self.at);
        let announces = line.ends_with(b":");
        if self.is_traceback(line, next) {
            self.lines = Lines::Traceback;
            return false;
        }
        let Some(next) = next else {
            return false;
        };
        if self.lines == Lines::Exception {
            self.lines = Lines::Last;
            return names_exception(&self.bytes[next..]) && self.begin_line(next);
        }
        if self.lines == Lines::Decide
            && lexicon::is_query_verb(&self.bytes[self.words.first.0..self.words.first.1])
        {
            self.lines = Lines::All;
        }
        if self.lines == Lines::Decide {
            let line = &self.bytes[next..];
            if begins_statement(line) {
                self.lines = Lines::All;
            } else if self.words.count <= 1
                && let Some(error) = uncaught(line)
            {
                self.lines = Lines::Last;
                return self.begin_line(next + error);
            } else if names_exception(line) {
                self.lines = Lines::Last;
            } else {
                let indented = !matches!(self.bytes[next - 1], b'\n' | b'\r');
                if indented && is_frame(line) || !announces && self.words.count >= ENOUGH_WORDS {
                    return false;
                }
            }
        }
        self.begin_line(next)
    }

    /// Moves to the line at `at`, and returns true.
    fn begin_line(&mut self, at: usize) -> bool {
        self.at = at;
        self.after = After::Nothing;
        self.words.last = (0, 0);
        self.words.naming = false;
        true
    }

    /// Returns the line that ends at `end`, without white space at its end.
    fn line_before(&self, end: usize) -> &'t [u8] {
        let head = self.bytes[..end].trim_ascii_end();
        // Nobody asks for more of a line that has no colon there.
        if !head.ends_with(b":") {
            return &head[head.len()..];
        }
        let start = memchr::memrchr2(b'\n', b'\r', head).map_or(0, |at| at + 1);
        &head[start..]
    }

    /// Returns the position of the text of the next line that is not empty.
    fn line_after(&self, end: usize) -> Option<usize> {
        let rest = &self.bytes[end..];
        let blank = rest.iter().position(|b| !b.is_ascii_whitespace())?;
        Some(end + blank)
    }
}

/// Returns whether a line begins with the verb of a statement. A colon after it makes it a label.
fn begins_statement(line: &[u8]) -> bool {
    let letters = line.iter().take_while(|b| b.is_ascii_uppercase()).count();
    lexicon::is_query_verb(&line[..letters])
        && !line
            .get(letters)
            .is_some_and(|&byte| byte == b':' || byte.is_ascii_lowercase())
}

/// Returns whether a line is a frame of a stack trace, or the mark below a line of code.
fn is_frame(line: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 8] = [
        b"at ", b"File \"", b"from ", b"in ", b"#", b"^", b"~", b"...",
    ];
    BEGINNINGS.iter().any(|begin| line.starts_with(begin))
}

/// Returns whether a line begins with the type of an exception: `java.io.IOException: …`, `KeyError: …`, `panic: …`.
fn names_exception(line: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 4] = [b"panic: ", b"Caused by: ", b"** (", b"---> "];
    if BEGINNINGS.iter().any(|begin| line.starts_with(begin)) {
        return true;
    }
    let len = line
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'\\'))
        .count();
    let ends = match line.get(len) {
        None | Some(b'\n' | b'\r') => true,
        Some(b':') => line.get(len + 1).is_none_or(u8::is_ascii_whitespace),
        Some(_) => false,
    };
    let name = &line[..len];
    ends && (name.ends_with(b"Exception")
        || name.ends_with(b"Error")
        || is_qualified(name) && frame_follows(line))
}

/// Returns whether a name has several labels, the last of which begins with a capital: `org.acme.NoStock`.
fn is_qualified(name: &[u8]) -> bool {
    let dot = memchr::memrchr(b'.', name).filter(|dot| *dot > 0);
    dot.is_some_and(|dot| name.get(dot + 1).is_some_and(u8::is_ascii_uppercase))
}

/// Returns whether a line is followed by a stack frame of Java or .NET.
fn frame_follows(line: &[u8]) -> bool {
    let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
    let next = &line[end..];
    let frame = next.trim_ascii_start();
    let blank = &next[..next.len() - frame.len()];
    frame.starts_with(b"at ") && matches!(blank.last(), Some(b' ' | b'\t'))
}

/// Returns the position of the error that follows a line of code and a mark below it, as Node prints them. The text begins with the code.
fn uncaught(text: &[u8]) -> Option<usize> {
    let mark = memchr::memchr(b'\n', text)? + 1;
    let end = mark + memchr::memchr(b'\n', &text[mark..])?;
    let marks = text[mark..end].trim_ascii();
    if marks.is_empty() || !marks.iter().all(|b| matches!(b, b'^' | b'~')) {
        return None;
    }
    let blank = text[end..].iter().position(|b| !b.is_ascii_whitespace())?;
    Some(end + blank)
}
