//! Finds the [`Kind`] of a token from its text. This is done when a template is rendered, not on the hot path.

use crate::level::level_of_word;
use crate::lexicon;
use crate::token::Kind;

/// A function that returns whether a text is of some kind.
type Check = fn(&[u8]) -> bool;

/// Returns the kind of a literal or a variable with this text.
pub(crate) fn kind_of(text: &[u8], variable: bool) -> Kind {
    if !variable {
        return if lexicon::is_bool(text) {
            Kind::Bool
        } else if text.iter().all(u8::is_ascii_uppercase) && level_of_word(text).is_some() {
            Kind::Level
        } else {
            Kind::Word
        };
    }
    if text.is_empty() {
        return Kind::Any;
    }
    if matches!(text[0], b'"' | b'\'' | b'`') {
        return Kind::Str;
    }
    if lexicon::is_null(text) {
        return Kind::Null;
    }
    if lexicon::is_bool(text) {
        return Kind::Bool;
    }
    if text[0].is_ascii_uppercase()
        && let Some(kind) = calendar_kind(text)
    {
        return kind;
    }
    const CHECKS: [(Check, Kind); 15] = [
        (is_number, Kind::Number),
        (is_uuid, Kind::Uuid),
        (is_date_time, Kind::DateTime),
        (is_date, Kind::Date),
        (is_time, Kind::Time),
        (is_ip, Kind::Ip),
        (is_mac, Kind::Mac),
        (is_quantity, Kind::Quantity),
        (is_url, Kind::Url),
        (is_version, Kind::Version),
        (is_hex, Kind::Hex),
        (is_path, Kind::Path),
        (is_email, Kind::Email),
        (is_host, Kind::Host),
        (is_id, Kind::Id),
    ];
    CHECKS
        .iter()
        .find(|(check, _)| check(text))
        .map_or(Kind::Any, |&(_, kind)| kind)
}

/// Returns the kind of a date that begins with a calendar name: `Jun 17`, `Fri Jun 17 07:07:00 2005`.
fn calendar_kind(text: &[u8]) -> Option<Kind> {
    let len = text
        .iter()
        .position(|b| !b.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let name = &text[..len];
    (lexicon::is_month(name) || lexicon::is_weekday(name)).then(|| {
        if text.contains(&b':') {
            Kind::DateTime
        } else {
            Kind::Date
        }
    })
}

fn unsigned(text: &[u8]) -> &[u8] {
    match text {
        [b'-' | b'+', rest @ ..] => rest,
        _ => text,
    }
}

/// Returns whether a text is a sign, digits with single separators, and an exponent.
fn is_number(text: &[u8]) -> bool {
    let text = unsigned(text);
    if !text.first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let (mantissa, exponent) = match text.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => (&text[..at], Some(unsigned(&text[at + 1..]))),
        None => (text, None),
    };
    let dots = mantissa.iter().filter(|&&b| b == b'.').count();
    dots <= 1
        && mantissa.last().is_some_and(u8::is_ascii_digit)
        && mantissa
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'_'))
        && exponent.is_none_or(all_digits)
}

fn all_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

fn all_hex(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_hexdigit)
}

fn is_quantity(text: &[u8]) -> bool {
    let digits = text
        .iter()
        .rposition(u8::is_ascii_digit)
        .map_or(0, |at| at + 1);
    let (number, unit) = text.split_at(digits);
    let unit = [b" ".as_slice(), b"\xc2\xa0", b"\xe2\x80\xaf"]
        .iter()
        .find_map(|space| unit.strip_prefix(*space))
        .unwrap_or(unit);
    let is_unit = |unit: &[u8]| !unit.is_empty() && lexicon::unit_at(unit) == unit.len();
    let (whole, per) = match memchr::memchr(b'/', unit) {
        Some(slash) => (&unit[..slash], Some(&unit[slash + 1..])),
        None => (unit, None),
    };
    is_number(number)
        && per.is_none_or(is_unit)
        && (is_unit(whole) || matches!(unit, b"%" | b"K" | b"k" | b"M" | b"G" | b"T"))
}

fn is_hex(text: &[u8]) -> bool {
    match text {
        [b'0', b'x' | b'X', rest @ ..] => all_hex(rest),
        _ => text.len() >= 6 && all_hex(text),
    }
}

fn is_uuid(text: &[u8]) -> bool {
    let text = match text {
        [b'{', inner @ .., b'}'] => inner,
        _ => text,
    };
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Returns whether a text is an IPv4 or IPv6 address, with or without port or mask.
fn is_ip(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"/").unwrap_or(text);
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let address = text.split_once('/').map_or(text, |(address, mask)| {
        if all_digits(mask.as_bytes()) {
            address
        } else {
            text
        }
    });
    address.parse::<std::net::IpAddr>().is_ok() || address.parse::<std::net::SocketAddr>().is_ok()
}

fn is_mac(text: &[u8]) -> bool {
    let mut pairs = 0;
    text.split(|b| matches!(b, b':' | b'-')).all(|pair| {
        pairs += 1;
        pair.len() == 2 && all_hex(pair)
    }) && pairs >= 6
}

fn is_date(text: &[u8]) -> bool {
    let mut parts = text.split(|b| matches!(b, b'-' | b'/' | b'.'));
    let (Some(a), Some(b), Some(c), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let separators = text.iter().filter(|b| !b.is_ascii_alphanumeric());
    let alike = separators
        .clone()
        .all(|b| Some(b) == separators.clone().next());
    let year = |part: &[u8]| part.len() == 4 && all_digits(part) && matches!(part[0], b'1' | b'2');
    let small = |part: &[u8]| part.len() <= 2 && all_digits(part);
    let middle = small(b) || lexicon::is_month(b);
    alike && middle && ((year(a) && small(c)) || (small(a) && year(c)))
}

fn is_time(text: &[u8]) -> bool {
    let text = match text.iter().position(|&b| b == b' ') {
        Some(at)
            if text[at + 1..]
                .split(|&b| b == b' ')
                .all(|word| lexicon::is_zone(word) || lexicon::is_half_of_day(word)) =>
        {
            &text[..at]
        }
        _ => text.strip_suffix(b"Z").unwrap_or(text),
    };
    let mut parts = text.split(|&b| b == b':');
    let (Some(hour), Some(minute)) = (parts.next(), parts.next()) else {
        return false;
    };
    let seconds = parts.next();
    // A fourth part is the minutes of a zone: `+02:00`.
    parts
        .next()
        .is_none_or(|zone| seconds.is_some() && zone.len() == 2 && all_digits(zone))
        && matches!(hour.len(), 1 | 2)
        && all_digits(hour)
        && minute.len() == 2
        && all_digits(minute)
        && seconds.is_none_or(|s| {
            s.len() >= 2
                && s[..2].iter().all(u8::is_ascii_digit)
                && s[2..]
                    .iter()
                    .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'+' | b'-'))
        })
}

fn is_date_time(text: &[u8]) -> bool {
    // A date is 10 bytes long, or 11 with a month name.
    [10, 11].into_iter().any(|cut| {
        text.len() >= cut + 6
            && is_date(&text[..cut])
            && matches!(text[cut], b'T' | b't' | b'_' | b'-' | b':' | b' ')
            && text[cut + 1].is_ascii_digit()
            && text[cut + 1..].contains(&b':')
    })
}

fn is_url(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"://").is_some_and(|at| at > 0)
}

fn is_version(text: &[u8]) -> bool {
    let (text, marked) = match text {
        [b'v' | b'V', rest @ ..] => (rest, true),
        _ => (text, false),
    };
    let core = text
        .split(|b| matches!(b, b'-' | b'+'))
        .next()
        .unwrap_or(text);
    let dots = core.iter().filter(|&&b| b == b'.').count();
    dots >= if marked { 1 } else { 2 } && core.split(|&b| b == b'.').all(all_digits)
}

fn is_path(text: &[u8]) -> bool {
    match text {
        [b'/' | b'\\', ..] => true,
        [drive, b':', b'\\' | b'/', ..] => drive.is_ascii_alphabetic(),
        _ => text.iter().any(|b| matches!(b, b'/' | b'\\')),
    }
}

fn is_email(text: &[u8]) -> bool {
    text.iter()
        .position(|&b| b == b'@')
        .is_some_and(|at| at > 0 && at + 1 < text.len())
}

fn is_host(text: &[u8]) -> bool {
    if text == b"localhost" {
        return true;
    }
    let name = match text.iter().position(|&b| b == b':') {
        Some(at) if all_digits(&text[at + 1..]) => &text[..at],
        _ => text,
    };
    // A port follows a host of one label.
    if name.len() < text.len() && name.iter().all(|b| b.is_ascii_lowercase() || *b == b'-') {
        return true;
    }
    name.contains(&b'.')
        && name.split(|&b| b == b'.').all(|label| {
            !label.is_empty()
                && label
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'$'))
        })
        && name
            .rsplit(|&b| b == b'.')
            .next()
            .is_some_and(|last| last.iter().any(u8::is_ascii_alphabetic))
}

fn is_id(text: &[u8]) -> bool {
    // A text with a comma in it is a list.
    text.iter().any(u8::is_ascii_digit) && !text.contains(&b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_show_their_kind() {
        let cases: [(&str, Kind); 46] = [
            ("17", Kind::Number),
            ("-1.5e-9", Kind::Number),
            ("1,234,567", Kind::Number),
            ("64MB", Kind::Quantity),
            ("12%", Kind::Quantity),
            ("1540k", Kind::Quantity),
            ("0x1f", Kind::Hex),
            ("deadbeef", Kind::Hex),
            ("d41d8cd98f00b204e9800998ecf8427e", Kind::Hex),
            ("b9000564-fe1a-409b-b8cc-1e88b294cd1d", Kind::Uuid),
            ("10.0.0.1", Kind::Ip),
            ("/10.0.0.1:50010", Kind::Ip),
            ("10.0.0.0/8", Kind::Ip),
            ("fe80::1", Kind::Ip),
            ("[::1]:80", Kind::Ip),
            ("00:0d:60:e9:1d:dc", Kind::Mac),
            ("2005-06-17", Kind::Date),
            ("17/Jun/2005", Kind::Date),
            ("17.06.2005", Kind::Date),
            ("Jun 17", Kind::Date),
            ("Fri Jun 17 07:07:00 2005", Kind::DateTime),
            ("2005-06-17 07:07:00,123", Kind::DateTime),
            ("08:16:53 PDT", Kind::Time),
            ("5.2 KB", Kind::Quantity),
            ("07:07:00", Kind::Time),
            ("7:05", Kind::Time),
            ("07:07:00.123+02:00", Kind::Time),
            ("2005-06-17T07:07:00Z", Kind::DateTime),
            ("17/Jun/2005:07:07:00", Kind::DateTime),
            ("https://a.example/x?y=1", Kind::Url),
            ("v1.2", Kind::Version),
            ("1.2.3-rc1", Kind::Version),
            ("/var/log/messages", Kind::Path),
            ("C:\\Windows\\a.dll", Kind::Path),
            ("com.example.app/.Main", Kind::Path),
            ("bob@example.org", Kind::Email),
            ("ns1.example.org", Kind::Host),
            ("ns1.example.org:80", Kind::Host),
            ("db:5432", Kind::Host),
            ("\"View Lock\"", Kind::Str),
            ("null", Kind::Null),
            ("blk_77", Kind::Id),
            ("worker-7", Kind::Id),
            ("1", Kind::Number),
            ("", Kind::Any),
            ("***", Kind::Any),
        ];
        for (text, kind) in cases {
            assert_eq!(kind_of(text.as_bytes(), true), kind, "{text}");
        }
    }

    #[test]
    fn literals_are_words_booleans_or_levels() {
        assert_eq!(kind_of(b"disk", false), Kind::Word);
        assert_eq!(kind_of(b"true", false), Kind::Bool);
        assert_eq!(kind_of(b"ERROR", false), Kind::Level);
    }
}
