//! Sets of numbers that are mostly consecutive.

use serde::{Deserialize, Serialize};

/// A set of numbers, as ranges. In JSON it is a list of first and last numbers: `[[0, 17], [19, 19]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>")]
pub(crate) struct NumberSet(Vec<(u64, u64)>);

impl NumberSet {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= number);
        after > 0 && number <= self.0[after - 1].1
    }

    /// Returns the largest number.
    pub(crate) fn last(&self) -> Option<u64> {
        self.0.last().map(|(_, last)| *last)
    }

    /// Returns the smallest number that is not in the set.
    pub(crate) fn first_absent(&self) -> Option<u64> {
        match self.0.first() {
            Some((0, last)) => last.checked_add(1),
            _ => Some(0),
        }
    }

    /// Adds numbers, and joins ranges that follow one another.
    pub(crate) fn extend(&mut self, numbers: impl IntoIterator<Item = u64>) {
        let ranges = std::mem::take(&mut self.0).into_iter();
        let numbers = numbers.into_iter().map(|number| (number, number));
        *self = ranges.chain(numbers).collect::<Vec<_>>().into();
    }
}

/// Creates a set of ranges in any order. A range that ends before it begins is empty.
impl From<Vec<(u64, u64)>> for NumberSet {
    fn from(mut ranges: Vec<(u64, u64)>) -> Self {
        ranges.retain(|(first, last)| first <= last);
        ranges.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match joined.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined() {
        let mut set = NumberSet::default();
        assert_eq!((set.is_empty(), set.last()), (true, None));
        assert_eq!(set.first_absent(), Some(0));
        set.extend([3, 1, 5, 2]);
        set.extend([2, 7, 6]);
        assert_eq!(set.0, [(1, 3), (5, 7)]);
        assert_eq!(set.last(), Some(7));
        let found: Vec<u64> = (0..10).filter(|number| set.contains(*number)).collect();
        assert_eq!(found, [1, 2, 3, 5, 6, 7]);
        set.extend([u64::MAX, 4]);
        assert_eq!(set.0, [(1, 7), (u64::MAX, u64::MAX)]);
        assert_eq!(set.first_absent(), Some(0));
        set.extend([0]);
        assert_eq!(set.first_absent(), Some(8));
        assert_eq!(NumberSet::from(vec![(0, u64::MAX)]).first_absent(), None);
    }

    /// What another program has written may be in any order.
    #[test]
    fn json_is_read_in_any_order() {
        let set: NumberSet = serde_json::from_str("[[9, 8], [5, 6], [0, 4], [6, 7]]").unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), "[[0,7]]");
    }
}
