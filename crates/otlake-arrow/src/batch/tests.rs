mod field_columns;
mod projection;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use otlake_row::{Group, Key, KeyLimits, Signal, fields};
use otlake_schema::{DatasetSchema, OVERFLOW, Resolved, SchemaOptions, ValueText};
use proptest::prelude::*;

use super::*;
use crate::column::field::type_of_attribute;

/// Returns a record batch of rows that share a group and have their own attributes.
fn batch_of(builder: &mut BatchBuilder, keys: &Keys, rows: &[&[(Key, Value<'_>)]]) -> RecordBatch {
    push_all(builder, keys, rows);
    builder.finish_batch()
}

fn push_all(builder: &mut BatchBuilder, keys: &Keys, rows: &[&[(Key, Value<'_>)]]) {
    let (resource, scope) = (Group::new(&[]), Group::new(&[]));
    for cells in rows {
        let mut row = Row::new(Signal::Logs, resource, scope);
        cells.iter().for_each(|(key, value)| row.push(*key, *value));
        row.set_keys(keys);
        builder.row(&mut row).unwrap();
    }
}

fn attribute(keys: &mut Keys, name: &str) -> Key {
    keys.intern(Location::Attribute, name).unwrap()
}

/// Returns the values of a column of any type, as texts.
fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let array = batch
        .column_by_name(column)
        .unwrap_or_else(|| panic!("no column {column}"));
    (0..array.len())
        .map(|row| {
            array.is_valid(row).then(|| match array.data_type() {
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
                DataType::Dictionary(_, _) => {
                    let array = array.as_dictionary::<Int32Type>();
                    let strings = array.values().as_string::<i32>();
                    strings.value(array.keys().value(row) as usize).to_owned()
                }
                other => panic!("column {column} has type {other}"),
            })
        })
        .collect()
}

fn overflow(batch: &RecordBatch, row: usize) -> Vec<(String, Option<String>)> {
    let maps = batch.column_by_name(OVERFLOW).unwrap().as_map();
    if maps.is_null(row) {
        return Vec::new();
    }
    let map = maps.value(row);
    let names = map
        .column(0)
        .as_string::<i32>()
        .iter()
        .flatten()
        .map(str::to_owned);
    let texts = map
        .column(1)
        .as_string::<i32>()
        .iter()
        .map(|text| text.map(str::to_owned));
    names.zip(texts).collect()
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts
        .iter()
        .map(|text| (!text.is_empty()).then(|| (*text).to_owned()))
        .collect()
}

#[test]
fn a_column_with_values_gets_the_type_that_is_inferred_later() {
    for plain in [false, true] {
        let mut keys = Keys::new();
        let code = attribute(&mut keys, "code");
        let mut builder = BatchBuilder::with_options(
            Schema::logs(),
            BatchOptions {
                plain_strings: plain,
                ..BatchOptions::default()
            },
        );
        let ints: &[&[(Key, Value<'_>)]] =
            &[&[(code, Value::Int(200))], &[], &[(code, Value::Int(404))]];
        push_all(&mut builder, &keys, ints);
        let mut later = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
        later.push(code, Value::String("ok"));
        later.set_keys(&keys);
        builder.infer(&later);
        let first = builder.finish_batch();
        let second = batch_of(&mut builder, &keys, ints);
        let third = batch_of(&mut builder, &keys, &[&[(code, Value::String("ok"))]]);
        let expected = [Some("200".to_owned()), None, Some("404".to_owned())];
        assert_eq!(texts(&first, "attr_code"), expected);
        assert_eq!(texts(&second, "attr_code"), expected);
        assert_eq!(texts(&third, "attr_code"), [Some("ok".to_owned())]);
        let types = [first, second, third].map(|batch| batch["attr_code"].data_type().clone());
        assert!(
            types.iter().all(|data_type| *data_type == types[0]),
            "{types:?}"
        );
        assert_ne!(types[0], DataType::Int64);
    }
}

#[test]
fn a_column_widens_in_place_and_keeps_its_values() {
    let mut keys = Keys::new();
    let x = attribute(&mut keys, "x");
    for (values, column_type, expected) in [
        (
            vec![Value::Int(1), Value::Double(0.5)],
            DataType::Float64,
            ["1", "0.5"],
        ),
        (
            vec![Value::Int(1), Value::Bool(true)],
            DataType::Utf8,
            ["1", "true"],
        ),
        (
            vec![Value::Bytes(b"\x01"), Value::String("b")],
            DataType::Utf8,
            ["AQ==", "b"],
        ),
        (
            vec![Value::Double(3.0), Value::String("b")],
            DataType::Utf8,
            ["3", "b"],
        ),
        (
            vec![Value::Int(i64::MAX), Value::Double(1.0)],
            DataType::Utf8,
            ["9223372036854775807", "1"],
        ),
        (
            vec![Value::Array(&[Value::Int(1)]), Value::Int(2)],
            DataType::Utf8,
            ["[1]", "2"],
        ),
    ] {
        let options = BatchOptions::new().with_plain_strings();
        let mut builder = BatchBuilder::with_options(Schema::logs(), options);
        // The first row does not have the attribute, so the column has to be filled up.
        let batch = batch_of(
            &mut builder,
            &keys,
            &[&[], &[(x, values[0])], &[], &[(x, values[1])]],
        );
        assert_eq!(
            *batch.column_by_name("attr_x").unwrap().data_type(),
            column_type
        );
        let expected = some(&["", expected[0], "", expected[1]]);
        assert_eq!(texts(&batch, "attr_x"), expected, "{values:?}");
        assert_eq!(builder.overflow_counts().total(), 0);
    }
}

#[test]
fn fields_have_their_columns_in_every_batch() {
    let mut builder = BatchBuilder::new(Schema::logs());
    let cells: &[(Key, Value<'_>)] = &[
        (fields::OBSERVED_TIME_UNIX_NANO, Value::Int(1_999)),
        (fields::BODY, Value::KvList(&[("a", Value::Int(1))])),
        (fields::TRACE_ID, Value::Bytes(&[0xab; 16])),
        (fields::SPAN_ID, Value::Bytes(&[0xcd; 40])),
    ];
    let batch = batch_of(&mut builder, Keys::of_fields(), &[cells, &[]]);
    assert_eq!(
        batch.num_columns(),
        otlake_schema::field_columns(Signal::Logs).len() + 1
    );
    let timestamps = batch.column_by_name("timestamp").unwrap();
    assert_eq!(
        timestamps.data_type().to_string(),
        r#"Timestamp(µs, "UTC")"#
    );
    let timestamps = timestamps.as_primitive::<arrow_array::types::TimestampMicrosecondType>();
    assert_eq!(timestamps.iter().collect::<Vec<_>>(), [Some(1), None]);
    assert_eq!(
        texts(&batch, "time_unix_nano"),
        some(&["0", "0"]),
        "numbers are never null"
    );
    assert_eq!(texts(&batch, "severity_number"), some(&["0", "0"]));
    assert_eq!(texts(&batch, "body"), some(&[r#"{"a":1}"#, ""]));
    assert_eq!(
        texts(&batch, "trace_id"),
        some(&["ab".repeat(16).as_str(), ""])
    );
    assert_eq!(
        texts(&batch, "span_id"),
        some(&["cd".repeat(40).as_str(), ""])
    );
    assert_eq!(texts(&batch, "fingerprint"), some(&["", ""]));
}

#[test]
fn values_without_a_column_overflow_under_their_full_names() {
    let limits = KeyLimits::default().with_names(4);
    let mut keys = Keys::with_limits(limits);
    let dotted = attribute(&mut keys, "a.b");
    let dashed = attribute(&mut keys, "a-b");
    let late = attribute(&mut keys, "late");
    let schema_url = keys.intern(Location::Resource, "schema_url").unwrap();
    let options = SchemaOptions::new().with_column_budget(2);
    let mut builder = BatchBuilder::new(Schema::new(Signal::Logs, options));

    let resource_cells = [Cell {
        key: schema_url,
        value: Value::String("mine"),
    }];
    let (resource, scope) = (Group::new(&resource_cells), Group::new(&[]));
    let excess = [("novel", Value::Bool(true))];
    for _ in 0..2 {
        let mut row = Row::new(Signal::Logs, resource, scope);
        row.push(dotted, Value::Int(1));
        row.push(dashed, Value::Int(2));
        row.push(late, Value::Int(3));
        row.push(dotted, Value::Empty);
        row.push(Key::excess(Location::Attribute), Value::KvList(&excess));
        row.push(fields::TIME_UNIX_NANO, Value::String("9223372036854775808"));
        row.set_keys(&keys);
        builder.row(&mut row).unwrap();
    }
    let batch = builder.finish_batch();

    assert_eq!(texts(&batch, "attr_a_b"), some(&["1", "1"]));
    let entry = |name: &str, text: &str| (name.to_owned(), Some(text.to_owned()));
    let schema_url = builder.schema().columns().iter();
    let schema_url = schema_url.filter(|column| column.full_name() == Some("resource.schema_url"));
    for column in schema_url {
        assert_eq!(texts(&batch, column.name()), some(&["mine", "mine"]));
    }
    let expected = [
        entry("attr.a-b", "2"),
        entry("attr.late", "3"),
        ("attr.a.b".to_owned(), None),
        entry("attr.novel", "true"),
        entry("time_unix_nano", "9223372036854775808"),
    ];
    assert_eq!(overflow(&batch, 0), expected);
    assert_eq!(overflow(&batch, 1), expected, "the same in each row");
    let counts = builder.overflow_counts();
    assert_eq!(
        (counts.duplicate, counts.budget, counts.names, counts.r#type),
        (2, 4, 2, 2)
    );
}

#[test]
fn a_frozen_column_overflows_instead_of_changing_its_type() {
    let mut keys = Keys::new();
    let x = attribute(&mut keys, "x");
    let mut builder = BatchBuilder::new(Schema::logs());
    let first = batch_of(&mut builder, &keys, &[&[(x, Value::Int(1))]]);
    builder.freeze();
    let rows: &[&[(Key, Value<'_>)]] = &[&[(x, Value::String("one"))], &[(x, Value::Int(2))]];
    let second = batch_of(&mut builder, &keys, rows);
    assert_eq!(first.schema(), second.schema());
    assert_eq!(texts(&second, "attr_x"), some(&["", "2"]));
    assert_eq!(
        overflow(&second, 0),
        [("attr.x".to_owned(), Some("one".to_owned()))]
    );
    let third = batch_of(&mut builder, &keys, &[&[]]);
    assert_eq!(
        first.schema(),
        third.schema(),
        "a known column is there without a value too"
    );
}

#[test]
fn an_attribute_that_never_has_a_value_has_no_column_in_any_batch() {
    let mut keys = Keys::new();
    let x = attribute(&mut keys, "x");
    let mut builder = BatchBuilder::new(Schema::logs());
    for rows in [3, 1, 2] {
        let cells = [(x, Value::Empty)];
        let rows = vec![&cells[..]; rows];
        let batch = batch_of(&mut builder, &keys, &rows);
        assert!(batch.column_by_name("attr_x").is_none());
        assert_eq!(overflow(&batch, 0), [("attr.x".to_owned(), None)]);
    }
}

#[test]
fn the_cells_of_a_group_are_in_all_of_its_rows() {
    let mut keys = Keys::new();
    let service = keys.intern(Location::Resource, "service.name").unwrap();
    let replica = keys.intern(Location::Resource, "replica").unwrap();
    let lib = keys.intern(Location::Scope, "lib").unwrap();
    let mut builder = BatchBuilder::new(Schema::logs());
    let mut expected: [Vec<Option<String>>; 3] = Default::default();
    for (index, rows) in [3, 1, 2, 5].into_iter().enumerate() {
        let name = ["web", "web", "db", "cache"][index];
        let mut cells = vec![Cell {
            key: service,
            value: Value::String(name),
        }];
        if index != 1 {
            cells.push(Cell {
                key: replica,
                value: Value::Int(index as i64),
            });
        }
        let scope_cells = [Cell {
            key: lib,
            value: Value::Bool(index == 2),
        }];
        let (resource, scope) = (Group::new(&cells), Group::new(&scope_cells));
        for row in 0..rows {
            // A record batch may end in the middle of a group.
            if (index, row) == (3, 2) {
                let batch = builder.finish_batch();
                for (column, expected) in ["resource_service_name", "resource_replica", "scope_lib"]
                    .iter()
                    .zip(&mut expected)
                {
                    assert_eq!(texts(&batch, column), std::mem::take(expected), "{column}");
                }
            }
            let mut row = Row::new(Signal::Logs, resource, scope);
            row.set_keys(&keys);
            builder.row(&mut row).unwrap();
            expected[0].push(Some(name.to_owned()));
            expected[1].push((index != 1).then(|| index.to_string()));
            expected[2].push(Some((index == 2).to_string()));
        }
    }
    let batch = builder.finish_batch();
    for (column, expected) in ["resource_service_name", "resource_replica", "scope_lib"]
        .iter()
        .zip(&mut expected)
    {
        assert_eq!(texts(&batch, column), std::mem::take(expected), "{column}");
    }
}

#[test]
fn rows_of_another_interner_go_to_the_columns_of_their_names() {
    let (mut one, mut other) = (Keys::new(), Keys::new());
    let a = attribute(&mut one, "a");
    let b = attribute(&mut other, "b");
    assert_eq!(a, b, "the same number stands for another name");
    let mut builder = BatchBuilder::new(Schema::logs());
    push_all(&mut builder, &one, &[&[(a, Value::Int(1))]]);
    push_all(&mut builder, &other, &[&[(b, Value::Int(2))]]);
    let batch = builder.finish_batch();
    assert_eq!(texts(&batch, "attr_a"), some(&["1", ""]));
    assert_eq!(texts(&batch, "attr_b"), some(&["", "2"]));
}

fn value() -> impl Strategy<Value = Value<'static>> {
    const WORDS: [&str; 6] = ["", "alpha", "beta", "gamma", "täglich", "\u{1F600}"];
    prop_oneof![
        4 => (0..WORDS.len()).prop_map(|word| Value::String(WORDS[word])),
        2 => any::<i64>().prop_map(Value::Int),
        2 => (-9i64..9).prop_map(Value::Int),
        2 => any::<f64>().prop_map(Value::Double),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Bytes(b"\x00\xff")),
        1 => Just(Value::Array(&[Value::Empty, Value::Int(7)])),
    ]
}

proptest! {
    /// Each value is in its row with its text, in its column or in the overflow, whatever the values, their
    /// order and the ends of record batches.
    #[test]
    fn nothing_is_lost(
        rows in proptest::collection::vec(
            proptest::collection::vec((0usize..4, value()), 0..4), 1..40),
        freeze_after in 0usize..40,
        plain in any::<bool>(),
    ) {
        let mut keys = Keys::new();
        let names = ["p", "q", "q.q", "q_q"];
        let attributes = names.map(|name| attribute(&mut keys, name));
        let mut options = BatchOptions::new();
        options.plain_strings = plain;
        let mut builder = BatchBuilder::with_options(Schema::logs(), options);
        let mut pending = Vec::new();
        for (index, cells) in rows.iter().enumerate() {
            let cells: Vec<_> = cells.iter().map(|(name, value)| (attributes[*name], *value)).collect();
            push_all(&mut builder, &keys, &[&cells]);
            pending.push(cells);
            if index == freeze_after || index + 1 == rows.len() {
                let batch = builder.finish_batch();
                builder.freeze();
                for (row, cells) in pending.drain(..).enumerate() {
                    let mut found: Vec<_> =
                        overflow(&batch, row).into_iter().filter_map(|(_, text)| text).collect();
                    for column in builder.schema().columns() {
                        if column.full_name().is_some() && batch.column_by_name(column.name()).is_some() {
                            found.extend(texts(&batch, column.name())[row].clone());
                        }
                    }
                    let mut sent: Vec<_> = cells.iter().map(|(_, value)| ValueText(value).to_string()).collect();
                    found.sort();
                    sent.sort();
                    prop_assert_eq!(found, sent, "row {}", row);
                }
            }
        }
    }

    /// Strings are read back unchanged, whether they stay in the dictionary or leave it.
    #[test]
    fn strings_survive_the_dictionary(
        distinct in 1usize..3000,
        rows in 1usize..3000,
        nulls in 0usize..5,
    ) {
        let mut keys = Keys::new();
        let x = attribute(&mut keys, "x");
        let mut builder = BatchBuilder::new(Schema::logs());
        for batches in 0..3 {
            let texts_sent: Vec<_> = (0..rows)
                .map(|row| (row % 5 >= nulls).then(|| format!("value {}", row * 7 % distinct)))
                .collect();
            let cells: Vec<Vec<_>> = texts_sent
                .iter()
                .map(|text| text.iter().map(|text| (x, Value::String(text))).collect())
                .collect();
            let cells: Vec<&[_]> = cells.iter().map(Vec::as_slice).collect();
            let batch = batch_of(&mut builder, &keys, &cells);
            if texts_sent.iter().any(Option::is_some) {
                prop_assert_eq!(texts(&batch, "attr_x"), texts_sent);
            }
            // Earlier content of recycled memory must not show, and memory that is still referenced must
            // not be recycled.
            let held = (batches == 1).then(|| batch.clone());
            builder.recycle(batch);
            if let Some(held) = held {
                prop_assert_eq!(held.num_rows(), rows);
                prop_assert!(held.columns().iter().all(|column| column.len() == rows));
            }
        }
    }
}

proptest! {
    /// Earlier content of recycled memory does not show, and recycling does not lose rows that were already
    /// added.
    #[test]
    fn recycled_builders_make_the_same_batches(
        batches in prop::collection::vec(prop::collection::vec(point(), 0..20), 1..4),
        early in 0usize..20,
    ) {
        let (mut recycled, mut fresh) = (
            BatchBuilder::new(Schema::metrics()),
            BatchBuilder::new(Schema::metrics()),
        );
        let mut written: Option<RecordBatch> = None;
        for points in batches {
            for (row, Point { counts, bounds, time, text }) in points.into_iter().enumerate() {
                if row == early && let Some(batch) = written.take() {
                    recycled.recycle(batch);
                }
                let exemplar = [
                    ("time_unix_nano", Value::Int(time)),
                    ("as_double", bounds.first().copied().unwrap_or_default()),
                    ("filtered_attributes", Value::KvList(&[("name", Value::String(&text))])),
                ];
                let exemplars = vec![Value::KvList(&exemplar); counts.len() % 3];
                let cells = [
                    (fields::TIME_UNIX_NANO, Value::Int(time)),
                    (fields::NAME, Value::String(&text)),
                    (fields::BUCKET_COUNTS, Value::Array(&counts)),
                    (fields::EXPLICIT_BOUNDS, Value::Array(&bounds)),
                    (fields::EXEMPLARS, Value::Array(&exemplars)),
                    (fields::METADATA, Value::KvList(&[("unit", Value::String(&text))])),
                ];
                let cells = &cells[..(time as usize % 7).min(cells.len())];
                push_all(&mut recycled, Keys::of_fields(), &[cells]);
                push_all(&mut fresh, Keys::of_fields(), &[cells]);
            }
            let batch = recycled.finish_batch();
            prop_assert_eq!(&batch, &fresh.finish_batch());
            prop_assert_eq!(recycled.overflow_counts(), fresh.overflow_counts());
            written = Some(batch);
        }
    }
}

/// The values of a data point. Some of its numbers do not have the type of their list.
#[derive(Clone, Debug)]
struct Point {
    counts: Vec<Value<'static>>,
    bounds: Vec<Value<'static>>,
    time: i64,
    text: String,
}

fn point() -> impl Strategy<Value = Point> {
    let number = prop_oneof![
        8 => any::<i64>().prop_map(Value::Int),
        1 => Just(Value::Double(0.5)),
        1 => Just(Value::String("18446744073709551615")),
        1 => Just(Value::Empty),
    ];
    let bound = prop_oneof![
        8 => (-9.0..9.0).prop_map(Value::Double),
        1 => Just(Value::Int(1)),
    ];
    let (counts, bounds) = (
        prop::collection::vec(number, 0..6),
        prop::collection::vec(bound, 0..6),
    );
    (counts, bounds, 0i64..100, "[a-c]{0,3}").prop_map(|(counts, bounds, time, text)| Point {
        counts,
        bounds,
        time,
        text,
    })
}
