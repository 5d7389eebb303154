//! Reads the most common headers without checking all rules.

use super::fields::{follows_word, is_process_with_pid, process_end, skip_delimiters, skip_spaces};
use super::stamp::{Host, iso_stamp_end};
use super::{ESCAPE, Header, MAX_HEADER, line_of};
use crate::class::{WORD, leading_letters};
use crate::level::{is_capitals, level_of_block};
use crate::lexicon;

/// Returns the header if it has one of the most common forms: a timestamp, or a timestamp and a level in capitals, followed by a word to
/// which no rule for headers applies. [`fields::read`](super::fields::read) returns the same for these lines, but takes longer.
#[inline]
pub(super) fn read(message: &[u8]) -> Option<Header> {
    let (end, host) = iso_stamp_end(message, 0)?;
    let mut word = word_behind(message, end)?;
    let level = level_of_block(word.block, word.len);
    if level.is_some() {
        if !is_capitals(word.block, word.len) {
            return None;
        }
        word = word_behind(message, word.start + word.len)?;
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

/// Returns whether a host is at `at` and a process after its end at `end`.
fn names_process(message: &[u8], at: usize, end: usize) -> bool {
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
fn word_behind(line: &[u8], at: usize) -> Option<Word<'_>> {
    let start = skip_spaces(line, at);
    let block = line.get(start..)?.first_chunk()?;
    let len = leading_letters(block);
    (start > at && len > 0 && block.get(len) == Some(&b' ')).then_some(Word { start, len, block })
}
