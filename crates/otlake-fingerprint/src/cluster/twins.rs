//! Masks words that occur several times in a signature and vary together: `no type for Guid (t:Guid)`.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::evidence::{Place, weight};
use super::hashes::{hash_terms, masked};
use super::{Observed, WordSets, join_wildcards};
use crate::hash::BuildIdentity;
use crate::similarity::Similarity;
use crate::term::Term;

impl<S: Similarity> WordSets<S> {
    /// Masks repeated words.
    ///
    /// Two statements rarely differ by the same words in several places, so a word in mixed case, or with anything but letters in it, counts
    /// twice. Small letters may be prose, and capitals a state (`job 7 to START: START done`).
    pub(super) fn mask_twins(&self, patterns: &mut [Observed<'_>]) {
        let mut seen: HashMap<u64, Place, BuildIdentity> = HashMap::default();
        let mut hashes = Vec::new();
        let twins: Vec<_> = patterns
            .iter()
            .map(|pattern| {
                let whole = hash_terms(&pattern.terms, &mut hashes);
                let twins = twins(&pattern.terms).into_iter().map(|places| {
                    let key = places
                        .iter()
                        .fold(whole, |key, &at| masked(key, hashes[at], at));
                    if let Term::Word(word) = pattern.terms[places[0]] {
                        let in_one_case = word.iter().all(u8::is_ascii_lowercase)
                            || word.iter().all(u8::is_ascii_uppercase);
                        let limit = self.limit_at(&pattern.terms, places[0]);
                        let place = seen.entry(key).or_default();
                        place.add(xxh3_64(word), 1 + usize::from(!in_one_case), limit);
                    }
                    (key, places)
                });
                twins.collect::<Vec<_>>()
            })
            .collect();
        for (pattern, twins) in patterns.iter_mut().zip(twins) {
            let vary = twins.into_iter().filter(|(key, places)| {
                seen[key].reaches(self.limit_at(&pattern.terms, places[0]))
            });
            let places: Vec<usize> = vary.flat_map(|(_, places)| places).collect();
            if !places.is_empty()
                && let Some(next) = self.masked(&pattern.terms, &places)
            {
                pattern.terms = next;
                join_wildcards(&mut pattern.terms);
            }
        }
    }
}

/// Returns the places of each word that counts and occurs more than once.
fn twins(terms: &[Term<'_>]) -> Vec<Vec<usize>> {
    let mut twins = Vec::new();
    for first in 1..terms.len() {
        if weight(terms, first) == 0 || terms[..first].contains(&terms[first]) {
            continue;
        }
        let others = (first + 1..terms.len()).filter(|&at| terms[at] == terms[first]);
        let places: Vec<usize> = std::iter::once(first).chain(others).collect();
        if places.len() > 1 {
            twins.push(places);
        }
    }
    twins
}
