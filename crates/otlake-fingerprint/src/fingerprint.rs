//! [`Fingerprint`]: the 64-bit hash of a message's typed tokens, and [`Fingerprinter`], which computes it.

use std::fmt;
use std::str::FromStr;

use xxhash_rust::xxh3::xxh3_64;

use crate::scanner::Scanner;
use crate::signature::Signature;
use crate::token::Tokenizer;

/// The 64-bit hash of a message's typed tokens.
///
/// Equal messages have equal fingerprints on every machine, in every order, for as long as
/// [`VERSION`](Self::VERSION) stays the same.
///
/// ```
/// use otlake_fingerprint::{Fingerprint, Fingerprinter};
///
/// let fingerprint = Fingerprinter::new().fingerprint(b"disk /dev/sda1 is 91% full");
///
/// // In an Int64 column, as text, and as bits.
/// assert_eq!(Fingerprint::from_i64(fingerprint.as_i64()), fingerprint);
/// assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
/// assert_eq!(Fingerprint::new(fingerprint.as_u64()), fingerprint);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The version of the rules that make a fingerprint. It is hashed with the tokens, so that fingerprints of different versions are not
    /// equal by accident.
    pub const VERSION: u8 = 1;

    /// Creates a fingerprint from its bits, for example from bits that were read from a file.
    pub const fn new(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the bits.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Returns the bits as a signed integer, for a Parquet `Int64` column.
    pub const fn as_i64(self) -> i64 {
        self.0.cast_signed()
    }

    /// Creates a fingerprint from the signed integer in an `Int64` column.
    pub const fn from_i64(bits: i64) -> Self {
        Self(bits.cast_unsigned())
    }

    /// Returns the fingerprint of a signature.
    pub(crate) fn of(signature: &Signature) -> Self {
        Self(xxh3_64(signature.hashed()))
    }
}

/// Writes sixteen lower-case hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// Parses the digits that `Display` writes.
impl FromStr for Fingerprint {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// Computes fingerprints. It reuses its scratch, so nothing is allocated per message.
///
/// ```
/// use otlake_fingerprint::Fingerprinter;
///
/// let mut fingerprinter = Fingerprinter::new();
/// let a = fingerprinter.fingerprint(b"connection from 10.0.0.7:4711 closed after 35 ms");
/// let b = fingerprinter.fingerprint(b"connection from 192.168.1.20:80 closed after 2.5 s");
/// let c = fingerprinter.fingerprint(b"connection from 192.168.1.20:80 reset after 2.5 s");
/// assert_eq!(a, b);
/// assert_ne!(a, c);
/// assert_eq!(fingerprinter.signature().to_string(), "connection from * reset after *");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fingerprinter<T = Scanner> {
    tokenizer: T,
    signature: Signature,
}

impl Fingerprinter {
    /// Creates a fingerprinter with the shipped [`Scanner`].
    pub fn new() -> Self {
        Self::with_tokenizer(Scanner::new())
    }
}

impl<T: Tokenizer> Fingerprinter<T> {
    /// Creates a fingerprinter with a tokenizer of your own.
    ///
    /// Its fingerprints can only be compared with fingerprints from the same tokenizer.
    pub fn with_tokenizer(tokenizer: T) -> Self {
        Self {
            tokenizer,
            signature: Signature::default(),
        }
    }

    /// Returns the fingerprint of `message`. Any bytes are accepted.
    #[inline]
    pub fn fingerprint(&mut self, message: &[u8]) -> Fingerprint {
        let Self {
            tokenizer,
            signature,
        } = self;
        signature.clear();
        tokenizer.tokenize(message, |token| signature.push(&token));
        Fingerprint::of(signature)
    }

    /// Returns the signature of the last message, which was hashed.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Returns the tokenizer.
    pub const fn tokenizer(&self) -> &T {
        &self.tokenizer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_survive_the_signed_column_and_the_text() {
        for bits in [0, 1, u64::MAX, 1 << 63, 0x0123_4567_89ab_cdef] {
            let fingerprint = Fingerprint::new(bits);
            assert_eq!(Fingerprint::from_i64(fingerprint.as_i64()), fingerprint);
            assert_eq!(fingerprint.to_string().len(), 16);
            assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }
    }
}
