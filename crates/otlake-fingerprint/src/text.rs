//! Scans plain text: chunks between separators, each of which is a word or a variable.

mod colon;
mod joined;
mod lines;
mod list;
mod path;
mod quote;
mod shape;
mod tail;
mod unicode;

use crate::class::{CLASS, DASH, DIGIT, DOT, HEX_LETTER, HIGH, LETTER, ODD, STOP};
use crate::level::skip_escape;
use crate::lexicon;
use crate::scanner::{MAX_BYTES, MAX_TOKENS};
use crate::token::Token;

/// The maximum number of bytes of a quoted value. An opening quote without a closing one is just punctuation.
const MAX_QUOTED: usize = 1024;

/// The significant separator before a chunk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// White space, or punctuation that connects nothing.
    Nothing,
    /// A colon before white space: a value or prose follows.
    Colon,
    /// A colon between two words: a value or the second half of a name follows.
    Label,
    /// An equals sign, or a colon right after a quoted key: a value follows.
    Key,
}

/// The kind of text that may follow a variable and belong to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Nothing,
    /// After a bare number: a unit, or if the number is a date, the time of day.
    Unit,
    /// After a time of day: `PM`, a zone, or both.
    Time,
    /// After `PM`: a zone.
    Zone,
}

/// The lines of the message that are scanned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// The rules of the module `lines` decide at the end of each line whether the next one is scanned.
    Decide,
    /// All lines are scanned, because the message is a statement of a query language.
    All,
    /// The current line is the last one.
    Last,
}

struct Text<'t, 'f, F> {
    bytes: &'t [u8],
    at: usize,
    after: After,
    /// The range of the last token if it was a word, otherwise an empty range at 0.
    last: (usize, usize),
    /// The range of the first word.
    first: (usize, usize),
    /// The number of words so far.
    words: usize,
    /// Whether the last word was a noun that a name may follow, with a word before it.
    naming: bool,
    /// Whether the word before that noun was a preposition.
    preposition: bool,
    /// The number of tokens that may still be emitted.
    left: usize,
    /// The position of the closing quote of a quoted text that is read as words.
    closing: usize,
    lines: Lines,
    emit: &'f mut F,
}

/// Emits the tokens of a text of at most [`MAX_JSON_BYTES`](crate::MAX_JSON_BYTES) bytes. Only its first [`MAX_BYTES`] bytes are scanned,
/// and the exception at the end of a traceback.
#[inline]
pub(crate) fn scan_text<F: FnMut(Token<'_>)>(message: &[u8], emit: &mut F) {
    let head = &message[..message.len().min(MAX_BYTES)];
    let mut text = Text::new(head, emit);
    text.run();
    if text.traceback() {
        let left = text.left;
        if let Some(at) = lines::exception(message) {
            let line = &message[at..message.len().min(at + MAX_BYTES)];
            let mut text = Text::new(line, emit);
            text.left = left;
            text.lines = Lines::Last;
            text.run();
        }
    }
}

impl<'t, 'f, F: FnMut(Token<'_>)> Text<'t, 'f, F> {
    #[inline]
    fn new(bytes: &'t [u8], emit: &'f mut F) -> Self {
        Self {
            bytes,
            at: 0,
            after: After::Nothing,
            last: (0, 0),
            first: (0, 0),
            words: 0,
            naming: false,
            preposition: false,
            left: MAX_TOKENS,
            closing: 0,
            lines: Lines::Decide,
            emit,
        }
    }

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
            for &byte in &bytes[start..] {
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
                // Most words are short and lower-case, and none of the rules for letters apply to them.
                let plain = flags & LETTER != 0
                    && matches!(bytes[start], b'a'..=b'k' | b'm'..=b'z')
                    && self.after == After::Nothing
                    && !self.naming
                    && end - start < shape::SHORTEST_BASE64;
                if plain {
                    self.word(start, end);
                } else {
                    self.letters(start, end, flags);
                }
            } else if flags & (DOT | DASH | ODD | HIGH) == 0 {
                self.alphanumeric(start, end, flags);
            } else {
                self.joined(start, end, flags);
            }
        }
    }

    /// Skips a separator. Returns false at the end of the scan.
    #[inline]
    fn separator(&mut self, byte: u8) -> bool {
        match byte {
            b'=' => self.after = After::Key,
            b':' => match self.bytes.get(self.at + 1) {
                Some(b':') if self.address(self.at) => return true,
                None | Some(b' ' | b'\t' | b'\n' | b'\x0c' | b'\r') => self.after = After::Colon,
                Some(_) if self.at > 0 && matches!(self.bytes[self.at - 1], b'"' | b'\'') => {
                    self.after = After::Key;
                }
                Some(_) => self.after = After::Label,
            },
            b'"' if self.quote() => return true,
            b'[' | b'{' if self.is_apart() && self.list(byte) => return true,
            b',' | b';' | b')' | b']' | b'}' => self.after = After::Nothing,
            b'\n' | b'\r' if self.left < MAX_TOKENS => return self.next_line(),
            0x1b => {
                self.at = skip_escape(self.bytes, self.at);
                return true;
            }
            _ => {}
        }
        self.at += 1;
        true
    }

    /// Returns whether the bracket at `at` is separate from the text before it.
    #[inline]
    fn is_apart(&self) -> bool {
        self.at == 0 || matches!(self.bytes[self.at - 1], b' ' | b'=' | b':' | b'(' | b',')
    }

    fn trim_end(&self, start: usize, mut end: usize) -> usize {
        while end > start + 1 && CLASS[self.bytes[end - 1] as usize] & (DOT | DASH | ODD) != 0 {
            end -= 1;
        }
        end
    }

    /// Returns whether the text ends at `at`, or has a separator there.
    fn ends_at(&self, at: usize) -> bool {
        self.bytes
            .get(at)
            .is_none_or(|&b| CLASS[b as usize] & STOP != 0)
    }

    /// Returns whether there was no word yet, except the name of a level. A quoted text is then the message and not a value.
    fn at_front(&self) -> bool {
        match self.words {
            0 => true,
            1 => crate::level::level_of_word(&self.bytes[self.first.0..self.first.1]).is_some(),
            _ => false,
        }
    }

    /// Reads a chunk of letters only.
    #[inline]
    fn letters(&mut self, start: usize, end: usize, flags: u8) {
        let bytes = self.bytes;
        let word = &bytes[start..end];
        if flags == HEX_LETTER && self.is_hex(start, end) {
            return self.variable(start, end, Tail::Nothing);
        }
        // The initials of null, undefined, true, false, yes, no, on and off.
        const CONSTANTS: u32 = initials(b"nutfyo", b'a');
        if self.after != After::Nothing
            && CONSTANTS << 1 >> (word[0] & 31) & 1 != 0
            && self.is_constant_value(start, end)
        {
            return self.variable(start, end, Tail::Nothing);
        }
        if word.len() >= shape::SHORTEST_BASE64 && shape::is_base64(word) || word == b"localhost" {
            return self.variable(start, end, Tail::Nothing);
        }
        if self.naming && self.is_name(start, end) {
            return self.variable(start, end, Tail::Nothing);
        }
        // The initials of the months and weekdays: J F M A S O N D T W.
        const INITIALS: u32 = initials(b"JFMASONDTW", b'A');
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

    /// Reads a chunk of letters and digits, or of digits only.
    #[inline]
    fn alphanumeric(&mut self, start: usize, end: usize, flags: u8) {
        if flags == DIGIT {
            self.variable(start, end, Tail::Unit);
        } else if self.is_key(start, end) {
            self.word(start, end);
        } else {
            self.variable(start, end, Tail::Nothing);
        }
    }

    /// Returns whether a chunk with digits is the name of a value: `r24=0`, `arg_1=x`, `p99=3`.
    #[inline]
    fn is_key(&self, start: usize, end: usize) -> bool {
        let bytes = self.bytes;
        bytes.get(end) == Some(&b'=')
            && bytes.get(end + 1) != Some(&b'=')
            && bytes[start].is_ascii_alphabetic()
            && bytes[start..end]
                .iter()
                .filter(|b| b.is_ascii_digit())
                .count()
                <= 3
    }

    /// Emits a word. An equals sign right after it belongs to the word and makes it a key.
    #[inline]
    fn word(&mut self, start: usize, end: usize) {
        let key = self.bytes.get(end) == Some(&b'=');
        let end = if key { end + 1 } else { end };
        let word = &self.bytes[start..end];
        (self.emit)(Token::word(word));
        self.naming = self.last.1 + 1 == start && self.last.1 > 0 && self.is_naming(word);
        if self.naming {
            let before = &self.bytes[self.last.0..self.last.1];
            self.preposition = lexicon::is_preposition(before) || word == b"for";
        }
        if self.words == 0 {
            self.first = (start, end);
        }
        self.words += 1;
        self.done();
        self.last = (start, end);
        if key {
            self.at = end;
            self.after = After::Key;
            self.empty_value();
        }
    }

    /// Returns whether a name may follow `word`, which comes right after the last word.
    #[inline]
    fn is_naming(&self, word: &[u8]) -> bool {
        // All such words begin with one of four letters.
        if !matches!(word[0], b'u' | b'a' | b'h' | b'f') {
            return false;
        }
        lexicon::is_naming_noun(word)
            || word == b"for" && lexicon::is_credential(&self.bytes[self.last.0..self.last.1])
    }

    #[inline]
    fn variable(&mut self, start: usize, end: usize, tail: Tail) {
        let whole = self.tail(start, end, tail);
        // The chunk may end after the variable, at a full stop that was trimmed.
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

/// Returns a bit for each of the letters, counted from `first`.
const fn initials(letters: &[u8], first: u8) -> u32 {
    let mut mask = 0;
    let mut at = 0;
    while at < letters.len() {
        mask |= 1 << (letters[at] - first);
        at += 1;
    }
    mask
}
