//! The scan of plain text: chunks between separators, each a word or a variable.

mod colon;
mod joined;
mod quote;
mod tail;

use crate::class::{CLASS, DASH, DIGIT, DOT, HEX_LETTER, HIGH, ODD, STOP};
use crate::level::skip_escape;
use crate::lexicon;
use crate::scanner::MAX_TOKENS;
use crate::token::Token;

/// How far a quoted value may reach; an opening quote without a partner is then just punctuation.
const MAX_QUOTED: usize = 1024;

/// The significant separator before a chunk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// White space, or punctuation that ties nothing.
    Nothing,
    /// `=` or `:`: what comes is a value.
    Key,
}

/// What may follow a variable and belong to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Nothing,
    /// Behind a bare number: a unit, or the time behind a date.
    Unit,
    /// Behind a time of day: a zone.
    Zone,
}

struct Text<'t, 'f, F> {
    bytes: &'t [u8],
    at: usize,
    after: After,
    /// Where the last token stands when it was a word, else nowhere.
    last: (usize, usize),
    /// Whether the last word was a noun that takes a name, with a word before it.
    naming: bool,
    /// Whether that word before it was a preposition.
    preposition: bool,
    left: usize,
    emit: &'f mut F,
}

/// Emits the tokens of the first non-empty line of `bytes`.
#[inline]
pub(crate) fn scan_text<F: FnMut(Token<'_>)>(bytes: &[u8], emit: &mut F) {
    Text {
        bytes,
        at: 0,
        after: After::Nothing,
        last: (0, 0),
        naming: false,
        preposition: false,
        left: MAX_TOKENS,
        emit,
    }
    .run();
}

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    #[inline]
    fn run(&mut self) {
        let bytes = self.bytes;
        while self.at < bytes.len() && self.left > 0 {
            let byte = bytes[self.at];
            if CLASS[byte as usize] & STOP != 0 {
                if byte == b' ' {
                    self.at += 1;
                } else if !self.separator(byte) {
                    return;
                }
                continue;
            }
            let start = self.at;
            let mut flags = 0;
            let mut end = start;
            while let Some(&byte) = bytes.get(end) {
                let class = CLASS[byte as usize];
                if class & STOP != 0 {
                    break;
                }
                flags |= class;
                end += 1;
            }
            self.at = end;
            if bytes.get(end) == Some(&b':') && self.colon(start, end, flags) {
                continue;
            }
            if flags & (DIGIT | DOT | DASH | ODD | HIGH) == 0 {
                self.letters(start, end, flags);
            } else if flags & (DOT | DASH | ODD | HIGH) == 0 {
                self.variable(
                    start,
                    end,
                    if flags == DIGIT {
                        Tail::Unit
                    } else {
                        Tail::Nothing
                    },
                );
            } else {
                self.joined(start, end, flags);
            }
        }
    }

    /// Steps over a separator; false ends the scan.
    fn separator(&mut self, byte: u8) -> bool {
        match byte {
            b'=' | b':' => {
                if byte == b':'
                    && self.bytes.get(self.at + 1) == Some(&b':')
                    && self.address(self.at)
                {
                    return true;
                }
                self.after = After::Key;
            }
            b'"' if self.quote() => return true,
            b',' | b';' | b')' | b']' | b'}' => self.after = After::Nothing,
            b'\n' | b'\r' if self.left < MAX_TOKENS => return false,
            0x1b => {
                self.at = skip_escape(self.bytes, self.at);
                return true;
            }
            _ => {}
        }
        self.at += 1;
        true
    }

    fn trim_end(&self, start: usize, mut end: usize) -> usize {
        while end > start + 1 && CLASS[self.bytes[end - 1] as usize] & (DOT | DASH | ODD) != 0 {
            end -= 1;
        }
        end
    }

    /// A chunk of letters only.
    #[inline]
    fn letters(&mut self, start: usize, end: usize, flags: u8) {
        let bytes = self.bytes;
        let word = &bytes[start..end];
        if flags == HEX_LETTER && word.len() >= 8 {
            return self.variable(start, end, Tail::Nothing);
        }
        if self.after == After::Key && lexicon::is_null(word) {
            return self.variable(start, end, Tail::Nothing);
        }
        if self.naming && self.is_name(start, end) {
            return self.variable(start, end, Tail::Nothing);
        }
        // The initials of the months and weekdays: J F M A S O N D T W.
        const INITIALS: u32 = calendar_initials();
        let initial = word[0].wrapping_sub(b'A');
        if initial < 26
            && INITIALS >> initial & 1 != 0
            && let Some(end) = self.calendar(start, end)
        {
            self.at = end;
            return self.variable(start, end, Tail::Nothing);
        }
        self.word(start, end);
    }

    /// A word; an equals sign right behind it makes it a key and belongs to it.
    #[inline]
    fn word(&mut self, start: usize, end: usize) {
        let key = self.bytes.get(end) == Some(&b'=');
        let end = if key { end + 1 } else { end };
        let word = &self.bytes[start..end];
        (self.emit)(Token::word(word));
        self.naming = lexicon::is_naming_noun(word) && self.last.1 + 1 == start && self.last.1 > 0;
        if self.naming {
            self.preposition = lexicon::is_preposition(&self.bytes[self.last.0..self.last.1]);
        }
        self.done();
        self.last = (start, end);
        if key {
            self.at = end;
            self.after = After::Key;
        }
    }

    #[inline]
    fn variable(&mut self, start: usize, end: usize, tail: Tail) {
        let whole = self.tail(start, end, tail);
        // The chunk may have ended behind the variable, at a full stop that was trimmed.
        self.at = self.at.max(whole);
        (self.emit)(Token::variable(&self.bytes[start..whole]));
        self.done();
        self.naming = false;
        self.last = (0, 0);
    }

    #[inline]
    fn done(&mut self) {
        self.after = After::Nothing;
        self.left -= usize::from(self.left > 0);
    }
}

const fn calendar_initials() -> u32 {
    let initials = b"JFMASONDTW";
    let mut mask = 0;
    let mut at = 0;
    while at < initials.len() {
        mask |= 1 << (initials[at] - b'A');
        at += 1;
    }
    mask
}
