use std::fmt;

/// The number of random values: they have 56 bits.
const RANDOM_VALUES: u64 = 1 << 56;

/// The number of hexadecimal digits in a random value or a threshold.
const DIGITS: usize = 14;

/// The digits of a threshold that are significant, as the specification recommends. Leading digits `f` don't
/// count.
const PRECISION: i32 = 4;

/// A rejection threshold: traces whose random value is lower are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Threshold(u64);

/// A probability that is not between 2^-56 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InvalidProbability(f64);

impl fmt::Display for InvalidProbability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a sampling probability is from 2^-56 to 1, not {}",
            self.0
        )
    }
}

impl std::error::Error for InvalidProbability {}

impl Threshold {
    /// Returns the threshold of a probability, rounded as the specification does it for 4 digits.
    pub(super) fn from_probability(probability: f64) -> Result<Threshold, InvalidProbability> {
        let values = RANDOM_VALUES as f64;
        // NaN is in no range.
        if !(1.0 / values..=1.0).contains(&probability) {
            return Err(InvalidProbability(probability));
        }
        let exact = RANDOM_VALUES - (probability * values) as u64;
        // The exponent of a probability in [2^e-1, 2^e) is e, and each four bits below 1 are a digit `f`.
        let exponent = probability.log2().floor() as i32 + 1;
        let digits = (PRECISION + (-exponent).div_euclid(4).max(0)).clamp(1, DIGITS as i32);
        let unit = 1_u64 << (4 * (DIGITS as i32 - digits));
        let rounded = (exact + unit / 2) / unit * unit;
        // Rounding up must not drop everything.
        Ok(Threshold(rounded.min(RANDOM_VALUES - unit)))
    }

    /// Returns the random value of a trace: the last 7 bytes of its ID.
    pub(super) fn random_of(last: &[u8; 7]) -> u64 {
        last.iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte))
    }

    /// Returns the threshold as a number below 2^56.
    pub(super) fn value(self) -> u64 {
        self.0
    }

    /// Returns the threshold of a `th` value: up to 14 hexadecimal digits, without trailing zeros.
    pub(super) fn from_hex(digits: &str) -> Option<Threshold> {
        let value = hex(digits)?;
        Some(Threshold(value << (4 * (DIGITS - digits.len()))))
    }

    /// Returns the random value of an `rv` value: 14 hexadecimal digits.
    pub(super) fn random_from_hex(digits: &str) -> Option<u64> {
        (digits.len() == DIGITS).then(|| hex(digits)).flatten()
    }
}

fn hex(digits: &str) -> Option<u64> {
    let valid =
        (1..=DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}

/// The `th` value.
impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0");
        }
        let zeros = self.0.trailing_zeros() as usize / 4;
        let digits = DIGITS - zeros;
        write!(f, "{:0digits$x}", self.0 >> (4 * zeros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_of_probabilities_are_those_of_the_specification() {
        for (one_in, threshold) in [
            (1_u64, "0"),
            (2, "8"),
            (3, "aaab"),
            (4, "c"),
            (5, "cccd"),
            (8, "e"),
            (10, "e666"),
            (16, "f"),
            (100, "fd70a"),
            (1_000, "ffbe77"),
            (10_000, "fff9724"),
            (100_000, "ffff583a"),
            (1_000_000, "ffffef39"),
        ] {
            let computed = Threshold::from_probability(1.0 / one_in as f64).unwrap();
            assert_eq!(computed.to_string(), threshold, "1 in {one_in}");
            assert_eq!(Threshold::from_hex(threshold), Some(computed));
        }
    }

    #[test]
    fn only_probabilities_have_a_threshold() {
        for invalid in [0.0, -0.5, 1.1, f64::NAN, f64::INFINITY, 1e-17] {
            assert!(Threshold::from_probability(invalid).is_err(), "{invalid}");
        }
        let least = Threshold::from_probability(2.0_f64.powi(-56)).unwrap();
        assert_eq!(least.to_string(), "ffffffffffffff");
        assert!(Threshold::from_probability(0.999_999_999).is_ok());
    }

    #[test]
    fn a_value_that_is_not_hexadecimal_is_ignored() {
        for invalid in ["", "g", "+1", "123456789abcdef", " 1"] {
            assert_eq!(Threshold::from_hex(invalid), None, "{invalid:?}");
        }
        assert_eq!(Threshold::random_from_hex("8"), None);
        assert_eq!(
            Threshold::random_from_hex("00000000000010"),
            Some(16),
            "all digits of a random value are sent"
        );
    }
}
