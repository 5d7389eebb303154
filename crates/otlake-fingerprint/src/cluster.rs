//! [`Clusterer`]: decides which signatures form a pattern. [`WordSets`] is the shipped implementation.

mod evidence;
mod hashes;
mod names;
mod pairs;
mod repeats;
mod twins;
mod values;

use crate::similarity::{Positional, Similarity};
use crate::term::Term;

/// A signature and the number of messages that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observed<'s> {
    /// The terms of the signature.
    pub terms: Vec<Term<'s>>,
    /// The number of messages with this signature.
    pub count: u64,
}

/// A rule that decides which signatures belong to the same pattern.
///
/// ```
/// use otlake_fingerprint::{Clusterer, Observed, PatternOptions, Patterns, Scanner, Term};
///
/// /// Joins everything that begins with the same word.
/// struct FirstWord;
///
/// impl Clusterer for FirstWord {
///     fn cluster<'s>(&self, signatures: &[Observed<'s>]) -> Vec<Vec<Term<'s>>> {
///         let first = |seen: &Observed<'s>| match seen.terms.as_slice() {
///             [first @ Term::Word(_), _, ..] => vec![*first, Term::Wildcard],
///             terms => terms.to_vec(),
///         };
///         signatures.iter().map(first).collect()
///     }
/// }
///
/// let mut patterns = Patterns::with_parts(PatternOptions::new(), Scanner::new(), FirstWord);
/// for message in ["login ok for ann", "login refused for bob", "logout"] {
///     patterns.observe(message.as_bytes());
/// }
/// let set = patterns.patterns();
/// assert_eq!((set.len(), set[0].count), (2, 2));
/// ```
pub trait Clusterer {
    /// Returns the terms of the pattern of each signature. Signatures with equal terms are the same pattern.
    ///
    /// `signatures` contains each signature once, in no meaningful order. The result must depend only on the *set* of signatures and their
    /// counts. Then patterns depend neither on the order of messages nor on the sharding.
    fn cluster<'s>(&self, signatures: &[Observed<'s>]) -> Vec<Vec<Term<'s>>>;
}

/// Joins signatures by order-independent evidence: the set of words seen in one place.
///
/// A place is a signature with one word masked. It collects the *set* of words that were seen there. A place with enough different words
/// is a variable, and so is a place where a typed variable was seen at least as often as the word. Masking one place can make two others
/// alike, so this is repeated until nothing changes.
///
/// How many words are enough depends on how likely it is that two statements agree in everything else by accident:
///
/// * The more words they share, the fewer different words are needed: [`limit`](Self::limit), minus one for every
///   [`shared`](Self::shared) words.
/// * After a key (`user=ann`) a word is a value, and [`value_limit`](Self::value_limit) is enough, whatever the other values are.
/// * In first place a program writes its name or a verb, so more words are needed: [`leading_limit`](Self::leading_limit).
/// * A name with a dot, a slash, an `@` or an underscore inside counts twice, because statements are not written like that.
/// * In a message of two words they share only one, so twice the [`limit`](Self::limit) is needed.
/// * Participles (`started`, `closing`), negations and prepositions do not count, because they carry the meaning of the statement.
///   A participle after a preposition is a state and counts (`set to running`).
/// * Verbs in small letters do not count either, where the grammar requires one: after a modal verb, a negation, or words such as `failed to`.
///
/// A word next to a variable becomes part of it if the signature without the word is [`rare`](Self::rare) times as frequent. If the two
/// share [`shared`](Self::shared) words, the signature without the word also counts as two different words. A group of terms that repeats
/// (`* ok * ok`) is a list and becomes one variable.
///
/// A word that made a place a variable by these limits is a *name*. Signatures that differ in names alone, in any number of places, are
/// joined once the places have seen at least two more names than there are places.
/// A word that occurs several times in a signature, but not in first place, is masked in all these places at once if it varies in them
/// together. It counts twice unless it consists of small letters or of capitals.
///
/// The [`Similarity`] has a veto: a place stays a word if masking it leaves too little in common with the signature.
///
/// ```
/// use otlake_fingerprint::{Jaccard, PatternOptions, Patterns, Scanner, WordSets};
///
/// // Two different words in a place are enough to join messages.
/// let mut eager = WordSets::with_similarity(Jaccard);
/// eager.limit = 2;
/// eager.floor = 2;
/// let mut patterns = Patterns::with_parts(PatternOptions::new(), Scanner::new(), eager);
/// for message in ["user ann logged in", "user bob logged in"] {
///     patterns.observe(message.as_bytes());
/// }
/// assert_eq!(patterns.patterns()[0].template, "user <*> logged in");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WordSets<S = Positional> {
    /// The number of different words that make a place in prose a variable.
    pub limit: usize,
    /// The number of shared words that lower the limit by one, and with which a signature that lacks one of the words is evidence that
    /// the word is a variable.
    pub shared: usize,
    /// The smallest limit.
    pub floor: usize,
    /// The number of different words that make the value of a key a variable.
    pub value_limit: usize,
    /// The number of different words that make the first place of a message a variable.
    pub leading_limit: usize,
    /// The factor by which the signature without a word must be more frequent, for the word to become part of the variable next to it.
    pub rare: u64,
    /// The minimum similarity of a signature and its masked form, in `0.0..=1.0`.
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
    /// Creates a clusterer with the default limits and another similarity.
    pub const fn with_similarity(similarity: S) -> Self {
        Self {
            limit: 4,
            shared: 4,
            floor: 3,
            value_limit: 4,
            leading_limit: 16,
            rare: 20,
            threshold: 0.5,
            similarity,
        }
    }
}

/// The maximum number of rounds. Each round masks at least one more place of some signature, and real logs need two or three rounds.
const MAX_ROUNDS: usize = 8;

impl<S: Similarity> Clusterer for WordSets<S> {
    fn cluster<'s>(&self, signatures: &[Observed<'s>]) -> Vec<Vec<Term<'s>>> {
        let mut patterns = signatures.to_vec();
        repeats::fold(&mut patterns);
        self.mask_values(&mut patterns);
        self.mask_twins(&mut patterns);
        let mut names = evidence::Names::default();
        for _ in 0..MAX_ROUNDS {
            let changed = self.round(&mut patterns, &mut names);
            let changed = self.mask_names(&mut patterns, &names) | changed;
            if !self.mask_pairs(&mut patterns) && !changed {
                break;
            }
        }
        patterns.into_iter().map(|pattern| pattern.terms).collect()
    }
}

impl<S: Similarity> WordSets<S> {
    /// Returns `pattern` with wildcards instead of the words at `indices`, or `None` if that leaves too little in common or no word at all.
    fn masked<'s>(&self, pattern: &[Term<'s>], indices: &[usize]) -> Option<Vec<Term<'s>>> {
        let mut next = pattern.to_vec();
        for &index in indices {
            next[index] = Term::Wildcard;
        }
        let words = next.iter().any(|term| matches!(term, Term::Word(_)));
        (words && self.similarity.similarity(pattern, &next) >= self.threshold).then_some(next)
    }
}

/// Joins adjacent wildcards.
fn join_wildcards(terms: &mut Vec<Term<'_>>) {
    terms.dedup_by(|a, b| *a == Term::Wildcard && *b == Term::Wildcard);
}
