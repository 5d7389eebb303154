use std::ops::Range;

use otlake_row::{Cell, GroupId, Keys, Location, Value};
use otlake_schema::{ColumnId, OverflowCounts, OverflowReason, ValueText, full_name};

use crate::column::map::ENTRY;

/// The resource or scope of the last rows of a record batch. Its cells are appended with its first row, and
/// repeated for its other rows when the group ends.
#[derive(Default)]
pub(crate) struct OpenGroup {
    pub(crate) id: Option<GroupId>,
    /// The row at which the group began in this record batch.
    pub(crate) begin: usize,
    /// The columns that have a value from the group.
    pub(crate) columns: Vec<ColumnId>,
    /// The names and texts of the overflow entries that each row of the group has.
    pub(crate) overflow: Vec<(String, Option<String>)>,
    /// The positions of the overflow entries of the group's first row, once that row has them.
    pub(crate) entries: Option<Range<usize>>,
    /// The number of values that overflow in each row of the group, by reason.
    pub(crate) counts: OverflowCounts,
    /// Number of bytes stored with the first row.
    pub(crate) stored: usize,
    /// Number of bytes stored for each row after the first.
    pub(crate) row_bytes: usize,
}

/// Maximum number of attributes of a group that have an entry of their own in the overflow column. Further
/// attributes share one entry, so a group adds at most one entry more than this to each of its rows. Not
/// measured.
const ENTRIES: usize = 128;

/// Maximum length in bytes of the name of an attribute that has an overflow entry of its own.
const NAME: usize = 1_024;

/// The attributes of a group that share one entry of the overflow column.
#[derive(Default)]
pub(crate) struct Rest<'a>(Vec<(&'a str, Value<'a>)>);

impl OpenGroup {
    /// Records a cell that overflows in every row of the group.
    #[cold]
    pub(crate) fn push_overflow<'a>(
        &mut self,
        cell: &Cell<'a>,
        keys: &'a Keys,
        reason: OverflowReason,
        rest: &mut Rest<'a>,
    ) {
        let location = cell.key.location();
        let mut push = |name: &'a str, value: Value<'a>, reason| {
            self.counts.count(reason, 1);
            if self.overflow.len() < ENTRIES && name.len() <= NAME {
                let entry = (full_name(location, name), text_of(&value));
                self.overflow.push(entry);
            } else {
                rest.0.push((name, value));
            }
        };
        match cell.value {
            Value::KvList(entries) if cell.key.is_excess() => {
                for (name, value) in entries {
                    push(name, *value, OverflowReason::Names);
                }
            }
            value => push(keys.name(cell.key), value, reason),
        }
    }

    /// Completes the group after its last cell. The attributes without an entry of their own share one: its
    /// name is the location, and its text is a JSON object.
    pub(crate) fn close(&mut self, location: Location, rest: &Rest<'_>, plain: bool) {
        if !rest.0.is_empty() {
            let name = match location {
                Location::Resource => "resource",
                _ => "scope",
            };
            let text = ValueText(&Value::KvList(&rest.0)).to_string();
            self.overflow.push((name.to_owned(), Some(text)));
        }
        self.row_bytes = self.overflow.len() * ENTRY;
        if plain {
            let bytes = |(name, text): &(String, Option<String>)| {
                name.len() + text.as_ref().map_or(0, String::len)
            };
            self.row_bytes += self.overflow.iter().map(bytes).sum::<usize>();
        }
    }

    /// Forgets the group and keeps the memory of its lists.
    pub(crate) fn clear(&mut self) {
        self.id = None;
        self.columns.clear();
        self.overflow.clear();
        self.entries = None;
        self.counts = OverflowCounts::default();
        self.stored = 0;
        self.row_bytes = 0;
    }

    /// Returns the number of cells that each row repeats.
    pub(crate) fn cells(&self) -> usize {
        self.columns.len() + self.overflow.len()
    }
}

/// Returns the text of a value, or `None` for an empty value.
pub(crate) fn text_of(value: &Value<'_>) -> Option<String> {
    (*value != Value::Empty).then(|| ValueText(value).to_string())
}
