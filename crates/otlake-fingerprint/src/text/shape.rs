//! Recognizes values of certain forms: constants, hexadecimal bytes, base64, text in angle brackets, missing values, jobs of cron.

use super::{After, MAX_QUOTED, Tail, Text};
use crate::class::{WORD, is_alnum};
use crate::lexicon;
use crate::token::Token;

/// The minimum length of a run of letters that can be base64. Shorter ones can't be distinguished from names.
pub(super) const SHORTEST_BASE64: usize = 16;
/// [`is_ordinary`] does not look for base64, because a block is too short for it and the separator behind it.
const _: () = assert!(WORD <= SHORTEST_BASE64);
/// The number of hexadecimal pairs in a row that are bytes even if none of them has a digit.
const PAIRS: usize = 4;

/// Returns whether letters change case as often as random letters do. `NullPointerException` changes once in four letters, and
/// `HTTPServerURLBuilder` rarely.
pub(super) fn is_base64(word: &[u8]) -> bool {
    let capitals = word.iter().filter(|b| b.is_ascii_uppercase()).count();
    let changes = word
        .windows(2)
        .filter(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase())
        .count();
    let third = word.len() / 3;
    capitals >= third && word.len() - capitals >= third && changes >= third && !word.contains(&b'_')
}

/// The letter can begin a hexadecimal number.
pub(super) const HEXADECIMAL: u8 = 1;
/// The letter begins the name of a month or a weekday.
pub(super) const CALENDAR: u8 = 1 << 1;
/// The letter begins a word for no value or for one of two: null, undefined, true, false, yes, no, on, off.
pub(super) const CONSTANT: u8 = 1 << 2;
/// The byte begins `localhost`, or is the `$` of a shell variable.
pub(super) const LOCALHOST_OR_DOLLAR: u8 = 1 << 3;

/// The kinds of tokens that each letter can begin.
static INITIALS: [u8; 128] = {
    let mut table = [0; 128];
    let sets: [(&[u8], u8); 4] = [
        (b"abcdefABCDEF", HEXADECIMAL),
        (b"JFMASONDTW", CALENDAR),
        (b"nutfyoNUTFYO", CONSTANT),
        (b"l$", LOCALHOST_OR_DOLLAR),
    ];
    let mut set = 0;
    while set < sets.len() {
        let (letters, bit) = sets[set];
        let mut at = 0;
        while at < letters.len() {
            table[letters[at] as usize] |= bit;
            at += 1;
        }
        set += 1;
    }
    table
};

/// The lengths of the words that a name may follow, by the low bits of their first letter: [`lexicon::is_naming_noun`], `for` and `from`.
static NAMING: [u32; 32] = {
    let words: [&[u8]; 7] = [
        b"user",
        b"username",
        b"account",
        b"host",
        b"hostname",
        b"for",
        b"from",
    ];
    let mut table = [0; 32];
    let mut at = 0;
    while at < words.len() {
        table[words[at][0] as usize & 0x1f] |= 1 << words[at].len();
        at += 1;
    }
    table
};

/// Returns what a letter can begin.
#[inline(always)]
pub(super) fn initial(letter: u8) -> u8 {
    INITIALS[letter as usize & 0x7f]
}

/// Returns whether a word of this length that begins with this letter can be one that a name may follow.
#[inline(always)]
pub(super) fn may_be_naming(initial: u8, len: usize) -> bool {
    len < 32 && NAMING[initial as usize & 0x1f] >> len & 1 != 0
}

/// Returns whether no rule for letters can apply to the first `len` bytes, at least one and all of them letters, unless they follow a noun
/// before a name.
#[inline(always)]
pub(super) fn is_ordinary(block: &[u8; WORD], len: usize, is_value: bool) -> bool {
    let all = initial(block[0]);
    let first = all & if is_value { !0 } else { !CONSTANT };
    if first == 0 {
        return all & CONSTANT == 0 || !may_be_bool(block, len);
    }
    let hexadecimal = match len {
        2 => first & initial(block[1]) & HEXADECIMAL != 0,
        8.. => first & initial(block[1]) & initial(block[2]) & initial(block[3]) & HEXADECIMAL != 0,
        _ => false,
    };
    !hexadecimal
        && first & CONSTANT == 0
        && (all & CONSTANT == 0 || !may_be_bool(block, len))
        && (first & LOCALHOST_OR_DOLLAR == 0 || len != b"localhost".len())
        && (first & CALENDAR == 0 || !lexicon::begins_calendar_name([block[0], block[1], block[2]]))
}

/// Returns whether the first `len` bytes can be `true` or `false`.
#[inline(always)]
fn may_be_bool(block: &[u8; WORD], len: usize) -> bool {
    let small = u32::from_le_bytes([block[0], block[1], block[2], block[3]]) | 0x2020_2020;
    len == 4 && small == u32::from_le_bytes(*b"true")
        || len == 5 && small == u32::from_le_bytes(*b"fals")
}

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Returns whether a chunk of letters is a hexadecimal number: eight digits or more, or one of several bytes (`de ad be ef`).
    pub(super) fn is_hex(&self, start: usize, end: usize) -> bool {
        matches!(end - start, 2 | 8..)
            && self.bytes[start..end].iter().all(u8::is_ascii_hexdigit)
            && (end - start > 2 || self.is_hex_pair(start))
    }

    /// Returns whether the pair at `start` is one of at least [`PAIRS`] hexadecimal pairs with single spaces between them.
    fn is_hex_pair(&self, start: usize) -> bool {
        let bytes = self.bytes;
        let pair_at = |at: usize| {
            bytes
                .get(at..at + 2)
                .is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
        };
        let begins_at =
            |at: usize| at == 0 || matches!(bytes[at - 1], b' ' | b'[' | b'(' | b'<' | b':' | b'=');
        // A full stop may follow the last.
        let ends_at = |at: usize| self.ends_at(at) || bytes[at] == b'.' && self.ends_at(at + 1);
        if !begins_at(start) || !ends_at(start + 2) {
            return false;
        }
        let mut pairs = 1;
        let mut at = start + 2;
        while pairs < PAIRS && bytes.get(at) == Some(&b' ') && pair_at(at + 1) && ends_at(at + 3) {
            pairs += 1;
            at += 3;
        }
        at = start;
        while pairs < PAIRS
            && at >= 3
            && bytes[at - 1] == b' '
            && pair_at(at - 3)
            && begins_at(at - 3)
        {
            pairs += 1;
            at -= 3;
        }
        pairs >= PAIRS
    }

    /// Returns whether a word means no value or one of two values: `null`, `true`, `no`. Only `true` and `false` can be values anywhere.
    ///
    /// Prose may follow (`Note: no space left`, `true colours`), so outside of a key one of two values is only recognised if it is the
    /// whole value. A colon between two words may also join a name (`cache:on`), neither half of which is a value. People who label
    /// events distinguish `overlap:true` from `overlap:false`.
    #[inline(never)]
    pub(super) fn is_constant_value(&self, start: usize, end: usize) -> bool {
        let word = &self.bytes[start..end];
        match self.after {
            After::Key => lexicon::is_null(word) || lexicon::is_switch(word),
            After::Colon => {
                lexicon::is_null(word) || lexicon::is_switch(word) && self.value_ends_at(end)
            }
            After::Label => lexicon::is_null(word),
            After::Nothing => {
                let apart = start > 0 && matches!(self.bytes[start - 1], b' ' | b'(' | b'[' | b',');
                apart && lexicon::is_bool(word) && self.value_ends_at(end)
            }
        }
    }

    /// Returns whether a word right after a key is one of several items: a separator that ends an item follows, and there was a word
    /// that is not a key (`opened (mode=shared, owner=ann)`). A word in capitals is an enumerator, which may be all that a message says.
    #[inline(never)]
    pub(super) fn is_item(&self, start: usize, end: usize) -> bool {
        self.words.last.1 == start
            && self.words.count > self.words.keys
            && matches!(
                self.bytes.get(end),
                Some(b',' | b';' | b')' | b']' | b'}' | b'|' | b'&')
            )
            && self.bytes[start..end].iter().any(u8::is_ascii_lowercase)
    }

    fn value_ends_at(&self, end: usize) -> bool {
        let rest = &self.bytes[end..];
        let rest = rest.strip_prefix(b".").unwrap_or(rest);
        match rest.first() {
            None => true,
            Some(b' ') => rest[1..].first().is_none_or(u8::is_ascii_whitespace),
            Some(byte) => {
                matches!(byte, b',' | b';' | b')' | b']' | b'}' | b'|')
                    || byte.is_ascii_whitespace()
            }
        }
    }

    /// Emits an empty variable if a key has no value, so that the end, a separator or the next key follows it.
    #[inline(always)]
    pub(super) fn empty_value(&mut self) {
        let bytes = self.bytes;
        let at = self.at;
        if self.left == 0 {
            return;
        }
        let empty = match bytes.get(at) {
            None => true,
            Some(b' ') => self.key_follows(at),
            Some(b'<') => bytes.get(at + 1) == Some(&b'>'),
            Some(byte) => matches!(
                byte,
                b',' | b';' | b')' | b']' | b'}' | b'|' | b'&' | b'\t' | b'\n' | b'\r'
            ),
        };
        if empty {
            self.variable(at, at, Tail::Nothing);
        }
    }

    /// Reads a word for no value that is an item between brackets or commas, with the separator at `at`: `(null)`, `(1, NULL)`, `<nil>`.
    #[inline]
    pub(super) fn null_item(&mut self) -> bool {
        let bytes = self.bytes;
        let spaced = bytes[self.at] == b',' && bytes.get(self.at + 1) == Some(&b' ');
        let start = self.at + 1 + usize::from(spaced);
        let Some(&first) = bytes.get(start) else {
            return false;
        };
        if !matches!(first, b'n' | b'N' | b'u') {
            return false;
        }
        let len = bytes[start..]
            .iter()
            .take_while(|b| b.is_ascii_alphabetic() || **b == b'/')
            .count();
        let end = start + len;
        let closes = match bytes[self.at] {
            b'(' => matches!(bytes.get(end), Some(b')' | b',')),
            b'[' => matches!(bytes.get(end), Some(b']' | b',')),
            b'<' => bytes.get(end) == Some(&b'>'),
            _ => matches!(bytes.get(end), Some(b',' | b')' | b']' | b'}')),
        };
        let word = &bytes[start..end];
        if !closes || !lexicon::is_null(word) {
            return false;
        }
        self.variable(start, end, Tail::Nothing);
        self.at = end;
        true
    }

    /// Reads the placeholder of a prepared statement: `id = ?`, `VALUES (?, ?)`.
    #[inline(never)]
    pub(super) fn placeholder(&mut self) -> bool {
        let bytes = self.bytes;
        let at = self.at;
        let item = match bytes[..at] {
            [.., b'(' | b','] | [.., b',', b' '] => true,
            [.., b'=' | b' '] => self.after == After::Key,
            _ => false,
        };
        let ends = matches!(
            bytes.get(at + 1),
            None | Some(b',' | b')' | b' ' | b';' | b'\n' | b'\r')
        );
        if !item || !ends {
            return false;
        }
        self.variable(at, at + 1, Tail::Nothing);
        true
    }

    /// Reads a value in angle brackets: `user=<ann>`, `client: <local machine>`.
    #[inline(never)]
    pub(super) fn angles(&mut self) -> bool {
        let bytes = self.bytes;
        let start = self.at;
        let inside = &bytes[start + 1..bytes.len().min(start + MAX_QUOTED)];
        let len = inside
            .iter()
            .take_while(|b| is_alnum(**b) || matches!(b, b' ' | b'.' | b'-' | b'+' | b'/' | b'@'))
            .count();
        let led = start > 0 && matches!(bytes[start - 1], b' ' | b'=');
        let closes = inside.get(len) == Some(&b'>') && self.ends_at(start + 1 + len + 1);
        let value = len > 0 && inside[0] != b' ' && inside[..len].iter().any(|&b| is_alnum(b));
        if self.after == After::Label || !led || !closes || !value {
            return false;
        }
        self.variable(start + 1, start + 1 + len, Tail::Nothing);
        self.at = start + len + 2;
        true
    }

    /// Reads the user and the command of a job that cron has started: `(ann) CMD (/usr/bin/backup --all)`.
    #[inline(never)]
    pub(super) fn job(&mut self) -> bool {
        let bytes = self.bytes;
        let start = self.at + 1;
        let name = bytes[start..]
            .iter()
            .take_while(|b| is_alnum(**b) || matches!(b, b'-' | b'.'))
            .count();
        if name == 0 || !bytes[start + name..].starts_with(b") CMD (") {
            return false;
        }
        let command = start + name + b") CMD (".len();
        let end =
            memchr::memchr2(b'\n', b'\r', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        let line = bytes[..end].trim_ascii_end();
        if line.len() < command + 2 || !line.ends_with(b")") {
            return false;
        }
        self.variable(start, start + name, Tail::Nothing);
        self.word(command - 5, command - 2);
        self.variable(command, line.len() - 1, Tail::Nothing);
        self.at = line.len();
        true
    }

    /// Returns whether the end of the line or `name=` follows the spaces at `at`.
    #[inline(never)]
    fn key_follows(&self, mut at: usize) -> bool {
        let bytes = self.bytes;
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        let name = bytes[at..]
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
            .count();
        match bytes.get(at + name) {
            None | Some(b'\n' | b'\r') => name == 0,
            Some(b'=') => name > 0 && bytes[at].is_ascii_alphabetic(),
            Some(_) => false,
        }
    }
}
