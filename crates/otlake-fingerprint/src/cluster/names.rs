//! Masks names: words that were values of a variable in other signatures, in any number of places at once.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::evidence::{Names, weight};
use super::hashes::{hash_terms, masked};
use super::{Observed, WordSets, join_wildcards};
use crate::hash::BuildIdentity;
use crate::similarity::Similarity;
use crate::term::Term;

/// The number of names beyond one in each place that make the places variables.
const MORE: usize = 2;
/// The number of names in one place after which further ones change nothing.
const ENOUGH: usize = MORE + 1;

/// The different names in the places of signatures that agree in everything else. Each comes with the index of its place.
type Seen = Vec<(usize, u64)>;

impl<S: Similarity> WordSets<S> {
    /// Masks the names of signatures that differ in nothing else. Returns whether anything changed.
    pub(super) fn mask_names(&self, patterns: &mut [Observed<'_>], names: &Names) -> bool {
        if names.is_empty() {
            return false;
        }
        let mut seen: HashMap<u64, Seen, BuildIdentity> = HashMap::default();
        let mut hashes = Vec::new();
        let keys: Vec<_> = patterns
            .iter()
            .map(|pattern| {
                let places = places(&pattern.terms, names);
                let whole = hash_terms(&pattern.terms, &mut hashes);
                let key = places
                    .iter()
                    .fold(whole, |key, &index| masked(key, hashes[index], index));
                let seen = seen.entry(key).or_default();
                for &index in &places {
                    let name = (index, hashes[index]);
                    if count(seen, index) < ENOUGH && !seen.contains(&name) {
                        seen.push(name);
                    }
                }
                (key, places)
            })
            .collect();
        let mut changed = false;
        for (pattern, (key, mut places)) in patterns.iter_mut().zip(keys) {
            let seen = &seen[&key];
            // One name in each place is no evidence.
            if seen.len() < places.len() + MORE {
                continue;
            }
            places.retain(|&index| count(seen, index) > 1);
            if !places.is_empty()
                && let Some(next) = self.masked(&pattern.terms, &places)
            {
                pattern.terms = next;
                join_wildcards(&mut pattern.terms);
                changed = true;
            }
        }
        changed
    }
}

/// Returns the number of names that were seen in the place at `index`.
fn count(seen: &Seen, index: usize) -> usize {
    seen.iter().filter(|name| name.0 == index).count()
}

/// Returns the places of names in a signature.
fn places(terms: &[Term<'_>], names: &Names) -> Vec<usize> {
    (0..terms.len())
        .filter(|&index| {
            matches!(terms[index], Term::Word(word) if names.contains(&xxh3_64(word)))
                && weight(terms, index) > 0
        })
        .collect()
}
