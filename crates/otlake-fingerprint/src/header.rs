//! Recognizes the header of a raw line: the timestamp, level, thread, logger, host and process in front of the message.

mod stamp;

use crate::class::{CLASS, DIGIT, STOP, is_alnum, leading_letters};
use crate::level::{Level, level_of_word};
use crate::lexicon;
use stamp::stamp_end;

/// The maximum number of bytes of a header.
const MAX_HEADER: usize = 512;
/// The maximum number of fields before the timestamp: a label, an epoch, a date, a node.
const MAX_LEADING: usize = 5;
/// The maximum length of a bracketed field.
const MAX_GROUP: usize = 192;

/// The header of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The position of the first byte of the message.
    pub(crate) end: usize,
    /// The level, if the header names one.
    pub(crate) level: Option<Level>,
}

/// Returns the header of a message, if the message begins with one.
///
/// A header has a timestamp. A few identifiers may come before the timestamp, and a level, a thread, a logger, or a host and a process
/// may follow it. If no text comes after these fields, they are the message itself and not a header.
#[inline]
pub(crate) fn header(message: &[u8]) -> Option<Header> {
    let start = match message.first()? {
        &first if is_alnum(first) => 0,
        b'[' | b'<' | b'-' => first_chunk(message)?,
        _ => return None,
    };
    let chunk = &message[start..message.len().min(MAX_HEADER)];
    let letters = match chunk.first_chunk() {
        Some(block) => leading_letters(block),
        None => chunk.iter().take_while(|b| b.is_ascii_alphabetic()).count(),
    };
    let rest = &chunk[letters..];
    let stop = rest
        .iter()
        .position(|&b| CLASS[b as usize] & (STOP | DIGIT) != 0);
    let digit = stop.is_some_and(|stop| rest[stop].is_ascii_digit());
    let may_begin = digit || stop.unwrap_or(rest.len()) == 0 && is_name(&chunk[..letters]);
    if may_begin { find(message) } else { None }
}

/// Returns the position of the first chunk with a letter or a digit.
fn first_chunk(message: &[u8]) -> Option<usize> {
    let window = &message[..message.len().min(MAX_HEADER)];
    let alnum = window.iter().position(|b| is_alnum(*b))?;
    let separator = window[..alnum]
        .iter()
        .rposition(|b| CLASS[*b as usize] & STOP != 0);
    Some(separator.map_or(0, |at| at + 1))
}

/// Returns whether a word of letters can begin a header.
fn is_name(name: &[u8]) -> bool {
    match name {
        [b'A'..=b'Z', b'A'..=b'Z', ..] => {
            level_of_word(name).is_some() && name.iter().all(u8::is_ascii_uppercase)
        }
        [b'A'..=b'Z', ..] => lexicon::is_month(name) || lexicon::is_weekday(name),
        _ => false,
    }
}

#[inline(never)]
fn find(message: &[u8]) -> Option<Header> {
    let window = &message[..message.len().min(MAX_HEADER)];
    let line = memchr::memchr2(b'\n', b'\r', window).map_or(window, |end| &window[..end]);
    let mut fields = Fields {
        line,
        at: 0,
        level: None,
        host: false,
    };
    fields.leading()?;
    fields.fields();
    let end = skip_delimiters(line, fields.at);
    // If there is no text after the header, the header is the message.
    let rest = &message[end..];
    let first = rest.iter().position(|b| is_alnum(*b))?;
    let cut = memchr::memchr2(b'\n', b'\r', &rest[..first]);
    (cut.is_none()).then_some(Header {
        end,
        level: klog_level(line).or(fields.level),
    })
}

/// A reader of header fields.
struct Fields<'l> {
    line: &'l [u8],
    /// The end of the header, as far as it is known.
    at: usize,
    level: Option<Level>,
    /// Whether the timestamp has a form after which syslog writes a host and a process.
    host: bool,
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
            }
            self.host = true;
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
        self.host |= host;
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
        loop {
            let piped = self.byte(at) == Some(b'|');
            at = skip_delimiters(line, at);
            if at >= line.len() {
                return;
            }
            if self.level.is_none()
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
            if self.host
                && self.level.is_none()
                && let Some(end) = process_end(line, at)
            {
                self.host = false;
                process = true;
                logger = true;
                (self.at, at, weak) = (end, end, 0);
                continue;
            }
            if self.byte(at) == Some(b'[')
                && !group
                && let Some(end) = group_end(line, at)
            {
                group = true;
                at = end;
                if self.level.is_some() || weak > 0 || self.next_is_level(end) {
                    self.at = end;
                }
                continue;
            }
            if !logger && let Some(end) = self.logger_end(at) {
                logger = true;
                (self.at, at, weak) = (end, end, 0);
                continue;
            }
            let len = field_len(&line[at..]);
            let field = &line[at..at + len];
            let fits = if self.level.is_some() {
                !logger && field.iter().all(u8::is_ascii_digit)
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
            return Some((level, tag_end(line, tag)?)).filter(|_| at > 0);
        }
        let level = level_of_word(word)?;
        if let Some(close) = close {
            let to = skip_spaces(line, end);
            return (self.byte(to) == Some(close)).then_some((level, to + 1));
        }
        let capitals = word.iter().all(u8::is_ascii_uppercase);
        let ends = match after {
            None | Some(b':' | b'|' | b'\t' | b',' | b'/') => true,
            Some(b' ') => {
                capitals
                    || matches!(self.byte(end + 1), Some(b' ' | b'['))
                    || line[end..].starts_with(b" - ")
            }
            Some(b']') => true,
            Some(_) => false,
        };
        let end = match after {
            Some(b'/') => end + field_len(&line[end..]),
            _ => end,
        };
        (ends && (label == 0 || after == Some(b':') || after == Some(b' '))).then_some((level, end))
    }

    /// Returns the end of the logger, class or source position at `at`.
    fn logger_end(&self, at: usize) -> Option<usize> {
        let line = self.line;
        let mut end = at;
        while let Some(byte) = self.byte(end) {
            let joins = byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'_' | b'.'
                        | b'$'
                        | b'-'
                        | b'/'
                        | b'@'
                        | b'#'
                        | b'~'
                        | b'('
                        | b')'
                        | b'<'
                        | b'>'
                )
                || byte == b':' && !matches!(self.byte(end + 1), None | Some(b' ' | b'\t'))
                || byte == b'[' && self.byte(end + 1).is_some_and(|b| b.is_ascii_digit())
                || byte == b']'
                    && end > at
                    && self.byte(end - 1).is_some_and(|b| b.is_ascii_digit());
            if !joins {
                break;
            }
            end += 1;
        }
        let mut name = &line[at..end];
        // klog's source position ends in a bracket.
        if let [head @ .., b']'] = name
            && !head.contains(&b'[')
        {
            name = head;
            let file =
                memchr::memchr(b':', name).is_some_and(|colon| name[..colon].contains(&b'.'));
            return file.then_some(end);
        }
        if !name
            .first()
            .is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'<'))
            && !name.iter().any(u8::is_ascii_alphabetic)
            && !name.contains(&b'#')
        {
            return None;
        }
        let rest = &line[end..];
        let identifier = is_identifier(name);
        let leveled = self.level.is_some();
        let to = match rest {
            [b':', b' ' | b'\t', ..] if identifier => end + 1,
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

/// Returns the length of the field at the front of `text`.
fn field_len(text: &[u8]) -> usize {
    text.iter()
        .position(|b| matches!(b, b' ' | b'\t' | b'|'))
        .unwrap_or(text.len())
}

fn skip_spaces(line: &[u8], mut at: usize) -> usize {
    while matches!(line.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// Skips white space and punctuation between fields. A dash is skipped if a space follows it.
fn skip_delimiters(line: &[u8], mut at: usize) -> usize {
    loop {
        match &line[at..] {
            [b' ' | b'\t' | b'|' | b',' | b':' | b']' | b';', ..] => at += 1,
            [b'-', b' ', ..] => at += 1,
            [b'-', b'-', b' ', ..] => at += 2,
            [b'-', b'-', b'-', b' ', ..] => at += 3,
            _ => return at,
        }
    }
}

/// Returns whether a field can come before the timestamp, or between timestamp and level: a dash, capitals, or anything with a digit.
fn leads(field: &[u8]) -> bool {
    field == b"-"
        || field.iter().any(u8::is_ascii_digit) && !field.contains(&b'=') && !field.contains(&b'"')
        || field.len() > 1 && field.iter().all(|b| b.is_ascii_uppercase() || *b == b'_')
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

/// Returns whether a name is written like a class, module or file, and not like a word in prose.
fn is_identifier(name: &[u8]) -> bool {
    let inner = name.get(1..).unwrap_or_default();
    name.iter()
        .any(|b| b.is_ascii_digit() || matches!(b, b'.' | b'$' | b'_' | b'/' | b'@' | b'#'))
        || memchr::memmem::find(name, b"::").is_some()
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
    let rest = rest
        .strip_prefix(b"stdout ")
        .or_else(|| rest.strip_prefix(b"stderr "))?;
    let rest = rest
        .strip_prefix(b"F ")
        .or_else(|| rest.strip_prefix(b"P "))?;
    Some(line.len() - rest.len())
}

/// Returns the end of syslog's host and process: `host sshd[17]: `, `host kernel: `, `host syslogd 1.4.1: `.
fn process_end(line: &[u8], at: usize) -> Option<usize> {
    let host = field_len(&line[at..]);
    if host == 0 || line[at..at + host].ends_with(b":") {
        return None;
    }
    let mut to = skip_delimiters(line, at + host);
    let from = to;
    // The process name may be followed by up to two more fields: a version, or the rest of a name that contains a space.
    for _ in 0..3 {
        let len = field_len(&line[to..]);
        let field = &line[to..to + len];
        if len == 0 {
            return None;
        }
        if let [name @ .., b':'] = field {
            let pid = name.ends_with(b"]") || name.ends_with(b")");
            let version = name.iter().all(|b| b.is_ascii_digit() || *b == b'.');
            return (to == from || pid || version).then_some(to + len);
        }
        // `sshd[17]` without a colon, or followed by an address of its own.
        if field.ends_with(b"]") && field.contains(&b'[') {
            let next = skip_spaces(line, to + len);
            return Some(match line.get(next) {
                Some(b'(') => line[next..]
                    .windows(2)
                    .position(|pair| pair == b"):")
                    .map_or(to + len, |close| next + close + 2),
                Some(b':') => next + 1,
                _ => to + len,
            });
        }
        to = skip_spaces(line, to + len);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line has a `§` where its message begins.
    #[test]
    fn headers_of_common_formats_end_where_the_message_begins() {
        let lines = [
            "2024-05-01T10:00:00.123Z §started",
            "2024-05-01 10:00:00,123 - INFO  [main:Server@17] - §started",
            "2024-05-01 10:00:00,123 INFO [main] com.acme.app.Server: §started",
            "2024-05-01 10:00:00.123  INFO 17 --- [           main] c.acme.Server   : §started",
            "24/05/01 10:00:00 INFO storage.Blocks: §started",
            "240501 100000 17 INFO dfs.Node$Part: §started",
            "05-01 10:00:00.123  1702  2395 D WindowManager: §started",
            "20240501-10:00:00:606|Step_Counter|30002312|§started",
            "May  1 10:00:00 web sshd[17]: §started",
            "May  1 10:00:00 web kernel: §started",
            "May  1 10:00:00 web syslogd 1.4.1: §started",
            "May  1 10:00:00 web sshd[17]: §error: no answer",
            "<34>1 2024-05-01T10:00:00Z web app[17]: §started",
            "[Wed May 01 10:00:00 2024] [notice] §started",
            "[Wed May 01 10:00:00.123 2024] [core:error] [pid 17:tid 4] §[client 10.0.0.1] started",
            "2024/05/01 10:00:00 [error] 17#17: §*1 started",
            "2024/05/01 10:00:00 main.go:17: §started",
            "05-01 10:00:00.123  1702  2395 D Worker  : §setState: done",
            "I0501 10:00:00.123456    17 server.go:24] §\"Started\" pod=\"a\"",
            "[2024-05-01T10:00:00Z INFO  app::net] §started",
            "[2024-05-01 10:00:00,123: INFO/Main] §started",
            "[2024-05-01 10:00:00,123] INFO §started",
            "[10:00:00 INF] §started",
            "[10:00:00 ] §started",
            "[10:00:00 , ]] §started",
            "2024-05-01 10:00:00.123 UTC [17] LOG:  §started",
            "2024-05-01 10:00:00,123 - app.jobs - WARNING - §started",
            "2024-05-01 10:00:00, Info                  CBS    §started",
            "2024-05-01T10:00:00.000Z stdout F §{\"msg\":\"started\"}",
            "[   12.345678] §started",
            "- 1714557600 2024.05.01 R02-M1 2024-05-01-10.00.00.675872 R02-M1 RAS KERNEL INFO §started",
            "17:M 01 May 2024 10:00:00.123 §started",
            "2024-05-01T10:00:00.000Z\tINFO\tnet/server.go:17\t§started\t{\"a\": 1}",
            "INFO 2024-05-01 10:00:00 §started",
            "2024-05-01T10:00:00.1234567Z web app[17]: [warn] §started",
        ];
        let mut wrong = Vec::new();
        for line in lines {
            let line = line.replacen('§', "\u{1}", 1);
            let at = line.find('\u{1}').unwrap();
            let line = line.replace('\u{1}', "");
            let end = header(line.as_bytes()).map_or(0, |header| header.end);
            if end != at {
                wrong.push(format!("{line}\n  {:?}", &line[end..]));
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    #[test]
    fn a_message_is_no_header() {
        for line in [
            "17 files deleted",
            "[10:00:00 ]",
            "10.0.0.1 - - [01/May/2024:10:00:00 +0000] \"GET / HTTP/1.1\" 200",
            "Error while reading",
            "[main] started",
            "[17] started",
            "INFO started",
            "2024-05-01 10:00:00",
            "2024-05-01 10:00:00 INFO",
            "1.2.3 released",
            "May the first",
            "-1 is returned",
        ] {
            assert_eq!(header(line.as_bytes()), None, "{line}");
        }
    }
}
