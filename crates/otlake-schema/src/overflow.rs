/// The name of the column that takes the values no other column can take: a map from full name to text.
pub const OVERFLOW: &str = "overflow";

/// The reason for which a value is in the overflow column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OverflowReason {
    /// The type of its column is frozen, and the value does not fit it.
    Type,
    /// The column budget was used up before its name was seen, or the name is too long for a column.
    Budget,
    /// Its column already has a value for this record.
    Duplicate,
    /// The interner of names was full before its name was seen.
    Names,
    /// The attribute was sent without a value. The map has its name with null.
    Empty,
}

/// The number of values that overflowed, by reason.
///
/// ```
/// use otlake_schema::{OverflowCounts, OverflowReason};
///
/// let mut counts = OverflowCounts::default();
/// counts.count(OverflowReason::Budget, 3);
/// let earlier = counts;
///
/// let mut other = OverflowCounts::default();
/// other.count(OverflowReason::Type, 1);
/// counts.merge(&other);
/// assert_eq!((counts.budget, counts.r#type, counts.total()), (3, 1, 4));
/// assert_eq!(counts.since(&earlier), other);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverflowCounts {
    /// Values of [`OverflowReason::Type`].
    pub r#type: u64,
    /// Values of [`OverflowReason::Budget`].
    pub budget: u64,
    /// Values of [`OverflowReason::Duplicate`].
    pub duplicate: u64,
    /// Values of [`OverflowReason::Names`].
    pub names: u64,
    /// Values of [`OverflowReason::Empty`].
    pub empty: u64,
}

impl OverflowCounts {
    /// Adds `values` to the count of a reason.
    pub fn count(&mut self, reason: OverflowReason, values: u64) {
        *match reason {
            OverflowReason::Type => &mut self.r#type,
            OverflowReason::Budget => &mut self.budget,
            OverflowReason::Duplicate => &mut self.duplicate,
            OverflowReason::Names => &mut self.names,
            OverflowReason::Empty => &mut self.empty,
        } += values;
    }

    /// Adds the counts of another source.
    pub fn merge(&mut self, other: &OverflowCounts) {
        self.r#type += other.r#type;
        self.budget += other.budget;
        self.duplicate += other.duplicate;
        self.names += other.names;
        self.empty += other.empty;
    }

    /// Returns what was counted since `earlier`, an earlier state of the same counts.
    #[must_use]
    pub fn since(&self, earlier: &OverflowCounts) -> OverflowCounts {
        OverflowCounts {
            r#type: self.r#type - earlier.r#type,
            budget: self.budget - earlier.budget,
            duplicate: self.duplicate - earlier.duplicate,
            names: self.names - earlier.names,
            empty: self.empty - earlier.empty,
        }
    }

    /// Returns the sum over all reasons.
    pub fn total(&self) -> u64 {
        self.r#type + self.budget + self.duplicate + self.names + self.empty
    }
}
