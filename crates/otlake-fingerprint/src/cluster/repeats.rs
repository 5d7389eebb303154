//! Folds groups of terms that repeat: `* ok * ok * ok` is a list of accidental length.

use std::collections::HashSet;

use super::{Observed, join_wildcards};
use crate::term::Term;

/// The maximum number of terms in a group.
const MAX_GROUP: usize = 6;

/// Replaces each run of equal groups by one wildcard. A single group is replaced too, if its signature differs from another one only in
/// the number of groups.
pub(super) fn fold(patterns: &mut [Observed<'_>]) {
    let mut folded: HashSet<Vec<Term<'_>>> = HashSet::new();
    let mut groups: HashSet<Vec<Term<'_>>> = HashSet::new();
    let mut whole = vec![false; patterns.len()];
    for (pattern, whole) in patterns.iter_mut().zip(&mut whole) {
        while let Some((start, end, len)) = find(&pattern.terms) {
            groups.insert(pattern.terms[start..start + len].to_vec());
            pattern.terms.splice(start..end, [Term::Wildcard]);
            join_wildcards(&mut pattern.terms);
            *whole = true;
        }
        if *whole {
            folded.insert(pattern.terms.clone());
        }
    }
    if folded.is_empty() {
        return;
    }
    for (pattern, whole) in patterns.iter_mut().zip(whole) {
        if !whole && let Some(single) = with_single(&pattern.terms, &groups, &folded) {
            pattern.terms = single;
        }
    }
}

/// Returns the terms with one group replaced by a wildcard, if the result is a signature whose groups were folded.
fn with_single<'s>(
    terms: &[Term<'s>],
    groups: &HashSet<Vec<Term<'s>>>,
    folded: &HashSet<Vec<Term<'s>>>,
) -> Option<Vec<Term<'s>>> {
    for len in 2..=MAX_GROUP.min(terms.len()) {
        for start in 0..=terms.len() - len {
            if groups.contains(&terms[start..start + len]) {
                let mut single = terms.to_vec();
                single.splice(start..start + len, [Term::Wildcard]);
                join_wildcards(&mut single);
                if folded.contains(&single) {
                    return Some(single);
                }
            }
        }
    }
    None
}

/// Returns the range of the first run of equal groups, and the length of a group. A group contains a word and one or two variables.
/// Groups of words alone count only next to a variable.
fn find(terms: &[Term<'_>]) -> Option<(usize, usize, usize)> {
    for start in 0..terms.len() {
        for len in 2..=MAX_GROUP.min((terms.len() - start) / 2) {
            let group = &terms[start..start + len];
            let mut end = start + len;
            while terms.get(end..end + len) == Some(group) {
                end += len;
            }
            let wildcard =
                |at: Option<usize>| at.and_then(|at| terms.get(at)) == Some(&Term::Wildcard);
            let value = group.contains(&Term::Wildcard)
                || wildcard(start.checked_sub(1))
                || wildcard(Some(end));
            if end > start + len && value {
                return Some((start, end, len));
            }
        }
    }
    None
}
