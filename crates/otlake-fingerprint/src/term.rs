//! [`Term`]: one element of a signature or a pattern.

/// One element of a signature or a pattern: a word, or the place of a variable.
///
/// The enum is exhaustive on purpose: a clusterer has to decide about both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Term<'s> {
    /// A word of the constant text.
    Word(&'s [u8]),
    /// A run of variables.
    Wildcard,
}

/// Returns the terms of a signature's bytes, as [`Signature::as_bytes`](crate::Signature::as_bytes) writes them.
pub(crate) fn terms(signature: &[u8]) -> impl Iterator<Item = Term<'_>> {
    signature
        .split(|&b| b == b' ')
        .filter(|word| !word.is_empty())
        .map(|word| match word {
            b"*" => Term::Wildcard,
            _ => Term::Word(word),
        })
}

/// Returns the signature bytes of `terms`, with adjacent wildcards joined.
pub(crate) fn to_bytes<'t>(terms: impl IntoIterator<Item = Term<'t>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut open = false;
    for term in terms {
        match term {
            Term::Wildcard if open => continue,
            Term::Wildcard => bytes.push(b'*'),
            Term::Word(word) => bytes.extend_from_slice(word),
        }
        open = term == Term::Wildcard;
        bytes.push(b' ');
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_go_to_bytes_and_back() {
        let all: Vec<_> = terms(b"disk * is * full ").collect();
        assert_eq!(all.len(), 5);
        assert_eq!(all[1], Term::Wildcard);
        assert_eq!(to_bytes(all), b"disk * is * full ");
        assert_eq!(
            to_bytes([Term::Wildcard, Term::Wildcard, Term::Word(b"x")]),
            b"* x "
        );
        assert_eq!(terms(b"").count(), 0);
    }
}
