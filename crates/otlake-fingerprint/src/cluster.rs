//! [`Clusterer`]: which signatures are one pattern. [`WordSets`] is the shipped one.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use crate::hash::BuildIdentity;
use crate::lexicon;
use crate::similarity::{Positional, Similarity};
use crate::term::Term;

/// Decides which signatures belong to one pattern.
pub trait Clusterer {
    /// For each signature the terms of its pattern; signatures with equal answers are one pattern.
    ///
    /// `signatures` holds each signature once, in no meaningful order. The answer for a signature must depend on the *set*
    /// alone: then patterns do not depend on the order of messages, nor on how they were sharded.
    fn cluster<'s>(&self, signatures: &[Vec<Term<'s>>]) -> Vec<Vec<Term<'s>>>;
}

/// Joins signatures by order-independent evidence: the set of words seen in one place.
///
/// For each signature with one word masked, it collects the *set* of words seen in that place. A place that saw enough
/// different words is a variable. The sets stop growing there, so that each is a semilattice with the variable on
/// top, and what is decided depends on the set of signatures alone. Masking one place can make two others alike, so it
/// repeats until nothing changes.
///
/// How much is enough depends on what the place is:
///
/// * behind a key (`user=ann`) a word is a value: [`value_limit`](Self::value_limit);
/// * in prose: [`limit`](Self::limit);
/// * at the front of a message, where the program names itself or its verb: [`leading_limit`](Self::leading_limit);
/// * where a typed variable was seen in the same place, one name is enough.
///
/// Words that carry the statement rather than fill it in do not count as evidence: participles (`started`,
/// `closing`), words in capitals (states, commands), booleans.
///
/// The defaults are the middle of a plateau: on labelled logs of eight systems, limits from 3 to 6 and thresholds from 0.4 to
/// 0.8 give the same accuracy within half a percent.
///
/// The [`Similarity`] has a veto: a place stays a word when masking it leaves too little in common with the signature.
#[derive(Clone, Copy, Debug)]
pub struct WordSets<S = Positional> {
    /// How many different words make a place in prose a variable.
    pub limit: usize,
    /// How many different words make the value of a key a variable.
    pub value_limit: usize,
    /// How many different words make the first place of a message a variable.
    pub leading_limit: usize,
    /// The similarity threshold between a signature and its masked form, in `0.0..=1.0`.
    pub threshold: f64,
    /// The similarity.
    pub similarity: S,
}

impl Default for WordSets {
    fn default() -> Self {
        Self {
            limit: 4,
            value_limit: 4,
            leading_limit: 16,
            threshold: 0.6,
            similarity: Positional,
        }
    }
}

impl<S: Similarity> WordSets<S> {
    /// The default limits with another similarity.
    pub fn with_similarity(similarity: S) -> Self {
        let WordSets {
            limit,
            value_limit,
            leading_limit,
            threshold,
            ..
        } = WordSets::default();
        Self {
            limit,
            value_limit,
            leading_limit,
            threshold,
            similarity,
        }
    }
}

/// Rounds after which no further evidence is looked for. Each round masks at least one more place of some signature, and
/// real logs settle in two or three.
const MAX_ROUNDS: usize = 8;

impl<S: Similarity> Clusterer for WordSets<S> {
    fn cluster<'s>(&self, signatures: &[Vec<Term<'s>>]) -> Vec<Vec<Term<'s>>> {
        let mut patterns = signatures.to_vec();
        for _ in 0..MAX_ROUNDS {
            if !self.round(&mut patterns) {
                break;
            }
        }
        patterns
    }
}

/// What was seen in one place.
#[derive(Default)]
struct Place {
    /// The hash of the first word that counts. Most places see one word, which is no reason to allocate.
    first: Option<u64>,
    /// The others, up to the limit.
    others: Vec<u64>,
    /// Whether a variable was seen there too.
    variable: bool,
}

impl Place {
    fn add(&mut self, word: u64, limit: usize) {
        match self.first {
            None => self.first = Some(word),
            Some(first) => {
                if first != word && self.words() < limit && !self.others.contains(&word) {
                    self.others.push(word);
                }
            }
        }
    }

    fn words(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }
}

/// The evidence of one round.
#[derive(Default)]
struct Evidence {
    /// By everything else in the signature.
    places: HashMap<u64, Place, BuildIdentity>,
    /// By the neighbours, the first term and the length alone.
    contexts: HashMap<u64, Place, BuildIdentity>,
    /// The signatures themselves.
    whole: HashSet<u64, BuildIdentity>,
}

impl<S: Similarity> WordSets<S> {
    /// One round of evidence and masking; says whether anything changed.
    fn round(&self, patterns: &mut [Vec<Term<'_>>]) -> bool {
        let mut evidence = Evidence::default();
        let mut hashes = Vec::new();
        for pattern in patterns.iter() {
            let whole = hash_terms(pattern, &mut hashes);
            evidence.whole.insert(whole);
            for (index, term) in pattern.iter().enumerate() {
                let place = evidence
                    .places
                    .entry(masked(whole, hashes[index], index))
                    .or_default();
                match term {
                    Term::Wildcard => place.variable = true,
                    Term::Word(word) if can_be_name(word) => {
                        let limit = self.limit_at(pattern, index);
                        let word = xxh3_64(word);
                        place.add(word, limit);
                        if let Some(key) = context(&hashes, index) {
                            evidence
                                .contexts
                                .entry(key)
                                .or_default()
                                .add(word, CONTEXT * limit);
                        }
                    }
                    Term::Word(_) => {}
                }
            }
        }
        let mut changed = false;
        for pattern in patterns.iter_mut() {
            let whole = hash_terms(pattern, &mut hashes);
            let mut next = pattern.clone();
            for index in 0..pattern.len() {
                let Term::Word(word) = pattern[index] else {
                    continue;
                };
                let place = evidence.places.get(&masked(whole, hashes[index], index));
                let around = context(&hashes, index).and_then(|key| evidence.contexts.get(&key));
                if self.is_variable(pattern, index, place, around, &evidence.whole) {
                    next[index] = Term::Wildcard;
                    if self.similarity.similarity(pattern, &next) < self.threshold {
                        next[index] = Term::Word(word);
                    }
                }
            }
            if next != *pattern {
                next.dedup_by(|a, b| *a == Term::Wildcard && *b == Term::Wildcard);
                *pattern = next;
                changed = true;
            }
        }
        changed
    }

    /// Whether the evidence makes the word at `index` a variable.
    fn is_variable(
        &self,
        pattern: &[Term<'_>],
        index: usize,
        place: Option<&Place>,
        around: Option<&Place>,
        whole: &HashSet<u64, BuildIdentity>,
    ) -> bool {
        let limit = self.limit_at(pattern, index);
        let words = place.map_or(0, |place| place.words());
        if words >= limit {
            return true;
        }
        let name = matches!(pattern[index], Term::Word(word) if can_be_name(word));
        if !name || index == 0 {
            return false;
        }
        if place.is_some_and(|place| place.variable)
            || around.is_some_and(|around| around.words() >= CONTEXT * limit)
        {
            return true;
        }
        let beside =
            pattern.get(index + 1) == Some(&Term::Wildcard) || pattern[index - 1] == Term::Wildcard;
        beside && words + ABSORBED >= limit && {
            let mut merged = pattern.to_vec();
            merged[index] = Term::Wildcard;
            merged.dedup_by(|a, b| *a == Term::Wildcard && *b == Term::Wildcard);
            whole.contains(&hash_terms(&merged, &mut Vec::new()))
        }
    }

    fn limit_at(&self, pattern: &[Term<'_>], index: usize) -> usize {
        match index.checked_sub(1).map(|before| pattern[before]) {
            None => self.leading_limit,
            Some(Term::Word(key)) if key.ends_with(b"=") => self.value_limit,
            Some(_) => self.limit,
        }
    }
}

/// How many times the limit is asked of a place that is only known by its neighbours.
const CONTEXT: usize = 3;

/// How many words it is worth that the signature exists without the word, as part of the variable beside it.
const ABSORBED: usize = 2;

/// The key of a place by its neighbours, the first term and the length. Two places that vary at once hide each other from
/// keys that hold everything else; they do not hide from this one unless they touch.
fn context(hashes: &[u64], index: usize) -> Option<u64> {
    let before = *hashes.get(index.checked_sub(1)?)?;
    let after = hashes.get(index + 1).copied().unwrap_or(0);
    Some(
        placed(before ^ hashes[0].rotate_left(17), index).wrapping_add(placed(after, hashes.len())),
    )
}

/// Whether a word can be the name of something, and not part of what the message states.
fn can_be_name(word: &[u8]) -> bool {
    let participle = word.len() > 4 && (word.ends_with(b"ed") || word.ends_with(b"ing"));
    let capitals = word.iter().all(|b| b.is_ascii_uppercase() || *b == b'_');
    !participle && !capitals && !lexicon::is_bool(word) && !word.ends_with(b"=")
}

/// The hash of each term in its place, and their sum. A sum, so that one term can be taken out again.
fn hash_terms(terms: &[Term<'_>], hashes: &mut Vec<u64>) -> u64 {
    hashes.clear();
    hashes.extend(terms.iter().enumerate().map(|(index, term)| match term {
        Term::Word(word) => placed(xxh3_64(word), index),
        Term::Wildcard => placed(0, index),
    }));
    hashes
        .iter()
        .fold(terms.len() as u64, |sum, hash| sum.wrapping_add(*hash))
}

/// Ties a term's hash to its place.
fn placed(hash: u64, index: usize) -> u64 {
    let mixed = (hash ^ (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

/// The key of a sequence with the term at `index` masked.
fn masked(whole: u64, term: u64, index: usize) -> u64 {
    // Not the wildcard's hash: a masked word and a variable are different evidence.
    whole
        .wrapping_sub(term)
        .wrapping_add(placed(u64::MAX, index))
}
