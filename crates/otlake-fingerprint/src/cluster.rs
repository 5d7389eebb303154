//! [`Clusterer`]: which signatures are one pattern. [`WordSets`] is the shipped one.

mod evidence;
mod hashes;
mod pairs;
mod repeats;
mod values;

use crate::similarity::{Positional, Similarity};
use crate::term::Term;

/// A signature that was seen, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observed<'s> {
    /// The terms of the signature.
    pub terms: Vec<Term<'s>>,
    /// The number of messages with this signature.
    pub count: u64,
}

/// Decides which signatures belong to one pattern.
pub trait Clusterer {
    /// Returns, for each signature, the terms of its pattern. Signatures with equal answers are one pattern.
    ///
    /// `signatures` holds each signature once, in no meaningful order. The answer for a signature must depend on the *set* of signatures and
    /// their counts alone: then patterns depend neither on the order of messages nor on how they were sharded.
    fn cluster<'s>(&self, signatures: &[Observed<'s>]) -> Vec<Vec<Term<'s>>>;
}

/// Joins signatures by order-independent evidence: the set of words seen in one place.
///
/// A place is a signature with one word taken out. It collects the *set* of words that were seen there. A place that saw enough different
/// words is a variable, and so is one that saw a typed variable at least as often as the word. Masking one place can make
/// two others alike, so this repeats until nothing changes.
///
/// How much is enough is a question of how likely it is that two statements agree in everything else by accident:
///
/// * the more words they share, the fewer different words are needed ([`limit`](Self::limit), less one for every [`shared`](Self::shared)
///   words);
/// * behind a key (`user=ann`) a word is a value, and [`value_limit`](Self::value_limit) is enough, whatever the other values are;
/// * in first place a program names itself or its verb, and more is needed: [`leading_limit`](Self::leading_limit);
/// * a name with a dot, a digit or an underscore in it counts twice: statements are not written like that;
/// * participles (`started`, `closing`), negations, and the words between names do not count: they carry the statement.
///
/// A word beside a variable belongs to it when the signature without the word is [`rare`](Self::rare) times as frequent. A group of terms that
/// repeats (`* ok * ok`) is a list and becomes one variable.
///
/// The [`Similarity`] has a veto: a place stays a word when masking it leaves too little in common with the signature.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WordSets<S = Positional> {
    /// How many different words make a place in prose a variable.
    pub limit: usize,
    /// How many shared words lower the limit by one.
    pub shared: usize,
    /// The smallest limit.
    pub floor: usize,
    /// How many different words make the value of a key a variable.
    pub value_limit: usize,
    /// How many different words make the first place of a message a variable.
    pub leading_limit: usize,
    /// How many times as frequent a signature must be without a word, for the word to be part of the variable beside it.
    pub rare: u64,
    /// The similarity threshold between a signature and its masked form, in `0.0..=1.0`.
    pub threshold: f64,
    /// The similarity.
    pub similarity: S,
}

impl Default for WordSets {
    fn default() -> Self {
        Self::with_similarity(Positional)
    }
}

impl<S: Similarity> WordSets<S> {
    /// Returns the default limits with another similarity.
    pub const fn with_similarity(similarity: S) -> Self {
        Self {
            limit: 4,
            shared: 4,
            floor: 3,
            value_limit: 4,
            leading_limit: 16,
            rare: 20,
            threshold: 0.6,
            similarity,
        }
    }
}

/// Rounds after which no further evidence is looked for. Each round masks at least one more place of some signature, and
/// real logs settle in two or three.
const MAX_ROUNDS: usize = 8;

impl<S: Similarity> Clusterer for WordSets<S> {
    fn cluster<'s>(&self, signatures: &[Observed<'s>]) -> Vec<Vec<Term<'s>>> {
        let mut patterns = signatures.to_vec();
        repeats::fold(&mut patterns);
        self.mask_values(&mut patterns);
        for _ in 0..MAX_ROUNDS {
            let changed = self.round(&mut patterns);
            if !self.mask_pairs(&mut patterns) && !changed {
                break;
            }
        }
        patterns.into_iter().map(|pattern| pattern.terms).collect()
    }
}

impl<S: Similarity> WordSets<S> {
    /// Returns `pattern` with the words at `indices` as wildcards, unless that leaves too little in common, or no word at all.
    fn masked<'s>(&self, pattern: &[Term<'s>], indices: &[usize]) -> Option<Vec<Term<'s>>> {
        let mut next = pattern.to_vec();
        for &index in indices {
            next[index] = Term::Wildcard;
        }
        let words = next.iter().any(|term| matches!(term, Term::Word(_)));
        (words && self.similarity.similarity(pattern, &next) >= self.threshold).then_some(next)
    }
}

/// Makes neighbouring wildcards one.
fn join_wildcards(terms: &mut Vec<Term<'_>>) {
    terms.dedup_by(|a, b| *a == Term::Wildcard && *b == Term::Wildcard);
}
