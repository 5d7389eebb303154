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

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Returns whether the scan stopped before the frames of a traceback.
    #[inline]
    pub(super) fn traceback(&self) -> bool {
        // A scan that stops at the end of a line has bytes left.
        self.at < self.bytes.len() && self.lines != Lines::Last && self.is_traceback()
    }

    #[inline(never)]
    fn is_traceback(&self) -> bool {
        let line = self.line_before(self.at);
        line.trim_ascii_end().ends_with(TRACEBACK)
            || self
                .line_behind(self.at)
                .is_some_and(|next| self.bytes[next..].starts_with(TRACEBACK))
    }

    /// Moves to the next line if it is scanned. Returns false at the end of the scan.
    #[inline(never)]
    pub(super) fn next_line(&mut self) -> bool {
        if self.lines == Lines::Last || self.is_traceback() {
            return false;
        }
        let Some(next) = self.line_behind(self.at) else {
            return false;
        };
        if self.lines == Lines::Decide
            && lexicon::is_query_verb(&self.bytes[self.first.0..self.first.1])
        {
            self.lines = Lines::All;
        }
        if self.lines == Lines::Decide {
            let line = &self.bytes[next..];
            let letters = line.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            if lexicon::is_query_verb(&line[..letters]) && line.get(letters) != Some(&b':') {
                self.lines = Lines::All;
            } else if names_exception(line) {
                self.lines = Lines::Last;
            } else {
                let announced = self.line_before(self.at).trim_ascii_end().ends_with(b":");
                let indented = self.bytes[next - 1] != b'\n' && self.bytes[next - 1] != b'\r';
                if indented && is_frame(line) || !announced && self.words >= ENOUGH_WORDS {
                    return false;
                }
            }
        }
        self.at = next;
        self.after = After::Nothing;
        self.last = (0, 0);
        self.naming = false;
        true
    }

    /// Returns the line that ends at `end`.
    fn line_before(&self, end: usize) -> &[u8] {
        let head = &self.bytes[..end];
        let start = memchr::memrchr2(b'\n', b'\r', head).map_or(0, |at| at + 1);
        &head[start..]
    }

    /// Returns the position of the text of the next line that is not empty.
    fn line_behind(&self, end: usize) -> Option<usize> {
        let rest = &self.bytes[end..];
        let blank = rest.iter().position(|b| !b.is_ascii_whitespace())?;
        Some(end + blank)
    }
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
    if line.starts_with(b"panic: ") || line.starts_with(b"Caused by: ") || line.starts_with(b"** (")
    {
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
    ends && (name.ends_with(b"Exception") || name.ends_with(b"Error"))
}
