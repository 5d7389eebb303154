//! Finds text that belongs to a variable and comes after a space: units, zones, the rest of a date.

use super::{Lead, Tail, Text, noun};
use crate::class::{CLASS, STOP, WORD, leading_letters};
use crate::lexicon;
use crate::token::Token;

/// The maximum number of parts of a date after its first name: month, day, time, `PM`, zone, year.
const MAX_DATE_PARTS: usize = 6;

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Returns the end of the date that begins with the name of a month or weekday, if digits follow the names.
    #[inline(never)]
    pub(super) fn calendar(&self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.bytes;
        let name = &bytes[start..end];
        if !lexicon::is_month(name) && !lexicon::is_weekday(name) {
            return None;
        }
        let mut date = None;
        let mut at = end;
        for _ in 0..MAX_DATE_PARTS {
            let from = at;
            while at < from + 2 && matches!(bytes.get(at), Some(b' ' | b',' | b'.')) {
                at += 1;
            }
            let rest = &bytes[at..];
            let len = rest
                .iter()
                .position(|&b| CLASS[b as usize] & STOP != 0 && b != b':')
                .unwrap_or(rest.len());
            let mut part = &rest[..len];
            while let [head @ .., b'.' | b':' | b'-'] = part {
                part = head;
            }
            let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
            let numeric = digits > 0
                && digits <= 12
                && part
                    .iter()
                    .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'+' | b'-'))
                && (part.contains(&b':') || digits <= 4);
            if numeric {
                at += part.len();
                date = Some(at);
            } else if lexicon::is_month(part) && date.is_none()
                || date.is_some() && (lexicon::is_zone(part) || lexicon::is_half_of_day(part))
            {
                at += part.len();
                if date.is_some() {
                    date = Some(at);
                }
            } else {
                break;
            }
        }
        date
    }

    /// Returns the end of a variable, including the text after it that belongs to it: `5.2 KB`, `08:16:53 PM PDT`, `2024-05-01 10:00:00`.
    #[inline]
    pub(super) fn tail(&mut self, start: usize, end: usize, tail: Tail) -> usize {
        match self.bytes.get(end) {
            Some(b' ') if tail != Tail::Nothing => self.tail_after(start, end, tail),
            Some(b'[') if tail == Tail::Time => self.region(end),
            _ => end,
        }
    }

    /// Returns the end of a variable, including the text after the space at `end`.
    #[inline(never)]
    fn tail_after(&mut self, start: usize, end: usize, tail: Tail) -> usize {
        match self.bytes.get(end + 1) {
            Some(first) if first.is_ascii_alphabetic() => {
                let len = letters(&self.bytes[end + 1..]);
                let mut to = self.unit(end, len, tail);
                if to == end && end - start == 3 && first.is_ascii_uppercase() {
                    to = self.reason(start, end);
                }
                if to == end
                    && tail == Tail::Unit
                    && self.is_counted(end + 1, len)
                    && noun::is_count(&self.bytes[start..end])
                {
                    self.words.lead = Lead::Count;
                }
                to
            }
            Some(first) if first.is_ascii_digit() && tail == Tail::Unit && end - start == 10 => {
                let to = self.time_after(start, end);
                match self.bytes.get(to..) {
                    Some([b' ', next, ..]) if to > end && next.is_ascii_alphabetic() => {
                        self.zone(to, Tail::Time)
                    }
                    _ => to,
                }
            }
            Some(b'(') if tail == Tail::Unit && self.follows_process(start) => {
                self.words.lead = Lead::Process;
                end
            }
            Some(0xc2 | 0xce) if tail == Tail::Unit => {
                let unit = lexicon::unit_at(&self.bytes[end + 1..]);
                if unit > 0 && self.unit_ends_at(end + 1 + unit) {
                    end + 1 + unit
                } else {
                    end
                }
            }
            _ => end,
        }
    }

    /// Returns whether the `len` letters at `at`, right after a number, may differ between singular and plural, or the verb after them
    /// does: three to fifteen letters, all of them small except perhaps the first.
    #[inline]
    fn is_counted(&self, at: usize, len: usize) -> bool {
        let (noun, rest) = self.bytes[at..].split_at(len);
        (3..WORD).contains(&len)
            && (noun::may_have_shorter_stem(noun) && noun::stem_len(noun) < len
                || noun::verb_stem_len(rest).is_some())
            && noun[0].is_ascii_alphabetic()
            && noun[1..].iter().all(u8::is_ascii_lowercase)
            && self.unit_ends_at(at + len)
    }

    /// Returns the end of the zone, or of the half of the day, after the space at `end`.
    #[inline(never)]
    fn zone(&self, end: usize, tail: Tail) -> usize {
        let len = letters(&self.bytes[end + 1..]);
        self.unit(end, len, tail)
    }

    /// Returns the end of the reason phrase after a status code of HTTP: `404 Not Found`.
    #[inline(never)]
    fn reason(&self, start: usize, end: usize) -> usize {
        let phrase = lexicon::reason_phrase(&self.bytes[start..end]);
        let to = end + 1 + phrase.len();
        if !phrase.is_empty() && self.bytes[end + 1..].starts_with(phrase) && self.unit_ends_at(to)
        {
            to
        } else {
            end
        }
    }

    /// Returns the end of the region in brackets after a time: `10:00:00+02:00[Europe/Berlin]`.
    #[inline(never)]
    fn region(&self, end: usize) -> usize {
        let inside = &self.bytes[end + 1..];
        let len = inside
            .iter()
            .take_while(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'_'))
            .count();
        let name = &inside[..len];
        let named = lexicon::is_zone(name)
            || name.first().is_some_and(u8::is_ascii_uppercase) && name.contains(&b'/');
        if named && inside.get(len) == Some(&b']') {
            end + len + 2
        } else {
            end
        }
    }

    /// Returns the end of the unit or the zone that is the `len` letters after the space at `end`.
    #[inline(always)]
    fn unit(&self, end: usize, len: usize, tail: Tail) -> usize {
        let rest = &self.bytes[end + 1..];
        let word = &rest[..len];
        let fits = match tail {
            Tail::Unit => lexicon::is_unit(word),
            Tail::Time => lexicon::is_zone(word) || lexicon::is_half_of_day(word),
            Tail::Zone => lexicon::is_zone(word),
            Tail::Nothing => false,
        };
        if !fits {
            return end;
        }
        // `MB/s`: a unit per time.
        let mut to = end + 1 + len;
        if tail == Tail::Unit && rest.get(len) == Some(&b'/') {
            let per = &rest[len + 1..];
            let per = &per[..per.iter().take_while(|b| b.is_ascii_alphabetic()).count()];
            if !lexicon::is_unit(per) {
                return end;
            }
            to += 1 + per.len();
        }
        if !self.unit_ends_at(to) {
            return end;
        }
        let half = tail == Tail::Time && lexicon::is_half_of_day(word);
        if half && self.bytes.get(to) == Some(&b' ') {
            return self.zone(to, Tail::Zone);
        }
        to
    }

    /// Returns whether a unit or a zone may end at `at`: `5 s.` ends a sentence, but `5 s-expressions` is not a quantity.
    fn unit_ends_at(&self, at: usize) -> bool {
        match self.bytes.get(at) {
            Some(b'.') => self.ends_at(at + 1),
            Some(b'=') => false,
            _ => self.ends_at(at),
        }
    }

    /// Returns the end of the time of day after a date of the form `2024-05-01`.
    pub(super) fn time_after(&self, start: usize, end: usize) -> usize {
        let bytes = self.bytes;
        let time = &bytes[end + 1..];
        let timed = time.get(1).is_some_and(u8::is_ascii_digit) && time.get(2) == Some(&b':');
        if bytes[start + 4] != b'-' || bytes[start + 7] != b'-' || !timed {
            return end;
        }
        let len = time
            .iter()
            .take_while(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b','))
            .count();
        self.trim_end(
            start,
            end + 1
                + time[..len]
                    .iter()
                    .rposition(u8::is_ascii_digit)
                    .map_or(0, |at| at + 1),
        )
    }

    /// Reads the states between which something changes, in capitals after `from` (`from READY to LOST`, `from [READY] to [LOST]`), or in any
    /// letters after a word for a change (`changed from ready to lost`).
    #[inline(never)]
    pub(super) fn transition(&mut self, start: usize, end: usize) -> bool {
        let bytes = self.bytes;
        let between = &bytes[self.words.last.1..start];
        let joint: &[u8] = match between {
            b" " => b" to ",
            b" [" => b"] to [",
            _ => return false,
        };
        let lead = self.words.lead;
        if self.state_end(start, lead) != Some(end)
            || !bytes[end..].starts_with(joint)
            || self.left < 3
        {
            return false;
        }
        let to = end + joint.len();
        let Some(last) = self.state_end(to, lead) else {
            return false;
        };
        if joint.len() > 4 && bytes.get(last) != Some(&b']') {
            return false;
        }
        self.variable(start, end, Tail::Nothing);
        let word = end + (joint.len() - 2) / 2;
        self.word(word, word + 2);
        self.variable(to, last, Tail::Nothing);
        self.at = last;
        true
    }

    /// Reads the states of a transition with an arrow, after the colon and the space at `at`: `state: idle -> busy`.
    #[inline(never)]
    pub(super) fn arrow(&mut self) -> bool {
        let start = self.at + 2;
        let rest = &self.bytes[start..];
        let len = letters(rest);
        // Most words after a colon have no arrow after them.
        let may_precede = match rest.get(len..) {
            Some([b' ', b'-' | b'=', ..] | [b'-' | b'_', ..]) => len > 0,
            _ => len >= WORD,
        };
        if !may_precede || self.left < 2 {
            return false;
        }
        let Some(end) = self.state_end(start, Lead::Change) else {
            return false;
        };
        if !matches!(self.bytes[end..], [b' ', b'-' | b'=', b'>', b' ', ..]) {
            return false;
        }
        let to = end + 4;
        let Some(last) = self.state_end(to, Lead::Change) else {
            return false;
        };
        self.variable(start, end, Tail::Nothing);
        self.variable(to, last, Tail::Nothing);
        self.at = last;
        true
    }

    /// Returns the end of the state at `at`: capitals, or any letters and dashes in a [`Lead::Change`].
    fn state_end(&self, at: usize, lead: Lead) -> Option<usize> {
        let rest = self.bytes.get(at..)?;
        let fits = |b: &&u8| {
            b.is_ascii_uppercase()
                || **b == b'_'
                || lead == Lead::Change && (b.is_ascii_lowercase() || **b == b'-')
        };
        let len = rest.iter().take_while(fits).count();
        let named = len > 1 && rest[0].is_ascii_alphabetic() && rest[len - 1] != b'-';
        (named && self.unit_ends_at(at + len)).then_some(at + len)
    }

    /// Returns whether a word after a naming noun is a name: `invalid user ann from`, `closed for user ann`.
    ///
    /// A name ends its phrase: a preposition or a bracket follows. If a preposition introduced the noun, the end of the line may also follow.
    #[inline(never)]
    pub(super) fn is_name(&self, start: usize, end: usize) -> bool {
        let bytes = self.bytes;
        let rest = &bytes[end..];
        if self.words.lead == Lead::Client {
            return bytes[..start].ends_with(b" - ")
                && matches!(rest, [b' ', b'[', b'0'..=b'9', ..]);
        }
        if self.words.lead == Lead::Process {
            return bytes[..start].ends_with(b" (") && rest.first() == Some(&b')');
        }
        if self.words.last.1 + 1 != start
            || bytes[start - 1] != b' '
            || lexicon::is_preposition(&bytes[start..end])
        {
            return false;
        }
        match self.words.lead {
            Lead::For => {
                return rest
                    .strip_prefix(b" from ")
                    .is_some_and(begins_with_address);
            }
            Lead::From | Lead::Change | Lead::Count | Lead::Counted => return false,
            Lead::Noun | Lead::Client | Lead::Process => {}
        }
        match bytes.get(end) {
            Some(b'(') => self.words.preposition,
            None | Some(b'\n' | b'\r') => self.words.preposition,
            Some(b'.') => {
                self.words.preposition && bytes.get(end + 1).is_none_or(u8::is_ascii_whitespace)
            }
            Some(b' ') => match bytes.get(end + 1) {
                Some(b'[' | b'(') => true,
                None | Some(b'\n' | b'\r') => self.words.preposition,
                Some(_) if begins_with_address(&bytes[end + 1..]) => true,
                Some(_) => {
                    let rest = &bytes[end + 1..];
                    let len = rest
                        .iter()
                        .take(6)
                        .take_while(|b| b.is_ascii_lowercase())
                        .count();
                    lexicon::is_preposition(&rest[..len])
                }
            },
            Some(_) => false,
        }
    }
}

/// Returns the number of letters at the front of a text, of which at most 16 are counted if the text is longer.
#[inline]
fn letters(text: &[u8]) -> usize {
    match text.first_chunk() {
        Some(block) => leading_letters(block),
        None => text.iter().take_while(|b| b.is_ascii_alphabetic()).count(),
    }
}

/// Returns whether a text begins with an IPv4 or IPv6 address.
fn begins_with_address(text: &[u8]) -> bool {
    let run = text
        .iter()
        .take_while(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':'));
    let len = run.clone().count();
    let count = |wanted: u8| run.clone().filter(|b| **b == wanted).count();
    text.get(len).is_none_or(|b| CLASS[*b as usize] & STOP != 0)
        && (count(b':') >= 2 || count(b'.') == 3 && text[0].is_ascii_digit())
}

/// Returns whether a text begins with an address in brackets: `[10.0.0.1]`.
pub(super) fn is_bracketed_address(text: &[u8]) -> bool {
    let Some((b'[', inside)) = text.split_first() else {
        return false;
    };
    let len = inside
        .iter()
        .take_while(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':'))
        .count();
    inside.get(len) == Some(&b']') && begins_with_address(inside)
}
