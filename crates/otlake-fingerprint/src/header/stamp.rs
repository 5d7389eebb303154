//! Recognizes timestamps at the front of a line.

use super::{field_len, skip_spaces};
use crate::lexicon;

/// Returns the end of the timestamp at `at`, and whether it has a form that syslog uses.
pub(super) fn stamp_end(line: &[u8], at: usize, bracket: bool) -> Option<(usize, bool)> {
    let text = line.get(at..)?;
    match text.first()? {
        b'0'..=b'9' => numeric_stamp(line, at, bracket),
        b'I' | b'W' | b'E' | b'F' | b'D'
            if text.len() > 8 && text[1..5].iter().all(u8::is_ascii_digit) && text[5] == b' ' =>
        {
            let from = skip_spaces(line, at + 5);
            Some((time_end(line, from, 2)?, false))
        }
        _ => named_stamp(line, at),
    }
}

/// Returns the end of a timestamp such as `May  1 10:00:00` or `Wed May 01 10:00:00.123 2024`.
fn named_stamp(line: &[u8], mut at: usize) -> Option<(usize, bool)> {
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
        return Some((end, false));
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
    let mut syslog = true;
    if digits(line, time) == 4 && matches!(line.get(time + 4), Some(b' ' | b',')) {
        time = skip_spaces(line, time + 5);
        syslog = false;
    }
    let mut end = time_end(line, time, 2)?;
    let year = skip_spaces(line, end);
    if digits(line, year) == 4
        && matches!(line.get(year + 4), None | Some(b' ' | b']' | b':'))
        && matches!(line[year], b'1' | b'2')
    {
        end = year + 4;
        syslog = false;
    }
    Some((end, syslog))
}

fn digits(line: &[u8], at: usize) -> usize {
    line.get(at..)
        .unwrap_or_default()
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .count()
}

/// Returns the end of a date in digits with a time of day, of a time of day alone, or, in brackets, of the seconds since the start.
fn numeric_stamp(line: &[u8], at: usize, bracket: bool) -> Option<(usize, bool)> {
    if let Some(end) = time_end(line, at, 2) {
        return Some((end, false));
    }
    let first = digits(line, at);
    let after = line.get(at + first).copied();
    if bracket && after == Some(b'.') {
        let fraction = digits(line, at + first + 1);
        let end = at + first + 1 + fraction;
        if (3..=9).contains(&fraction) && line.get(end) == Some(&b']') {
            return Some((end, false));
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
                return Some((time_end(line, year + 5, 2)?, false));
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
        return Some((time + 6, false));
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
        return Some((time + len, false));
    }
    // Syslog writes ISO timestamps today.
    Some((
        time_end(line, time, 1)?,
        first == 4 && rest.first() == Some(&b'T'),
    ))
}

/// Returns the end of the time of day at `at`, with fraction, `AM` or `PM`, and zone. Minutes and seconds have at least `least` digits.
fn time_end(line: &[u8], at: usize, least: usize) -> Option<usize> {
    let hour = digits(line, at);
    if !(1..=2).contains(&hour) || line.get(at + hour) != Some(&b':') {
        return None;
    }
    let mut end = at + hour + 1;
    let fits = |at: usize| (least..=2).contains(&digits(line, at));
    if !fits(end) {
        return None;
    }
    end += digits(line, end);
    if line.get(end) != Some(&b':') || !fits(end + 1) {
        return None;
    }
    end += 1 + digits(line, end + 1);
    if matches!(line.get(end), Some(b'.' | b',' | b':')) && digits(line, end + 1) > 0 {
        end += 1 + digits(line, end + 1);
    }
    match &line[end..] {
        [b'Z', ..] => end += 1,
        [b'+' | b'-', ..] if digits(line, end + 1) == 4 => end += 5,
        [b'+' | b'-', ..]
            if digits(line, end + 1) == 2
                && line.get(end + 3) == Some(&b':')
                && digits(line, end + 4) == 2 =>
        {
            end += 6
        }
        [b'+' | b'-', ..] if digits(line, end + 1) == 2 => end += 3,
        _ => {}
    }
    for _ in 0..2 {
        let Some(rest) = line[end..].strip_prefix(b" ") else {
            break;
        };
        let word = &rest[..field_len(rest).min(8)];
        let word = word.strip_suffix(b"]").unwrap_or(word);
        let numeric = matches!(word, [b'+' | b'-', digits @ ..] if digits.len() == 4 && digits.iter().all(u8::is_ascii_digit));
        if !numeric && !lexicon::is_zone(word) {
            break;
        }
        end += 1 + word.len();
    }
    // Any other joiner means that it is not a time.
    match line.get(end) {
        None | Some(b' ' | b'\t' | b']' | b'|' | b',' | b':' | b';') => Some(end),
        Some(_) => None,
    }
}
