use std::convert::Infallible;

use super::*;
use otlake_row::{Key, KeyLimits, Keys, Location, OwnedRow, Value, fields, sink_fn};

/// Returns the content of a row, independent of the numbers of its keys.
fn text_of(row: &Row<'_>) -> String {
    let cells = |cells: &[Cell<'_>]| -> Vec<String> {
        let name = |cell: &Cell<'_>| row.keys().name(cell.key).to_owned();
        let text =
            |cell: &Cell<'_>| format!("{:?} {}={:?}", cell.key.location(), name(cell), cell.value);
        cells.iter().map(text).collect()
    };
    let (resource, scope) = (row.resource().cells(), row.scope().cells());
    format!(
        "{:?} {:?} {:?} {:?}",
        row.signal(),
        cells(resource),
        cells(scope),
        cells(row.cells())
    )
}

fn replayed(buffer: RowBuffer, interner: &RowInterner) -> Vec<String> {
    let mut rows = Vec::new();
    let sink = &mut sink_fn(|row: &mut Row<'_>| {
        rows.push(text_of(row));
        Ok::<_, Infallible>(())
    });
    buffer.replay(interner, sink).unwrap();
    rows
}

const VALUES: &[Value<'static>] = &[
    Value::Empty,
    Value::Bool(false),
    Value::Bool(true),
    Value::Int(0),
    Value::Int(-128),
    Value::Int(128),
    Value::Int(i32::MIN as i64),
    Value::Int(i32::MAX as i64 + 1),
    Value::Int(i64::MIN),
    Value::Double(-0.0),
    Value::Double(f64::INFINITY),
    Value::String(""),
    Value::String("häuser"),
    Value::Bytes(&[]),
    Value::Bytes(&[0xff, 0]),
    Value::Array(&[]),
    Value::Array(&[
        Value::Int(1),
        Value::Array(&[Value::String("deep"), Value::Empty]),
        Value::KvList(&[("k", Value::Bytes(&[1])), ("", Value::Bool(true))]),
    ]),
    Value::KvList(&[]),
];

#[test]
fn every_value_is_replayed_also_across_full_pieces() {
    let long = "x".repeat(256);
    let longer = vec![7; 2 * PIECE];
    let mut interner = Keys::new();
    let names: Vec<Key> = (0..300)
        .map(|number| {
            interner
                .intern(Location::Attribute, &format!("name.{number}"))
                .unwrap()
        })
        .collect();
    let (mut buffer, mut shared) = (RowBuffer::new(), RowInterner::new());
    let mut pushed = Vec::new();
    for signal in Signal::ALL {
        for more in 0..40 {
            let mut row = Row::new(signal, Group::new(&[]), Group::new(&[]));
            row.set_keys(&interner);
            row.push(fields::BODY, Value::String(&long));
            for (number, value) in VALUES.iter().enumerate() {
                row.push(names[(number * 40 + more) % names.len()], *value);
            }
            if more % 20 == 0 {
                row.push(names[more], Value::Bytes(&longer));
                row.push(
                    Key::excess(Location::Attribute),
                    Value::KvList(&[("more", Value::Int(1))]),
                );
            }
            pushed.push(text_of(&row));
            buffer.push(&row, &mut shared);
        }
    }
    assert_eq!(buffer.rows(), pushed.len());
    assert!(buffer.full.len() > 3, "the rows fill several pieces");
    assert_eq!(replayed(buffer, &shared), pushed);
}

#[test]
fn keys_of_several_interners_are_replayed_as_keys_of_one() {
    let (mut buffer, mut shared) = (RowBuffer::new(), RowInterner::new());
    let mut pushed = Vec::new();
    for names in [["a", "b"], ["b", "a"]] {
        let mut interner = Keys::new();
        let made = names.map(|name| interner.intern(Location::Attribute, name).unwrap());
        let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
        row.set_keys(&interner);
        made.into_iter()
            .for_each(|key| row.push(key, Value::Bool(true)));
        pushed.push(text_of(&row));
        buffer.push(&row, &mut shared);
    }
    assert_eq!(replayed(buffer, &shared), pushed);
    assert_eq!(shared.keys().len(Location::Attribute), 2);
}

#[test]
fn a_name_beyond_the_limits_is_replayed_with_its_value() {
    let limits = KeyLimits::default().with_names(1).with_bytes(100);
    let mut shared = RowInterner::with_limits(limits);
    let mut interner = Keys::new();
    let known = interner.intern(Location::Attribute, "known").unwrap();
    let other = interner.intern(Location::Attribute, "other").unwrap();
    let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    row.set_keys(&interner);
    row.push(known, Value::Int(1));
    row.push(other, Value::Int(2));
    let mut buffer = RowBuffer::new();
    buffer.push(&row, &mut shared);

    let mut values = Vec::new();
    let excess = Key::excess(Location::Attribute);
    let sink = &mut sink_fn(|row: &mut Row<'_>| {
        values.push(row.get(excess).map(|value| format!("{value:?}")));
        Ok::<_, Infallible>(())
    });
    buffer.replay(&shared, sink).unwrap();
    assert_eq!(
        values,
        [Some(format!(
            "{:?}",
            Value::KvList(&[("other", Value::Int(2))])
        ))]
    );
}

#[test]
fn groups_with_the_same_cells_become_one() {
    let mut interner = Keys::new();
    let host = interner.intern(Location::Resource, "host.name").unwrap();
    let (mut buffer, mut shared) = (RowBuffer::new(), RowInterner::new());
    // As when the same two hosts send payload after payload.
    for name in ["a", "b", "a", "b"] {
        let cells = [Cell {
            key: host,
            value: Value::String(name),
        }];
        let mut row = Row::new(Signal::Logs, Group::new(&cells), Group::new(&[]));
        row.set_keys(&interner);
        buffer.push(&row, &mut shared);
    }
    let mut rows: Vec<OwnedRow> = Vec::new();
    let sink = &mut sink_fn(|row: &mut Row<'_>| {
        rows.push(row.to_owned());
        Ok::<_, Infallible>(())
    });
    buffer.replay(&shared, sink).unwrap();
    let [a, b, again_a, again_b] = &rows[..] else {
        panic!("four rows were pushed");
    };
    assert_eq!((a, b), (again_a, again_b));
    assert_ne!(a.resource.id, b.resource.id);
    assert_eq!(a.scope.id, b.scope.id);
}

#[test]
fn memory_is_what_the_values_take_up() {
    let (mut buffer, mut shared) = (RowBuffer::new(), RowInterner::new());
    assert_eq!(buffer.memory_size(), 0);
    let body = "x".repeat(1_000);
    for _ in 0..1_000 {
        let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
        row.push(fields::BODY, Value::String(&body));
        buffer.push(&row, &mut shared);
    }
    let large = "x".repeat(8 << 20);
    let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    row.push(fields::BODY, Value::String(&large));
    buffer.push(&row, &mut shared);

    let least = 1_000 * body.len() + large.len();
    let size = buffer.memory_size();
    assert!(
        (least..least + least / 8).contains(&size),
        "{size} bytes for {least} of text"
    );
}

#[test]
fn groups_are_counted_while_they_have_rows() {
    let mut interner = Keys::new();
    let host = interner.intern(Location::Resource, "host.name").unwrap();
    let mut shared = RowInterner::new();
    let mut buffers = [RowBuffer::new(), RowBuffer::new()];
    let text = "x".repeat(10_000);
    for number in 0..10 {
        let name = format!("{number}{text}");
        let cells = [Cell {
            key: host,
            value: Value::String(&name),
        }];
        let mut row = Row::new(Signal::Logs, Group::new(&cells), Group::new(&[]));
        row.set_keys(&interner);
        for buffer in &mut buffers {
            buffer.push(&row, &mut shared);
        }
    }
    let once = 100_000..120_000;
    assert!(
        once.contains(&shared.memory_size()),
        "{}",
        shared.memory_size()
    );
    for buffer in &buffers {
        assert!(buffer.memory_size() < 10_000, "{}", buffer.memory_size());
        let alone = buffer.memory_size_alone();
        assert!(once.contains(&alone), "{alone}");
    }
    let [first, second] = buffers;
    replayed(first, &shared);
    assert!(once.contains(&shared.memory_size()), "the other has them");
    drop(second);
    // The group of the last row.
    assert!(shared.memory_size() < 12_000, "{}", shared.memory_size());
}

#[test]
#[should_panic(expected = "another interner")]
fn rows_are_not_replayed_with_the_names_of_another_interner() {
    let mut buffer = RowBuffer::new();
    let row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    buffer.push(&row, &mut RowInterner::new());
    replayed(buffer, &RowInterner::new());
}
