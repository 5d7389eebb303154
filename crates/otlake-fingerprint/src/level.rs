//! Finds the level of a message that has no severity of its own.

use crate::class::{WORD, is_alnum};
use crate::header::{Header, header};
use crate::scanner::skip_front;

/// A log level, least severe first.
///
/// The enum is exhaustive on purpose: these are the ranges of OpenTelemetry's severity number.
///
/// ```
/// use otlake_fingerprint::Level;
///
/// let level = Level::from_severity_number(18).ok_or("not a severity number")?;
/// assert_eq!(level, Level::Error);
/// assert_eq!(level.severity_number(), 17, "the first of the range");
/// assert_eq!(level.as_str(), "ERROR");
/// assert!(level > Level::Warn);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Finest detail.
    Trace,
    /// For debugging.
    Debug,
    /// Normal operation, notices included.
    Info,
    /// Something unexpected that the program can handle.
    Warn,
    /// Something failed.
    Error,
    /// The program cannot continue. Also critical, alert and emergency.
    Fatal,
}

impl Level {
    /// Returns the first OpenTelemetry severity number of this level's range (1, 5, 9, 13, 17, 21).
    pub const fn severity_number(self) -> i32 {
        match self {
            Self::Trace => 1,
            Self::Debug => 5,
            Self::Info => 9,
            Self::Warn => 13,
            Self::Error => 17,
            Self::Fatal => 21,
        }
    }

    /// Returns the level whose range contains an OpenTelemetry severity number (1 to 24).
    pub const fn from_severity_number(number: i32) -> Option<Self> {
        match number {
            1..=4 => Some(Self::Trace),
            5..=8 => Some(Self::Debug),
            9..=12 => Some(Self::Info),
            13..=16 => Some(Self::Warn),
            17..=20 => Some(Self::Error),
            21..=24 => Some(Self::Fatal),
            _ => None,
        }
    }

    /// Returns the short upper-case name: `WARN`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The number of bytes that [`level`] searches. A level is near the front of a line, after a time, a host or a thread name.
const WINDOW: usize = 160;
/// The number of words that [`level`] examines.
const WORDS: usize = 16;

/// Returns the level that the text of `message` names, if it names one.
///
/// The level of a header takes precedence. Otherwise the first of these wins: a level name after a key (`level=warn`,
/// `"severity":"ERROR"`), a level name in capitals or in brackets (`WARN`, `[error]`), or a capitalised or lower-case name followed by a
/// colon at the front of the message (`error: disk full`, `Warning: …`). The word "error" inside a sentence is not a level.
///
/// ```
/// use otlake_fingerprint::{Level, level};
///
/// assert_eq!(level(b"2024-05-01 10:00:00 WARN [main] disk at 91%"), Some(Level::Warn));
/// assert_eq!(level(br#"{"level":"error","msg":"no route"}"#), Some(Level::Error));
/// assert_eq!(level(b"the last error was long ago"), None);
/// ```
pub fn level(message: &[u8]) -> Option<Level> {
    let message = &message[skip_front(message)..];
    let start = match header(message) {
        Some(Header {
            level: Some(level), ..
        }) => return Some(level),
        Some(header) => header.end,
        None => 0,
    };
    let message = &message[start..message.len().min(start + WINDOW)];
    let mut found = None;
    let mut at = 0;
    let mut words = 0;
    let mut key = false;
    while at < message.len() && words < WORDS {
        if !is_alnum(message[at]) {
            if message[at] == b'\n' && words > 0 {
                break;
            }
            // An ANSI colour sequence ends in a letter, which would be read as part of the level's name.
            if message[at] == 0x1b {
                at = skip_escape(message, at);
                continue;
            }
            at += 1;
            continue;
        }
        let start = at;
        while at < message.len() && is_alnum(message[at]) {
            at += 1;
        }
        let word = &message[start..at];
        words += 1;
        let before = if start == 0 { b' ' } else { message[start - 1] };
        let after = message.get(at).copied().unwrap_or(b' ');
        let named = level_of_word(word);
        if key && named.is_some() {
            return named;
        }
        key = is_level_key(word) && matches!(after, b'=' | b':' | b'"');
        if found.is_none() && named.is_some() {
            let capitals = word.iter().all(u8::is_ascii_uppercase);
            let framed = matches!(
                (before, after),
                (b'[', b']') | (b'<', b'>') | (b'(', b')') | (b'|', b'|')
            );
            let leads = words == 1 && after == b':';
            if (capitals && !glued(before) && !glued(after)) || framed || leads {
                found = named;
            }
        }
    }
    found
}

/// Returns whether a byte next to a level name makes it part of another name, as in `ERROR.log` or `/ERROR/`.
fn glued(byte: u8) -> bool {
    matches!(
        byte,
        b'.' | b'/' | b'\\' | b'-' | b'_' | b'@' | b'\'' | b'='
    )
}

fn is_level_key(word: &[u8]) -> bool {
    [
        b"level".as_slice(),
        b"lvl",
        b"severity",
        b"loglevel",
        b"log_level",
        b"severity_text",
        b"levelname",
    ]
    .iter()
    .any(|key| word.eq_ignore_ascii_case(key))
}

/// Returns the level that `word` names, in any case.
pub(crate) fn level_of_word(word: &[u8]) -> Option<Level> {
    let mut block = [0; WORD];
    block.get_mut(..word.len())?.copy_from_slice(word);
    level_of_block(&block, word.len())
}

/// Returns the level that the first `len` bytes name, in any case.
#[inline]
pub(crate) fn level_of_block(block: &[u8; WORD], len: usize) -> Option<Level> {
    // Few words have the first letter and the length of a name.
    let letter = block[0] as usize & 0x1f;
    if len >= WORD || LENGTHS[letter] >> len & 1 == 0 {
        return None;
    }
    let word = first_bytes(block, len);
    let (first, end) = RANGES[letter];
    (usize::from(first)..usize::from(end))
        // The names have small letters only. Of what differs from one in this bit alone, only its capital is a letter.
        .find(|&at| KEYS[at] == word | CASE & KEYS[at])
        .map(|at| NAMES[at].1)
}

/// Returns whether the first `len` bytes, fewer than all and all of them letters, are capitals.
#[inline]
pub(crate) fn is_capitals(block: &[u8; WORD], len: usize) -> bool {
    first_bytes(block, len) & CASE == 0
}

/// Returns the first `len` bytes, fewer than all, as a number.
#[inline]
fn first_bytes(block: &[u8; WORD], len: usize) -> u128 {
    u128::from_le_bytes(*block) & !(u128::MAX << (8 * len))
}

/// The bit of every byte that small and capital letters differ in.
const CASE: u128 = u128::from_le_bytes([0x20; WORD]);

/// The names as numbers.
static KEYS: [u128; NAMES.len()] = {
    let mut keys = [0; NAMES.len()];
    let mut at = 0;
    while at < NAMES.len() {
        let mut block = [0; WORD];
        let mut byte = 0;
        while byte < NAMES[at].0.len() {
            block[byte] = NAMES[at].0[byte];
            byte += 1;
        }
        keys[at] = u128::from_le_bytes(block);
        at += 1;
    }
    keys
};

/// The names of levels, sorted by their first letter.
const NAMES: [(&[u8], Level); 26] = [
    (b"alert", Level::Fatal),
    (b"critical", Level::Fatal),
    (b"crit", Level::Fatal),
    (b"debug", Level::Debug),
    (b"dbg", Level::Debug),
    (b"error", Level::Error),
    (b"err", Level::Error),
    (b"emerg", Level::Fatal),
    (b"emergency", Level::Fatal),
    (b"fatal", Level::Fatal),
    (b"ftl", Level::Fatal),
    (b"finest", Level::Trace),
    (b"info", Level::Info),
    (b"inf", Level::Info),
    (b"information", Level::Info),
    (b"informational", Level::Info),
    (b"note", Level::Info),
    (b"notice", Level::Info),
    (b"panic", Level::Fatal),
    (b"severe", Level::Error),
    (b"trace", Level::Trace),
    (b"verbose", Level::Trace),
    (b"vrb", Level::Trace),
    (b"warn", Level::Warn),
    (b"warning", Level::Warn),
    (b"wrn", Level::Warn),
];

/// The lengths of the names, as bits, by the low bits of their first letter.
static LENGTHS: [u16; 32] = {
    let mut table = [0; 32];
    let mut at = 0;
    while at < NAMES.len() {
        let name = NAMES[at].0;
        table[name[0] as usize & 0x1f] |= 1 << name.len();
        at += 1;
    }
    table
};

/// The range of the names by the low bits of their first letter.
static RANGES: [(u8, u8); 32] = {
    let mut table = [(0, 0); 32];
    let mut at = 0;
    while at < NAMES.len() {
        let letter = NAMES[at].0[0] as usize & 0x1f;
        if table[letter].1 == 0 {
            table[letter].0 = at as u8;
        }
        at += 1;
        table[letter].1 = at as u8;
    }
    table
};

/// Returns the position after the ANSI escape sequence that begins at `at`.
pub(crate) fn skip_escape(message: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    match message.get(at) {
        Some(b'[') => {
            at += 1;
            // Parameter and intermediate bytes, then one final byte (ECMA-48, 5.4).
            while message
                .get(at)
                .is_some_and(|byte| (0x20..0x40).contains(byte))
            {
                at += 1;
            }
            (at + 1).min(message.len())
        }
        // An operating system command (a terminal title, a hyperlink) ends at BEL or ESC.
        Some(b']') => {
            while message
                .get(at)
                .is_some_and(|byte| !matches!(byte, 0x07 | 0x1b))
            {
                at += 1;
            }
            if message.get(at) == Some(&0x1b) {
                (at + 2).min(message.len())
            } else {
                (at + 1).min(message.len())
            }
        }
        Some(_) => at + 1,
        None => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_in_the_usual_places() {
        let cases: [(&[u8], Option<Level>); 17] = [
            (b"ERROR disk full", Some(Level::Error)),
            (
                b"2024-05-01T10:00:00Z host app[17]: [warn] slow",
                Some(Level::Warn),
            ),
            (b"error: disk full", Some(Level::Error)),
            (b"Warning: disk nearly full", Some(Level::Warn)),
            (b"level=info msg=started", Some(Level::Info)),
            (
                b"{\"severity\": \"CRITICAL\", \"msg\": \"x\"}",
                Some(Level::Fatal),
            ),
            (b"\x1b[31mERROR\x1b[0m: disk full", Some(Level::Error)),
            (b"<notice> reload", Some(Level::Info)),
            (b"DEBUG|start", Some(Level::Debug)),
            (b"INFO level=error", Some(Level::Error)),
            (b"an error occurred", None),
            (b"see /var/log/ERROR.log", None),
            (b"MACHINE CHECK", None),
            (b"", None),
            (b"\xff\xfe\xfd", None),
            (b"terrors: none", None),
            (b"I0501 main.go] ok", None),
        ];
        for (message, expected) in cases {
            assert_eq!(
                level(message),
                expected,
                "{}",
                String::from_utf8_lossy(message)
            );
        }
    }

    /// The level and the fingerprint use the same rules for the fields of a header.
    #[test]
    fn the_level_of_a_header_wins() {
        let cases: [(&str, Level); 13] = [
            (
                "\u{1b}[2m10:00:00\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m \u{1b}[2mapp::net:\u{1b}[0m ERROR is a word",
                Level::Warn,
            ),
            (
                "2024-05-01 10:00:00,123 WARN [main] a.B: ERROR is a word",
                Level::Warn,
            ),
            (
                "\u{feff} \n2024-05-01 10:00:00,123 WARN [main] a.B: ERROR is a word",
                Level::Warn,
            ),
            (
                "2024-05-01 10:00:00.123  INFO 17 --- [main] a.B : no ERROR",
                Level::Info,
            ),
            (
                "[2024-05-01T10:00:00Z DEBUG app] ERROR is a word",
                Level::Debug,
            ),
            (
                "[2024-05-01 10:00:00,123: INFO/Main] ERROR is a word",
                Level::Info,
            ),
            ("[10:00:00 INF] ERROR is a word", Level::Info),
            (
                "[Wed May 01 10:00:00.123 2024] [core:error] [pid 17] INFO is a word",
                Level::Error,
            ),
            (
                "05-01 10:00:00.123  1702  2395 E Worker: INFO is a word",
                Level::Error,
            ),
            (
                "05-01 10:00:00.123  1702  2395 W Worker  : INFO is a word",
                Level::Warn,
            ),
            ("ERROR 2024-05-01 10:00:00 INFO is a word", Level::Error),
            (
                "E0501 10:00:00.123456    17 server.go:24] INFO is a word",
                Level::Error,
            ),
            (
                "<34>1 2024-05-01T10:00:00Z web app[17]: [warn] INFO is a word",
                Level::Warn,
            ),
        ];
        for (message, expected) in cases {
            assert_eq!(level(message.as_bytes()), Some(expected), "{message}");
        }
    }

    #[test]
    fn severity_numbers_go_both_ways() {
        for number in 1..=24 {
            let level = Level::from_severity_number(number).unwrap();
            assert!((0..4).contains(&(number - level.severity_number())));
        }
        assert_eq!(Level::from_severity_number(0), None);
        assert_eq!(Level::from_severity_number(25), None);
    }
}
