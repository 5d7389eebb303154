//! Hashes of sequences of terms from which single terms can be removed again.

use xxhash_rust::xxh3::xxh3_64;

use crate::term::Term;

/// Writes the hash of each term in its place to `hashes`, and returns their sum. It is a sum so that one term can be removed again.
pub(super) fn hash_terms(terms: &[Term<'_>], hashes: &mut Vec<u64>) -> u64 {
    hashes.clear();
    hashes.extend(terms.iter().enumerate().map(|(index, term)| match term {
        Term::Word(word) => placed(xxh3_64(word), index),
        Term::Wildcard => placed(0, index),
    }));
    hashes
        .iter()
        .fold(terms.len() as u64, |sum, hash| sum.wrapping_add(*hash))
}

/// Returns a term's hash combined with its place.
pub(super) fn placed(hash: u64, index: usize) -> u64 {
    let mixed = (hash ^ (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

/// Returns the key of a sequence with the term at `index` masked.
pub(super) fn masked(whole: u64, term: u64, index: usize) -> u64 {
    // This is not the wildcard's hash, because a masked word and a variable are different evidence.
    whole
        .wrapping_sub(term)
        .wrapping_add(placed(u64::MAX, index))
}

/// Returns the key of a place by its neighbours, the first term and the length. If two places vary at once, a key of everything else
/// shows neither of them. This key shows both, unless they are adjacent.
pub(super) fn context(hashes: &[u64], index: usize) -> Option<u64> {
    let before = *hashes.get(index.checked_sub(1)?)?;
    let after = hashes.get(index + 1).copied().unwrap_or(0);
    Some(
        placed(before ^ hashes[0].rotate_left(17), index).wrapping_add(placed(after, hashes.len())),
    )
}
