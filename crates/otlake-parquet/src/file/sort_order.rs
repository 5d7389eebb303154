//! The order of the rows of a whole file.

use std::cmp::Ordering;

use crate::file::column::Order;
use crate::file::footer::{Footer, RowGroup};

/// How the rows of two consecutive row groups compare in the leading column.
enum Boundary {
    /// Every row of the first comes before every row of the second.
    Before,
    /// Rows on both sides of the boundary may have the same value, so the columns that follow are not in order.
    Tied,
    /// The rows overlap, or nothing is known.
    Unknown,
}

impl Footer {
    /// Returns the columns by which the rows of the file are sorted, as numbers of leaves: the sorting that all row
    /// groups have, if their ranges follow one another. `orders` compares the values of each leaf, and `nulls` counts
    /// the nulls of the file.
    pub(crate) fn sort_order(
        &self,
        orders: &[Order],
        nulls: impl Fn(usize) -> u64,
    ) -> Vec<(i32, bool, bool)> {
        let Some((first, rest)) = self.row_groups.split_first() else {
            return Vec::new();
        };
        let mut order = first.sorting.clone();
        for group in rest {
            let same = std::iter::zip(&order, &group.sorting).take_while(|(a, b)| a == b);
            order.truncate(same.count());
        }
        let (Some((leaf, descending, _)), false) = (order.first().copied(), rest.is_empty()) else {
            return order;
        };
        let leaf = leaf as usize;
        if nulls(leaf) > 0 {
            // Nulls are at one end of each row group.
            return Vec::new();
        }
        for pair in self.row_groups.windows(2) {
            let (left, right) = match descending {
                false => (&pair[0], &pair[1]),
                true => (&pair[1], &pair[0]),
            };
            match self.boundary(leaf, orders[leaf], left, right) {
                Boundary::Before => {}
                Boundary::Tied => order.truncate(1),
                Boundary::Unknown => return Vec::new(),
            }
        }
        order
    }

    /// Compares the greatest value of `left` with the least value of `right`.
    fn boundary(&self, leaf: usize, order: Order, left: &RowGroup, right: &RowGroup) -> Boundary {
        let range = |group: &RowGroup| {
            let chunk = group.chunks.get(leaf).copied().flatten()?;
            self.chunks.range(order, std::iter::once(chunk))
        };
        let (Some((_, max)), Some((min, _))) = (range(left), range(right)) else {
            return Boundary::Unknown;
        };
        match order.compare(max, min) {
            Some(Ordering::Less) => Boundary::Before,
            Some(Ordering::Equal) => Boundary::Tied,
            _ => Boundary::Unknown,
        }
    }
}
