//! Random values that are determined by a seed.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::env;

/// The SplitMix64 generator.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates a generator for one of many sequences, from `OTLAKE_SEED`, or 1.
    pub fn of_sequence(number: u64) -> Self {
        let mut seed = Self(Self::variable("OTLAKE_SEED", 1));
        seed.number();
        Self(seed.number() ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Returns `OTLAKE_ROUNDS`, or `default`.
    pub fn rounds(default: u64) -> u64 {
        Self::variable("OTLAKE_ROUNDS", default)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a generator of its own, whose numbers differ from those that come from `self`.
    pub fn fork(&mut self) -> Self {
        Self(self.number())
    }

    /// Returns a value below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Returns a number from the environment, or `default`.
    pub fn variable(name: &str, default: u64) -> u64 {
        env::var(name).map_or(default, |value| {
            let number = value.parse();
            number.unwrap_or_else(|_| panic!("{name}={value} is not a number"))
        })
    }
}
