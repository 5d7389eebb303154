//! Reads the most common headers without checking all rules.

use super::fields::{MAX_GROUP, follows_word, is_identifier, skip_delimiters, skip_spaces};
use super::process::{is_process_with_pid, process_end};
use super::stamp::{Host, is_time, iso_stamp_end};
use super::{ESCAPE, Header, MAX_HEADER, line_of};
use crate::class::{DASH, DIGIT, DOT, HIGH, ODD, WORD, chunk, leading_letters};
use crate::level::{is_capitals, level_of_block};
use crate::lexicon;

/// What the front of a message that begins with a digit is.
pub(super) enum Common {
    /// A header of one of the most common forms.
    Header(Header),
    /// A timestamp, with its end, and whether a host and a process may follow.
    Stamp(usize, Host),
    /// Something else.
    Other,
}

/// Returns the header if it has one of the most common forms: a timestamp, or a timestamp and a level in capitals, followed by a word to
/// which no rule for headers applies. [`fields::read`](super::fields::read) returns the same for these lines, but takes longer.
#[inline]
pub(super) fn read(message: &[u8]) -> Common {
    let Some((end, host)) = iso_stamp_end(message, 0) else {
        return Common::Other;
    };
    match read_after(message, end, host) {
        Some(header) => Common::Header(header),
        None => Common::Stamp(end, host),
    }
}

#[inline]
fn read_after(message: &[u8], end: usize, host: Host) -> Option<Header> {
    let mut word = word_after(message, end)?;
    let level = level_of_block(word.block, word.len);
    if level.is_some() {
        if !is_capitals(word.block, word.len) {
            return None;
        }
        let behind = word.start + word.len;
        word = match word_after(message, behind) {
            Some(word) => word,
            None => {
                let end = logger_end(message, behind)?;
                return Some(Header { end, level });
            }
        };
    } else {
        let [first, second, third, ..] = *word.block;
        let is_field = word.len < 2
            || is_capitals(word.block, word.len)
            || lexicon::begins_calendar_name([first, second, third]);
        if is_field {
            return None;
        }
    }
    // A word that begins with `s` may be the stream of a container's log.
    let is_message = word.block[0] != b's'
        && follows_word(&message[word.start + word.len..])
        && !(level.is_none()
            && host == Host::WithPid
            && names_process(message, word.start, word.start + word.len));
    is_message.then_some(Header {
        end: word.start,
        level,
    })
}

/// Returns the end of a header with a logger after its level, which ends at `at`, and perhaps a thread in brackets between them:
/// `INFO  [main] com.acme.Server: `, `WARN app.jobs - `.
fn logger_end(message: &[u8], at: usize) -> Option<usize> {
    let window = &message[..message.len().min(MAX_HEADER)];
    let mut at = skip_spaces(window, at);
    if window.get(at) == Some(&b'[') {
        let inside = &window[at + 1..window.len().min(at + MAX_GROUP)];
        let len = inside
            .iter()
            .position(|b| matches!(b, b'[' | b']') || *b < b' ')?;
        if inside[len] != b']' {
            return None;
        }
        at = skip_spaces(window, at + len + 2);
    }
    let rest = &window[at..];
    let (len, classes) = chunk(rest);
    let (name, rest) = rest.split_at(len);
    if classes & (DASH | ODD | HIGH) != 0
        || !name.first()?.is_ascii_alphabetic()
        || classes & (DIGIT | DOT) == 0 && !is_identifier(name)
    {
        return None;
    }
    let end = at + len;
    let (end, next) = match rest {
        [b':', b' ', next @ ..] => (end + 2, next),
        [b' ', b'-' | b':', b' ', next @ ..] => (end + 3, next),
        _ => return None,
    };
    // The stream of a container's log would belong to the header.
    let is_message =
        next.first()?.is_ascii_alphanumeric() && !matches!(next, [b's', b't', b'd', ..]);
    is_message.then_some(end)
}

/// Returns the header of syslog if it has the most common form: `May  1 10:00:00 web sshd[17]: `, with a host of small letters, digits and
/// dashes, and a word after it that cannot begin another timestamp.
#[inline]
pub(super) fn read_syslog(message: &[u8]) -> Option<Header> {
    /// The length of `May  1 10:00:00`.
    const STAMP: usize = 15;
    let window = &message[..message.len().min(MAX_HEADER)];
    let [
        a,
        b,
        c,
        b' ',
        b' ' | b'0'..=b'9',
        b'0'..=b'9',
        b' ',
        time @ ..,
        b' ',
    ] = window.first_chunk::<{ STAMP + 1 }>()?
    else {
        return None;
    };
    if !lexicon::is_month(&[*a, *b, *c]) || !is_time(*time) {
        return None;
    }
    let at = STAMP + 1;
    let rest = &window[at..];
    let host = rest
        .iter()
        .position(|b| !(b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-'))?;
    let [first, second, ..] = *rest else {
        return None;
    };
    // AM or PM, a zone or a year would belong to the timestamp.
    let named =
        first.is_ascii_lowercase() && second != b'm' && !matches!(rest, [b's', b't', b'd', ..]);
    if !named || rest[host] != b' ' || !rest.get(host + 1)?.is_ascii_alphabetic() {
        return None;
    }
    let process = &rest[host + 1..];
    let len = process.iter().position(|b| *b <= b' ' || *b == b'|')?;
    let [b' ', next, after, ..] = process[len..] else {
        return None;
    };
    let begins_word = next.is_ascii_lowercase()
        || next.is_ascii_uppercase()
            && after.is_ascii_alphabetic()
            && !lexicon::begins_calendar_name([next, after, *process.get(len + 3)?]);
    (begins_word && process[..len].ends_with(b":")).then_some(Header {
        end: at + host + 1 + len + 1,
        level: None,
    })
}

/// Returns whether a host is at `at` and a process after its end at `end`.
fn names_process(message: &[u8], at: usize, end: usize) -> bool {
    // Most words are followed by another one.
    if let Some(block) = message[end..].first_chunk::<{ WORD + 1 }>() {
        let [_, next @ ..] = block;
        let len = leading_letters(next);
        if len > 0 && next.get(len) == Some(&b' ') {
            return false;
        }
    }
    let window = &message[..message.len().min(MAX_HEADER)];
    let from = skip_delimiters(window, end);
    let rest = &window[from..];
    let len = rest.iter().position(|&b| b <= b' ' || b == b'|');
    let (field, behind) = rest.split_at(len.unwrap_or(rest.len()));
    if !is_process_with_pid(field) && matches!(behind.first(), None | Some(b' ' | b'\t' | b'|')) {
        return false;
    }
    let line = line_of(message);
    message.get(line.len()) == Some(&ESCAPE)
        || end < line.len() && process_end(line, at, Host::WithPid).is_some()
}

/// A word that is followed by a space.
struct Word<'l> {
    start: usize,
    len: usize,
    block: &'l [u8; WORD],
}

/// Returns the word after the spaces at `at`.
#[inline]
fn word_after(line: &[u8], at: usize) -> Option<Word<'_>> {
    let start = skip_spaces(line, at);
    let block = line.get(start..)?.first_chunk()?;
    let len = leading_letters(block);
    (start > at && len > 0 && block.get(len) == Some(&b' ')).then_some(Word { start, len, block })
}
