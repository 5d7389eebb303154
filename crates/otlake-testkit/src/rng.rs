/// A small deterministic generator (SplitMix64): the same seed gives the same payload on every
/// machine and in every later version, which a crate from the registry does not promise across its
/// major versions.
///
/// Constants and finaliser: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators",
/// OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// A generator that repeats itself for the same `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to but not including `end`.
    ///
    /// # Panics
    ///
    /// When `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        assert!(end > 0, "no number is below 0");
        // The bias of a plain remainder is below 2^-40 for every size in use here.
        (self.next_u64() % end as u64) as usize
    }

    /// A number from 0 up to but not including 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True in a `share` (0 to 1) of the calls.
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// A number below `end` where small ones come more often, as users, routes and messages do in
    /// production.
    ///
    /// # Panics
    ///
    /// When `end` is 0.
    pub fn skewed(&mut self, end: usize) -> usize {
        assert!(end > 0, "no number is below 0");
        let unit = self.unit();
        ((unit * unit * end as f64) as usize).min(end - 1)
    }

    /// One of `choices`, each as likely as the others.
    ///
    /// # Panics
    ///
    /// When `choices` is empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// `len` bytes.
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
        // The first three numbers that the reference implementation gives for seed 1234567.
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
