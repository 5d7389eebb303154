//! Decides which fingerprints stay when memory is short.
//!
//! The rule has to give the same answer for every order of arrival and every sharding. So it may only use the set of fingerprints, not
//! their counts or ages. Within this constraint it is fair: one statement that prints free text should not evict everything else.
//!
//! * A signature belongs to a *stratum*: its size class, its number of terms and its first term.
//! * Within a stratum the fingerprints are ordered by their bits. The bits are a hash, so the first fingerprints are a uniform sample.
//!   The first of each stratum is at depth 0, the next at depth 1, and so on.
//! * In each size class, the fingerprints with the smallest (depth, bits) stay, as many as fit. So all strata are cut at the same depth,
//!   and strata that are less deep keep everything.
//!
//! The result does not depend on order, for two reasons. Adding fingerprints to a set can only push others deeper, so a fingerprint that
//! stays in the whole set also stays in every part of it. And each stratum remembers the smallest bits that were ever evicted and rejects
//! these and all larger ones, as the whole set would.

use xxhash_rust::xxh3::xxh3_64;

/// Size classes of signatures: the maximum length, and the share of the memory in eighths. Within a class all entries count the same
/// number of bytes, because the rule requires that. Without classes, short entries would count as much as the longest.
const CLASSES: [(usize, usize); CLASS_COUNT] = [(64, 4), (256, 2), (1024, 1), (usize::MAX, 1)];

/// The number of size classes.
pub(crate) const CLASS_COUNT: usize = 4;

/// The number of strata of a class by number of terms. The last one has all longer signatures.
const LENGTHS: usize = 16;
/// The number of strata of a class by hash of the first term.
const FIRSTS: usize = 32;

/// The number of strata.
pub(crate) const STRATA: usize = CLASS_COUNT * LENGTHS * FIRSTS;

/// Returns the stratum of a signature.
pub(crate) fn stratum(signature: &[u8]) -> u16 {
    let class = CLASSES
        .iter()
        .position(|(longest, _)| signature.len() <= *longest)
        .unwrap_or(0);
    let terms = memchr::memchr_iter(b' ', signature)
        .take(LENGTHS - 1)
        .count();
    let first = signature.split(|&b| b == b' ').next().unwrap_or_default();
    let first = xxh3_64(first) as usize % FIRSTS;
    ((class * LENGTHS + terms) * FIRSTS + first) as u16
}

/// Returns the size class of a stratum.
pub(crate) const fn class_of(stratum: u16) -> usize {
    stratum as usize / (LENGTHS * FIRSTS)
}

/// Returns the number of entries of a size class that fit into the share that the class has of `bytes`. An entry counts `unit` bytes.
pub(crate) const fn capacity(class: usize, bytes: usize, unit: usize) -> usize {
    bytes / 8 * CLASSES[class].1 / unit
}

/// Returns the maximum length of the signatures in a size class.
pub(crate) const fn longest(class: usize) -> usize {
    CLASSES[class].0
}

/// The smallest bits that were ever evicted from each stratum. These and all larger bits are rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Empty until a fingerprint is evicted.
    strata: Vec<Option<u64>>,
}

impl Marks {
    /// Returns whether a fingerprint of this stratum is rejected.
    pub(crate) fn reject(&self, stratum: u16, bits: u64) -> bool {
        self.strata
            .get(stratum as usize)
            .copied()
            .flatten()
            .is_some_and(|mark| bits >= mark)
    }

    /// Adds marks. If a stratum already has one, the lower one is kept.
    pub(crate) fn lower(&mut self, marks: impl IntoIterator<Item = (u16, u64)>) {
        for (stratum, bits) in marks {
            self.strata.resize(STRATA, None);
            let mark = &mut self.strata[stratum as usize];
            *mark = Some(mark.map_or(bits, |old| old.min(bits)));
        }
    }

    /// Returns all marks, in the order of the strata.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        self.strata
            .iter()
            .enumerate()
            .filter_map(|(stratum, mark)| Some((stratum as u16, (*mark)?)))
    }
}

/// Returns the smallest bits of each stratum that have to be evicted so that `room` entries stay. The entries are (stratum, bits), and
/// are all of one class.
pub(crate) fn cut(mut entries: Vec<(u16, u64)>, room: usize) -> Vec<(u16, u64)> {
    entries.sort_unstable();
    let mut depth = 0_u32;
    let mut ranked: Vec<(u32, u64, u16)> = Vec::with_capacity(entries.len());
    for (index, &(stratum, bits)) in entries.iter().enumerate() {
        let same = index > 0 && entries[index - 1].0 == stratum;
        depth = if same { depth + 1 } else { 0 };
        ranked.push((depth, bits, stratum));
    }
    ranked.sort_unstable();
    let mut marks: Vec<(u16, u64)> = ranked
        .iter()
        .skip(room)
        .map(|&(_, bits, stratum)| (stratum, bits))
        .collect();
    marks.sort_unstable();
    marks.dedup_by_key(|mark| mark.0);
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_strata_are_cut_at_the_same_depth() {
        let crowd = (0..100).map(|bits| (7, bits));
        let few = [(1, 900), (1, 901), (2, 950)];
        let marks = cut(crowd.chain(few).collect(), 10);
        // The three stay, and the crowd keeps seven.
        assert_eq!(marks, [(7, 7)]);
        assert_eq!(cut(vec![(1, 5), (2, 6)], 2), []);
        assert_eq!(cut(vec![(1, 5), (2, 6)], 0), [(1, 5), (2, 6)]);
    }

    #[test]
    fn strata_tell_sizes_lengths_and_first_terms_apart() {
        let of = |signature: &str| stratum(signature.as_bytes());
        assert_eq!(of("a b c "), of("a x y "));
        assert_ne!(of("a b c "), of("a b "));
        assert!(
            ["b b c ", "c b c ", "d b c "]
                .iter()
                .any(|other| of("a b c ") != of(other))
        );
        assert_eq!(class_of(of("a ")), 0);
        assert_eq!(class_of(of(&"a ".repeat(1_000))), 3);
        assert!((of(&"a ".repeat(4_000)) as usize) < STRATA);
        assert_eq!(class_of(of("")), 0);
    }
}
