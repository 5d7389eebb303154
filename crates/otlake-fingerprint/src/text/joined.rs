//! Chunks with dots, dashes, slashes, `@`, quotes or high bytes in them.

use super::{After, Tail, Text};
use crate::class::{CLASS, DASH, DIGIT, DOT, HEX_LETTER, HIGH, LETTER, ODD, is_alnum};
use crate::lexicon;
use crate::scanner::MAX_TOKENS;
use crate::token::Token;

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// A chunk with dots, dashes, slashes, `@`, quotes or high bytes in it.
    #[inline(never)]
    pub(super) fn joined(&mut self, mut start: usize, end: usize, flags: u8) {
        let bytes = self.bytes;
        if bytes[start] == b'\'' {
            // As a value a quoted string is a variable, in prose a quoted name is.
            let name = end - start > 2 && bytes[end - 1] == b'\'' && self.left < MAX_TOKENS;
            if name {
                return self.variable(start, end, Tail::Nothing);
            }
            if self.after == After::Key && self.quoted(start, b'\'') {
                return;
            }
        }
        let mut end = end;
        // `C++` and the axis of `x+` keep their sign; other joiners at the end are punctuation.
        while end > start
            && CLASS[bytes[end - 1] as usize] & (DOT | DASH | ODD) != 0
            && !(bytes[end - 1] == b'+' && end - start > 1 && flags & DIGIT == 0)
        {
            end -= 1;
        }
        while start < end {
            let next_alnum = bytes.get(start + 1).is_some_and(|&b| is_alnum(b)) && start + 1 < end;
            match bytes[start] {
                // The slash of `</tag>` is no root.
                b'/' if start > 0 && bytes[start - 1] == b'<' => start += 1,
                b'/' if next_alnum || (flags & DOT != 0 && end - start > 2) => break,
                b'-' | b'+' if bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => break,
                byte if CLASS[byte as usize] & (DOT | DASH | ODD) != 0 => start += 1,
                _ => break,
            }
        }
        if start == end {
            return;
        }
        let chunk = &bytes[start..end];
        if flags & HIGH != 0 && flags & DIGIT != 0 {
            return self.mixed_script(start, end);
        }
        if flags & DOT != 0 && memchr::memmem::find(chunk, b"..").is_some() {
            return self.leader(start, end);
        }
        if flags & DIGIT != 0 && chunk.iter().any(u8::is_ascii_digit) {
            let tail = if flags & (HEX_LETTER | LETTER | ODD) == 0 {
                Tail::Unit
            } else {
                Tail::Nothing
            };
            let end = if flags & ODD != 0 {
                self.query(start, end)
            } else {
                end
            };
            return self.variable(start, end, tail);
        }
        if flags & ODD != 0 {
            return self.odd(start, end, flags);
        }
        if flags & DOT != 0 && is_place(chunk) {
            return self.variable(start, end, Tail::Nothing);
        }
        if flags & !DOT == HEX_LETTER && chunk.len() >= 8 && !chunk.contains(&b'.') {
            return self.variable(start, end, Tail::Nothing);
        }
        self.plain(start, end);
    }

    /// A chunk with two or more dots in a row, which are a leader (`enabled....0`) and not a joint.
    fn leader(&mut self, start: usize, end: usize) {
        let bytes = self.bytes;
        let mut from = start;
        while from < end && self.left > 0 {
            let len = memchr::memmem::find(&bytes[from..end], b"..").unwrap_or(end - from);
            self.part(from, from + len);
            from += len;
            while from < end && bytes[from] == b'.' {
                from += 1;
            }
        }
    }

    /// One part of a chunk that was split.
    pub(super) fn part(&mut self, start: usize, end: usize) {
        let flags = self.bytes[start..end]
            .iter()
            .fold(0, |flags, &b| flags | CLASS[b as usize]);
        if flags & (DIGIT | HEX_LETTER | LETTER) != 0 {
            self.joined(start, end, flags);
        }
    }

    /// Letters of scripts without spaces next to digits: each run is a token of its own.
    pub(super) fn mixed_script(&mut self, start: usize, end: usize) {
        let bytes = self.bytes;
        let mut at = start;
        while at < end {
            let from = at;
            let high = bytes[at] >= 0x80;
            while at < end && (bytes[at] >= 0x80) == high {
                at += 1;
            }
            if high {
                self.word(from, at);
            } else {
                self.part(from, at);
            }
        }
    }

    /// A chunk without digits that holds a slash, a backslash, `@` or an apostrophe.
    pub(super) fn odd(&mut self, start: usize, end: usize, flags: u8) {
        let bytes = self.bytes;
        let chunk = &bytes[start..end];
        let count = |wanted: u8| chunk.iter().filter(|&&b| b == wanted).count();
        let slashes = count(b'/');
        let path = chunk[0] == b'/'
            || slashes >= 2
            || (slashes == 1 && flags & DOT != 0 && chunk.contains(&b'.'));
        if path || count(b'\\') >= 2 || chunk.contains(&b'@') {
            let end = self.query(start, end);
            return self.variable(start, end, Tail::Nothing);
        }
        if let Some(at) = memchr::memchr(b'\\', chunk) {
            self.part(start, start + at);
            return self.part(start + at, end);
        }
        if flags & DOT != 0 && is_place(chunk) {
            return self.variable(start, end, Tail::Nothing);
        }
        self.plain(start, end);
    }

    /// The end of a path with its query (`/a?x=1&y=2`).
    pub(super) fn query(&mut self, start: usize, end: usize) -> usize {
        if self.bytes.get(end) != Some(&b'?') || !self.bytes[start..end].contains(&b'/') {
            return end;
        }
        self.at = self.run_end(end);
        self.at
    }

    /// A word with joiners inside; the calendar and unit rules hold for it as for letters.
    pub(super) fn plain(&mut self, start: usize, end: usize) {
        let flags = self.bytes[start..end]
            .iter()
            .fold(0, |flags, &b| flags | CLASS[b as usize]);
        if flags & (DOT | DASH | ODD | HIGH) == 0 {
            self.letters(start, end, flags);
        } else if self.after == After::Key && matches!(&self.bytes[start..end], b"n/a" | b"N/A") {
            self.variable(start, end, Tail::Nothing);
        } else {
            self.word(start, end);
        }
    }
}

/// Whether dotted letters name a place or a package: a generic top-level domain at either end (`ns.example.com`,
/// `org.example.Service`), which `Class.method` and `file.c` have not. A last label in capitals is an enumerator
/// (`org.example.State.READY`): it says which message this is.
fn is_place(chunk: &[u8]) -> bool {
    let Some(last_dot) = chunk.iter().rposition(|&b| b == b'.') else {
        return false;
    };
    let last = &chunk[last_dot + 1..];
    if last.len() > 1 && last.iter().all(|b| b.is_ascii_uppercase() || *b == b'_') {
        return false;
    }
    let first = chunk.split(|&b| b == b'.').next().unwrap_or(chunk);
    // Three labels and a country: `www.example.de`. `id` ends too many names of settings to count as one.
    let country = last.len() == 2
        && last.iter().all(u8::is_ascii_lowercase)
        && last != b"id"
        && chunk[..last_dot].contains(&b'.');
    country || lexicon::is_generic_domain(last) || lexicon::is_generic_domain(first)
}
