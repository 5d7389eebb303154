//! Reads chunks with characters beyond ASCII: spaces and punctuation separate tokens, digits are digits, and all others are letters.

use super::{Tail, Text};
use crate::lexicon;
use crate::token::Token;

/// The class of a character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// An ASCII byte.
    Ascii,
    /// White space, punctuation, or a currency sign.
    Separator,
    Digit,
    Letter,
}

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Reads a chunk that contains bytes above 0x7f.
    #[inline(never)]
    pub(super) fn unicode(&mut self, start: usize, end: usize) {
        let whole = self.at;
        let mut at = start;
        while at < end && self.left > 0 {
            if let Some(close) = self.typographic(at) {
                self.variable(at, close, Tail::Nothing);
                at = close;
                continue;
            }
            let from = at;
            let (mut digits, mut letters) = (false, false);
            let mut space = 0;
            while at < end {
                let (sort, len) = sort(&self.bytes[at..end]);
                match sort {
                    Sort::Separator => {
                        space = len;
                        break;
                    }
                    Sort::Digit => digits = true,
                    Sort::Letter => letters = true,
                    Sort::Ascii => digits |= self.bytes[at].is_ascii_digit(),
                }
                at += len;
            }
            let to = at;
            at += space;
            if from == to {
                continue;
            }
            let high = self.bytes[from..to].iter().any(|&b| b >= 0x80);
            if !high {
                let number = digits
                    && (self.bytes[from..to].iter())
                        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
                let rest = &self.bytes[at..end];
                let rest = rest.strip_suffix(b".").unwrap_or(rest);
                let unit = if number { lexicon::unit_at(rest) } else { 0 };
                let behind = at + unit;
                let ends =
                    self.ends_at(behind) || self.bytes[behind] == b'.' && self.ends_at(behind + 1);
                if unit > 0 && space > 0 && ends {
                    self.variable(from, at + unit, Tail::Nothing);
                    at += unit;
                } else {
                    // A date may include the parts that follow it.
                    self.at = at;
                    self.part(from, to);
                    at = at.max(self.at);
                }
            } else if !letters {
                self.variable(from, to, Tail::Nothing);
            } else if digits {
                self.mixed_script(from, to);
            } else {
                self.high_word(from, to);
            }
        }
        self.at = self.at.max(whole).max(at);
    }

    /// Reads a word with letters beyond ASCII.
    fn high_word(&mut self, start: usize, end: usize) {
        let (start, end) = self.without_joiners(start, end);
        self.word(start, end);
    }

    /// Returns the range without the joiners around it. The range must contain a letter.
    fn without_joiners(&self, mut start: usize, mut end: usize) -> (usize, usize) {
        let joins = |b: u8| !crate::class::is_alnum(b);
        while start < end && joins(self.bytes[start]) {
            start += 1;
        }
        while start < end && joins(self.bytes[end - 1]) {
            end -= 1;
        }
        (start, end)
    }

    /// Reads letters beyond ASCII next to digits. They are a unit (`10µs`), or a script without spaces, in which each run is a separate token.
    fn mixed_script(&mut self, start: usize, end: usize) {
        let (start, end) = self.without_joiners(start, end);
        let bytes = self.bytes;
        let number = bytes[start..end]
            .iter()
            .take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'))
            .count();
        if number > 0 && lexicon::unit_at(&bytes[start + number..end]) == end - start - number {
            return self.variable(start, end, Tail::Nothing);
        }
        let mut at = start;
        while at < end && self.left > 0 {
            let from = at;
            let (first, len) = sort(&bytes[at..end]);
            at += len;
            while at < end {
                let (next, len) = sort(&bytes[at..end]);
                if next != first {
                    break;
                }
                at += len;
            }
            match first {
                Sort::Letter => self.word(from, at),
                Sort::Ascii => self.part(from, at),
                Sort::Digit | Sort::Separator => self.variable(from, at, Tail::Nothing),
            }
        }
    }
}

/// Returns the class of the character at the front of `text`, and its length. A byte that is not UTF-8 is a letter.
fn sort(text: &[u8]) -> (Sort, usize) {
    let len = match text[0] {
        0..0x80 => return (Sort::Ascii, 1),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return (Sort::Letter, 1),
    };
    let character = text
        .get(..len)
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .and_then(|text| text.chars().next());
    match character {
        None => (Sort::Letter, 1),
        Some(character) if is_separator(character) => (Sort::Separator, len),
        Some(character) if is_digit(character) => (Sort::Digit, len),
        Some(_) => (Sort::Letter, len),
    }
}

/// Returns whether a character is white space, punctuation of the blocks that logs use, or a currency sign.
fn is_separator(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{a9}' | '\u{ab}'..='\u{af}' | '\u{b1}'..='\u{b4}' | '\u{b6}'..='\u{b9}' | '\u{bb}'..='\u{bf}'
        | '\u{d7}' | '\u{f7}' | '\u{1680}' | '\u{2000}'..='\u{206f}' | '\u{20a0}'..='\u{20cf}'
        | '\u{2190}'..='\u{21ff}' | '\u{3000}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}'
        | '\u{feff}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}')
}

/// Returns whether a character is a decimal digit (Unicode's general category Nd, in the Basic Multilingual Plane).
fn is_digit(character: char) -> bool {
    /// The zero of each set of ten digits.
    const ZEROS: [u16; 37] = [
        0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6,
        0x0d66, 0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0,
        0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0,
        0xaa50, 0xabf0, 0xff10, 0x0030,
    ];
    let code = character as u32;
    ZEROS
        .iter()
        .any(|&zero| (u32::from(zero)..u32::from(zero) + 10).contains(&code))
}
