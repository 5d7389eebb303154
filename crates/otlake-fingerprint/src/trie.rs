//! [`Trie`]: patterns by their token sequence, for finding the pattern of a message that was never learned.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::hash::BuildIdentity;
use crate::term::Term;

/// Patterns as paths from a root, with one edge per term. Wildcards have edges of their own.
#[derive(Clone, Debug)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
    /// The edges of all nodes, by node and word. They share one table, because most nodes have only one edge. Words are compared by their
    /// hash, which is as strong as the fingerprints themselves.
    words: HashMap<u64, u32, BuildIdentity>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    wildcard: Option<u32>,
    /// The pattern that ends here.
    pattern: Option<u32>,
}

/// Returns the key of an edge.
fn edge(node: u32, word: &[u8]) -> u64 {
    (xxh3_64(word) ^ u64::from(node).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// The maximum number of steps of a search. Only sequences with many wildcards and many alternatives come near it.
const MAX_STEPS: usize = 4096;

impl Trie {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            words: HashMap::default(),
        }
    }

    pub(crate) fn insert<'t>(&mut self, terms: impl Iterator<Item = Term<'t>>, pattern: u32) {
        let mut at = 0_u32;
        for term in terms {
            let next = self.nodes.len() as u32;
            let child = match term {
                Term::Word(word) => *self.words.entry(edge(at, word)).or_insert(next),
                Term::Wildcard => *self.nodes[at as usize].wildcard.get_or_insert(next),
            };
            if child == next {
                self.nodes.push(Node::default());
            }
            at = child;
        }
        self.nodes[at as usize].pattern = Some(pattern);
    }

    /// Returns the pattern of a signature's terms. Words are preferred to wildcards, in earlier places before later ones.
    ///
    /// A wildcard matches one or more terms, because adjacent wildcards are joined.
    pub(crate) fn find(&self, terms: &[Term<'_>]) -> Option<u32> {
        let mut steps = MAX_STEPS;
        self.search(terms, &mut steps)
    }

    fn search(&self, terms: &[Term<'_>], steps: &mut usize) -> Option<u32> {
        // Depth-first search with an explicit stack: the alternative to search first is pushed last.
        let mut stack = vec![(0_u32, 0_usize, false)];
        while let Some((node, at, inside)) = stack.pop() {
            *steps = steps.checked_sub(1)?;
            let here = &self.nodes[node as usize];
            let Some(term) = terms.get(at) else {
                if here.pattern.is_some() {
                    return here.pattern;
                }
                continue;
            };
            if inside {
                stack.push((node, at + 1, true));
            }
            if let Some(child) = here.wildcard {
                stack.push((child, at + 1, true));
            }
            if let Term::Word(word) = term
                && let Some(&child) = self.words.get(&edge(node, word))
            {
                stack.push((child, at + 1, false));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::terms;

    fn find(trie: &Trie, signature: &str) -> Option<u32> {
        trie.find(&terms(signature.as_bytes()).collect::<Vec<_>>())
    }

    #[test]
    fn words_win_over_wildcards_and_wildcards_take_one_or_more() {
        let mut trie = Trie::new();
        for (pattern, text) in ["user * logged in", "user root logged in", "user *", "*"]
            .iter()
            .enumerate()
        {
            trie.insert(terms(text.as_bytes()), pattern as u32);
        }
        assert_eq!(find(&trie, "user bob logged in"), Some(0));
        assert_eq!(find(&trie, "user root logged in"), Some(1));
        assert_eq!(find(&trie, "user root"), Some(2));
        assert_eq!(find(&trie, "user bob or * logged in"), Some(0));
        assert_eq!(find(&trie, "anything else"), Some(3));
        assert_eq!(find(&trie, ""), None);
    }

    #[test]
    fn a_search_is_bounded() {
        let mut trie = Trie::new();
        trie.insert(terms("* a ".repeat(40).as_bytes()), 0);
        let long = "a ".repeat(90);
        assert_eq!(find(&trie, &(long + "b")), None);
    }
}
