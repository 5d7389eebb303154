//! [`Similarity`]: measures how alike two token sequences are.

use crate::term::Term;

/// A measure of how alike two token sequences are, from 0 (nothing in common) to 1 (equal).
///
/// An implementation must be symmetric and a pure function. Otherwise patterns depend on the order in which messages arrive.
///
/// ```
/// use otlake_fingerprint::{Jaccard, Positional, Similarity, Term};
///
/// let words = |text: &'static str| -> Vec<Term<'static>> {
///     text.split(' ').map(|word| Term::Word(word.as_bytes())).collect()
/// };
/// let (a, b) = (words("cache miss for user"), words("user cache miss for"));
/// assert_eq!(Jaccard.similarity(&a, &b), 1.0, "the same words");
/// assert_eq!(Positional.similarity(&a, &b), 0.0, "in other positions");
///
/// /// The share of words at the front that are equal.
/// struct Prefix;
///
/// impl Similarity for Prefix {
///     fn similarity(&self, a: &[Term<'_>], b: &[Term<'_>]) -> f64 {
///         let equal = a.iter().zip(b).take_while(|(a, b)| a == b).count();
///         equal as f64 / a.len().max(b.len()).max(1) as f64
///     }
/// }
///
/// assert_eq!(Prefix.similarity(&a, &words("cache miss in cell")), 0.5);
/// ```
pub trait Similarity {
    /// Returns the similarity of `a` and `b`, in `0.0..=1.0`.
    fn similarity(&self, a: &[Term<'_>], b: &[Term<'_>]) -> f64;
}

impl<S: Similarity + ?Sized> Similarity for &S {
    fn similarity(&self, a: &[Term<'_>], b: &[Term<'_>]) -> f64 {
        (**self).similarity(a, b)
    }
}

/// The Jaccard index of the two sets of words: the number of shared words divided by the number of all words.
///
/// It ignores order and repetition. It also ignores wildcards, which are neither shared nor different.
/// (P. Jaccard, "The distribution of the flora in the alpine zone", New Phytologist 11, 1912.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jaccard;

impl Similarity for Jaccard {
    fn similarity(&self, a: &[Term<'_>], b: &[Term<'_>]) -> f64 {
        let words = |terms: &[Term<'_>]| -> Vec<Vec<u8>> {
            let mut words: Vec<_> = terms
                .iter()
                .filter_map(|term| match term {
                    Term::Word(word) => Some(word.to_vec()),
                    Term::Wildcard => None,
                })
                .collect();
            words.sort_unstable();
            words.dedup();
            words
        };
        let (a, b) = (words(a), words(b));
        let shared = a
            .iter()
            .filter(|word| b.binary_search(word).is_ok())
            .count();
        let all = a.len() + b.len() - shared;
        if all == 0 {
            1.0
        } else {
            shared as f64 / all as f64
        }
    }
}

/// The share of positions with equal terms, over the longer sequence: the similarity of Drain.
///
/// (P. He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017, equation 1, which requires equal lengths;
/// here a missing position counts as different.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Positional;

impl Similarity for Positional {
    fn similarity(&self, a: &[Term<'_>], b: &[Term<'_>]) -> f64 {
        let longer = a.len().max(b.len());
        if longer == 0 {
            return 1.0;
        }
        let equal = a.iter().zip(b).filter(|(a, b)| a == b).count();
        equal as f64 / longer as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::term::terms;

    fn of(similarity: &impl Similarity, a: &str, b: &str) -> f64 {
        let (a, b): (Vec<_>, Vec<_>) =
            (terms(a.as_bytes()).collect(), terms(b.as_bytes()).collect());
        similarity.similarity(&a, &b)
    }

    #[test]
    fn known_values() {
        assert_eq!(
            of(&Jaccard, "user bob logged in", "user ann logged in"),
            3.0 / 5.0
        );
        assert_eq!(of(&Jaccard, "a b c", "c b a"), 1.0);
        assert_eq!(of(&Jaccard, "a *", "a"), 1.0);
        assert_eq!(
            of(&Positional, "user bob logged in", "user ann logged in"),
            0.75
        );
        assert_eq!(of(&Positional, "a b c", "c b a"), 1.0 / 3.0);
        assert_eq!(of(&Positional, "a b c d", "a b"), 0.5);
        for similarity in [&Jaccard as &dyn Similarity, &Positional] {
            assert_eq!(of(&similarity, "", ""), 1.0);
        }
    }

    proptest! {
        #[test]
        fn symmetric_bounded_and_one_on_itself(a in "[a-c* ]{0,12}", b in "[a-c* ]{0,12}") {
            for similarity in [&Jaccard as &dyn Similarity, &Positional] {
                let ab = of(&similarity, &a, &b);
                prop_assert_eq!(ab, of(&similarity, &b, &a));
                prop_assert!((0.0..=1.0).contains(&ab));
                prop_assert_eq!(of(&similarity, &a, &a), 1.0);
            }
        }
    }
}
