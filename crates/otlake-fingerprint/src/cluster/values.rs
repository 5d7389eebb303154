//! Masks the values of keys, all at once: two records with equal keys are the same statement, however many of their values differ.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::hashes::hash_terms;
use super::{Observed, WordSets, join_wildcards};
use crate::similarity::Similarity;
use crate::term::{Term, to_bytes};

/// The maximum number of terms in the value of a key that is followed by another key.
const MAX_VALUE: usize = 6;

/// The values that were seen after one key of one set of keys.
#[derive(Default)]
struct Value {
    /// The hashes of the different values, whether words or not.
    forms: Vec<u64>,
    /// The number of different values that are words.
    words: usize,
    /// The number of messages with a variable here, followed by the number with words.
    variables: u64,
    texts: u64,
}

impl<S: Similarity> WordSets<S> {
    /// Masks the values that vary among signatures that agree in everything else.
    pub(super) fn mask_values(&self, patterns: &mut [Observed<'_>]) {
        let mut seen: HashMap<(u64, usize), Value> = HashMap::new();
        let mut scratch = Vec::new();
        let skeletons: Vec<_> = patterns
            .iter()
            .map(|pattern| {
                let values = values(&pattern.terms);
                let whole = hash_terms(&without(&pattern.terms, &values), &mut scratch);
                for (place, value) in values.iter().enumerate() {
                    let seen = seen.entry((whole, place)).or_default();
                    let terms = &pattern.terms[value.clone()];
                    let text = !terms.contains(&Term::Wildcard);
                    let hash = xxh3_64(&to_bytes(terms.iter().copied()));
                    // Once the limit is reached, further forms change nothing.
                    let new = !seen.forms.contains(&hash) && seen.words < self.value_limit;
                    if new {
                        seen.forms.push(hash);
                    }
                    if text {
                        seen.texts += pattern.count;
                        seen.words += usize::from(new);
                    } else {
                        seen.variables += pattern.count;
                    }
                }
                (whole, values)
            })
            .collect();
        for (pattern, (whole, values)) in patterns.iter_mut().zip(skeletons) {
            let vary: Vec<_> = values
                .into_iter()
                .enumerate()
                .filter(|(place, _)| {
                    seen.get(&(whole, *place)).is_some_and(|value| {
                        value.words >= self.value_limit
                            || value.forms.len() > 1
                                && value.variables > 0
                                && (value.words != 1 || value.variables >= value.texts)
                    })
                })
                .map(|(_, value)| value)
                .collect();
            if !vary.is_empty() {
                pattern.terms = without(&pattern.terms, &vary);
                join_wildcards(&mut pattern.terms);
            }
        }
    }
}

/// Returns the ranges of the values of keys: one term, a word and the variable after it, or all terms up to the next key.
fn values(terms: &[Term<'_>]) -> Vec<std::ops::Range<usize>> {
    let is_key = |term: &Term<'_>| matches!(term, Term::Word(word) if word.ends_with(b"="));
    let mut values = Vec::new();
    for (index, _) in terms.iter().enumerate().filter(|(_, term)| is_key(term)) {
        let rest = &terms[index + 1..];
        let next = rest.iter().position(is_key);
        let len = match (rest, next) {
            ([], _) | (_, Some(0)) => continue,
            (_, Some(next)) if next <= MAX_VALUE => next,
            ([Term::Word(_), Term::Wildcard, ..], _) => 2,
            _ => 1,
        };
        values.push(index + 1..index + 1 + len);
    }
    values
}

/// Returns the terms with each of the ranges replaced by one wildcard.
fn without<'s>(terms: &[Term<'s>], ranges: &[std::ops::Range<usize>]) -> Vec<Term<'s>> {
    let mut out = Vec::with_capacity(terms.len());
    let mut at = 0;
    for range in ranges {
        out.extend_from_slice(&terms[at..range.start]);
        out.push(Term::Wildcard);
        at = range.end;
    }
    out.extend_from_slice(&terms[at..]);
    out
}
