//! The columns of the protocol's own fields: a file for each signal.

mod logs;
mod metrics;
mod traces;

use otlake_row::{Key, fields};

use crate::column_type::ColumnType;
use crate::table::Table;

/// The column of a field. Every file of the table has it, whether a record has the field or not.
///
/// ```
/// use otlake_row::fields;
/// use otlake_schema::{Absent, FieldColumn, FieldKind, Table, field_columns};
///
/// let columns = field_columns(Table::Metrics);
/// let quantiles = columns.iter().find(|column| column.key == fields::QUANTILE_VALUES);
/// let quantiles: &FieldColumn = quantiles.expect("summaries have quantiles");
/// assert_eq!(quantiles.kind.type_name(), "list<struct<quantile: float64, value: float64>>");
/// assert_eq!(quantiles.absent, Absent::Null);
///
/// // The members of the struct have ids too: the item of the list is the first inner field.
/// let FieldKind::List(FieldKind::Struct(members)) = quantiles.kind else {
///     panic!("a list of structs");
/// };
/// assert_eq!(members[1].name, "value");
/// assert_eq!(FieldColumn::inner_id(quantiles.id, 3), quantiles.id * 100 + 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FieldColumn {
    /// The field id, below 100 and the same in every file of every dataset. The ids of nested fields
    /// follow from it; see [`FieldColumn::inner_id`].
    pub id: u32,
    /// The name of the column.
    pub name: &'static str,
    /// The key of the field, or of the first field if the column is computed from several.
    pub key: Key,
    /// The conversion of the field's value to the column's.
    pub kind: FieldKind,
    /// The column's value for a record without the field.
    pub absent: Absent,
}

impl FieldColumn {
    /// Returns the field id of a field inside the column with this id: the items of a list, the members of
    /// a struct, the keys and the values of a map. `number` counts these fields depth first, from 1.
    pub const fn inner_id(id: u32, number: u32) -> u32 {
        id * 100 + number
    }
}

/// The field id of the overflow column, in every file.
pub const OVERFLOW_ID: u32 = 99;

/// The conversion of a field's value to its column's, which determines the type of the column.
///
/// ```
/// use otlake_schema::{ColumnType, FieldKind};
///
/// let time = FieldKind::Timestamp { or: None };
/// assert_eq!(time.type_name(), "timestamp[us, UTC]");
/// assert_eq!(time.column_type(), Some(ColumnType::Int64));
/// assert!(time.is_derived());
///
/// assert_eq!(FieldKind::Hex.type_name(), "utf8");
/// assert_eq!(FieldKind::List(&FieldKind::Float64).column_type(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// A time in microseconds since the epoch, UTC, from a field in nanoseconds; null where the field
    /// is 0.
    Timestamp {
        /// The field to use where the first one is 0.
        or: Option<Key>,
    },
    /// The nanoseconds from the time in another field to the time in this one; null where either is 0.
    Duration {
        /// The field with the earlier time.
        since: Key,
    },
    /// The name of an enum's value. The number is an index into this list; any other number is null.
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
    /// A string as sent, or the [text](crate::ValueText) of any other value.
    Text,
    /// A map from names to the [texts](crate::ValueText) of their values.
    Map,
    /// A list.
    List(&'static FieldKind),
    /// A message inside a record. In a row it is a map whose names are those of the members, in the same
    /// order.
    Struct(&'static [Member]),
}

/// A member of a [`FieldKind::Struct`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// The name of the member.
    pub name: &'static str,
    /// The conversion of its value.
    pub kind: FieldKind,
}

impl FieldKind {
    /// Returns the type of the column, if attributes can have it too: `None` for maps, lists and structs.
    /// A timestamp is an [`Int64`](ColumnType::Int64).
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

    /// Returns the type in words, as in a [`DatasetSchema`](crate::DatasetSchema), such as
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

    /// Returns whether the column is computed from other columns, and so takes no value of its own.
    pub fn is_derived(self) -> bool {
        matches!(
            self,
            FieldKind::Timestamp { .. } | FieldKind::Duration { .. } | FieldKind::EnumName(_)
        )
    }
}

/// The value of a column for a record in which its field was not sent.
///
/// Exhaustive on purpose: a writer has to know what to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Null.
    Null,
    /// 0. Proto3 does not send it, so a missing number is 0 and not unknown.
    Zero,
}

/// Returns the columns of a table's fields, in the order they have in files.
///
/// ```
/// use otlake_row::fields;
/// use otlake_schema::{FieldKind, Table, field_columns};
///
/// let columns = field_columns(Table::Logs);
/// let body = columns.iter().find(|column| column.key == fields::BODY).expect("logs have bodies");
/// assert_eq!((body.id, body.name, body.kind), (6, "body", FieldKind::Text));
/// ```
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

/// Returns whether a column is that of a field which tables do not have from the beginning, but only once
/// a record has had it.
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
    fn names_ids_and_fields_of_a_table_are_unique() {
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
    fn every_column_of_the_metrics_table_is_in_the_table_of_a_kind() {
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
