//! Finds the stems of a noun after a number and of its verb, so that `1 entry was read` and `3 entries were read` are one message.

/// The length of the longest noun that no rule covers.
const LONGEST: usize = 8;

/// Returns the length of a noun's stem: the letters at its front that its singular and its plural share.
///
/// The rules are applied to every word after a number. Other words than nouns lose letters, too, but always the same ones.
pub(super) fn stem_len(noun: &[u8]) -> usize {
    let len = noun.len();
    if let Some(len) = irregular_stem_len(noun) {
        return len;
    }
    match noun {
        // `entries`, `cookies`, and their singulars.
        [_, _, .., b'i', b'e', b's'] => len - 3,
        [_, _, .., b'i', b'e'] => len - 2,
        [.., before, b'y'] if !is_vowel(*before) => len - 1,
        // `boxes`, `batches`, `caches`, `processes`, `statuses`, `cases`, `echoes`; `cache`, `case`; `analysis`.
        [.., b's' | b'x' | b'z' | b'h' | b'o', b'e', b's'] | [.., b's' | b'x', b'i', b's'] => {
            len - 2
        }
        [.., b's' | b'x' | b'z' | b'h' | b'o', b'e'] => len - 1,
        // `process`, `this`, `status`; but `cpus`.
        [.., b's' | b'i', b's'] => len,
        [.., b'u', b's'] if len != 4 => len,
        [.., b's'] => len - 1,
        _ => len,
    }
}

/// Returns the length of the stem of a noun or verb that no rule covers. It may begin with a capital.
fn irregular_stem_len(noun: &[u8]) -> Option<usize> {
    let mut word = [0; LONGEST];
    let word = word.get_mut(..noun.len())?;
    word.copy_from_slice(noun);
    word[..1].make_ascii_lowercase();
    match &*word {
        b"child" | b"children" => Some(5),
        b"person" | b"persons" | b"people" => Some(2),
        b"index" | b"indexes" | b"indices" | b"half" | b"halves" | b"leaf" | b"leaves" => Some(3),
        b"vertex" | b"vertexes" | b"vertices" | b"matrix" | b"matrixes" | b"matrices" => Some(4),
        // Their plurals end in `es`.
        b"alias" | b"atlas" | b"bias" | b"canvas" => Some(noun.len()),
        // Verbs.
        b"was" | b"has" | b"does" => Some(noun.len()),
        _ => None,
    }
}

/// Returns whether a noun may be longer than its stem: a quick check that excludes most words.
#[inline]
pub(super) fn may_have_shorter_stem(noun: &[u8]) -> bool {
    match noun {
        [.., before, b's'] => !matches!(before, b's'),
        [.., before, b'e'] => matches!(before, b'i' | b's' | b'x' | b'z' | b'h' | b'o' | b'l'),
        [.., before, b'y'] => !is_vowel(*before),
        [.., b'e' | b'o', b'n'] | [.., b'l', b'd' | b'f'] | [.., b'a', b'f'] | [.., b'x'] => true,
        _ => false,
    }
}

/// Returns the length of what the singular and the plural of the verb share, given the text after its noun: ` is `, ` were `. It may be 0.
#[inline]
pub(super) fn verb_stem_len(rest: &[u8]) -> Option<usize> {
    match rest.get(1)? {
        b'i' | b'a' | b'w' | b'h' => verb_after(rest),
        _ => None,
    }
}

/// Compares the text after a noun with each verb.
#[inline(never)]
fn verb_after(rest: &[u8]) -> Option<usize> {
    match rest {
        [b' ', b'i', b's', b' ', ..] | [b' ', b'a', b'r', b'e', b' ', ..] => Some(0),
        [b' ', b'w', b'a', b's', b' ', ..] | [b' ', b'w', b'e', b'r', b'e', b' ', ..] => Some(1),
        [b' ', b'h', b'a', b's', b' ', ..] | [b' ', b'h', b'a', b'v', b'e', b' ', ..] => Some(2),
        _ => None,
    }
}

/// Returns whether digits, dots and signs are a count, and not an address, a version or a date: at most one of them is not a digit.
pub(super) fn is_count(number: &[u8]) -> bool {
    number.iter().filter(|b| !b.is_ascii_digit()).count() <= 1
}

/// Returns whether a small letter is a vowel. `y` is none.
fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_and_plural_have_one_stem() {
        let nouns = [
            ("file", "files"),
            ("entry", "entries"),
            ("query", "queries"),
            ("key", "keys"),
            ("try", "tries"),
            ("tie", "ties"),
            ("cookie", "cookies"),
            ("series", "series"),
            ("batch", "batches"),
            ("cache", "caches"),
            ("hash", "hashes"),
            ("box", "boxes"),
            ("size", "sizes"),
            ("index", "indexes"),
            ("index", "indices"),
            ("process", "processes"),
            ("address", "addresses"),
            ("database", "databases"),
            ("status", "statuses"),
            ("alias", "aliases"),
            ("replica", "replicas"),
            ("analysis", "analyses"),
            ("echo", "echoes"),
            ("shoe", "shoes"),
            ("cpu", "cpus"),
            ("id", "ids"),
            ("node", "nodes"),
            ("child", "children"),
            ("person", "people"),
            ("leaf", "leaves"),
            ("half", "halves"),
            ("vertex", "vertices"),
            ("matrix", "matrices"),
            ("Alias", "Aliases"),
            ("Child", "Children"),
            ("Index", "Indices"),
            ("Person", "People"),
        ];
        for (singular, plural) in nouns {
            let [one, many] = [singular, plural].map(|noun| &noun[..stem_len(noun.as_bytes())]);
            assert_eq!(one, many, "{singular}");
            for noun in [singular, plural] {
                let shorter = stem_len(noun.as_bytes()) < noun.len();
                assert!(!shorter || may_have_shorter_stem(noun.as_bytes()), "{noun}");
            }
        }
        let mut stems = nouns
            .map(|(singular, _)| &singular[..stem_len(singular.as_bytes())])
            .to_vec();
        stems.sort_unstable();
        stems.dedup();
        assert_eq!(stems.len(), nouns.len() - 1, "{stems:?}");
    }
}
