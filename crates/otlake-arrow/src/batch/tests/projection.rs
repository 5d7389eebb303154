//! A projection changes which columns a record batch has, and nothing in them.

use super::*;

/// Returns two record batches of spans with two resources, a column of each type, a value that overflows for each
/// reason, and a scope attribute that overflows.
fn batches_of(builder: &mut BatchBuilder, keys: &mut Keys) -> Vec<RecordBatch> {
    let names = [
        "text", "mixed", "flag", "ratio", "raw", "count", "late", "beyond",
    ];
    let [text, mixed, flag, ratio, raw, count, late, beyond] =
        names.map(|name| attribute(keys, name));
    let service = keys.intern(Location::Resource, "service.name").unwrap();
    let scoped = keys.intern(Location::Scope, "scoped").unwrap();
    let rows: [&[(Key, Value<'_>)]; 4] = [
        &[
            (fields::START_TIME_UNIX_NANO, Value::Int(1_000)),
            (fields::END_TIME_UNIX_NANO, Value::Int(5_000)),
            (fields::NAME, Value::String("a")),
            (text, Value::String("x")),
            (text, Value::String("twice")),
            (mixed, Value::Int(1)),
            (flag, Value::Bool(true)),
        ],
        &[
            (fields::KIND, Value::Int(2)),
            (mixed, Value::String("no number")),
            (ratio, Value::Double(0.5)),
            (raw, Value::Bytes(b"\x01")),
            (count, Value::Int(7)),
            (beyond, Value::Int(1)),
        ],
        &[
            (fields::TRACE_ID, Value::Bytes(&[7; 16])),
            (fields::STATUS_CODE, Value::Int(2)),
            (late, Value::Empty),
        ],
        &[],
    ];
    let services = ["shop", "bank"].map(|name| {
        [Cell {
            key: service,
            value: Value::String(name),
        }]
    });
    let scope = [Cell {
        key: scoped,
        value: Value::Int(1),
    }];
    let (resources, scope) = (
        services.each_ref().map(|cells| Group::new(cells)),
        Group::new(&scope),
    );
    let mut batch = || {
        for (number, cells) in rows.iter().enumerate() {
            let mut row = Row::new(Signal::Traces, resources[number / 2], scope);
            cells.iter().for_each(|(key, value)| row.push(*key, *value));
            row.set_keys(keys);
            builder.row(&mut row).unwrap();
        }
        builder.finish_batch()
    };
    vec![batch(), batch()]
}

/// Returns a closed schema in which `mixed` is an integer, and neither `beyond` nor `scoped` has a column.
fn schema() -> Schema {
    let mut schema = Schema::traces();
    for (location, name, value) in [
        (Location::Resource, "service.name", Value::String("")),
        (Location::Attribute, "text", Value::String("")),
        (Location::Attribute, "mixed", Value::Int(1 << 60)),
        (Location::Attribute, "flag", Value::Bool(true)),
        (Location::Attribute, "ratio", Value::Double(0.5)),
        (Location::Attribute, "raw", Value::Bytes(b"")),
        (Location::Attribute, "count", Value::Int(1)),
        (Location::Attribute, "late", Value::Int(1)),
    ] {
        let Resolved::Column(id) = schema.resolve(location, name) else {
            panic!("{name} has no column")
        };
        schema.widen(id, &value);
    }
    schema.freeze();
    schema.closed()
}

#[test]
fn a_column_is_the_same_with_and_without_other_columns() {
    let mut keys = Keys::new();
    let mut all = BatchBuilder::new(schema());
    let expected = batches_of(&mut all, &mut keys);
    // In each batch: `scoped` in each row, the second `text`, the second `mixed`, `beyond` and `late`.
    assert_eq!(all.overflow_counts().total(), 2 * (4 + 4));
    let fields = expected[0].schema();
    let names: Vec<&str> = fields
        .fields()
        .iter()
        .map(|field| &**field.name())
        .collect();
    assert_eq!(names.last(), Some(&OVERFLOW));
    for (index, name) in names.iter().enumerate() {
        for with in [index, 0, names.len() / 2, names.len() - 1] {
            let mut selected = vec![index.min(with), index.max(with)];
            selected.dedup();
            let projected = selected.iter().map(|index| names[*index]);
            let mut builder = BatchBuilder::new(schema()).with_projection(projected);
            let batches = batches_of(&mut builder, &mut keys);
            for (batch, expected) in batches.iter().zip(&expected) {
                assert_eq!(batch, &expected.project(&selected).unwrap(), "{name}");
            }
        }
    }
}

#[test]
fn a_projection_to_no_columns_counts_rows_and_stores_nothing() {
    let mut keys = Keys::new();
    let mut builder = BatchBuilder::new(schema()).with_projection(Vec::<String>::new());
    for batch in batches_of(&mut builder, &mut keys) {
        assert_eq!((batch.num_rows(), batch.num_columns()), (4, 0));
    }
    let text = attribute(&mut keys, "text");
    push_all(&mut builder, &keys, &[&[(text, Value::String("x"))][..]; 9]);
    assert_eq!((builder.rows(), builder.stored_bytes()), (9, 0));
}
