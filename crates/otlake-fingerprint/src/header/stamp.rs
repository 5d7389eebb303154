//! Recognizes timestamps at the front of a line.

use super::fields::skip_spaces;
use crate::lexicon;

/// Whether a host and a process may come after a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Host {
    Never,
    /// The process has a pid or is the kernel, because two words of a message may also come after such a timestamp.
    WithPid,
    /// Syslog writes timestamps of this form.
    Always,
}

/// Returns the end of the timestamp at `at`, and whether a host and a process may follow.
pub(super) fn stamp_end(line: &[u8], at: usize, bracket: bool) -> Option<(usize, Host)> {
    let text = line.get(at..)?;
    match text.first_chunk::<3>()? {
        [b'0'..=b'9', ..] => numeric_stamp(line, at, bracket),
        [b'I' | b'W' | b'E' | b'F' | b'D', ..]
            if text.len() > 8 && text[1..5].iter().all(u8::is_ascii_digit) && text[5] == b' ' =>
        {
            let from = skip_spaces(line, at + 5);
            Some((time_end(line, from, 2)?, Host::Never))
        }
        // The first three letters decide most of what is not a timestamp.
        [first, second, third] if lexicon::begins_calendar_name([*first, *second, *third]) => {
            named_stamp(line, at)
        }
        _ => None,
    }
}

/// Returns the end of a timestamp such as `May  1 10:00:00` or `Wed May 01 10:00:00.123 2024`.
fn named_stamp(line: &[u8], mut at: usize) -> Option<(usize, Host)> {
    let mut month = false;
    let word = |at: usize| {
        let rest = line.get(at..).unwrap_or_default();
        &rest[..rest.iter().take_while(|b| b.is_ascii_alphabetic()).count()]
    };
    for _ in 0..2 {
        let name = word(at);
        if lexicon::is_month(name) && !month {
            month = true;
        } else if !lexicon::is_weekday(name) {
            break;
        }
        at += name.len();
        if line.get(at) == Some(&b',') {
            at += 1;
        }
        at = skip_spaces(line, at);
    }
    if !month {
        // `Wed, 01 May 2024 10:00:00`
        let (end, _) = numeric_stamp(line, at, false)?;
        return Some((end, Host::Never));
    }
    let day = digits(line, at);
    if !(1..=2).contains(&day) {
        return None;
    }
    let mut time = at + day;
    if line.get(time) == Some(&b',') {
        time += 1;
    }
    time = skip_spaces(line, time);
    // The year may come before or after the time.
    let mut host = Host::Always;
    if digits(line, time) == 4 && matches!(line.get(time + 4), Some(b' ' | b',')) {
        time = skip_spaces(line, time + 5);
        host = Host::Never;
    }
    let mut end = time_end(line, time, 2)?;
    let year = skip_spaces(line, end);
    if digits(line, year) == 4
        && matches!(line.get(year + 4), None | Some(b' ' | b']' | b':'))
        && matches!(line[year], b'1' | b'2')
    {
        end = year + 4;
        host = Host::Never;
    }
    Some((end, host))
}

/// Returns the number of digits at `at`.
#[inline]
fn digits(line: &[u8], at: usize) -> usize {
    let text = line.get(at..).unwrap_or_default();
    let others = match text.first_chunk() {
        Some(block) => Form::DIGITS.misfits(*block),
        None => 0,
    };
    if others != 0 {
        return others.trailing_zeros() as usize / 8;
    }
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Returns the end of a date in digits with a time of day, of a time of day alone, or, in brackets, of the seconds since the start.
fn numeric_stamp(line: &[u8], at: usize, bracket: bool) -> Option<(usize, Host)> {
    let iso = iso_stamp_end(line, at);
    if iso.is_some() {
        return iso;
    }
    let first = digits(line, at);
    let after = line.get(at + first).copied();
    if first <= 2 && after == Some(b':') {
        return Some((time_end(line, at, 2)?, Host::Never));
    }
    if bracket && after == Some(b'.') {
        let fraction = digits(line, at + first + 1);
        let end = at + first + 1 + fraction;
        if (3..=9).contains(&fraction) {
            match line[end..] {
                [b']', ..] => return Some((end, Host::Never)),
                [b's', b']', ..] => return Some((end + 1, Host::Never)),
                _ => {}
            }
        }
    }
    // `01 May 2024 10:00:00.123`, `01/May/2024:10:00:00`
    if matches!(first, 1 | 2)
        && let Some(separator @ (b' ' | b'/' | b'-')) = after
    {
        let rest = &line[at + first + 1..];
        let name = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        if lexicon::is_month(&rest[..name]) && rest.get(name) == Some(&separator) {
            let year = at + first + 1 + name + 1;
            if digits(line, year) == 4 && matches!(line.get(year + 4), Some(b' ' | b':')) {
                return Some((time_end(line, year + 5, 2)?, Host::Never));
            }
        }
    }
    // Dates are parts of digits with equal separators, or 6 or 8 digits.
    let (end, compact) = match after {
        Some(separator @ (b'-' | b'/' | b'.')) if matches!(first, 1 | 2 | 4) => {
            let second = digits(line, at + first + 1);
            let mut end = at + first + 1 + second;
            if !(1..=2).contains(&second) {
                return None;
            }
            if line.get(end) == Some(&separator) {
                let third = digits(line, end + 1);
                if matches!(third, 1 | 2 | 4) {
                    end += 1 + third;
                }
            }
            (end, false)
        }
        _ if matches!(first, 6 | 8) => (at + first, true),
        _ => return None,
    };
    let rest = &line[end..];
    let time = match rest {
        [b',', b' ', ..] => end + 2,
        [b'T' | b't' | b' ' | b'_' | b'-' | b':', ..] => skip_spaces(line, end + 1),
        _ => return None,
    };
    if compact && digits(line, time) == 6 && matches!(line.get(time + 6), Some(b' ')) {
        return Some((time + 6, Host::Never));
    }
    // `2005-06-03-15.42.50.675872`
    let dotted = rest.first() == Some(&b'-')
        && digits(line, time) == 2
        && line.get(time + 2) == Some(&b'.')
        && digits(line, time + 3) == 2
        && line.get(time + 5) == Some(&b'.');
    if dotted {
        let len = line[time..]
            .iter()
            .take_while(|b| b.is_ascii_digit() || **b == b'.')
            .count();
        return Some((time + len, Host::Never));
    }
    let host = if first == 4 && rest.first() == Some(&b'T') {
        Host::WithPid
    } else {
        Host::Never
    };
    Some((time_end(line, time, 1)?, host))
}

/// The length of the longest zone.
const LONGEST_ZONE: usize = 4;
/// The length of `2024-05-01T10:00:00`.
const ISO: usize = 19;

/// Returns the end of the timestamp at `at` if it has the form of ISO 8601, and whether a host and a process may follow.
#[inline]
pub(super) fn iso_stamp_end(line: &[u8], at: usize) -> Option<(usize, Host)> {
    let joint = iso_joint(line, at)?;
    let host = if joint == b'T' {
        Host::WithPid
    } else {
        Host::Never
    };
    Some((time_rest(line, at + ISO)?, host))
}

/// Returns whether a text is hours, minutes and seconds.
#[inline]
pub(super) fn is_time(text: [u8; 8]) -> bool {
    Form::TIME.misfits(text) == 0
}

/// Returns the byte between date and time if both are as ISO 8601 has them, the most common form by far.
#[inline]
fn iso_joint(line: &[u8], at: usize) -> Option<u8> {
    let text = line.get(at..)?;
    let stamp = text.first_chunk::<ISO>()?;
    let [date, ..] = stamp.first_chunk::<11>()?.as_chunks::<8>().0 else {
        return None;
    };
    let [.., time] = stamp.as_rchunks::<8>().1 else {
        return None;
    };
    let day = stamp[8].is_ascii_digit() && stamp[9].is_ascii_digit();
    let joint = stamp[10];
    let fits = Form::DATE.misfits(*date) | Form::TIME.misfits(*time) == 0
        && day
        && matches!(joint, b'T' | b't' | b' ' | b'_' | b':')
        && !text.get(ISO).is_some_and(u8::is_ascii_digit);
    fits.then_some(joint)
}

/// A form of eight bytes, in which a zero is any digit.
struct Form {
    bytes: u64,
    /// What to add to the distance of each byte, so that its highest bit is set exactly if the byte does not fit.
    slack: u64,
}

impl Form {
    const DATE: Self = Self::new(*b"0000-00-");
    const TIME: Self = Self::new(*b"00:00:00");
    const DIGITS: Self = Self::new(*b"00000000");

    const fn new(form: [u8; 8]) -> Self {
        let mut slack = [0x80 - 1; 8];
        let mut at = 0;
        while at < form.len() {
            if form[at] == b'0' {
                slack[at] = 0x80 - 10;
            }
            at += 1;
        }
        Self {
            bytes: u64::from_le_bytes(form),
            slack: u64::from_le_bytes(slack),
        }
    }

    /// Returns a number whose lowest set bit is the highest bit of the first byte that does not fit, or 0 if all fit.
    #[inline(always)]
    const fn misfits(&self, text: [u8; 8]) -> u64 {
        // Zero where a byte is that of the form, and up to 9 where a digit is.
        let distance = u64::from_le_bytes(text) ^ self.bytes;
        // A carry only changes bytes after one that does not fit.
        (distance | distance.wrapping_add(self.slack)) & 0x8080_8080_8080_8080
    }
}

/// Returns the end of the time of day at `at`, with fraction, `AM` or `PM`, and zone. Minutes and seconds have at least `least` digits.
fn time_end(line: &[u8], at: usize, least: usize) -> Option<usize> {
    // The end of one or two digits, at least as many as given, with no third.
    let part = |at: usize, least: usize| {
        let rest = line.get(at..)?;
        let len = match rest {
            [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', ..] => return None,
            [b'0'..=b'9', b'0'..=b'9', ..] => 2,
            [b'0'..=b'9', ..] => 1,
            _ => return None,
        };
        (len >= least).then_some(at + len)
    };
    let colon = |at: usize| (line.get(at) == Some(&b':')).then_some(at + 1);
    let hour = part(at, 1)?;
    let minute = part(colon(hour)?, least)?;
    time_rest(line, part(colon(minute)?, least)?)
}

/// Returns the end of a time whose seconds end at `end`, with fraction, offset and zone.
fn time_rest(line: &[u8], mut end: usize) -> Option<usize> {
    if matches!(line.get(end), Some(b'.' | b',' | b':')) {
        let fraction = digits(line, end + 1);
        end += if fraction > 0 { 1 + fraction } else { 0 };
    }
    match line.get(end) {
        Some(b'Z') => end += 1,
        Some(b'+' | b'-') => {
            end += match digits(line, end + 1) {
                4 => 5,
                2 if line.get(end + 3) == Some(&b':') && digits(line, end + 4) == 2 => 6,
                2 => 3,
                _ => 0,
            };
        }
        _ => {}
    }
    if line.get(end) == Some(&b' ') {
        end = zone_end(line, end);
    }
    // Any other joiner means that it is not a time.
    match line.get(end) {
        None | Some(b' ' | b'\t' | b']' | b'|' | b',' | b':' | b';') => Some(end),
        Some(_) => None,
    }
}

/// Returns the end of up to two zones or halves of the day, each with a space before it.
fn zone_end(line: &[u8], at: usize) -> usize {
    let mut end = at;
    for _ in 0..2 {
        let Some([b' ', rest @ ..]) = line.get(end..) else {
            break;
        };
        let len = match rest.first() {
            Some(b'+' | b'-') if digits(rest, 1) == 4 => 5,
            Some(b'A'..=b'Z') => {
                let capitals = rest.iter().take(LONGEST_ZONE + 1);
                let len = capitals.take_while(|b| b.is_ascii_uppercase()).count();
                if len > LONGEST_ZONE {
                    break;
                }
                if !lexicon::is_zone(&rest[..len]) && !lexicon::is_half_of_day(&rest[..len]) {
                    break;
                }
                len
            }
            Some(b'a' | b'p') if rest[1..].starts_with(b"m") => 2,
            _ => break,
        };
        match &rest[len..] {
            []
            | [b' ' | b'\t' | b'|' | b'\n' | b'\r', ..]
            | [b']']
            | [b']', b' ' | b'\t' | b'|' | b'\n' | b'\r', ..] => {}
            _ => break,
        }
        end += 1 + len;
    }
    end
}
