//! [`Trie`]: patterns by their token sequence, for finding the pattern of a message that was never learned.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::hash::BuildIdentity;
use crate::term::Term;

/// Patterns as paths from a root, one edge per term, wildcards as edges of their own.
#[derive(Clone, Debug)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// By the hash of the word: 64 bits, as strong as the fingerprints themselves.
    words: HashMap<u64, u32, BuildIdentity>,
    wildcard: Option<u32>,
    /// The pattern that ends here.
    pattern: Option<u32>,
}

/// How many steps a search may take. Only sequences of many wildcards in a row of alternatives come near it.
const MAX_STEPS: usize = 4096;

impl Trie {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }

    pub(crate) fn insert<'t>(&mut self, terms: impl Iterator<Item = Term<'t>>, pattern: u32) {
        let mut at = 0;
        for term in terms {
            let next = self.nodes.len() as u32;
            let node = &mut self.nodes[at];
            let child = match term {
                Term::Word(word) => *node.words.entry(xxh3_64(word)).or_insert(next),
                Term::Wildcard => *node.wildcard.get_or_insert(next),
            };
            if child == next {
                self.nodes.push(Node::default());
            }
            at = child as usize;
        }
        self.nodes[at].pattern = Some(pattern);
    }

    /// The pattern of a signature's terms. Words win over wildcards, earlier places over later ones.
    ///
    /// A wildcard stands for one or more terms, since neighbouring wildcards are one.
    pub(crate) fn find(&self, terms: &[Term<'_>]) -> Option<u32> {
        let mut steps = MAX_STEPS;
        self.search(terms, &mut steps)
    }

    fn search(&self, terms: &[Term<'_>], steps: &mut usize) -> Option<u32> {
        // Depth first with an explicit stack: the alternative tried first is pushed last.
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
                && let Some(&child) = here.words.get(&xxh3_64(word))
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
