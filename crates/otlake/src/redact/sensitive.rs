use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// A kind of text that [`Redact`](crate::Redact) recognises inside of strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sensitive {
    /// A token after the word "bearer", in any case: it has 20 characters of RFC 6750 or more, or 8 or
    /// more with a digit among them. Becomes `<token>`.
    BearerToken,
    /// An e-mail address. Becomes `<email>`.
    Email,
    /// A number of 13 to 19 digits, alone or in groups with spaces or hyphens between them, that begins
    /// like those of a card network and has a valid check digit (Luhn). Becomes `<card>`.
    CardNumber,
    /// An IPv4 address in four decimal parts, or an IPv6 address with a digit in it. Becomes `<ip>`.
    IpAddress,
}

impl Sensitive {
    /// Every kind.
    pub const ALL: [Sensitive; 4] = [
        Sensitive::BearerToken,
        Sensitive::Email,
        Sensitive::CardNumber,
        Sensitive::IpAddress,
    ];

    /// Returns the text that takes the place of one of this kind.
    pub const fn replacement(self) -> &'static str {
        match self {
            Sensitive::BearerToken => "<token>",
            Sensitive::Email => "<email>",
            Sensitive::CardNumber => "<card>",
            Sensitive::IpAddress => "<ip>",
        }
    }

    /// Returns regular expressions that match wherever a text of this kind begins, and elsewhere too.
    pub(super) fn regexes(self) -> &'static [&'static str] {
        match self {
            Sensitive::BearerToken => &[r"(?i-u:\bbearer[ \t]+[a-z0-9._~+/-]{8,}=*)"],
            Sensitive::Email => &[
                r"[A-Za-z0-9._%+\x{80}-\x{10FFFF}-]{1,64}@[A-Za-z0-9\x{80}-\x{10FFFF}-]+(?:\.[A-Za-z0-9\x{80}-\x{10FFFF}-]+)*\.[A-Za-z\x{80}-\x{10FFFF}]{2,}",
            ],
            Sensitive::CardNumber => &[r"[0-9](?:[ -]?[0-9]){12,18}"],
            Sensitive::IpAddress => &[
                r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}",
                r"(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{1,4})?",
            ],
        }
    }

    /// Returns a text without the part of an e-mail address at its end. A match begins at most 64 characters before the `@`,
    /// so that text without one takes linear time, and a longer local part begins before the match.
    pub(super) fn before_email(text: &str) -> &str {
        let in_name = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "._%+-".contains(c);
        text.trim_end_matches(in_name)
    }

    /// Returns the part of a match that is a text of this kind.
    pub(super) fn accept(self, string: &str, found: Range<usize>) -> Option<Range<usize>> {
        match self {
            Sensitive::BearerToken => bearer_token(string, found),
            Sensitive::Email => Some(found),
            Sensitive::CardNumber => card_number(string, found),
            Sensitive::IpAddress => ip_address(string, found),
        }
    }
}

/// Returns the token behind the word.
fn bearer_token(string: &str, found: Range<usize>) -> Option<Range<usize>> {
    let after_word = found.start + "bearer".len();
    let spaces = string[after_word..found.end].bytes();
    let spaces = spaces
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let token = after_word + spaces..found.end;
    let text = &string[token.clone()];
    // "bearer certificate" is prose.
    let is_token = text.len() >= 20 || text.bytes().any(|byte| byte.is_ascii_digit());
    is_token.then_some(token)
}

/// Returns the longest card number that begins where the match does.
fn card_number(string: &str, found: Range<usize>) -> Option<Range<usize>> {
    let bytes = string.as_bytes();
    let before = &bytes[..found.start];
    let inside_a_number = match before {
        [.., digit, b'.'] => digit.is_ascii_digit(),
        [.., last] => last.is_ascii_alphanumeric() || *last == b'_',
        [] => false,
    };
    if inside_a_number {
        return None;
    }
    let mut digits = [0; 19];
    let mut count = 0;
    let mut longest = None;
    for index in found.clone() {
        let byte = bytes[index];
        if !byte.is_ascii_digit() {
            continue;
        }
        digits[count] = byte - b'0';
        count += 1;
        let ends = bytes
            .get(index + 1)
            .is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'_');
        if ends && is_card_number(&digits[..count]) {
            longest = Some(found.start..index + 1);
        }
    }
    longest
}

fn is_card_number(digits: &[u8]) -> bool {
    let leading = |count: usize| {
        digits[..count]
            .iter()
            .fold(0, |n, digit| n * 10 + u32::from(*digit))
    };
    if digits.len() < 13 {
        return false;
    }
    // The ranges of issuer numbers with their lengths, as the networks publish them.
    let of_a_network = match digits.len() {
        13 => leading(1) == 4,
        14 => matches!(leading(3), 300..=305 | 309 | 360..=369 | 380..=399),
        15 => matches!(leading(2), 34 | 37),
        16 => {
            matches!(leading(1), 4)
                || matches!(leading(2), 51..=55 | 60..=69)
                || matches!(leading(4), 2200..=2204 | 2221..=2720 | 3528..=3589)
        }
        19 => leading(1) == 4 || matches!(leading(2), 50 | 56..=69),
        _ => matches!(leading(2), 50 | 56..=69),
    };
    of_a_network && luhn(digits)
}

/// Returns whether the last digit is the check digit of the others.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(position, digit)| match (position % 2, *digit) {
            (0, digit) => u32::from(digit),
            (_, digit @ 0..=4) => u32::from(digit) * 2,
            (_, digit) => u32::from(digit) * 2 - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Returns the address, without a colon behind it.
fn ip_address(string: &str, found: Range<usize>) -> Option<Range<usize>> {
    let bytes = string.as_bytes();
    let inside_a_word = match &bytes[..found.start] {
        [.., digit, b'.'] => digit.is_ascii_digit(),
        [.., last] => last.is_ascii_alphanumeric() || matches!(last, b'_' | b':'),
        [] => false,
    };
    if inside_a_word {
        return None;
    }
    let text = &string[found.clone()];
    let text = match text.strip_suffix(':') {
        Some(shorter) if !shorter.ends_with(':') => shorter,
        _ => text,
    };
    let end = found.start + text.len();
    let goes_on = match &bytes[end..] {
        [b'.', digit, ..] => digit.is_ascii_digit(),
        [next, ..] => next.is_ascii_alphanumeric() || *next == b'_',
        [] => false,
    };
    let is_address = match text.contains(':') {
        // Without a digit it is more likely a path, as in `dead::beef`.
        true => text.bytes().any(|byte| byte.is_ascii_digit()) && text.parse::<Ipv6Addr>().is_ok(),
        false => text.parse::<Ipv4Addr>().is_ok(),
    };
    (is_address && !goes_on).then_some(found.start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: Sensitive, string: &str) -> Vec<&str> {
        let regexes = kind.regexes();
        let regex = regex_automata::meta::Regex::new_many(regexes).unwrap();
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(candidate) = regex.search(&regex_automata::Input::new(string).range(from..))
        {
            match kind.accept(string, candidate.range()) {
                Some(range) => {
                    from = range.end;
                    found.push(&string[range]);
                }
                None => from = candidate.start() + 1,
            }
        }
        found
    }

    #[test]
    fn card_numbers_are_recognised_by_network_and_check_digit() {
        for number in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "5555-5555-5555-4444",
            "378282246310005",
            "6011111111111117",
            "3530111333300000",
            "30569309025904",
            "6759649826438453",
        ] {
            let text = format!("card={number}, 3 items");
            assert_eq!(found(Sensitive::CardNumber, &text), [number]);
        }
        for other in [
            "4111111111111112",    // the check digit is wrong
            "1700000000000000000", // a time in nanoseconds
            "1234567890123452",    // no network's, with a valid check digit
            "a4111111111111111",
            "0.4111111111111111",
            "41111111111111110000",
        ] {
            assert!(found(Sensitive::CardNumber, other).is_empty(), "{other}");
        }
    }

    #[test]
    fn a_card_number_ends_where_its_digits_do_although_more_numbers_follow() {
        let text = "12 4111 1111 1111 1111 12 34";
        assert_eq!(found(Sensitive::CardNumber, text), ["4111 1111 1111 1111"]);
    }

    #[test]
    fn addresses_are_found_among_ports_times_and_paths() {
        let cases: &[(&str, &[&str])] = &[
            (
                "from 10.0.0.1:8080 to 192.168.100.200.",
                &["10.0.0.1", "192.168.100.200"],
            ),
            (
                "[2001:db8::8a2e:370:7334]:443",
                &["2001:db8::8a2e:370:7334"],
            ),
            ("fe80::1: no route", &["fe80::1"]),
            ("::1 and ::ffff:10.1.2.3", &["::1", "::ffff:10.1.2.3"]),
            ("12:34:56 std::vec::Vec dead::beef a::b", &[]),
            ("300.1.1.1 1.2.3.4.5 v1.2.3.4 1.2.3", &[]),
            ("00:1b:44:11:3a:b7", &[]),
        ];
        for (text, addresses) in cases {
            assert_eq!(found(Sensitive::IpAddress, text), *addresses, "{text}");
        }
    }

    #[test]
    fn email_addresses_end_before_punctuation() {
        let text = "mail <ann.o+x@mail.example.com>, jörg@exämple.de. Not a@b, @c.de or d@e.f";
        let addresses = ["ann.o+x@mail.example.com", "jörg@exämple.de"];
        assert_eq!(found(Sensitive::Email, text), addresses);
    }

    #[test]
    fn a_bearer_token_is_distinguished_from_prose() {
        let text = "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.x-y_z=, the bearer certificate";
        let token = "eyJhbGciOiJIUzI1NiJ9.e30.x-y_z=";
        assert_eq!(found(Sensitive::BearerToken, text), [token]);
        assert_eq!(
            found(Sensitive::BearerToken, "BEARER abcdef12"),
            ["abcdef12"]
        );
        assert!(found(Sensitive::BearerToken, "forbearer abcdef12").is_empty());
    }
}
