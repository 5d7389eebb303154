use std::ops::Range;

use otlake_row::{Cell, GroupId, Keys, Location, Value};
use otlake_schema::{ColumnId, OverflowCounts, OverflowReason, ValueText, full_name};

use crate::column::map::ENTRY;

/// The resource or scope of the rows at the end of a record batch. Its cells were pushed with its first
/// row. They are repeated for the others when the group ends.
#[derive(Default)]
pub(crate) struct OpenGroup {
    pub(crate) id: Option<GroupId>,
    /// The row at which the group began in this record batch.
    pub(crate) begin: usize,
    /// The columns that have a value of the group.
    pub(crate) columns: Vec<ColumnId>,
    /// What is in the overflow of each row of the group: names and texts.
    pub(crate) overflow: Vec<(String, Option<String>)>,
    /// The entries of the first of these rows, once it has them.
    pub(crate) entries: Option<Range<usize>>,
    /// Why they are there.
    pub(crate) counts: OverflowCounts,
    /// Bytes that were stored with the first row.
    pub(crate) stored: usize,
    /// Bytes that are stored for each row after the first.
    pub(crate) row_bytes: usize,
}

/// Entries of the overflow column that a group has by itself. All further ones are put into one entry, so
/// that no row has more than so many because of its group. Not measured.
const ENTRIES: usize = 128;

/// Bytes that the name of such an entry may have.
const NAME: usize = 1_024;

/// The attributes of a group that share one entry of the overflow column.
#[derive(Default)]
pub(crate) struct Rest<'a>(Vec<(&'a str, Value<'a>)>);

impl OpenGroup {
    /// Notes a cell that overflows in every row of the group.
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

    /// Ends the cells of the group. The attributes that have no entry of their own get one together: the
    /// location is its name, a JSON object its text.
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

    /// Forgets the group; the memory of its lists is kept.
    pub(crate) fn clear(&mut self) {
        self.id = None;
        self.columns.clear();
        self.overflow.clear();
        self.entries = None;
        self.counts = OverflowCounts::default();
        self.stored = 0;
        self.row_bytes = 0;
    }

    /// Returns the cells that each row repeats.
    pub(crate) fn cells(&self) -> usize {
        self.columns.len() + self.overflow.len()
    }
}

/// Returns the text of a value; `None` for one that is empty.
pub(crate) fn text_of(value: &Value<'_>) -> Option<String> {
    (*value != Value::Empty).then(|| ValueText(value).to_string())
}
