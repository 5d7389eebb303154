//! Scans plain text: chunks between separators, each of which is a word or a variable.

mod colon;
mod fields;
mod joined;
mod lines;
mod list;
mod noun;
mod path;
mod quote;
mod shape;
mod tail;
mod unicode;

use std::ops::Range;

use crate::class::{
    CLASS, DASH, DIGIT, DOT, HEX_LETTER, HIGH, LETTER, ODD, STOP, WORD, chunk, classes,
    leading_letters,
};
use crate::json::unescape;
use crate::level::skip_escape;
use crate::lexicon;
use crate::pairs;
use crate::scanner::{MAX_BYTES, MAX_TOKENS, scan};
use crate::token::Token;
use fields::Ahead;

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
    /// The next line is only scanned if it is an exception, because the fields of the record were skipped.
    Exception,
    /// The current line is the last one.
    Last,
    /// The current line was the last one, because the frames of a traceback follow it.
    Traceback,
}

/// A scan of one text.
struct Text<'t, 'f, F> {
    bytes: &'t [u8],
    at: usize,
    after: After,
    words: Words,
    /// The number of tokens that may still be emitted.
    left: usize,
    /// The position of the closing quote of a quoted text that is read as words.
    closing: usize,
    lines: Lines,
    ahead: Ahead,
    /// The range of the message, if the text is a line of pairs. Nothing was emitted then.
    pairs_message: Option<Range<usize>>,
    emit: &'f mut F,
}

/// The words so far, as far as rules about later chunks depend on them.
#[derive(Default)]
struct Words {
    count: usize,
    /// The number of words that are keys.
    keys: usize,
    /// The range of the first word.
    first: (usize, usize),
    /// The range of the last token if it was a word, otherwise an empty range at 0.
    last: (usize, usize),
    /// Whether the last word was a noun that a name may follow, with a word before it.
    naming: bool,
    /// Whether the word before that noun was a preposition.
    preposition: bool,
    /// The kind of the last word, if it is not a noun.
    lead: Lead,
}

/// A word that is followed by a name only if certain text follows the name.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Lead {
    #[default]
    Noun,
    /// `for ann from 10.0.0.7`
    For,
    /// `from READY to LOST`
    From,
    /// `changed from ready to lost`
    Change,
    /// The client of an access log: `10.0.0.7 - ann [`.
    Client,
    /// Not a word but the number of a process, with its name in brackets after it: `process 17 (java)`.
    Process,
    /// Not a word but a number, with a noun after it whose stem is shorter: `3 files`.
    Count,
    /// A noun after a number, whose verb may follow: `3 files are`.
    Counted,
}

/// Emits the tokens of a text of at most [`MAX_JSON_BYTES`](crate::MAX_JSON_BYTES) bytes. Only its first [`MAX_BYTES`] bytes are scanned,
/// and the exception at the end of a traceback.
#[inline]
pub(crate) fn scan_text<F: FnMut(Token<'_>)>(message: &[u8], emit: &mut F) {
    let head = &message[..message.len().min(MAX_BYTES)];
    let mut text = Text::new(head, emit);
    text.run();
    if let Some(range) = text.pairs_message {
        return scan_pairs_message(&head[range], emit);
    }
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

/// Emits the tokens of the message of a line of pairs, without its escapes.
#[inline(never)]
fn scan_pairs_message<F: FnMut(Token<'_>)>(message: &[u8], emit: &mut F) {
    if memchr::memchr(b'\\', message).is_none() {
        return scan(message, emit);
    }
    let mut scratch = [0; MAX_BYTES];
    let len = unescape(message, &mut scratch);
    scan(&scratch[..len], emit);
}

impl<'t, 'f, F: FnMut(Token<'_>)> Text<'t, 'f, F> {
    #[inline]
    fn new(bytes: &'t [u8], emit: &'f mut F) -> Self {
        Self {
            bytes,
            at: 0,
            after: After::Nothing,
            words: Words::default(),
            left: MAX_TOKENS,
            closing: 0,
            lines: Lines::Decide,
            ahead: Ahead::default(),
            pairs_message: None,
            emit,
        }
    }

    #[inline]
    fn run(&mut self) {
        let bytes = self.bytes;
        while self.left > 0 {
            let start = self.at;
            let Some(rest) = bytes.get(start..) else {
                return;
            };
            let Some(&byte) = rest.first() else {
                return;
            };
            let class = CLASS[byte as usize];
            if class & STOP != 0 {
                if byte == b' ' {
                    self.at = start + 1;
                } else if !self.separator(byte) {
                    return;
                }
                continue;
            }
            if class & (HEX_LETTER | LETTER) != 0
                && let Some(block) = rest.first_chunk()
            {
                // Most chunks are words that a space follows, and none of the rules for letters can apply to them.
                let len = leading_letters(block);
                if len > 0
                    && let Some(&next) = block.get(len)
                    && CLASS[next as usize] & STOP != 0
                {
                    let ordinary = self.is_ordinary(block, len);
                    if ordinary && next == b' ' {
                        self.emit_word(rest, start, len);
                        self.at = start + len + 1;
                    } else if !ordinary
                        || self.after == After::Key
                        || next == b':' && rest.get(len + 1) != Some(&b' ')
                        || next == b'['
                        || next == b'(' && rest.get(len + 1) == Some(&b'u')
                    {
                        self.letters_before(next, start, start + len);
                    } else if next == b'=' {
                        if start == 0 && self.is_pairs() {
                            return;
                        }
                        self.key(rest, start, len);
                    } else {
                        self.emit_word(rest, start, len);
                        self.at = start + len;
                    }
                    continue;
                }
            }
            let (len, flags) = chunk(rest);
            let end = start + len;
            self.at = end;
            if bytes.get(end) == Some(&b':') && self.colon(start, end, flags) {
                continue;
            }
            if flags == DIGIT {
                self.variable(start, end, Tail::Unit);
            } else if flags & (DIGIT | DOT | DASH | ODD | HIGH) == 0 {
                self.letters(start, end);
            } else if flags & (DOT | DASH | ODD | HIGH) == 0 {
                self.alphanumeric(start, end);
            } else {
                self.joined(start, end, flags);
            }
        }
    }

    /// Returns whether none of the rules for letters can apply to a chunk of `len` letters.
    #[inline(always)]
    fn is_ordinary(&self, block: &[u8; WORD], len: usize) -> bool {
        let is_value = self.after != After::Nothing;
        !self.words.naming && shape::is_ordinary(block, len, is_value)
    }

    /// Reads a chunk of letters, given the separator that ends it.
    #[inline(never)]
    fn letters_before(&mut self, separator: u8, start: usize, end: usize) {
        self.at = end;
        if separator != b':' || !self.colon(start, end, classes(&self.bytes[start..end])) {
            self.letters(start, end);
        }
    }

    /// Skips a separator. Returns false at the end of the scan.
    #[inline]
    fn separator(&mut self, byte: u8) -> bool {
        match byte {
            b'=' => self.after = After::Key,
            b':' => match self.bytes.get(self.at + 1) {
                Some(b':') if self.address(self.at) => return true,
                Some(b' ') if self.may_be_state(self.at + 2) && self.arrow() => return true,
                None | Some(b' ' | b'\t' | b'\n' | b'\x0c' | b'\r') => self.after = After::Colon,
                Some(_) if self.at > 0 && matches!(self.bytes[self.at - 1], b'"' | b'\'') => {
                    self.after = After::Key;
                }
                Some(_) => self.after = After::Label,
            },
            b'"' if self.quote() => return true,
            b'[' | b'{' if self.may_be_object() && self.objects() => return true,
            b'(' if self.left == MAX_TOKENS && self.job() => return true,
            b'<' if self.after != After::Nothing && self.angles() => return true,
            b'[' | b'{' if self.is_apart() && self.list(byte) => return true,
            b'(' | b'[' | b'<' | b',' if self.null_item() => return true,
            b'?' if self.placeholder() => return true,
            b'`' if self.backquote() => return true,
            b'\t' if self.fields() => return true,
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

    /// Returns whether the bracket at `at` can open a JSON object, or an empty one or an empty array.
    #[inline(always)]
    fn may_be_object(&self) -> bool {
        matches!(
            self.bytes[self.at..],
            [b'{', b'"' | b'}', ..] | [b'[', b']', ..]
        )
    }

    /// Returns whether a state can be at `at`: not a number, a bracket or the like.
    #[inline(always)]
    fn may_be_state(&self, at: usize) -> bool {
        self.bytes.get(at).is_some_and(u8::is_ascii_alphabetic)
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
        match self.words.count {
            0 => true,
            1 => crate::level::level_of_word(&self.bytes[self.words.first.0..self.words.first.1])
                .is_some(),
            _ => false,
        }
    }

    /// Reads a chunk of letters only.
    fn letters(&mut self, start: usize, end: usize) {
        if start == 0 && self.bytes.get(end) == Some(&b'=') && self.is_pairs() {
            return;
        }
        if self.words.naming {
            if self.words.lead == Lead::Count {
                return self.noun(start, end);
            }
            if self.words.lead == Lead::Counted && self.agreeing(start, end) {
                return;
            }
            if matches!(self.words.lead, Lead::From | Lead::Change) && self.transition(start, end) {
                return;
            }
        }
        let word = &self.bytes[start..end];
        let initial = shape::initial(word[0]);
        let is_variable = initial & shape::HEXADECIMAL != 0 && self.is_hex(start, end)
            || initial & shape::CONSTANT != 0 && self.is_constant_value(start, end)
            || word.len() >= shape::SHORTEST_BASE64 && shape::is_base64(word)
            || initial & shape::LOCALHOST_OR_DOLLAR != 0
                && (word == b"localhost" || word[0] == b'$' && word.len() > 1)
            || self.words.naming && self.is_name(start, end);
        if is_variable || self.after == After::Key && self.is_item(start, end) {
            return self.variable(start, end, Tail::Nothing);
        }
        if initial & shape::CALENDAR != 0
            && let Some(end) = self.calendar(start, end)
        {
            self.at = end;
            return self.variable(start, end, Tail::Nothing);
        }
        self.word(start, end);
    }

    /// Reads a chunk of letters and digits.
    #[inline(never)]
    fn alphanumeric(&mut self, start: usize, end: usize) {
        let protocol = end - start == 4
            && self.after == After::Nothing
            && lexicon::is_protocol(&self.bytes[start..end]);
        if protocol || self.is_key(start, end) {
            self.word(start, end);
        } else {
            self.variable(start, end, Tail::Nothing);
        }
    }

    /// Returns whether a chunk with digits is the name of a value: `r24=0`, `arg_1=x`, `p99=3`. It is not if it may be base64 with its
    /// padding (`dGhpcyBpcyBhIHRlc3Q= `).
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
            && (end - start < shape::SHORTEST_BASE64 || !self.is_padded(start, end))
    }

    /// Returns whether a chunk may be base64 with the `=` after it.
    #[inline(never)]
    fn is_padded(&self, start: usize, end: usize) -> bool {
        self.ends_at(end + 1) && shape::is_base64(&self.bytes[start..end])
    }

    /// Emits a word. An equals sign right after it belongs to the word and makes it a key. The name of a host right before an address or
    /// numbers in brackets, and that of a user right before `(uid=`, are variables.
    #[inline(never)]
    fn word(&mut self, start: usize, end: usize) {
        let rest = &self.bytes[start..];
        match self.bytes.get(end) {
            Some(b'=') => self.key(rest, start, end - start),
            Some(b'[' | b'(') if let Some(end) = self.name_end(start, end) => {
                self.variable(start, end, Tail::Nothing);
            }
            _ => self.emit_word(rest, start, end - start),
        }
    }

    /// Returns the end of a name whose word ends at `end`, if the brackets after it show that it is one.
    #[inline(never)]
    fn name_end(&self, start: usize, end: usize) -> Option<usize> {
        let rest = &self.bytes[end..];
        let user = self.bytes[start].is_ascii_lowercase() && rest.starts_with(b"(uid=");
        if user || tail::is_bracketed_address(rest) {
            return Some(end);
        }
        self.range(end)
    }

    /// Emits the key that is the first `len` bytes of `rest`, and moves past its equals sign, to its value.
    #[inline(always)]
    fn key(&mut self, rest: &'t [u8], start: usize, len: usize) {
        if self.words.keys == 0
            && matches!(self.bytes[..start], [.., b' '])
            && start > 1
            && self.pairs_end_line(start)
        {
            return;
        }
        self.words.keys += 1;
        self.emit_word(rest, start, len + 1);
        self.at = start + len + 1;
        self.after = After::Key;
        self.empty_value();
    }

    /// Returns whether the text is a line of pairs with a message, and ends the scan in this case.
    #[inline(never)]
    fn is_pairs(&mut self) -> bool {
        // Not in the line of an exception.
        if self.lines == Lines::Last {
            return false;
        }
        self.pairs_message = pairs::message_field(self.bytes);
        if self.pairs_message.is_some() {
            (self.at, self.left) = (self.bytes.len(), 0);
        }
        self.pairs_message.is_some()
    }

    /// Emits the word that is the first `len` bytes of `rest`.
    #[inline(always)]
    fn emit_word(&mut self, rest: &'t [u8], start: usize, len: usize) {
        (self.emit)(Token::leading_word(rest, len));
        let end = start + len;
        self.words.naming = shape::may_be_naming(rest[0], len) && self.is_naming(start, end);
        if self.words.count == 0 {
            self.words.first = (start, end);
        }
        self.words.count += 1;
        self.done();
        self.words.last = (start, end);
    }

    /// Returns whether the last word introduces the states between which something changes. A noun does so as the first word, or after a verb.
    fn is_change(&self, last: &[u8]) -> bool {
        let verb = || {
            let before = self.bytes[..self.words.last.0].strip_suffix(b" ");
            let before = before.unwrap_or_default();
            let letters = before.iter().rev().take_while(|b| b.is_ascii_alphabetic());
            lexicon::is_change(&before[before.len() - letters.count()..])
        };
        lexicon::is_change(last) || lexicon::is_state(last) && (self.words.count == 1 || verb())
    }

    /// Returns whether a name may follow a word, which must come right after the last word.
    #[inline(never)]
    fn is_naming(&mut self, start: usize, end: usize) -> bool {
        if self.words.last.1 + 1 != start || self.words.last.1 == 0 {
            return &self.bytes[start..end] == b"from" && self.precedes_state(end, Lead::From);
        }
        let word = &self.bytes[start..end];
        let before = &self.bytes[self.words.last.0..self.words.last.1];
        self.words.lead = match word {
            b"from" if self.is_change(before) => {
                return self.precedes_state(end, Lead::Change);
            }
            b"from" => return self.precedes_state(end, Lead::From),
            b"for" if !lexicon::is_credential(before) => Lead::For,
            _ => Lead::Noun,
        };
        self.words.preposition = lexicon::is_preposition(before) || word == b"for";
        self.words.lead == Lead::For || lexicon::is_naming_noun(word) || word == b"for"
    }

    /// Returns whether a state may follow the word `from`, which ends at `end`: two capitals, or a letter after a word for a change.
    fn precedes_state(&mut self, end: usize, lead: Lead) -> bool {
        self.words.lead = lead;
        match self.bytes[end..] {
            [b' ', b'A'..=b'Z', b'A'..=b'Z' | b'_', ..] | [b' ', b'[', b'A'..=b'Z', ..] => true,
            [b' ', b'[', first, ..] | [b' ', first, ..] => {
                lead == Lead::Change && first.is_ascii_alphabetic()
            }
            _ => false,
        }
    }

    fn variable(&mut self, start: usize, end: usize, tail: Tail) {
        self.words.lead = Lead::Noun;
        let end = self.tail(start, end, tail);
        // The chunk may end after the variable, at a full stop that was trimmed.
        self.at = self.at.max(end);
        (self.emit)(Token::variable(&self.bytes[start..end]));
        self.words.naming =
            self.words.lead != Lead::Noun || self.left == MAX_TOKENS && self.is_client(end);
        self.done();
        self.words.last = (0, 0);
    }

    /// Emits the stem of a noun after a number, which is the same in the singular and the plural.
    #[inline(never)]
    fn noun(&mut self, start: usize, end: usize) {
        let rest = &self.bytes[start..];
        self.emit_word(rest, start, noun::stem_len(&rest[..end - start]));
        self.words.last = (start, end);
        if self.words.count == 1 {
            self.words.first = (start, end);
        }
        self.words.naming = noun::verb_stem_len(&self.bytes[end..]).is_some();
        self.words.lead = Lead::Counted;
    }

    /// Emits what the singular and the plural of a verb after a noun share. Returns false if the word is not that verb.
    #[inline(never)]
    fn agreeing(&mut self, start: usize, end: usize) -> bool {
        let (from, to) = self.words.last;
        if to + 1 != start || from == to {
            return false;
        }
        let Some(stem) = noun::verb_stem_len(&self.bytes[to..]) else {
            return false;
        };
        if stem > 0 {
            self.emit_word(&self.bytes[start..], start, stem);
        } else {
            self.words.naming = false;
            self.words.count += 1;
        }
        self.words.last = (start, end);
        true
    }

    /// Returns whether the token at `start` is the number of a process: the last word comes right before it and says so.
    #[inline(never)]
    fn follows_process(&self, start: usize) -> bool {
        let (from, to) = self.words.last;
        let word = &self.bytes[from..to];
        to + 1 == start
            && (word.eq_ignore_ascii_case(b"process") || word.eq_ignore_ascii_case(b"pid"))
    }

    /// Returns whether the client of an access log ends at `end`, and its user may follow.
    #[inline(never)]
    fn is_client(&mut self, end: usize) -> bool {
        self.words.lead = Lead::Client;
        matches!(self.bytes[end..], [b' ', b'-', b' ', next, ..] if next.is_ascii_alphabetic())
    }

    #[inline]
    fn done(&mut self) {
        self.after = After::Nothing;
        self.left = self.left.saturating_sub(1);
    }
}
