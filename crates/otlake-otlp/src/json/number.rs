//! Numbers of proto3's JSON. It writes integers of 64 bits as strings, doubles that JSON cannot express by name,
//! and enums by name or number. Numbers and strings are accepted for all of them, because senders write both.

use super::node::Node;
use super::scanner::number_length;
use super::token::Kind;
use crate::error::Result;

impl<'r> Node<'r> {
    /// Returns a `uint64` or a `fixed64`.
    #[inline]
    pub(crate) fn unsigned64(self) -> Result<u64> {
        const EXPECTED: &str = "an integer from 0 to 2^64 - 1, as a number or a string";
        match integer(self.digits(EXPECTED)?) {
            Some(Integer {
                negative: false,
                magnitude,
            }) => Ok(magnitude),
            _ => Err(self.invalid(EXPECTED)),
        }
    }

    /// Returns an `int64` or an `sfixed64`.
    #[inline]
    pub(crate) fn signed64(self) -> Result<i64> {
        const EXPECTED: &str = "an integer of 64 bits, as a number or a string";
        let int = integer(self.digits(EXPECTED)?).and_then(Integer::signed);
        int.ok_or_else(|| self.invalid(EXPECTED))
    }

    /// Returns a `uint32` or a `fixed32`.
    #[inline]
    pub(crate) fn unsigned32(self) -> Result<u32> {
        const EXPECTED: &str = "an integer from 0 to 2^32 - 1";
        let int = integer(self.digits(EXPECTED)?).and_then(Integer::signed);
        int.and_then(|int| u32::try_from(int).ok())
            .ok_or_else(|| self.invalid(EXPECTED))
    }

    /// Returns an `int32` or an `sint32`.
    #[inline]
    pub(crate) fn signed32(self) -> Result<i32> {
        const EXPECTED: &str = "an integer of 32 bits";
        let int = integer(self.digits(EXPECTED)?).and_then(Integer::signed);
        int.and_then(|int| i32::try_from(int).ok())
            .ok_or_else(|| self.invalid(EXPECTED))
    }

    /// Returns the number of an enum. `names` are the names of its members, indexed by number. Enums of proto3 are
    /// open, so there may be other numbers.
    #[inline]
    pub(crate) fn enumeration(self, names: &[&str]) -> Result<i32> {
        const EXPECTED: &str = "the number of an enum of OTLP, or its whole name";
        let text = self.digits(EXPECTED)?;
        if let Some(int) = integer(text) {
            let int = int.signed().and_then(|int| i32::try_from(int).ok());
            return int.ok_or_else(|| self.invalid(EXPECTED));
        }
        let number = names.iter().position(|name| name.as_bytes() == text);
        number
            .and_then(|number| i32::try_from(number).ok())
            .ok_or_else(|| self.invalid(EXPECTED))
    }

    /// Returns a `double`. A number beyond its range is a fault, not infinity.
    pub(crate) fn double(self) -> Result<f64> {
        const EXPECTED: &str =
            "a number within the range of a double, `NaN`, `Infinity` or `-Infinity`";
        let text = self.digits(EXPECTED)?;
        let double = match text {
            b"NaN" => Some(f64::NAN),
            // proto3's names, then those that the Collector writes.
            b"Infinity" | b"+Inf" | b"Inf" => Some(f64::INFINITY),
            b"-Infinity" | b"-Inf" => Some(f64::NEG_INFINITY),
            text if number_length(text) == Ok(text.len()) => std::str::from_utf8(text)
                .ok()
                .and_then(|text| text.parse().ok())
                .filter(|double: &f64| double.is_finite()),
            _ => None,
        };
        double.ok_or_else(|| self.invalid(EXPECTED))
    }

    /// Returns the text of a number or a string.
    #[inline]
    fn digits(self, expected: &'static str) -> Result<&'r [u8]> {
        match self.token.kind {
            Kind::Number | Kind::String | Kind::Escaped => {
                Ok(self.token.text(self.json, self.arena))
            }
            _ => Err(self.expected(expected)),
        }
    }
}

struct Integer {
    negative: bool,
    magnitude: u64,
}

impl Integer {
    fn signed(self) -> Option<i64> {
        if self.negative {
            0i64.checked_sub_unsigned(self.magnitude)
        } else {
            i64::try_from(self.magnitude).ok()
        }
    }
}

/// Parses an integer. Returns `None` if it has a fraction or more than 64 bits. It does not go through a double,
/// which is exact only up to 53 bits.
#[inline]
fn integer(text: &[u8]) -> Option<Integer> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let magnitude = match short(digits) {
        Some(magnitude) => magnitude,
        None => long(digits)?,
    };
    Some(Integer {
        // There is no negative zero among integers.
        negative: negative && magnitude != 0,
        magnitude,
    })
}

/// Parses digits that are few enough to fit 64 bits.
#[inline]
fn short(digits: &[u8]) -> Option<u64> {
    const MOST: usize = 19;
    if digits.is_empty() || digits.len() > MOST {
        return None;
    }
    // Times have nineteen digits.
    let (words, tail) = digits.as_chunks();
    let words = words.iter().try_fold(0, |number: u64, word| {
        Some(number * 100_000_000 + eight_digits(*word)?)
    })?;
    tail.iter().try_fold(words, |number: u64, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    })
}

/// Parses eight digits: first neighbouring digits become numbers up to 99, then these become numbers up to 9,999, then
/// these one number.
#[inline]
fn eight_digits(text: [u8; 8]) -> Option<u64> {
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const SIX: u64 = 0x0606_0606_0606_0606;
    let word = u64::from_le_bytes(text);
    // Bytes from 0x30 to 0x3f, which stay below 0x40 when six is added.
    if word & HIGH != ZEROS || (word + SIX) & HIGH != ZEROS {
        return None;
    }
    let digits = word - ZEROS;
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let quads = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((quads * 10_000 + (quads >> 32)) & 0xffff_ffff)
}

/// Parses any number of digits, with a fraction or an exponent, if the result is an integer.
fn long(text: &[u8]) -> Option<u64> {
    if text.first() == Some(&b'-') || number_length(text) != Ok(text.len()) {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        // An exponent that does not fit an `i32` is beyond all integers or all fractions.
        Some((mantissa, exponent)) => (mantissa, exponent.parse().unwrap_or(far(exponent))),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    let Some((last, _)) = digits()
        .enumerate()
        .filter(|(_, digit)| *digit != b'0')
        .last()
    else {
        return Some(0);
    };
    let mut number: u64 = 0;
    for digit in digits().take(last + 1) {
        number = number
            .checked_mul(10)?
            .checked_add(u64::from(digit - b'0'))?;
    }
    // The number of zeros after the last digit. It is negative if that digit is in the fraction.
    let zeros = whole.len() as i64 - 1 - last as i64 + i64::from(exponent);
    let scale = 10u64.checked_pow(u32::try_from(zeros).ok()?)?;
    number.checked_mul(scale)
}

/// Returns the extreme exponent with the sign of one that does not fit an `i32`.
fn far(exponent: &str) -> i32 {
    if exponent.starts_with('-') {
        i32::MIN
    } else {
        i32::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(text: &str) -> Option<i64> {
        integer(text.as_bytes()).and_then(Integer::signed)
    }

    #[test]
    fn integers_are_exact_in_every_form() {
        for (text, int) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-0.0", Some(0)),
            ("0e99999999999", Some(0)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("9007199254740993.00", Some(9_007_199_254_740_993)),
            ("9.007199254740993e15", Some(9_007_199_254_740_993)),
            ("1e3", Some(1000)),
            ("1E+3", Some(1000)),
            ("1000e-3", Some(1)),
            ("1200e-2", Some(12)),
            ("1250e-2", None),
            ("1.5", None),
            ("1e-1", None),
            ("1e19", None),
            ("1e99999999999", None),
            ("1e-99999999999", None),
            ("10000000000000000000000e-22", Some(1)),
            ("007", Some(7)),
            ("", None),
            ("-", None),
            ("--1", None),
            ("+1", None),
            (" 1", None),
            ("1 ", None),
            ("0x10", None),
            ("1.", None),
            ("NaN", None),
        ] {
            assert_eq!(signed(text), int, "{text}");
        }
        assert_eq!(
            integer(b"18446744073709551615").map(|int| int.magnitude),
            Some(u64::MAX)
        );
        assert!(integer(b"18446744073709551616").is_none());
    }

    #[test]
    fn a_byte_that_is_no_digit_is_found_at_every_position() {
        let digits = *b"1234567890123456789";
        for length in 1..=digits.len() {
            let text = std::str::from_utf8(&digits[..length]).unwrap();
            assert_eq!(short(&digits[..length]), text.parse().ok(), "{text}");
            for place in 0..length {
                for byte in (0..=255u8).filter(|byte| !byte.is_ascii_digit()) {
                    let mut wrong = digits;
                    wrong[place] = byte;
                    assert_eq!(short(&wrong[..length]), None, "{byte} at {place}");
                }
            }
        }
    }
}
