//! Finds the partitions of rows.

use std::borrow::Cow;
use std::io::Write;

use otlake_row::{Key, Keys, KeysId, Location, Row, Value, fields};
use otlake_schema::{Table, ValueText, full_name};

use super::escape::{self, DEFAULT, LEADING_DEFAULT};
use super::template::{CellName, Part, Piece};
use super::time::{EventTime, Packer};
use crate::route::partition::Partitioning;
use crate::route::partition_value::{PartitionLiteral, PartitionValue, Transform};

/// Set in the packed time of a row that has a time.
const PRESENT: u32 = 1 << 31;

/// Finds the partitions of a table's rows; see [`Partitioning::partitioner`].
///
/// The [`key`](Self::key) of a row is cheap to compute. Its [`directory`](Self::directory) is needed only once for
/// each key, because two rows have the same directory exactly if they have the same key.
///
/// ```
/// use otlake_dataset::{PartitionLiteral, PartitionValue, Partitioner, Partitioning, Transform};
/// use otlake_row::{Group, Row, Signal, Value, fields};
/// use otlake_schema::Table;
///
/// let partitioning: Partitioning = "date={date}/severity={severity_text}".parse()?;
/// let mut partitioner: Partitioner = partitioning.partitioner(Table::Logs);
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::TIME_UNIX_NANO, Value::Int(1_795_305_600_000_000_000));
///
/// assert_eq!(
///     partitioner.directory(&row),
///     "date=2026-11-22/severity=__HIVE_DEFAULT_PARTITION__",
/// );
/// let values = partitioner.values(&row);
/// let date = PartitionValue::new("date", Transform::Date, Some(PartitionLiteral::Date(20_779)));
/// assert_eq!(values[0], date);
/// assert_eq!(values[1].value, None, "the row has no severity text");
///
/// // Rows of one key have one directory.
/// let (mut key, mut other) = (Vec::new(), Vec::new());
/// partitioner.key(&row, &mut key);
/// row.push(fields::BODY, Value::String("not part of it"));
/// partitioner.key(&row, &mut other);
/// assert_eq!(key, other);
/// # Ok::<_, otlake_dataset::ParsePartitioningError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Partitioner {
    table: Table,
    parts: Vec<Part>,
    event_time: Option<EventTime>,
    /// `None` if the template has no time.
    packer: Option<Packer>,
    cells: Vec<KnownCell>,
    /// The interner that made the keys of [`Self::cells`].
    keys: Option<KeysId>,
}

/// An attribute or a field, and its key if that is known.
#[derive(Clone, Debug)]
struct KnownCell {
    cell: CellName,
    key: Option<Key>,
    /// The number of names at its location when the key was last looked up.
    names: usize,
}

impl Partitioner {
    pub(super) fn new(partitioning: &Partitioning, table: Table) -> Self {
        let parts = partitioning.parts.clone();
        let pieces = || parts.iter().flat_map(|part| &part.pieces);
        let times = pieces().filter_map(|piece| match piece {
            Piece::Time(field) => Some(*field),
            _ => None,
        });
        let packer = Packer::new(times);
        let cells = pieces()
            .filter_map(|piece| match piece {
                Piece::Cell(cell) => Some(KnownCell::new(cell.clone())),
                _ => None,
            })
            .collect();
        Self {
            table,
            event_time: EventTime::of(table),
            packer,
            cells,
            keys: None,
            parts,
        }
    }

    /// Returns the attributes and fields that the directories depend on.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (Location, &str)> {
        let cells = self.cells.iter().map(|known| &known.cell);
        cells.map(|cell| (cell.location, cell.name.as_str()))
    }

    /// Returns the fields whose time the directories depend on, and their names.
    pub(crate) fn times(&self) -> impl Iterator<Item = (Key, &'static str)> {
        let times = self.packer.as_ref().and(self.event_time);
        let keys = times.into_iter().flat_map(EventTime::keys);
        keys.map(|key| (key, fields::NAMES[key.index()]))
    }

    /// Replaces the contents of `key` with the key of a row. Keys of different partitioners can't be compared,
    /// except those of clones.
    pub fn key(&mut self, row: &Row<'_>, key: &mut Vec<u8>) {
        key.clear();
        if let Some(packer) = &mut self.packer {
            let nanos = self.event_time.and_then(|time| time.nanos(row));
            let time = nanos.map_or(0, |nanos| PRESENT | packer.pack(nanos));
            key.extend_from_slice(&time.to_le_bytes());
        }
        if self.cells.is_empty() {
            return;
        }
        let same_keys = self.keys == Some(row.keys().id());
        self.keys = Some(row.keys().id());
        for known in &mut self.cells {
            known.look_up(row.keys(), same_keys);
            let value = known.cell.value(row, known.key);
            put_text(key, &value.unwrap_or_default());
        }
    }

    /// Returns the directory of a row, without a slash at the beginning or end. It is empty if the template
    /// is.
    pub fn directory(&self, row: &Row<'_>) -> String {
        let mut directory = String::new();
        for (number, part) in self.parts.iter().enumerate() {
            if number > 0 {
                directory.push('/');
            }
            for (number, piece) in part.pieces.iter().enumerate() {
                match (piece, self.text(piece, row)) {
                    (_, None) if number == 0 => directory.push_str(LEADING_DEFAULT),
                    (_, None) => directory.push_str(DEFAULT),
                    (Piece::Cell(_), Some(value)) => {
                        escape::put(&mut directory, &value, number == 0, part.limit);
                    }
                    (_, Some(text)) => directory.push_str(&text),
                }
            }
        }
        directory
    }

    /// Returns the partition columns of a row and their values, neither escaped nor cut. For `NAME={…}`, these
    /// are the name and what comes after the `=`; for another part with a placeholder, the template of the
    /// part and all of its text. A part that consists of one placeholder, with or without a name, has no
    /// value where the directory has the default partition.
    pub fn values(&self, row: &Row<'_>) -> Vec<PartitionValue> {
        let mut values = Vec::new();
        for part in self.parts.iter().filter(|part| part.is_column()) {
            let named = part.name_prefix();
            let mut pieces = part.pieces.iter().peekable();
            let mut value = String::new();
            if let Some(Piece::Text(text)) = pieces.next_if(|_| named > 0) {
                value.push_str(&text[named..]);
            }
            let alone = value.is_empty() && pieces.len() == 1;
            let texts: Vec<_> = pieces.map(|piece| self.text(piece, row)).collect();
            let missing = alone && texts.iter().all(Option::is_none);
            value.extend(texts.iter().map(|text| text.as_deref().unwrap_or(DEFAULT)));
            let transform = part.transform();
            let value = (!missing).then(|| PartitionLiteral::of_text(&transform, value));
            values.push(PartitionValue::new(&*part.name, transform, value));
        }
        values
    }

    /// Returns the unescaped text of a piece, or `None` for the default partition.
    fn text<'p, 'r: 'p>(&self, piece: &'p Piece, row: &Row<'r>) -> Option<Cow<'p, str>> {
        match piece {
            Piece::Text(text) => Some(Cow::Borrowed(text)),
            Piece::Signal => Some(Cow::Borrowed(self.table.signal().name())),
            Piece::Table => Some(Cow::Borrowed(self.table.name())),
            Piece::Time(field) => {
                let nanos = self.event_time?.nanos(row)?;
                let mut text = String::new();
                field
                    .put(&mut text, nanos)
                    .unwrap_or_else(|error| unreachable!("a string takes all text: {error}"));
                Some(Cow::Owned(text))
            }
            Piece::Cell(cell) => {
                let key = row.keys().find(cell.location, &cell.name);
                let text = match cell.value(row, key)? {
                    Value::String(text) => Cow::Borrowed(text),
                    value => Cow::Owned(ValueText(&value).to_string()),
                };
                (!text.is_empty()).then_some(text)
            }
        }
    }
}

impl KnownCell {
    fn new(cell: CellName) -> Self {
        Self {
            cell,
            key: None,
            names: 0,
        }
    }

    /// Looks the key up, if that can change the answer: a key that is known never changes, and an unknown one
    /// can only become known when there are more names.
    #[inline]
    fn look_up(&mut self, keys: &Keys, same_keys: bool) {
        if same_keys && (self.key.is_some() || self.names == keys.len(self.cell.location)) {
            return;
        }
        self.names = keys.len(self.cell.location);
        self.key = keys.find(self.cell.location, &self.cell.name);
    }
}

impl CellName {
    /// Returns the first value of the row with this name; `key` is its key, if it has one.
    #[inline]
    fn value<'a>(&self, row: &Row<'a>, key: Option<Key>) -> Option<Value<'a>> {
        match key {
            Some(key) => self.value_of(row, key),
            None => self.excess(row),
        }
    }

    #[inline]
    fn value_of<'a>(&self, row: &Row<'a>, key: Key) -> Option<Value<'a>> {
        // The names of resource and scope fields begin with these words, and their cells are in the groups.
        let location = match self.location {
            Location::Field if self.name.starts_with("resource_") => Location::Resource,
            Location::Field if self.name.starts_with("scope_") => Location::Scope,
            location => location,
        };
        match location {
            Location::Resource => row.resource().get(key),
            Location::Scope => row.scope().get(key),
            Location::Field | Location::Attribute => row.get(key),
        }
        // A stage may have registered such a name for records.
        .or_else(|| row.get(key))
        .copied()
    }

    /// Returns the value of an attribute whose name was not interned, because there were too many.
    #[cold]
    fn excess<'a>(&self, row: &Row<'a>) -> Option<Value<'a>> {
        match self.value_of(row, Key::excess(self.location))? {
            Value::KvList(attributes) => attributes
                .iter()
                .find(|(name, _)| *name == self.name)
                .map(|(_, value)| *value),
            _ => None,
        }
    }
}

impl Part {
    /// Returns the computation of the part's value.
    pub(super) fn transform(&self) -> Transform {
        let named = self.name_prefix();
        let mut pieces = self.pieces.iter().peekable();
        pieces.next_if(|piece| {
            named > 0 && matches!(piece, Piece::Text(text) if text.len() == named)
        });
        match (pieces.next(), pieces.next()) {
            (Some(Piece::Time(field)), None) => field.transform(),
            (Some(Piece::Cell(cell)), None) => {
                Transform::Identity(full_name(cell.location, &cell.name))
            }
            _ => Transform::Text,
        }
    }

    /// Returns whether the part is a partition column: it has a name or a placeholder.
    pub(super) fn is_column(&self) -> bool {
        let mut pieces = self.pieces.iter();
        self.name_prefix() > 0 || pieces.any(|piece| !matches!(piece, Piece::Text(_)))
    }

    /// Returns the position of the value in the first piece, after `NAME=`, or 0 without a name.
    fn name_prefix(&self) -> usize {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text.find('=').map_or(0, |equals| equals + 1),
            _ => 0,
        }
    }
}

/// Appends the length of a value's text, and the text. A missing value is written as empty text, because it has
/// the same partition.
#[inline]
fn put_text(key: &mut Vec<u8>, value: &Value<'_>) {
    let start = key.len();
    key.extend_from_slice(&[0; 4]);
    match value {
        Value::String(text) => key.extend_from_slice(text.as_bytes()),
        value => write!(key, "{}", ValueText(value))
            .unwrap_or_else(|error| unreachable!("a vector takes all text: {error}")),
    }
    // No text is longer than the payload it is from.
    let len = (key.len() - start - 4) as u32;
    key[start..start + 4].copy_from_slice(&len.to_le_bytes());
}

#[cfg(test)]
mod tests;
