//! The partitions of the rows of a record batch.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use otlake_row::{Cell, Group, Key, Keys, Location, Row, Signal, Value};
use otlake_schema::Table;

use crate::route::partitioner::Partitioner;

/// The columns of a record batch that determine the partitions, read as cells of rows. So a record batch and
/// the rows it could have been made from go to the same partitions.
#[derive(Debug)]
pub(crate) struct PartitionColumns {
    signal: Signal,
    keys: Keys,
    columns: Vec<PartitionColumn>,
}

#[derive(Debug)]
struct PartitionColumn {
    /// The group of cells that the value belongs to.
    group: Location,
    key: Key,
    values: Values,
}

/// The values of a column.
#[derive(Debug)]
enum Values {
    Plain(ArrayRef),
    /// The positions of the values in a dictionary, and the dictionary.
    Dictionary(ArrayRef, Vec<usize>, ArrayRef),
    /// Times in microseconds, which are converted to nanoseconds.
    Micros(ArrayRef),
}

impl PartitionColumns {
    /// Finds the columns that a partitioner needs. `column_of` returns the column of an attribute.
    pub(crate) fn new(
        batch: &RecordBatch,
        table: Table,
        partitioner: &Partitioner,
        column_of: impl Fn(Location, &str) -> Option<String>,
    ) -> Self {
        let mut found = Self {
            signal: table.signal(),
            keys: Keys::new(),
            columns: Vec::new(),
        };
        for (location, name) in partitioner.cells() {
            let column = match location {
                Location::Field => Some(name.to_owned()),
                _ => column_of(location, name),
            };
            let values = column.and_then(|column| batch.column_by_name(&column));
            let key = found.keys.intern(location, name);
            if let (Some(values), Some(key)) = (values, key) {
                let values = Values::of(values);
                let group = group_of(location, name);
                found.columns.push(PartitionColumn { group, key, values });
            }
        }
        for (key, name) in partitioner.times() {
            let nanos = batch.column_by_name(name).cloned().map(Values::Plain);
            let micros = || batch.column_by_name("timestamp").cloned();
            if let Some(values) = nanos.or_else(|| micros().map(Values::Micros)) {
                let group = Location::Field;
                found.columns.push(PartitionColumn { group, key, values });
            }
        }
        found
    }

    /// Passes the row with the partition columns of a row of the batch to `act`.
    pub(crate) fn with_row<T>(&self, number: usize, act: impl FnOnce(&Row<'_>) -> T) -> T {
        let cells = |group| {
            let columns = self
                .columns
                .iter()
                .filter(move |column| column.group == group);
            columns.filter_map(move |column| {
                let value = column.values.get(number)?;
                let key = column.key;
                Some(Cell { key, value })
            })
        };
        let resource: Vec<Cell<'_>> = cells(Location::Resource).collect();
        let scope: Vec<Cell<'_>> = cells(Location::Scope).collect();
        let mut row = Row::new(self.signal, Group::new(&resource), Group::new(&scope));
        let own = [Location::Field, Location::Attribute];
        for Cell { key, value } in own.into_iter().flat_map(cells) {
            row.push(key, value);
        }
        row.set_keys(&self.keys);
        act(&row)
    }

    /// Groups the numbers of the rows of a batch by partition, in the order of their first rows.
    pub(crate) fn group(&self, rows: usize, partitioner: &mut Partitioner) -> Vec<Vec<u64>> {
        let mut partitions: Vec<Vec<u64>> = Vec::new();
        let mut by_key: HashMap<Vec<u8>, usize, foldhash::fast::RandomState> = HashMap::default();
        let (mut key, mut last_key, mut last) = (Vec::new(), Vec::new(), None);
        for number in 0..rows {
            self.with_row(number, |row| partitioner.key(row, &mut key));
            let partition = match last {
                Some(last) if key == last_key => last,
                _ => *by_key.entry(key.clone()).or_insert_with(|| {
                    partitions.push(Vec::new());
                    partitions.len() - 1
                }),
            };
            partitions[partition].push(number as u64);
            last = Some(partition);
            last_key.clone_from(&key);
        }
        partitions
    }
}

/// Returns the group of cells that a value belongs to. The fields of resource and scope are named after
/// these groups and belong to them.
fn group_of(location: Location, name: &str) -> Location {
    match location {
        Location::Field if name.starts_with("resource_") => Location::Resource,
        Location::Field if name.starts_with("scope_") => Location::Scope,
        location => location,
    }
}

impl Values {
    fn of(array: &ArrayRef) -> Self {
        match array.data_type() {
            DataType::Dictionary(_, _) => {
                let dictionary = array.as_any_dictionary();
                let positions = if dictionary.values().is_empty() {
                    vec![0; array.len()]
                } else {
                    dictionary.normalized_keys()
                };
                Self::Dictionary(Arc::clone(array), positions, dictionary.values().clone())
            }
            _ => Self::Plain(Arc::clone(array)),
        }
    }

    fn get(&self, number: usize) -> Option<Value<'_>> {
        match self {
            Self::Plain(array) => value(array, number),
            Self::Dictionary(array, positions, values) => array
                .is_valid(number)
                .then(|| value(values, positions[number]))?,
            Self::Micros(array) => match value(array, number)? {
                Value::Int(micros) => Some(Value::Int(micros.saturating_mul(1_000))),
                _ => None,
            },
        }
    }
}

fn value(array: &ArrayRef, number: usize) -> Option<Value<'_>> {
    if array.is_null(number) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Boolean => Value::Bool(array.as_boolean().value(number)),
        DataType::Int64 => Value::Int(array.as_primitive::<Int64Type>().value(number)),
        DataType::Float64 => Value::Double(array.as_primitive::<Float64Type>().value(number)),
        DataType::Utf8 => Value::String(array.as_string::<i32>().value(number)),
        DataType::Binary => Value::Bytes(array.as_binary::<i32>().value(number)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Value::Int(
            array
                .as_primitive::<TimestampMicrosecondType>()
                .value(number),
        ),
        _ => return None,
    })
}
