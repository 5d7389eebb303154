//! [`Counter`]: a count that merges without counting anything twice.

/// A count kept per source, so that merging is a maximum per source: the grow-only counter of the CRDT literature
/// (M. Shapiro et al., "A comprehensive study of Convergent and Commutative Replicated Data Types", INRIA RR-7506, 2011,
/// section 3.1.1).
///
/// Two states of one source are the same count at two points in time, so the larger one is correct. Two sources count different
/// messages, so their counts are added.
#[derive(Clone, Debug)]
pub(crate) struct Counter {
    /// The first source and its count. They are stored inline, because most states have one source and the hot path adds to it.
    first: (u64, u64),
    /// The other sources and their counts, sorted by source.
    others: Vec<(u64, u64)>,
}

impl Counter {
    pub(crate) const fn new(source: u64, count: u64) -> Self {
        Self {
            first: (source, count),
            others: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, source: u64, count: u64) {
        if self.first.0 == source {
            self.first.1 = self.first.1.saturating_add(count);
        } else {
            self.update(source, |old| old.saturating_add(count));
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (source, count) in other.sources() {
            self.update(source, |old| old.max(count));
        }
    }

    fn update(&mut self, source: u64, change: impl FnOnce(u64) -> u64) {
        if self.first.0 == source {
            self.first.1 = change(self.first.1);
            return;
        }
        match self.others.binary_search_by_key(&source, |entry| entry.0) {
            Ok(at) => self.others[at].1 = change(self.others[at].1),
            Err(at) => self.others.insert(at, (source, change(0))),
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.others
            .iter()
            .fold(self.first.1, |sum, entry| sum.saturating_add(entry.1))
    }

    /// Returns the sources with a count above 0 and their counts, sorted by source.
    pub(crate) fn sources(&self) -> Vec<(u64, u64)> {
        let mut all = self.others.clone();
        all.push(self.first);
        all.retain(|entry| entry.1 > 0);
        all.sort_unstable();
        all
    }
}

/// Compares the counts of all sources. It does not matter which source is stored inline.
impl PartialEq for Counter {
    fn eq(&self, other: &Self) -> bool {
        self.sources() == other.sources()
    }
}

impl Eq for Counter {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_add_and_states_of_one_source_do_not() {
        let mut a = Counter::new(1, 10);
        a.merge(&Counter::new(1, 7));
        a.merge(&Counter::new(2, 5));
        a.add(1, 1);
        a.add(3, 4);
        assert_eq!(a.total(), 20);
        assert_eq!(a.sources(), [(1, 11), (2, 5), (3, 4)]);
    }

    #[test]
    fn the_inline_source_is_an_accident() {
        let (mut a, mut b) = (Counter::new(1, 10), Counter::new(2, 5));
        let (x, y) = (a.clone(), b.clone());
        a.merge(&y);
        b.merge(&x);
        assert_eq!(a, b);
    }
}
