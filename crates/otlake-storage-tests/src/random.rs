//! Random values that are determined by a seed.

use std::env;

/// The SplitMix64 generator.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Creates a generator from `OTLAKE_SEED`, or 1, and from `salt`, so that each test has its
    /// own.
    pub fn from_env(salt: &str) -> Self {
        let salt = salt.bytes().fold(variable("OTLAKE_SEED", 1), |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(salt)
    }

    /// Returns `OTLAKE_ROUNDS`, or `default`.
    pub fn rounds(default: u64) -> u64 {
        variable("OTLAKE_ROUNDS", default)
    }

    /// Returns the next value.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a value below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    /// Returns `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend_from_slice(&self.number().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }

    /// Splits `bytes` into pieces, some of them small, some large and some empty.
    pub fn pieces<'a>(&mut self, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let most = [1, 100, 64 << 10, 1 << 20, 7 << 20][self.below(5)];
            let (piece, rest) = bytes.split_at(self.below(most + 1).min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }
}

fn variable(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| {
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name}={value} is not a number"))
    })
}
