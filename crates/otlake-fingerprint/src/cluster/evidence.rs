//! Collects the words seen in each place of a set of signatures.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use super::hashes::{context, hash_terms, masked};
use super::{Observed, WordSets, join_wildcards};
use crate::hash::BuildIdentity;
use crate::lexicon;
use crate::similarity::Similarity;
use crate::term::Term;

/// The factor by which the limit is higher for a place that is identified only by its neighbours.
const CONTEXT: usize = 3;
/// The weight of the evidence that the signature also exists without the word, as part of the variable next to it.
const ABSORBED: usize = 2;
/// The number of words that signatures must share, for a word in first place to be a value of a variable that was seen there.
const FIRST_SHARED: usize = 3;
/// The number of messages that a signature must have before it can absorb a rare word.
const WELL_KNOWN: u64 = 50;
/// The factor by which a word in small letters must be rarer than a word that is written like a name.
const SMALL: u64 = 5;

/// The hashes of the words that were values of a variable in some place.
pub(super) type Names = HashSet<u64, BuildIdentity>;

/// The minimum length of a name. Shorter words stand for kinds (`x+`, `y-`).
const SHORTEST_NAME: usize = 3;

/// The words and variables that were seen in one place.
#[derive(Default)]
pub(super) struct Place {
    /// The hash of the first word that counts. It is stored inline, because most places see only one word.
    first: Option<u64>,
    /// The hashes of the other words, up to the limit.
    others: Vec<u64>,
    /// The total weight of all these words.
    weight: usize,
    /// The number of messages with a variable here, followed by the number with a word.
    variables: u64,
    words: u64,
}

impl Place {
    pub(super) fn add(&mut self, word: u64, weight: usize, limit: usize) {
        match self.first {
            None => self.first = Some(word),
            Some(first) => {
                if first == word || self.weight >= limit || self.others.contains(&word) {
                    return;
                }
                self.others.push(word);
            }
        }
        self.weight += weight;
    }

    pub(super) fn reaches(&self, limit: usize) -> bool {
        self.weight >= limit
    }

    fn several(&self) -> bool {
        !self.others.is_empty()
    }
}

/// The evidence of one round.
#[derive(Default)]
struct Evidence {
    /// The places by everything else in the signature.
    places: HashMap<u64, Place, BuildIdentity>,
    /// The places by neighbours, first term and length alone.
    contexts: HashMap<u64, Place, BuildIdentity>,
    /// The number of messages of each signature.
    whole: HashMap<u64, u64, BuildIdentity>,
}

impl<S: Similarity> WordSets<S> {
    /// Gathers evidence and masks words once. Returns whether anything changed.
    pub(super) fn round(&self, patterns: &mut [Observed<'_>], names: &mut Names) -> bool {
        let evidence = self.gather(patterns);
        let (mut hashes, mut found) = (Vec::new(), Vec::new());
        let mut changed = false;
        for pattern in patterns.iter_mut() {
            let whole = hash_terms(&pattern.terms, &mut hashes);
            let mut next = pattern.terms.clone();
            found.clear();
            for (index, term) in next.iter_mut().enumerate() {
                if let Term::Word(word) = *term
                    && self.is_variable(&pattern.terms, index, whole, &hashes, &evidence)
                    && self.masked(&pattern.terms, &[index]).is_some()
                {
                    *term = Term::Wildcard;
                    let key = masked(whole, hashes[index], index);
                    let varies = evidence
                        .places
                        .get(&key)
                        .is_some_and(|place| place.reaches(self.limit_at(&pattern.terms, index)));
                    if varies && word.len() >= SHORTEST_NAME && weight(&pattern.terms, index) > 0 {
                        found.push(xxh3_64(word));
                    }
                }
            }
            if next != pattern.terms && next.iter().any(|term| matches!(term, Term::Word(_))) {
                join_wildcards(&mut next);
                pattern.terms = next;
                names.extend(&found);
                changed = true;
            }
        }
        changed
    }

    fn gather(&self, patterns: &[Observed<'_>]) -> Evidence {
        let mut evidence = Evidence::default();
        let mut hashes = Vec::new();
        for pattern in patterns {
            let whole = hash_terms(&pattern.terms, &mut hashes);
            *evidence.whole.entry(whole).or_default() += pattern.count;
            for (index, term) in pattern.terms.iter().enumerate() {
                let place = evidence
                    .places
                    .entry(masked(whole, hashes[index], index))
                    .or_default();
                let Term::Word(word) = term else {
                    place.variables += pattern.count;
                    continue;
                };
                place.words += pattern.count;
                let weight = weight(&pattern.terms, index);
                if weight > 0 {
                    let limit = self.limit_at(&pattern.terms, index);
                    let word = xxh3_64(word);
                    place.add(word, weight, limit);
                    if let Some(key) = context(&hashes, index) {
                        let around = evidence.contexts.entry(key).or_default();
                        around.add(word, 1, CONTEXT * limit);
                    }
                }
            }
        }
        evidence
    }

    /// Returns whether the evidence makes the word at `index` a variable.
    fn is_variable(
        &self,
        pattern: &[Term<'_>],
        index: usize,
        whole: u64,
        hashes: &[u64],
        evidence: &Evidence,
    ) -> bool {
        let Term::Word(word) = pattern[index] else {
            return false;
        };
        let limit = self.limit_at(pattern, index);
        let place = evidence.places.get(&masked(whole, hashes[index], index));
        let seen = place.map_or(0, |place| place.weight);
        if seen >= limit {
            return true;
        }
        if weight(pattern, index) == 0 {
            return false;
        }
        // A variable was seen in the place, and either it is as frequent as words or there are several words.
        if place.is_some_and(|place| {
            place.variables > 0 && (place.variables >= place.words || place.several())
        }) && (index > 0 || words_beside(pattern, index) >= FIRST_SHARED)
        {
            return true;
        }
        let around = context(hashes, index).and_then(|key| evidence.contexts.get(&key));
        if index > 0 && around.is_some_and(|around| around.weight >= CONTEXT * limit) {
            return true;
        }
        let beside = pattern.get(index + 1) == Some(&Term::Wildcard)
            || index > 0 && pattern[index - 1] == Term::Wildcard;
        if !beside {
            return false;
        }
        let mut merged = pattern.to_vec();
        merged[index] = Term::Wildcard;
        join_wildcards(&mut merged);
        let mut scratch = Vec::new();
        let merged = evidence.whole.get(&hash_terms(&merged, &mut scratch));
        let (Some(&merged), Some(&this)) = (merged, evidence.whole.get(&whole)) else {
            return false;
        };
        let name = word.iter().any(|b| !b.is_ascii_lowercase());
        let rare = if name { self.rare } else { SMALL * self.rare };
        // Signatures that share few words may also be statements of their own (`7 saved`, `7 saved twice`).
        let alike = index > 0 && words_beside(pattern, index) >= self.shared;
        alike && seen + ABSORBED >= limit || merged >= WELL_KNOWN && merged / rare >= this
    }

    /// Returns the number of different words that make the place a variable.
    pub(super) fn limit_at(&self, pattern: &[Term<'_>], index: usize) -> usize {
        let words = words_beside(pattern, index);
        let less = words / self.shared.max(1);
        match index.checked_sub(1).map(|before| pattern[before]) {
            None => self.leading_limit.saturating_sub(2 * words).max(self.limit),
            Some(Term::Word(key)) if key.ends_with(b"=") => self.value_limit,
            Some(_) if pattern.len() == 2 => 2 * self.limit,
            Some(_) => self.limit.saturating_sub(less).max(self.floor),
        }
    }
}

/// Returns the number of words other than the one at `index`.
fn words_beside(pattern: &[Term<'_>], index: usize) -> usize {
    let others = pattern.iter().enumerate().filter(|(at, _)| *at != index);
    others
        .filter(|(_, term)| matches!(term, Term::Word(_)))
        .count()
}

/// Returns the weight of the word at `index` as evidence that its place is a variable.
pub(super) fn weight(pattern: &[Term<'_>], index: usize) -> usize {
    let Term::Word(word) = pattern[index] else {
        return 0;
    };
    if word.ends_with(b"=") {
        return 0;
    }
    let before = index.checked_sub(1).and_then(|at| word_at(pattern, at));
    if before.is_some_and(|key| key.ends_with(b"=")) {
        return 1 + usize::from(is_identifier(word));
    }
    let participle = word.len() > 4 && (word.ends_with(b"ed") || word.ends_with(b"ing"));
    let state = participle && before.is_some_and(lexicon::is_preposition);
    let attempt = || {
        before == Some(b"to")
            && index
                .checked_sub(2)
                .and_then(|at| word_at(pattern, at))
                .is_some_and(lexicon::is_attempt)
    };
    let verb = before.is_some_and(lexicon::is_modal) || attempt();
    if participle && !state
        || verb && word.iter().all(u8::is_ascii_lowercase)
        || lexicon::is_bool(word)
        || lexicon::is_negation(word)
        || lexicon::is_preposition(word)
    {
        return 0;
    }
    1 + usize::from(is_identifier(word))
}

/// Returns the word at `index`, unless it is a variable.
fn word_at<'s>(pattern: &[Term<'s>], index: usize) -> Option<&'s [u8]> {
    match pattern[index] {
        Term::Word(word) => Some(word),
        Term::Wildcard => None,
    }
}

/// Returns whether a word is a name that contains an underscore, a dot or the like. Names with a last label in capitals, such as
/// `app.State.READY`, are enumerators and excluded: the enumerator may be all that a message says.
fn is_identifier(word: &[u8]) -> bool {
    let joins = |b: &u8| matches!(b, b'.' | b'_' | b'/' | b'@');
    let inner = word.get(1..word.len() - 1).unwrap_or_default();
    let last = word.rsplit(|b| *b == b'.').next().unwrap_or(word);
    inner.iter().any(joins) && last.iter().any(u8::is_ascii_lowercase)
}
