//! Reads the fields of a header.

use super::Header;
use super::process::{process_end, process_len};
use super::spans::spans_end;
use super::stamp::{Host, stamp_end};
use super::structured_data::structured_end;
use crate::class::leading_letters;
use crate::level::{Level, is_capitals, level_of_block, level_of_word};

/// The maximum number of fields before the timestamp: a label, an epoch, a date, a node.
const MAX_LEADING: usize = 5;
/// The maximum number of further fields in brackets before a logger.
const MAX_GROUPS: usize = 3;
/// The maximum length of a bracketed field.
pub(super) const MAX_GROUP: usize = 192;

/// Returns the header of a line. It may take up the whole line.
pub(super) fn read(line: &[u8]) -> Option<Header> {
    let mut fields = Fields {
        line,
        at: 0,
        level: None,
        host: Host::Never,
        structured: false,
        ruby: false,
    };
    fields.leading()?;
    let structured = if fields.structured {
        structured_end(line, fields.at)
    } else {
        None
    };
    match structured {
        Some(end) => fields.at = end,
        None => fields.fields(),
    }
    Some(Header {
        end: skip_delimiters(line, fields.at),
        level: klog_level(line).or(fields.level),
    })
}

/// Returns the header of a line that begins with a timestamp, given its end. It may take up the whole line.
pub(super) fn read_after(line: &[u8], stamp: usize, host: Host) -> Header {
    let mut fields = Fields {
        line,
        at: stamp,
        level: None,
        host,
        structured: false,
        ruby: false,
    };
    fields.fields();
    Header {
        end: skip_delimiters(line, fields.at),
        level: fields.level,
    }
}

/// A reader of header fields.
struct Fields<'l> {
    line: &'l [u8],
    /// The end of the header, as far as it is known.
    at: usize,
    level: Option<Level>,
    /// Whether a host and a process may follow.
    host: Host,
    /// Whether the line begins as RFC 5424 has it.
    structured: bool,
    /// Whether the line begins as Ruby's logger writes it.
    ruby: bool,
}

impl Fields<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.line.get(at).copied()
    }

    /// Reads the fields before the timestamp, and the timestamp.
    fn leading(&mut self) -> Option<()> {
        let line = self.line;
        let mut at = 0;
        if line[0] == b'<' {
            let digits = line[1..].iter().take_while(|b| b.is_ascii_digit()).count();
            if !(1..=3).contains(&digits) || self.byte(1 + digits) != Some(b'>') {
                return None;
            }
            at = digits + 2;
            // RFC 5424 has a version after the priority.
            if self.byte(at) == Some(b'1') && self.byte(at + 1) == Some(b' ') {
                at += 2;
                self.structured = true;
            }
            self.host = Host::Always;
        } else if line[0].is_ascii_uppercase() && line[1..].starts_with(b", [") {
            self.ruby = true;
            at = 3;
        }
        let mut access_log = false;
        for _ in 0..=MAX_LEADING {
            while matches!(line.get(at), Some(b' ' | b'\t' | b'|' | b',' | b':' | b';')) {
                at += 1;
            }
            // After a host and two dashes, a timestamp in brackets is a field of an access log, and the text after it is not a message.
            if access_log && self.byte(at) == Some(b'[') {
                return None;
            }
            if let Some(end) = self.stamp(at) {
                self.at = end;
                return Some(());
            }
            let digit = self.byte(at).is_some_and(|b| b.is_ascii_digit());
            if !digit && let Some((level, end)) = self.level_at(at) {
                self.level = Some(level);
                at = end;
                continue;
            }
            // A thread: `INFO  [main] 2024-05-01 10:00:00`
            if self.level.is_some()
                && self.byte(at) == Some(b'[')
                && let Some(end) = group_end(line, at)
            {
                at = end;
                continue;
            }
            let field = &line[at..at + field_len(&line[at..])];
            if !leads(field) {
                return None;
            }
            access_log = true;
            at += field.len();
        }
        None
    }

    /// Returns the end of the timestamp at `at`, brackets included.
    fn stamp(&mut self, at: usize) -> Option<usize> {
        let line = self.line;
        let open = self.byte(at) == Some(b'[');
        let from = at + usize::from(open);
        let from = if open { skip_spaces(line, from) } else { from };
        let (end, host) = stamp_end(line, from, open)?;
        let end = match self.byte(end) {
            _ if !open => end,
            Some(b']') => end + 1,
            // More fields share the bracket: `[2024-05-01T10:00:00Z INFO app]`, `[…: INFO/Main]`.
            Some(b' ' | b':' | b',') => {
                let close = group_end(line, at)?;
                let mut inside = skip_delimiters(line, end);
                while inside < close {
                    if let Some((level, _)) = self.level_at(inside) {
                        self.level = self.level.or(Some(level));
                    }
                    inside += field_len(&line[inside..]).max(1);
                    inside = skip_delimiters(line, inside);
                }
                close
            }
            _ => return None,
        };
        self.host = self.host.max(host);
        Some(end)
    }

    /// Reads the fields after the timestamp, and sets `at` to the end of the header.
    fn fields(&mut self) {
        let line = self.line;
        let mut at = self.at;
        // Whether a bracketed field and a logger were seen. Each may occur once before a level and once after it.
        let (mut group, mut logger) = (false, false);
        let mut weak = 0;
        // Whether a process was the last field. A level after it that is not in brackets belongs to the message (`sshd[17]: error: …`).
        let mut process = false;
        // The end of a category in brackets, which a thread in parentheses may follow.
        let mut category = None;
        loop {
            let piped = self.byte(at) == Some(b'|');
            let before = at;
            at = skip_delimiters(line, at);
            if at >= line.len() {
                return;
            }
            // A word that begins with two capitals or a small letter is not a timestamp.
            let may_be_stamp = !matches!(
                line[at..],
                [b'A'..=b'Z', b'A'..=b'Z', ..] | [b'a'..=b'z', ..]
            );
            if self.level.is_none()
                && may_be_stamp
                && let Some(end) = self.stamp(at)
            {
                (self.at, at, weak) = (end, end, 0);
                process = false;
                continue;
            }
            if process && !matches!(self.byte(at), Some(b'[' | b'<')) {
                return;
            }
            if let Some(end) = stream_end(line, at) {
                self.at = end;
                return;
            }
            if self.level.is_none()
                && let Some((level, end)) = self.level_at(at)
            {
                self.level = Some(level);
                (self.at, at, weak) = (end, end, 0);
                (group, logger) = (false, false);
                // logcat's tag belongs to its level, and the message follows.
                if self.byte(end - 1) == Some(b':') {
                    return;
                }
                continue;
            }
            if self.host != Host::Never
                && self.level.is_none()
                && let Some(end) = process_end(line, at, self.host)
            {
                self.host = Host::Never;
                process = true;
                logger = true;
                (self.at, at, weak) = (end, end, 0);
                continue;
            }
            if self.byte(at) == Some(b'[')
                && !group
                && let Some(end) = group_end(line, at)
            {
                let field = &line[at..end];
                if self.level.is_none()
                    && let Some(level) = thread_level(field)
                {
                    self.level = Some(level);
                    (self.at, at, weak) = (end, end, 0);
                    logger = false;
                    continue;
                }
                group = true;
                category = (self.level.is_some() && field.contains(&b'.')).then_some(end);
                at = end;
                if self.level.is_some() || weak > 0 || self.next_is_level(end) {
                    self.at = end;
                }
                continue;
            }
            if self.level.is_some()
                && !logger
                && let Some(end) = match line[at] {
                    b'(' => parentheses_end(line, at, category == Some(before)),
                    b'[' => self.groups_end(at),
                    _ => None,
                }
            {
                logger |= line[at] != b'(';
                category = None;
                (self.at, at, weak) = (end, end, 0);
                continue;
            }
            if !logger && let Some(end) = self.logger_end(at, &line[before..at]) {
                logger = true;
                (self.at, at, weak) = (end, end, 0);
                continue;
            }
            // Only digits may follow a level.
            if self.level.is_some() && (logger || !line[at].is_ascii_digit()) {
                return;
            }
            let len = field_len(&line[at..]);
            let field = &line[at..at + len];
            let fits = if self.level.is_some() {
                field.iter().all(u8::is_ascii_digit)
            } else {
                leads(field) || piped || line[at + len..].starts_with(b" - ")
            };
            weak += 1;
            if !fits || len == 0 || weak > MAX_LEADING {
                return;
            }
            at += len;
            if self.byte(at) == Some(b'|') {
                self.at = at;
            }
        }
    }

    /// Returns the end of up to three fields in brackets at `at` and the logger after them.
    fn groups_end(&self, at: usize) -> Option<usize> {
        let mut at = at;
        for _ in 0..MAX_GROUPS {
            if self.byte(at) != Some(b'[') {
                break;
            }
            at = skip_delimiters(self.line, group_end(self.line, at)?);
        }
        self.logger_end(at, b"")
    }

    fn next_is_level(&self, at: usize) -> bool {
        self.level_at(skip_delimiters(self.line, at)).is_some()
    }

    /// Returns the level named at `at`, and the end of its field.
    fn level_at(&self, at: usize) -> Option<(Level, usize)> {
        let line = self.line;
        let open = self.byte(at)?;
        let close = match open {
            b'[' => Some(b']'),
            b'(' => Some(b')'),
            b'<' => Some(b'>'),
            _ => None,
        };
        let from = if close.is_some() {
            skip_spaces(line, at + 1)
        } else {
            at
        };
        // No level begins with a digit, as the id of a request in brackets often does.
        if self.byte(from)?.is_ascii_digit() {
            return None;
        }
        // Most words are not levels, and most levels are in capitals.
        if let Some(block) = line.get(from..)?.first_chunk() {
            let len = leading_letters(block);
            let next = block.get(len);
            if len > 1 && !matches!(next, None | Some(b'.' | b':' | b'_')) {
                let level = level_of_block(block, len)?;
                if next == Some(&b' ') && close.is_none() {
                    let ends = is_capitals(block, len) || ends_field(&line[at + len..]);
                    return ends.then_some((level, at + len));
                }
            }
        }
        // The level may be the last label of a name: `core:error`, `production.ERROR`.
        let run = line[from..]
            .iter()
            .take_while(|b| b.is_ascii_alphabetic() || matches!(b, b'.' | b':' | b'_'))
            .count();
        let name = &line[from..from + run];
        let name = name.strip_suffix(b":").unwrap_or(name);
        let label = name
            .iter()
            .rposition(|b| matches!(b, b'.' | b':'))
            .map_or(0, |dot| dot + 1);
        let word = &name[label..];
        let end = from + name.len();
        let after = self.byte(end);
        if word.len() == 1 && name.len() == 1 && close.is_none() {
            // logcat writes one letter, then the tag and a colon.
            let level = letter_level(word[0])?;
            let tag = match after? {
                b'/' => end + 1,
                b' ' => skip_spaces(line, end),
                _ => return None,
            };
            let end = tag_end(line, tag).or_else(|| component_end(line, tag))?;
            return Some((level, end)).filter(|_| at > 0);
        }
        let level = level_of_word(word)?;
        if let Some(close) = close {
            let to = skip_spaces(line, end);
            return (self.byte(to) == Some(close)).then_some((level, to + 1));
        }
        let capitals = word.iter().all(u8::is_ascii_uppercase);
        let ends = match after {
            None | Some(b':' | b'|' | b'\t' | b',' | b'/') => true,
            Some(b' ') => capitals || ends_field(&line[end..]),
            Some(b']') => true,
            Some(_) => false,
        };
        let end = match after {
            Some(b'/') => end + field_len(&line[end..]),
            _ => end,
        };
        (ends && (label == 0 || after == Some(b':') || after == Some(b' '))).then_some((level, end))
    }

    /// Returns the end of the logger, class, module or source position at `at`, given the delimiters before it.
    fn logger_end(&self, at: usize, delimiters: &[u8]) -> Option<usize> {
        let line = self.line;
        // Most words that are not loggers are followed by a space and another word.
        let mut end = at;
        if let Some(block) = line.get(at..)?.first_chunk() {
            end += leading_letters(block);
            if follows_word(&line[end..]) {
                return None;
            }
        }
        let mut bracket = false;
        while let Some(&byte) = line.get(end) {
            let joins = match LOGGER[byte as usize] {
                Joins::Always => true,
                Joins::Never => false,
                Joins::Inside => match byte {
                    b':' => !matches!(self.byte(end + 1), None | Some(b' ' | b'\t')),
                    b'[' => {
                        bracket = true;
                        self.byte(end + 1).is_some_and(|b| b.is_ascii_digit())
                    }
                    _ => end > at && line[end - 1].is_ascii_digit(),
                },
            };
            if !joins {
                break;
            }
            end += 1;
        }
        let (name, rest) = (&line[at..end], &line[end..]);
        // klog's source position ends in a bracket.
        if let [head @ .., b']'] = name
            && !head.contains(&b'[')
        {
            let file =
                memchr::memchr(b':', head).is_some_and(|colon| head[..colon].contains(&b'.'));
            return file.then_some(end);
        }
        if self.level.is_some() && rest.first() == Some(&b'{') {
            return spans_end(line, at);
        }
        if !name
            .first()
            .is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'<'))
            && !name.iter().any(u8::is_ascii_alphabetic)
            && !name.contains(&b'#')
        {
            return None;
        }
        if bracket && let Some(len) = process_len(&line[at..], name.len()) {
            return Some(at + len);
        }
        let identifier = is_identifier(name);
        let leveled = self.level.is_some();
        let barred = leveled && delimiters.contains(&b'|');
        let named = self.ruby && leveled && !delimiters.contains(&b':');
        let to = match rest {
            [b':', b' ' | b'\t', ..] if identifier || named => end + 1,
            [b' ', b'|', b' ', ..] if barred => end + 2,
            [b' ', b':', b' ', ..] => end + 3,
            [b' ', ..] if leveled && identifier => {
                let next = skip_spaces(line, end);
                match &line[next..] {
                    [b':', b' ', ..] => next + 2,
                    [b'-', b' ', ..] => next + 2,
                    [b'-', b'-', b' ', ..] => next + 3,
                    [b'[', ..] if name.contains(&b'.') => next,
                    _ if next >= end + 2 => next,
                    _ => return None,
                }
            }
            [b' ', b' ', ..] if leveled => end + 2,
            [b'\t', ..] if leveled => end + 1,
            [b'|', ..] => end + 1,
            _ => return None,
        };
        Some(to)
    }
}

/// Returns whether a word is followed by a space, and then by nothing that may follow a logger.
pub(super) fn follows_word(rest: &[u8]) -> bool {
    matches!(rest, [b' ', next, ..] if !matches!(next, b' ' | b'\t' | b':' | b'-' | b'[' | b'|'))
}

/// Whether a byte can be a part of a logger's name.
#[derive(Clone, Copy)]
enum Joins {
    Never,
    /// Decided by the neighbouring bytes.
    Inside,
    Always,
}

static LOGGER: [Joins; 256] = {
    let mut table = [Joins::Never; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte as usize] = match byte {
            b'_' | b'.' | b'$' | b'-' | b'/' | b'@' | b'#' | b'~' | b'(' | b')' | b'<' | b'>' => {
                Joins::Always
            }
            b':' | b'[' | b']' => Joins::Inside,
            _ if byte.is_ascii_alphanumeric() => Joins::Always,
            _ => Joins::Never,
        };
        byte += 1;
    }
    table
};

/// Returns whether a level that is not in capitals is followed by a space, and then by something that shows that it is a level.
fn ends_field(rest: &[u8]) -> bool {
    matches!(rest, [b' ', b' ' | b'[', ..] | [b' ', b'-', b' ', ..])
}

/// The bytes that end a field.
static ENDS_FIELD: [bool; 256] = {
    let mut table = [false; 256];
    table[b' ' as usize] = true;
    table[b'\t' as usize] = true;
    table[b'|' as usize] = true;
    table
};

/// Returns the length of the field at the front of `text`.
pub(super) fn field_len(text: &[u8]) -> usize {
    let (fours, rest) = text.as_chunks::<4>();
    let ends = |byte: &u8| ENDS_FIELD[*byte as usize];
    for (index, four) in fours.iter().enumerate() {
        if let Some(at) = four.iter().position(ends) {
            return 4 * index + at;
        }
    }
    let end = rest.iter().position(ends).unwrap_or(rest.len());
    4 * fours.len() + end
}

pub(super) fn skip_spaces(line: &[u8], mut at: usize) -> usize {
    while matches!(line.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// Skips white space and punctuation between fields. A dash is skipped if a space follows it.
pub(super) fn skip_delimiters(line: &[u8], mut at: usize) -> usize {
    loop {
        at += match line.get(at) {
            Some(b' ' | b'\t' | b'|' | b',' | b':' | b']' | b';') => 1,
            Some(b'-') => match &line[at + 1..] {
                [b' ', ..] => 1,
                [b'-', b' ', ..] => 2,
                [b'-', b'-', b' ', ..] => 3,
                _ => return at,
            },
            _ => return at,
        };
    }
}

/// Returns whether a field can come before the timestamp, or between timestamp and level: a dash, empty braces, capitals, a user
/// with `@`, or anything with a digit.
fn leads(field: &[u8]) -> bool {
    field.iter().any(u8::is_ascii_digit) && memchr::memchr2(b'=', b'"', field).is_none()
        || field.len() > 1 && field.iter().all(|b| b.is_ascii_uppercase() || *b == b'_')
        || matches!(field, b"-" | b"{}")
        || is_user_at_host(field)
}

/// Returns whether a field is a user and a host or domain: `ann@shop`.
fn is_user_at_host(field: &[u8]) -> bool {
    let Some(at) = field.iter().position(|b| *b == b'@') else {
        return false;
    };
    let is_name = |part: &[u8]| {
        !part.is_empty()
            && part
                .iter()
                .all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.'))
    };
    is_name(&field[..at]) && is_name(&field[at + 1..])
}

/// Returns the level before klog's date: `E0501 10:00:00.123456`.
fn klog_level(line: &[u8]) -> Option<Level> {
    let (letter, date) = line.split_first()?;
    let dated = date
        .first_chunk::<4>()
        .is_some_and(|date| date.iter().all(u8::is_ascii_digit));
    if dated { letter_level(*letter) } else { None }
}

fn letter_level(letter: u8) -> Option<Level> {
    match letter {
        b'V' | b'T' => Some(Level::Trace),
        b'D' => Some(Level::Debug),
        b'I' => Some(Level::Info),
        b'W' => Some(Level::Warn),
        b'E' => Some(Level::Error),
        b'F' => Some(Level::Fatal),
        _ => None,
    }
}

/// Returns the position after a logcat tag: a name, padding spaces, and a colon.
fn tag_end(line: &[u8], at: usize) -> Option<usize> {
    let len = line[at..]
        .iter()
        .take_while(|b| !b.is_ascii_whitespace() && **b != b':')
        .count();
    let colon = skip_spaces(line, at + len);
    (len > 0 && line.get(colon) == Some(&b':')).then_some(colon + 1)
}

/// Returns the end of a component in capitals before a field in brackets: `NETWORK  [listener]`.
fn component_end(line: &[u8], at: usize) -> Option<usize> {
    let len = line[at..]
        .iter()
        .take_while(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-'))
        .count();
    let next = skip_spaces(line, at + len);
    (len > 0 && next > at + len && line.get(next) == Some(&b'[')).then_some(at + len)
}

/// Returns whether a name is written like a class, module or file, and not like a word in prose.
pub(super) fn is_identifier(name: &[u8]) -> bool {
    let inner = name.get(1..).unwrap_or_default();
    name.iter()
        .any(|b| b.is_ascii_digit() || matches!(b, b'.' | b'$' | b'_' | b'/' | b'@' | b'#'))
        || name.windows(2).any(|pair| pair == b"::")
        || inner.iter().any(u8::is_ascii_uppercase)
}

/// Returns the end of the bracketed field at `at`. Brackets may be nested.
fn group_end(line: &[u8], at: usize) -> Option<usize> {
    let mut open = 0_usize;
    for (index, byte) in line[at..].iter().enumerate().take(MAX_GROUP) {
        match byte {
            b'[' => open += 1,
            b']' => {
                open -= 1;
                if open == 0 {
                    return Some(at + index + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns the end of the stream tag that container runtimes write: `stdout F `.
fn stream_end(line: &[u8], at: usize) -> Option<usize> {
    let rest = &line[at..];
    if rest.first() != Some(&b's') {
        return None;
    }
    let rest = rest
        .strip_prefix(b"stdout ")
        .or_else(|| rest.strip_prefix(b"stderr "))?;
    let rest = rest
        .strip_prefix(b"F ")
        .or_else(|| rest.strip_prefix(b"P "))?;
    Some(line.len() - rest.len())
}

/// Returns the level at the end of a field in brackets that holds a thread: `[main/INFO]`.
fn thread_level(field: &[u8]) -> Option<Level> {
    let inside = field.get(1..field.len() - 1)?;
    // Every level ends in a capital.
    if !inside.last()?.is_ascii_uppercase() {
        return None;
    }
    let slash = memchr::memrchr(b'/', inside).filter(|slash| *slash > 0)?;
    let name = &inside[slash + 1..];
    level_of_word(name).filter(|_| name.iter().all(u8::is_ascii_uppercase))
}

/// Returns the end of a field in parentheses: a thread after or before its category (`[org.acme] (main) …`, `(main) [app.jobs] …`), or a
/// process and a colon after a level (`INFO (app/17): …`).
fn parentheses_end(line: &[u8], at: usize, thread: bool) -> Option<usize> {
    let window = &line[at..line.len().min(at + MAX_GROUP)];
    let close = at + memchr::memchr(b')', window)?;
    match line[close + 1..] {
        [b' ', ..] if thread => Some(close + 1),
        // `WARNING (MainThread) [app.jobs] …`
        [b' ', b'[', ..] => {
            let end = group_end(line, close + 2)?;
            line[close + 2..end].contains(&b'.').then_some(close + 1)
        }
        [b':', b' ', ..] if line[at..close].iter().any(u8::is_ascii_digit) => Some(close + 2),
        _ => None,
    }
}
