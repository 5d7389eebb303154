/// A small deterministic generator (SplitMix64). The same seed gives the same payload on every
/// machine and in every later version; crates on crates.io do not promise that across major
/// versions.
///
/// Constants and finaliser: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators",
/// OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// Returns a generator whose output is determined by `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Returns the next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number in `0..end`.
    ///
    /// # Panics
    ///
    /// Panics if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        assert!(end > 0, "no number is below 0");
        // The bias of the plain remainder is below 2^-40 for all sizes in use.
        (self.next_u64() % end as u64) as usize
    }

    /// Returns a number from 0 up to but not including 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns true with probability `share` (0 to 1).
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// Returns a number in `0..end`, small numbers more often. Users, routes and messages in
    /// production are skewed like this.
    ///
    /// # Panics
    ///
    /// Panics if `end` is 0.
    pub fn skewed(&mut self, end: usize) -> usize {
        assert!(end > 0, "no number is below 0");
        let unit = self.unit();
        ((unit * unit * end as f64) as usize).min(end - 1)
    }

    /// Returns one of `choices`, each with the same probability.
    ///
    /// # Panics
    ///
    /// Panics if `choices` is empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// Returns `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 7);
        while bytes.len() < len {
            bytes.extend_from_slice(&self.next_u64().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn the_same_seed_repeats_itself() {
        // The first three outputs of the reference implementation for seed 1234567.
        let mut rng = Rng::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| rng.next_u64()).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn draws_stay_in_range() {
        let mut rng = Rng::new(7);
        for end in 1..200 {
            assert!(rng.below(end) < end);
            assert!(rng.skewed(end) < end);
            assert!((0.0..1.0).contains(&rng.unit()));
            assert_eq!(rng.bytes(end).len(), end);
        }
    }
}
