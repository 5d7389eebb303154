use otlake_row::GroupId;
use otlake_schema::{ColumnId, OverflowReason};

/// The resource or scope of the rows at the end of a batch. Its cells were pushed with its first
/// row, and are repeated for the others when it ends.
#[derive(Default)]
pub(crate) struct OpenGroup {
    pub(crate) id: Option<GroupId>,
    /// The row at which it began in this batch.
    pub(crate) begin: usize,
    /// The columns that have a value of the group.
    pub(crate) columns: Vec<ColumnId>,
    /// What stands in the overflow of each of its rows.
    pub(crate) overflow: Vec<GroupOverflow>,
    /// Bytes of its strings, for each of its rows.
    pub(crate) bytes: usize,
}

pub(crate) struct GroupOverflow {
    pub(crate) name: String,
    pub(crate) text: Option<String>,
    pub(crate) reason: OverflowReason,
}

impl GroupOverflow {
    /// What it takes up in the overflow of a row.
    pub(crate) fn bytes(&self) -> usize {
        self.name.len() + self.text.as_ref().map_or(0, String::len)
    }
}

impl OpenGroup {
    /// Forgets the group; the memory of its lists is kept.
    pub(crate) fn clear(&mut self) {
        self.id = None;
        self.columns.clear();
        self.overflow.clear();
        self.bytes = 0;
    }
}
