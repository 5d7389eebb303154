//! Random rows into a `BatchBuilder`, and the same into columns that are built in the simplest way: a
//! table of values, typed at the end. Both agree on every cell, on the overflow and on its counts, whatever
//! the rows, their groups, the ends of record batches, freezing, publishing and recycling.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, HashMap, HashSet};

use otlake_arrow::arrow_array::cast::AsArray;
use otlake_arrow::arrow_array::types::{
    Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use otlake_arrow::arrow_array::{Array, ArrayRef, RecordBatch};
use otlake_arrow::arrow_schema::DataType;
use otlake_arrow::{BatchBuilder, BatchOptions};
use otlake_row::{Cell, Group, Key, Keys, Location, Row, RowSink, Signal, Value, fields};
use otlake_schema::{
    Absent, ColumnType, DatasetSchema, FieldColumn, FieldKind, Inferred, OverflowCounts,
    OverflowReason, Resolved, Schema, SchemaOptions, Table, ValueText, field_columns, full_name,
};
use proptest::prelude::*;

/// A value that a test can keep.
#[derive(Clone, Debug, PartialEq)]
enum Datum {
    Empty,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    List,
    Events(u8),
}

impl Datum {
    fn value(&self) -> Value<'_> {
        match self {
            Datum::Empty => Value::Empty,
            Datum::Bool(bool) => Value::Bool(*bool),
            Datum::Int(int) => Value::Int(*int),
            Datum::Double(double) => Value::Double(*double),
            Datum::Text(text) => Value::String(text),
            Datum::Bytes(bytes) => Value::Bytes(bytes),
            Datum::List => Value::Array(&[Value::Int(1), Value::Empty]),
            Datum::Events(0) => Value::Array(&[]),
            Datum::Events(1) => Value::Array(&[Value::KvList(&[("name", Value::String("e"))])]),
            Datum::Events(_) => Value::Array(&[Value::KvList(&[("novel", Value::Bool(true))])]),
        }
    }

    fn text(&self) -> Option<String> {
        (*self != Datum::Empty).then(|| ValueText(&self.value()).to_string())
    }

    /// What the value is in a column of a type that holds it.
    fn in_column(&self, column_type: ColumnType) -> Datum {
        match (column_type, self) {
            (ColumnType::Float64, Datum::Int(int)) => Datum::Double(*int as f64),
            (ColumnType::Utf8, _) => Datum::Text(self.text().unwrap()),
            _ => self.clone(),
        }
    }
}

fn datum() -> impl Strategy<Value = Datum> {
    prop_oneof![
        1 => Just(Datum::Empty),
        1 => any::<bool>().prop_map(Datum::Bool),
        3 => (-3i64..3).prop_map(Datum::Int),
        1 => any::<i64>().prop_map(Datum::Int),
        2 => (-2i8..2).prop_map(|double| Datum::Double(f64::from(double) / 2.0)),
        3 => "[a-c]{0,2}".prop_map(Datum::Text),
        // Long enough that repeats matter.
        1 => (0usize..3).prop_map(|n| Datum::Text(["x", "y", "z"][n].repeat(20_000 * (n + 1)))),
        1 => proptest::collection::vec(any::<u8>(), 0..3).prop_map(Datum::Bytes),
        1 => Just(Datum::Bytes(vec![7; 30_000])),
        1 => Just(Datum::List),
        1 => (0u8..3).prop_map(Datum::Events),
    ]
}

/// The names of cells: a location and an index into the names of that location.
type Name = (Location, usize);

const FIELDS: [Key; 7] = [
    fields::BODY,
    fields::START_TIME_UNIX_NANO,
    fields::TRACE_ID,
    fields::NAME,
    fields::KIND,
    fields::EVENTS,
    fields::RESOURCE_DROPPED_ATTRIBUTES_COUNT,
];

const ATTRIBUTES: [&str; 5] = ["a", "a.b", "a_b", "A.b", "schema_url"];

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        1 => (0..FIELDS.len()).prop_map(|field| (Location::Field, field)),
        2 => (1usize..4, 0..ATTRIBUTES.len()).prop_map(|(at, name)| (Location::ALL[at], name)),
    ]
}

type Cells = Vec<(Name, Datum)>;

fn cells(name: impl Strategy<Value = Name>, most: usize) -> impl Strategy<Value = Cells> {
    proptest::collection::vec((name, datum()), 0..most)
}

/// The cells of a group: attributes at its location, and fields that the other group does not have.
fn group_cells(location: Location) -> impl Strategy<Value = Cells> {
    let fields = match location {
        Location::Resource => 0..3,
        _ => 3..FIELDS.len(),
    };
    let name = prop_oneof![
        1 => fields.prop_map(|field| (Location::Field, field)),
        2 => (0..ATTRIBUTES.len()).prop_map(move |name| (location, name)),
    ];
    cells(name, 4)
}

/// Rows, and what happens after them.
#[derive(Clone, Debug)]
struct Step {
    /// The groups that begin with the first row, if any do.
    resource: Option<Cells>,
    scope: Option<Cells>,
    cells: Cells,
    /// How often the row comes.
    rows: usize,
    then: Option<Then>,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Finish,
    Freeze,
    /// Another writer publishes a column with a value of another type, maybe.
    Others(usize, u8),
    /// The columns found so far are published.
    Publish,
}

fn step() -> impl Strategy<Value = Step> {
    let then = prop_oneof![
        2 => Just(Then::Finish),
        1 => Just(Then::Freeze),
        1 => (0..ATTRIBUTES.len(), 0u8..3).prop_map(|(name, kind)| Then::Others(name, kind)),
        1 => Just(Then::Publish)
    ];
    (
        proptest::option::weighted(0.3, group_cells(Location::Resource)),
        proptest::option::weighted(0.3, group_cells(Location::Scope)),
        cells(name(), 4),
        prop_oneof![4 => 1usize..3, 1 => 3usize..9],
        proptest::option::weighted(0.3, then),
    )
        .prop_map(|(resource, scope, cells, rows, then)| Step {
            resource,
            scope,
            cells,
            rows,
            then,
        })
}

/// A row as the naive builder keeps it.
#[derive(Default)]
struct NaiveRow {
    /// The values of columns, by the full names of attributes and the names of fields.
    values: HashMap<String, Datum>,
    /// The text of a list in its column.
    lists: HashMap<String, Option<String>>,
    overflow: Vec<(String, Option<String>)>,
}

/// The naive builder.
struct Naive {
    fields: Vec<FieldColumn>,
    rows: Vec<NaiveRow>,
    counts: OverflowCounts,
    types: BTreeMap<String, Inferred>,
    frozen: HashSet<String>,
    lost: HashSet<String>,
}

/// A finished record batch: the texts of its columns, and the overflow of each row.
#[derive(Debug, Default, PartialEq)]
struct Finished {
    columns: BTreeMap<String, Vec<Option<String>>>,
    overflow: Vec<Vec<(String, Option<String>)>>,
}

impl Naive {
    fn new(table: Table) -> Naive {
        Naive {
            fields: field_columns(table),
            rows: Vec::new(),
            counts: OverflowCounts::default(),
            types: BTreeMap::new(),
            frozen: HashSet::new(),
            lost: HashSet::new(),
        }
    }

    fn push(&mut self, groups: [&Cells; 3], schema: &Schema) {
        let mut row = NaiveRow::default();
        for (group, cells) in groups.into_iter().enumerate() {
            for (name, datum) in cells {
                let full = full(*name);
                if let Some(reason) = self.put(&mut row, *name, &full, datum, group < 2, schema) {
                    self.counts.count(reason, 1);
                    row.overflow.push((full, datum.text()));
                }
            }
        }
        self.rows.push(row);
    }

    /// Puts a value into its column, or returns why it overflows.
    fn put(
        &mut self,
        row: &mut NaiveRow,
        name: Name,
        full: &str,
        datum: &Datum,
        in_group: bool,
        schema: &Schema,
    ) -> Option<OverflowReason> {
        let is_claimed = row.values.contains_key(full) || row.lists.contains_key(full);
        if let Some(kind) = own_field(&self.fields, name) {
            if is_claimed && !(in_group && matches!(kind, FieldKind::List(_))) {
                return Some(OverflowReason::Duplicate);
            }
            let (text, fits) = field_value(kind, datum, in_group);
            let is_list = matches!(kind, FieldKind::List(_));
            if fits || (is_list && !in_group) {
                row.lists.insert(full.to_owned(), text);
            }
            return (!fits).then_some(OverflowReason::Type);
        }
        let mut columns = schema.columns().iter();
        let has_column = columns.any(|column| column.full_name() == Some(full));
        if !has_column || self.lost.contains(full) {
            return Some(OverflowReason::Budget);
        }
        if is_claimed {
            return Some(OverflowReason::Duplicate);
        }
        if *datum == Datum::Empty {
            return Some(OverflowReason::Empty);
        }
        let before = self.types.get(full).copied().unwrap_or_default();
        let joined = before.join(Inferred::of(&datum.value()));
        if self.frozen.contains(full) && joined.column_type() != before.column_type() {
            return Some(OverflowReason::Type);
        }
        self.types.insert(full.to_owned(), joined);
        row.values.insert(full.to_owned(), datum.clone());
        None
    }

    fn freeze(&mut self) {
        self.frozen.extend(self.types.keys().cloned());
    }

    fn coerce(&mut self, dataset: &DatasetSchema) {
        let mut published = HashMap::new();
        for column in dataset.columns() {
            if let (Some(full), Some(column_type)) = (column.full_name(), column.column_type()) {
                published.insert(full.to_owned(), column_type);
            }
        }
        for (full, before) in std::mem::take(&mut self.types) {
            let before = before.column_type().unwrap();
            let (to, reason) = match published.get(&full) {
                Some(to) => (Some(*to), OverflowReason::Type),
                None => (None, OverflowReason::Budget),
            };
            if to == Some(before) {
                continue;
            }
            for row in &mut self.rows {
                let Some(datum) = row.values.get(&full) else {
                    continue;
                };
                let datum = datum.in_column(before);
                if to.is_some_and(|to| to.fits(&datum.value())) {
                    continue;
                }
                row.values.remove(&full);
                row.overflow.push((full.clone(), datum.text()));
                self.counts.count(reason, 1);
            }
            if to.is_none() {
                self.lost.insert(full);
            }
        }
        self.lost.retain(|full| !published.contains_key(full));
        self.frozen = published.keys().cloned().collect();
        let types = published.into_iter().map(|(full, to)| (full, to.into()));
        self.types = types.collect();
    }

    fn finish(&mut self) -> Finished {
        let mut finished = Finished::default();
        let fields = self.fields.iter().filter(|field| !field.kind.is_derived());
        let fields: Vec<_> = fields
            .map(|field| (Keys::of_fields().name(field.key).to_owned(), field.absent))
            .collect();
        let names = fields.iter().map(|(name, _)| name).chain(self.types.keys());
        finished.columns = names.map(|name| (name.clone(), Vec::new())).collect();
        for mut row in std::mem::take(&mut self.rows) {
            for (name, absent) in &fields {
                let zero = (*absent == Absent::Zero).then(|| "0".to_owned());
                let value = row.lists.remove(name).unwrap_or(zero);
                finished.columns.get_mut(name).unwrap().push(value);
            }
            for full in self.types.keys() {
                let value = row.values.remove(full);
                let texts = finished.columns.get_mut(full).unwrap();
                texts.push(value.and_then(|value| value.text()));
            }
            row.overflow.sort();
            finished.overflow.push(row.overflow);
        }
        finished
    }
}

fn full((location, name): Name) -> String {
    match location {
        Location::Field => Keys::of_fields().name(FIELDS[name]).to_owned(),
        _ => full_name(location, ATTRIBUTES[name]),
    }
}

fn own_field(fields: &[FieldColumn], (location, name): Name) -> Option<FieldKind> {
    let mut fields = fields.iter().filter(|field| !field.kind.is_derived());
    let is_its = |field: &&FieldColumn| location == Location::Field && field.key == FIELDS[name];
    fields.find(is_its).map(|field| field.kind)
}

/// The text of a field's value, and whether all of it fits.
fn field_value(kind: FieldKind, datum: &Datum, in_group: bool) -> (Option<String>, bool) {
    match (kind, datum) {
        (FieldKind::Int64, Datum::Int(_))
        | (FieldKind::Utf8 | FieldKind::Hex, Datum::Text(_))
        | (FieldKind::Text, _) => (datum.text(), true),
        (FieldKind::Hex, Datum::Bytes(bytes)) => {
            let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            (Some(hex), true)
        }
        (FieldKind::List(_), _) if in_group => (None, false),
        (FieldKind::List(_), Datum::Events(0)) => (Some("[]".to_owned()), true),
        (FieldKind::List(_), Datum::Events(1)) => (Some("[e]".to_owned()), true),
        (FieldKind::List(_), Datum::Events(_)) => (Some("[-]".to_owned()), false),
        // A list of what is no message.
        (FieldKind::List(_), Datum::List) => (Some("[--]".to_owned()), false),
        (FieldKind::List(_), Datum::Empty) => (None, true),
        (FieldKind::List(_), Datum::Text(text)) => (None, text.is_empty()),
        (FieldKind::List(_), Datum::Bytes(bytes)) => (None, bytes.is_empty()),
        _ => (None, false),
    }
}

fn text(array: &ArrayRef, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => ValueText(&Value::Double(
            array.as_primitive::<Float64Type>().value(row),
        ))
        .to_string(),
        DataType::Binary => {
            ValueText(&Value::Bytes(array.as_binary::<i32>().value(row))).to_string()
        }
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Timestamp(_, _) => array
            .as_primitive::<TimestampMicrosecondType>()
            .value(row)
            .to_string(),
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_dictionary::<Int32Type>();
            let value = dictionary.keys().value(row) as usize;
            text(dictionary.values(), value).unwrap()
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            let names = items.as_struct_opt().map(|items| items["name"].clone());
            let item = |item| match &names {
                Some(names) => text(names, item).unwrap_or_else(|| "-".to_owned()),
                None => text(&items, item).unwrap_or_default(),
            };
            format!("[{}]", (0..items.len()).map(item).collect::<String>())
        }
        other => panic!("a column has type {other}"),
    })
}

/// What a record batch has, by the names that the schema gives to its columns.
fn read(batch: &RecordBatch, schema: &Schema) -> Finished {
    let mut finished = Finished::default();
    for column in schema.columns() {
        let name = match (column.field(), column.full_name()) {
            (Some(field), _) if field.kind.is_derived() => continue,
            (Some(field), _) => Keys::of_fields().name(field.key).to_owned(),
            (None, full_name) => full_name.unwrap().to_owned(),
        };
        if let Some(array) = batch.column_by_name(column.name()) {
            let texts = (0..array.len()).map(|row| text(array, row)).collect();
            finished.columns.insert(name, texts);
        }
    }
    let maps = batch["overflow"].as_map();
    for row in 0..batch.num_rows() {
        let mut entries = Vec::new();
        if maps.is_valid(row) {
            let map = maps.value(row);
            for entry in 0..map.len() {
                let name = text(map.column(0), entry).unwrap();
                let name = name
                    .split_once('#')
                    .map_or(name.clone(), |(name, _)| name.to_owned());
                entries.push((name, text(map.column(1), entry)));
            }
        }
        entries.sort();
        finished.overflow.push(entries);
    }
    finished
}

/// The schema of another writer, which has found one column with a value of some type.
fn others(table: Table, name: usize, kind: u8) -> Schema {
    let mut schema = Schema::new(table, SchemaOptions::new());
    let Resolved::Column(id) = schema.resolve(Location::Attribute, ATTRIBUTES[name]) else {
        panic!("it is the first");
    };
    let values = [Value::Int(1), Value::String("x"), Value::Double(0.5)];
    schema.widen(id, &values[kind as usize]);
    schema
}

fn run(steps: &[Step], plain: bool, table: Table, budget: usize) -> Result<(), TestCaseError> {
    let mut keys = Keys::new();
    let mut attributes = HashMap::new();
    for location in Location::ALL.into_iter().skip(1) {
        for (index, name) in ATTRIBUTES.iter().enumerate() {
            attributes.insert((location, index), keys.intern(location, name).unwrap());
        }
    }
    let key = |name: &Name| match name.0 {
        Location::Field => FIELDS[name.1],
        _ => attributes[name],
    };
    let mut options = BatchOptions::new();
    if plain {
        options = options.with_plain_strings();
    }
    let schema = Schema::new(table, SchemaOptions::new().with_column_budget(budget));
    let mut builder = BatchBuilder::with_options(schema, options);
    let mut naive = Naive::new(table);
    let mut dataset = DatasetSchema::new(table);
    let mut before: Option<RecordBatch> = None;

    let empty = Cells::new();
    let groups: Vec<[Vec<Cell<'_>>; 2]> = steps
        .iter()
        .map(|step| {
            [&step.resource, &step.scope].map(|group| {
                let mut cells = Vec::new();
                for (name, datum) in group.iter().flatten() {
                    cells.push(Cell {
                        key: key(name),
                        value: datum.value(),
                    });
                }
                cells
            })
        })
        .collect();
    let (mut resource, mut scope) = (Group::new(&[]), Group::new(&[]));
    let (mut resource_cells, mut scope_cells) = (&empty, &empty);
    for (step, groups) in steps.iter().zip(&groups) {
        if let Some(cells) = &step.resource {
            (resource, resource_cells) = (Group::new(&groups[0]), cells);
        }
        if let Some(cells) = &step.scope {
            (scope, scope_cells) = (Group::new(&groups[1]), cells);
        }
        for _ in 0..step.rows {
            let mut row = Row::new(Signal::Logs, resource, scope);
            row.set_keys(&keys);
            for (name, datum) in &step.cells {
                row.push(key(name), datum.value());
            }
            builder.row(&mut row).unwrap();
            naive.push([resource_cells, scope_cells, &step.cells], builder.schema());
        }
        match step.then {
            Some(Then::Freeze) => {
                builder.freeze();
                naive.freeze();
            }
            Some(Then::Others(name, kind)) => {
                dataset.extend(&others(table, name, kind));
            }
            Some(Then::Publish) => {
                dataset.extend(builder.schema());
                builder.coerce(&dataset);
                naive.coerce(&dataset);
                for column in builder.schema().columns() {
                    prop_assert!(
                        column.column_type().is_none()
                            || column.id().is_some()
                            || column.field().is_some()
                    );
                }
            }
            Some(Then::Finish) => finish(&mut builder, &mut naive, &mut before)?,
            None => {}
        }
    }
    finish(&mut builder, &mut naive, &mut before)
}

fn finish(
    builder: &mut BatchBuilder,
    naive: &mut Naive,
    before: &mut Option<RecordBatch>,
) -> Result<(), TestCaseError> {
    let size = builder.batch_size();
    let bound = builder.stored_bytes() + builder.rows() * 8 * builder.schema().columns().len();
    // The first offset of each array, and the validity of columns.
    let slack = 64 * (builder.schema().columns().len() + 8);
    prop_assert!(size <= bound + slack, "{} bytes, bound {}", size, bound);
    let batch = builder.finish_batch();
    let (found, expected) = (read(&batch, builder.schema()), naive.finish());
    prop_assert_eq!(&found.overflow, &expected.overflow);
    prop_assert_eq!(&found.columns, &expected.columns);
    prop_assert_eq!(builder.overflow_counts(), naive.counts);
    // The memory of one record batch is used again, the other one is still held.
    if let Some(batch) = before.take() {
        builder.recycle(batch);
    } else {
        *before = Some(batch);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        // More with PROPTEST_CASES.
        cases: ProptestConfig::default().cases.max(400),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_builder_and_naive_columns_agree(
        steps in proptest::collection::vec(step(), 1..20),
        plain in any::<bool>(),
        table in prop_oneof![Just(Table::Logs), Just(Table::Traces)],
        budget in 0usize..8,
    ) {
        run(&steps, plain, table, budget)?;
    }
}
