//! The columns of the protocol's own fields: a file for each signal.

mod logs;
mod metrics;
mod traces;

use otlake_row::{Key, fields};

use crate::column_type::ColumnType;
use crate::table::Table;

/// A column of a field: there in every file of its table, whether a record has the field or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldColumn {
    /// Its field id, the same in every file of every dataset: below 100. Those of the fields inside
    /// of it follow from it; see [`FieldColumn::inner_id`].
    pub id: u32,
    /// The name of the column.
    pub name: &'static str,
    /// The field; for a column that is made of several the first of them.
    pub key: Key,
    /// How the field's value becomes the column's.
    pub kind: FieldKind,
    /// What a record without the field has.
    pub absent: Absent,
}

impl FieldColumn {
    /// The field id of the field number `number` inside the column with this id, depth first from 1:
    /// the items of a list, the members of a struct, the keys and the values of a map.
    pub const fn inner_id(id: u32, number: u32) -> u32 {
        id * 100 + number
    }
}

/// The field id of the overflow column, in every file.
pub const OVERFLOW_ID: u32 = 99;

/// How a field's value becomes its column's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// Microseconds since the epoch, UTC, of a field in nanoseconds; null where that is 0.
    Timestamp {
        /// The field whose time counts where the first one is 0.
        or: Option<Key>,
    },
    /// Nanoseconds from one field's time to this one's; null where one of them is 0.
    Duration {
        /// The field with the earlier time.
        since: Key,
    },
    /// The name of an enumeration's number, which is its place here; null for any other number.
    EnumName(&'static [&'static str]),
    /// A boolean as sent.
    Boolean,
    /// An integer as sent.
    Int64,
    /// A double as sent.
    Float64,
    /// A string as sent.
    Utf8,
    /// Bytes in lower-case hex.
    Hex,
    /// A string as sent, and of any other value its text.
    Text,
    /// A map from names to the texts of their values.
    Map,
    /// A list.
    List(&'static FieldKind),
    /// A message inside a record. In a row it is a map with the members' names, in their order.
    Struct(&'static [Member]),
}

/// A member of a [`FieldKind::Struct`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// How its value becomes the column's.
    pub kind: FieldKind,
}

impl FieldKind {
    /// The type of the column, where it is one that attributes can have; a timestamp is counted in
    /// an Int64. `None` for maps, lists and structs.
    pub fn column_type(self) -> Option<ColumnType> {
        match self {
            FieldKind::Timestamp { .. } | FieldKind::Duration { .. } | FieldKind::Int64 => {
                Some(ColumnType::Int64)
            }
            FieldKind::EnumName(_) | FieldKind::Utf8 | FieldKind::Hex | FieldKind::Text => {
                Some(ColumnType::Utf8)
            }
            FieldKind::Boolean => Some(ColumnType::Boolean),
            FieldKind::Float64 => Some(ColumnType::Float64),
            FieldKind::Map | FieldKind::List(_) | FieldKind::Struct(_) => None,
        }
    }

    /// The type in words, as a [`DatasetSchema`](crate::DatasetSchema) has it:
    /// `list<struct<quantile: float64, value: float64>>`.
    pub fn type_name(self) -> String {
        match self {
            FieldKind::Timestamp { .. } => "timestamp[us, UTC]".to_owned(),
            FieldKind::Map => "map<utf8, utf8>".to_owned(),
            FieldKind::List(item) => format!("list<{}>", item.type_name()),
            FieldKind::Struct(members) => {
                let member =
                    |member: &Member| format!("{}: {}", member.name, member.kind.type_name());
                let members: Vec<_> = members.iter().map(member).collect();
                format!("struct<{}>", members.join(", "))
            }
            kind => kind
                .column_type()
                .map_or("utf8", ColumnType::name)
                .to_owned(),
        }
    }

    /// Whether the column is made of other columns, and so takes no value of its own.
    pub fn is_derived(self) -> bool {
        matches!(
            self,
            FieldKind::Timestamp { .. } | FieldKind::Duration { .. } | FieldKind::EnumName(_)
        )
    }
}

/// What a record has in the column of a field that was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Null.
    Null,
    /// 0, which proto3 does not send: a number of the protocol's own is never null.
    Zero,
}

/// The columns of a table's fields, in the order in which they stand in a file.
pub fn field_columns(table: impl Into<Table>) -> Vec<FieldColumn> {
    match table.into() {
        Table::Logs => logs::COLUMNS.to_vec(),
        Table::Traces => traces::COLUMNS.to_vec(),
        Table::Metrics => metrics::COLUMNS.to_vec(),
        Table::MetricsOf(kind) => {
            let columns = metrics::COLUMNS.iter().copied();
            columns
                .filter(|column| metrics::belongs_to(column.key, kind))
                .collect()
        }
    }
}

/// Whether a column is that of a field which no table has from the beginning: it is there once it was
/// sent.
pub(crate) fn is_of_late_field(column: &str) -> bool {
    const LATE: [Key; 3] = [
        fields::RESOURCE_DROPPED_ATTRIBUTES_COUNT,
        fields::RESOURCE_ENTITY_REFS,
        fields::SCOPE_DROPPED_ATTRIBUTES_COUNT,
    ];
    LATE.iter().any(|key| fields::NAMES[key.index()] == column)
}

const fn column(
    id: u32,
    name: &'static str,
    key: Key,
    kind: FieldKind,
    absent: Absent,
) -> FieldColumn {
    FieldColumn {
        id,
        name,
        key,
        kind,
        absent,
    }
}

const fn member(name: &'static str, kind: FieldKind) -> Member {
    Member { name, kind }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use otlake_row::MetricKind;

    use super::*;

    #[test]
    fn names_and_fields_are_there_once() {
        for table in [Table::Logs, Table::Traces, Table::Metrics] {
            let columns = field_columns(table);
            let names: HashSet<_> = columns.iter().map(|column| column.name).collect();
            assert_eq!(names.len(), columns.len(), "names of {table:?}");
            let own = columns.iter().filter(|column| !column.kind.is_derived());
            let keys: Vec<_> = own.map(|column| column.key).collect();
            let ids: HashSet<_> = columns.iter().map(|column| column.id).collect();
            assert_eq!(ids.len(), columns.len(), "ids of {table:?}");
            assert!(ids.iter().all(|id| (1..OVERFLOW_ID).contains(id)));
            let distinct: HashSet<_> = keys.iter().collect();
            assert_eq!(distinct.len(), keys.len(), "fields of {table:?}");
            let derived = columns.iter().filter(|column| column.kind.is_derived());
            for column in derived {
                assert!(keys.contains(&column.key), "{} is made of it", column.name);
            }
        }
    }

    #[test]
    fn the_tables_of_the_kinds_have_all_columns_together() {
        let of_kinds = MetricKind::ALL.map(|kind| field_columns(Table::MetricsOf(kind)));
        for column in field_columns(Table::Metrics) {
            let tables = of_kinds.iter().filter(|table| table.contains(&column));
            assert_ne!(tables.count(), 0, "{} is in no table", column.name);
        }
        for table in of_kinds {
            assert!(table.len() < field_columns(Table::Metrics).len());
        }
    }
}
