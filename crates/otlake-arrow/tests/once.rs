//! What a sender sends once is stored once, however many rows it belongs to: the attributes of a resource,
//! in columns of every kind and in the overflow. A record batch takes as much memory as was sent, and some
//! bytes for each row.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;

use otlake_arrow::arrow_array::cast::AsArray;
use otlake_arrow::arrow_array::{Array, RecordBatch};
use otlake_arrow::{BatchBuilder, BatchError, BatchOptions};
use otlake_row::{Cell, Group, Key, Keys, Location, Row, RowSink, Signal, Value};
use otlake_schema::{DatasetSchema, Resolved, Schema, SchemaOptions, Table};

const ROWS: usize = 20_000;
const TEXT: usize = 1 << 20;

fn push(builder: &mut BatchBuilder, keys: &Keys, resource: Group<'_>, rows: usize) {
    for _ in 0..rows {
        let mut row = Row::new(Signal::Logs, resource, Group::new(&[]));
        row.set_keys(keys);
        builder.row(&mut row).unwrap();
    }
}

fn push_distinct(builder: &mut BatchBuilder, keys: &Keys, key: Key, rows: usize) {
    for row in 0..rows {
        let text = format!("number {row}");
        let cells = [Cell {
            key,
            value: Value::String(&text),
        }];
        push(builder, keys, Group::new(&cells), 1);
    }
}

/// Bytes that the record batch may take: four times what was sent, and some for each row and column.
fn assert_small(builder: &BatchBuilder, sent: usize, case: &str) {
    let rows = builder.rows() * 8 * (builder.schema().columns().len() + 4);
    let most = 4 * sent + rows;
    assert!(
        builder.batch_size() <= most,
        "{case}: {} bytes",
        builder.batch_size()
    );
    assert!(
        builder.stored_bytes() <= most,
        "{case}: {} bytes",
        builder.stored_bytes()
    );
    assert!(!builder.is_full(), "{case}");
}

fn assert_small_batch(batch: &RecordBatch, sent: usize, case: &str) {
    let size = batch.get_array_memory_size();
    let most = 6 * sent + batch.num_rows() * 16 * batch.num_columns();
    assert!(size <= most, "{case}: {size} bytes of {most}");
}

#[test]
fn the_text_of_a_resource_is_stored_once() {
    let mut keys = Keys::new();
    let key = keys.intern(Location::Resource, "k8s.pod.labels").unwrap();
    let (text, bytes) = ("x".repeat(TEXT), vec![7; TEXT]);
    let array = [Value::String(&text)];
    let values = [
        ("text", Value::String(&text)),
        ("bytes", Value::Bytes(&bytes)),
        ("array", Value::Array(&array)),
    ];
    let published = |value: Value<'_>| {
        let mut other = Schema::logs();
        if let Resolved::Column(id) = other.resolve(Location::Resource, "k8s.pod.labels") {
            other.widen(id, &value);
        }
        let mut dataset = DatasetSchema::new(Table::Logs);
        dataset.extend(&other);
        dataset
    };
    // The column is published with another type, or the dataset has no room for it.
    let datasets = [published(Value::Int(1)), DatasetSchema::new(Table::Logs)];
    for (name, value) in values {
        let cells = [Cell { key, value }];
        for budget in [256, 0] {
            // As many distinct values before it, so that its column has left its dictionary.
            for distinct in [0, 3_000] {
                for dataset in [None, Some(&datasets[0]), Some(&datasets[1])] {
                    let case = format!(
                        "{name}, budget {budget}, after {distinct}, published: {}",
                        dataset.map_or(0, |dataset| dataset.columns().len())
                    );
                    let options = SchemaOptions::new().with_column_budget(budget);
                    let mut builder = BatchBuilder::new(Schema::new(Table::Logs, options));
                    push_distinct(&mut builder, &keys, key, distinct);
                    push(&mut builder, &keys, Group::new(&cells), ROWS);
                    assert_small(&builder, TEXT, &case);
                    if let Some(dataset) = dataset {
                        builder.coerce(dataset);
                        assert_small(&builder, 2 * TEXT, &case);
                    }
                    let batch = builder.finish_batch();
                    assert_small_batch(&batch, TEXT, &case);
                    // It is in every row nevertheless.
                    let columns = builder.schema().columns().iter().rev();
                    let mut columns =
                        columns.filter_map(|column| batch.column_by_name(column.name()));
                    let in_column = columns.next().unwrap();
                    let overflow = batch["overflow"].as_map();
                    for row in [distinct, distinct + ROWS / 2, distinct + ROWS - 1] {
                        let in_overflow = overflow.is_valid(row) && overflow.value(row).len() == 1;
                        let is_attribute =
                            batch.schema().field(16).name().starts_with("resource_k8s");
                        let in_column = is_attribute && in_column.is_valid(row);
                        assert!(in_column != in_overflow, "{case}: row {row}");
                    }
                }
            }
        }
    }
}

#[test]
fn consumers_of_plain_strings_get_record_batches_that_are_full_in_time() {
    let mut keys = Keys::new();
    let key = keys.intern(Location::Resource, "labels").unwrap();
    let text = "x".repeat(8 * TEXT);
    let cells = [Cell {
        key,
        value: Value::String(&text),
    }];
    for budget in [256, 0] {
        let options = SchemaOptions::new().with_column_budget(budget);
        let schema = Schema::new(Table::Logs, options);
        let plain = BatchOptions::new().with_plain_strings();
        let mut builder = BatchBuilder::with_options(schema, plain);
        let (resource, scope) = (Group::new(&cells), Group::new(&[]));
        let error = (0..ROWS).find_map(|_| {
            let mut row = Row::new(Signal::Logs, resource, scope);
            row.set_keys(&keys);
            builder.row(&mut row).err()
        });
        assert!(
            matches!(error, Some(BatchError::TooLarge { .. })),
            "{error:?}"
        );
        let batch = builder.finish_batch();
        assert_eq!(
            batch.num_rows(),
            (1 << 30) / text.len() + usize::from(budget > 0)
        );
    }
}

#[test]
fn every_string_counts_where_it_is_stored() {
    let mut keys = Keys::new();
    let names = ["text", "bytes", "array", "id"];
    let names = names.map(|name| keys.intern(Location::Attribute, name).unwrap());
    let text = "x".repeat(1_000);
    let array = [Value::String("\u{1}"); 100];
    let values = [
        (names[0], Value::String(&text), 1_000),
        (names[1], Value::Bytes(text.as_bytes()), 1_000),
        // Each control character is six in JSON, in quotes and after a comma.
        (names[2], Value::Array(&array), 901),
        (otlake_row::fields::TRACE_ID, Value::Bytes(&[1; 16]), 32),
    ];
    for (key, value, expected) in values {
        let mut builder = BatchBuilder::new(Schema::logs());
        for rows in 1..4 {
            let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
            row.push(key, value);
            row.set_keys(&keys);
            builder.row(&mut row).unwrap();
            // The second and third are in the dictionary; bytes have none.
            let stored = if key == names[1] {
                rows * expected
            } else {
                expected
            };
            assert_eq!(builder.stored_bytes(), stored, "{value:?}");
        }
    }
}

#[test]
fn a_resource_with_very_many_attributes_gives_no_row_as_many_entries() {
    let mut keys = Keys::new();
    let names: Vec<String> = (0..5_000).map(|number| format!("label.{number}")).collect();
    let cells: Vec<Cell<'_>> = names
        .iter()
        .map(|name| Cell {
            key: keys.intern(Location::Resource, name).unwrap(),
            value: Value::Int(7),
        })
        .collect();
    let options = SchemaOptions::new().with_column_budget(10);
    let mut builder = BatchBuilder::new(Schema::new(Table::Logs, options));
    push(&mut builder, &keys, Group::new(&cells), ROWS);
    assert!(
        builder.stored_bytes() < ROWS * 3_000,
        "{}",
        builder.stored_bytes()
    );
    assert_eq!(builder.repeated_cells(), (ROWS * (10 + 128 + 1)) as u64);
    assert_eq!(builder.overflow_counts().budget, ROWS as u64 * 4_990);
    let batch = builder.finish_batch();
    assert_small_batch(&batch, ROWS * 500, "batch");
    let map = batch["overflow"].as_map().value(ROWS - 1);
    assert_eq!(map.len(), 129);
    let text = |column: usize, entry: usize| {
        let column = map.column(column);
        match column.as_any_dictionary_opt() {
            Some(texts) => {
                let entry = texts.normalized_keys()[entry];
                texts.values().as_string::<i32>().value(entry).to_owned()
            }
            None => column.as_string::<i32>().value(entry).to_owned(),
        }
    };
    let mut found: HashSet<String> = (0..128).map(|entry| text(0, entry)).collect();
    assert_eq!(text(0, 128), "resource");
    let rest = text(1, 128);
    for name in &names[10..] {
        let full = format!("resource.{name}");
        assert!(
            found.remove(&full) || rest.contains(&format!("\"{name}\":7")),
            "{name}"
        );
    }
    assert!(found.is_empty());
}

#[test]
fn a_key_that_a_stage_registers_has_a_column_with_its_name() {
    let tier = Key::register(Location::Field, "naive.tier").unwrap();
    let reserved = Key::register(Location::Field, "timestamp").unwrap();
    let (first, second) = (Keys::new(), Keys::new());
    let mut builder = BatchBuilder::new(Schema::logs());
    for keys in [&first, &second, Keys::of_fields()] {
        let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
        row.push(tier, Value::String("gold"));
        row.set_keys(keys);
        builder.row(&mut row).unwrap();
    }
    let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    row.push(reserved, Value::Int(1));
    let error = builder.row(&mut row).unwrap_err();
    assert!(
        matches!(&error, BatchError::ReservedName { name } if name == "timestamp"),
        "{error}"
    );
    let batch = builder.finish_batch();
    assert_eq!(batch.num_rows(), 4);
    assert_eq!(batch["naive.tier"].null_count(), 1);
    assert_eq!(batch["overflow"].null_count(), 3, "the value is not lost");
}
