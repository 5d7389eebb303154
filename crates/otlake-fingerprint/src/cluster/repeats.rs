//! Groups of terms that repeat: `* ok * ok * ok` is a list, as long as it happens to be.

use std::collections::HashSet;

use super::{Observed, join_wildcards};
use crate::term::Term;

/// The longest group that is looked for.
const MAX_GROUP: usize = 6;

/// Makes each run of equal groups one wildcard, and so the single group in a signature that is like another but for the number of groups.
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

/// Returns the terms with one group as a wildcard, when that is a signature whose groups were folded.
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

/// Returns the range of the first run of equal groups, and the length of a group. A group holds a word, and a variable or two of them; groups
/// of words alone count next to a variable.
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
