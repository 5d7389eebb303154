//! Masks two places that vary at once. Evidence that requires everything else to be equal finds neither of them.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::evidence::{Place, weight};
use super::hashes::{hash_terms, masked, placed};
use super::{Observed, WordSets};
use crate::hash::BuildIdentity;
use crate::similarity::Similarity;
use crate::term::Term;

/// The number of words that two places must share around them.
const SHARED: usize = 3;
/// The number of different words between equal neighbours that make a place a candidate.
const UNSTABLE: usize = 3;
/// The maximum number of candidate places in one signature.
const MAX_PLACES: usize = 8;

impl<S: Similarity> WordSets<S> {
    /// Masks pairs of words once. Returns whether anything changed.
    pub(super) fn mask_pairs(&self, patterns: &mut [Observed<'_>]) -> bool {
        let unstable = self.unstable(patterns);
        let mut pairs: HashMap<u64, (Place, Place), BuildIdentity> = HashMap::default();
        let mut known: HashMap<u64, u64, BuildIdentity> = HashMap::default();
        let mut hashes = Vec::new();
        for (pattern, places) in patterns.iter().zip(&unstable) {
            let whole = hash_terms(&pattern.terms, &mut hashes);
            *known.entry(whole).or_default() += pattern.count;
            for (a, b) in combinations(places) {
                let key = masked(masked(whole, hashes[a], a), hashes[b], b);
                let (first, second) = pairs.entry(key).or_default();
                for (place, index) in [(first, a), (second, b)] {
                    if let Term::Word(word) = pattern.terms[index] {
                        let limit = self.limit_at(&pattern.terms, index);
                        place.add(xxh3_64(word), 1, limit);
                    }
                }
            }
        }
        let mut changed = false;
        for (pattern, places) in patterns.iter_mut().zip(&unstable) {
            let whole = hash_terms(&pattern.terms, &mut hashes);
            let mut indices = Vec::new();
            for (a, b) in combinations(places) {
                let key = masked(masked(whole, hashes[a], a), hashes[b], b);
                let vary = pairs.get(&key).is_some_and(|(first, second)| {
                    first.reaches(self.limit_at(&pattern.terms, a))
                        && second.reaches(self.limit_at(&pattern.terms, b))
                });
                // The pair is also masked if the signature with both places as variables exists and is at least as frequent.
                let wild = whole
                    .wrapping_sub(hashes[a])
                    .wrapping_sub(hashes[b])
                    .wrapping_add(placed(0, a))
                    .wrapping_add(placed(0, b));
                let instance = known
                    .get(&wild)
                    .is_some_and(|&count| count >= pattern.count);
                if vary || instance {
                    indices.extend([a, b]);
                }
            }
            if !indices.is_empty()
                && let Some(next) = self.masked(&pattern.terms, &indices)
            {
                pattern.terms = next;
                super::join_wildcards(&mut pattern.terms);
                changed = true;
            }
        }
        changed
    }

    /// Returns the candidate places of each signature: the places where several words were seen between the same neighbours.
    fn unstable(&self, patterns: &[Observed<'_>]) -> Vec<Vec<usize>> {
        let mut seen: HashMap<u64, Place, BuildIdentity> = HashMap::default();
        let mut hashes = Vec::new();
        let key = |hashes: &[u64], index: usize| {
            let before = index.checked_sub(1).map_or(0, |at| hashes[at]);
            let after = hashes.get(index + 1).copied().unwrap_or(0);
            placed(before, index).wrapping_add(placed(after, hashes.len()))
        };
        for pattern in patterns {
            hash_terms(&pattern.terms, &mut hashes);
            for index in 0..pattern.terms.len() {
                let weight = weight(&pattern.terms, index);
                if let Term::Word(word) = pattern.terms[index]
                    && weight > 0
                {
                    let place = seen.entry(key(&hashes, index)).or_default();
                    place.add(xxh3_64(word), 1, UNSTABLE);
                }
            }
        }
        patterns
            .iter()
            .map(|pattern| {
                let words = pattern
                    .terms
                    .iter()
                    .filter(|term| matches!(term, Term::Word(_)))
                    .count();
                if words < SHARED + 2 {
                    return Vec::new();
                }
                hash_terms(&pattern.terms, &mut hashes);
                (0..pattern.terms.len())
                    .filter(|&index| {
                        weight(&pattern.terms, index) > 0
                            && seen
                                .get(&key(&hashes, index))
                                .is_some_and(|place| place.reaches(UNSTABLE))
                    })
                    .take(MAX_PLACES)
                    .collect()
            })
            .collect()
    }
}

/// Returns all pairs of different places.
fn combinations(places: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    places
        .iter()
        .enumerate()
        .flat_map(|(at, &a)| places[at + 1..].iter().map(move |&b| (a, b)))
}
