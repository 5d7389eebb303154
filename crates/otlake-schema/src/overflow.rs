/// The name of the column that takes what no other column does: a map of full name to text.
pub const OVERFLOW: &str = "overflow";

/// Why a value stands in the overflow column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OverflowReason {
    /// Its column is frozen with a type that it does not fit.
    Type,
    /// The column budget was used up before its name came.
    Budget,
    /// Its column has a value for this record already, or belongs to a field.
    Duplicate,
    /// The interner of names was full before its name came.
    Names,
    /// The attribute was sent without a value: the map has its name, with null.
    Empty,
}

/// How many values overflowed, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverflowCounts {
    /// See [`OverflowReason::Type`]
    pub r#type: u64,
    /// See [`OverflowReason::Budget`]
    pub budget: u64,
    /// See [`OverflowReason::Duplicate`]
    pub duplicate: u64,
    /// See [`OverflowReason::Names`]
    pub names: u64,
    /// See [`OverflowReason::Empty`]
    pub empty: u64,
}

impl OverflowCounts {
    /// Counts `values` for one reason.
    pub fn count(&mut self, reason: OverflowReason, values: u64) {
        *match reason {
            OverflowReason::Type => &mut self.r#type,
            OverflowReason::Budget => &mut self.budget,
            OverflowReason::Duplicate => &mut self.duplicate,
            OverflowReason::Names => &mut self.names,
            OverflowReason::Empty => &mut self.empty,
        } += values;
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: &OverflowCounts) {
        self.r#type += other.r#type;
        self.budget += other.budget;
        self.duplicate += other.duplicate;
        self.names += other.names;
        self.empty += other.empty;
    }

    /// What was counted since `earlier`, which was counted at the same place.
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

    /// All reasons together.
    pub fn total(&self) -> u64 {
        self.r#type + self.budget + self.duplicate + self.names + self.empty
    }
}
