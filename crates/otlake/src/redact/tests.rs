use std::convert::Infallible;

use otlake_row::{Cell, Group, Keys, OwnedRow, Signal, sink_fn};

use super::*;

fn all() -> Redact {
    let builder = Redact::builder()
        .keys(["password", "card.cvc", "session"])
        .key_regex("(?i)secret")
        .sensitive(Sensitive::ALL);
    builder.build().unwrap()
}

/// The row of these cells once it has passed the stage, as names and texts.
fn redacted(stage: &mut Redact, cells: &[(&str, Value<'_>)]) -> Vec<(String, String)> {
    let mut keys = Keys::new();
    let cells: Vec<Cell<'_>> = cells
        .iter()
        .map(|(name, value)| Cell {
            key: keys
                .find(Location::Field, name)
                .or_else(|| keys.intern(Location::Attribute, name))
                .unwrap(),
            value: *value,
        })
        .collect();
    let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    row.set_keys(&keys);
    for cell in &cells {
        row.push(cell.key, cell.value);
    }
    let mut passed = Vec::new();
    let mut sink = sink_fn(|row: &mut Row<'_>| {
        passed = text_of(row.cells(), row.keys());
        Ok::<_, Infallible>(())
    });
    stage.row(&mut row, &mut sink).unwrap();
    passed
}

fn text_of(cells: &[Cell<'_>], keys: &Keys) -> Vec<(String, String)> {
    let text = |cell: &Cell<'_>| {
        (
            keys.name(cell.key).to_owned(),
            otlake_schema::ValueText(&cell.value).to_string(),
        )
    };
    cells.iter().map(text).collect()
}

fn pairs<'a>(cells: &'a [(String, String)]) -> Vec<(&'a str, &'a str)> {
    let pair = |(name, text): &'a (String, String)| (name.as_str(), text.as_str());
    cells.iter().map(pair).collect()
}

#[test]
fn strings_of_named_keys_become_a_placeholder_and_other_values_are_removed() {
    let cells = [
        ("password", Value::String("hunter2")),
        ("user", Value::String("ann")),
        ("card.cvc", Value::Int(123)),
        ("Client_Secret", Value::Bytes(b"x")),
        ("session", Value::KvList(&[("id", Value::Int(1))])),
        ("took_ms", Value::Int(12)),
    ];
    let passed = redacted(&mut all(), &cells);
    let expected = [
        ("password", "<redacted>"),
        ("user", "ann"),
        ("took_ms", "12"),
    ];
    assert_eq!(pairs(&passed), expected);
}

#[test]
fn texts_are_replaced_in_bodies_and_attributes_and_the_rest_stays() {
    let cells = [
        (
            "body",
            Value::String("ann@example.com from 10.0.0.1: 4111-1111-1111-1111, again 10.0.0.2"),
        ),
        ("header", Value::String("Bearer abcdefgh12345678")),
        ("plain", Value::String("nothing to see in v1.2.3")),
    ];
    let passed = redacted(&mut all(), &cells);
    let expected = [
        ("body", "<email> from <ip>: <card>, again <ip>"),
        ("header", "Bearer <token>"),
        ("plain", "nothing to see in v1.2.3"),
    ];
    assert_eq!(pairs(&passed), expected);
}

#[test]
fn keys_and_texts_are_redacted_inside_nested_values() {
    let inner = [
        ("password", Value::String("hunter2")),
        ("card.cvc", Value::Int(123)),
        (
            "to",
            Value::Array(&[Value::String("ann@example.com"), Value::Bool(true)]),
        ),
    ];
    let body = [("request", Value::KvList(&inner)), ("id", Value::Int(7))];
    let passed = redacted(&mut all(), &[("body", Value::KvList(&body))]);
    let expected =
        r#"{"request":{"password":"<redacted>","card.cvc":null,"to":["<email>",true]},"id":7}"#;
    assert_eq!(pairs(&passed), [("body", expected)]);
}

#[test]
fn attributes_of_events_are_redacted_and_the_members_of_the_message_are_not() {
    let attributes = [
        ("password", Value::String("hunter2")),
        ("mail", Value::String("ann@example.com")),
    ];
    let event = [
        ("time_unix_nano", Value::Int(1)),
        ("name", Value::String("login of 10.0.0.1")),
        ("attributes", Value::KvList(&attributes)),
        ("dropped_attributes_count", Value::Int(0)),
    ];
    let events = [Value::KvList(&event)];
    let mut stage = Redact::builder()
        .keys(["password", "name", "time_unix_nano"])
        .sensitive(Sensitive::ALL)
        .build()
        .unwrap();
    let passed = redacted(&mut stage, &[("events", Value::Array(&events))]);
    let expected = concat!(
        r#"[{"time_unix_nano":1,"name":"login of <ip>","#,
        r#""attributes":{"password":"<redacted>","mail":"<email>"},"dropped_attributes_count":0}]"#,
    );
    assert_eq!(pairs(&passed), [("events", expected)]);
}

#[test]
fn attributes_beyond_the_key_limits_are_redacted_by_their_names() {
    let excess = [
        ("password", Value::String("hunter2")),
        ("other", Value::String("10.0.0.1")),
    ];
    let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    row.push(Key::excess(Location::Attribute), Value::KvList(&excess));
    let mut sink = all().before(Vec::new());
    sink.row(&mut row).unwrap();
    let value = format!("{:?}", sink.sink()[0].cells[0].value);
    assert!(
        value.contains("<redacted>") && value.contains("<ip>"),
        "{value}"
    );
    assert!(
        !value.contains("hunter2") && !value.contains("10.0.0.1"),
        "{value}"
    );
}

#[test]
fn custom_regular_expressions_win_over_built_in_ones() {
    let mut stage = Redact::builder()
        .sensitive([Sensitive::IpAddress])
        .regex(r"10\.0\.[0-9.]+", "<internal>")
        .build()
        .unwrap();
    let cells = [("body", Value::String("10.0.0.1 and 192.0.2.1 ×"))];
    let passed = redacted(&mut stage, &cells);
    assert_eq!(pairs(&passed), [("body", "<internal> and <ip> ×")]);
}

#[test]
fn an_unusable_regular_expression_is_named_in_the_error() {
    let builder = Redact::builder().regex("fine", "").regex("(open", "");
    let error = builder.build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the regular expression \"(open\" can't be compiled"
    );
    let builder = Redact::builder().regex("fine", "").regex("x*", "");
    let error = builder.build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the regular expression \"x*\" matches the empty string: make it match at least one character"
    );
}

#[test]
fn the_attributes_of_a_group_are_redacted_once_for_all_of_its_rows() {
    let mut keys = Keys::new();
    let owner = keys.intern(Location::Resource, "owner").unwrap();
    let host = keys.intern(Location::Resource, "host").unwrap();
    let cell = |key, value| Cell {
        key,
        value: Value::String(value),
    };
    let first = [cell(owner, "ann@example.com"), cell(host, "a")];
    let second = [cell(owner, "nobody"), cell(host, "b")];
    let third = [cell(host, "c"), cell(owner, "bob@example.com")];
    let groups = [&first, &second, &third].map(|cells| Group::new(&cells[..]));

    let mut sink = all().before(Vec::<OwnedRow>::new());
    for resource in [groups[0], groups[0], groups[1], groups[2]] {
        let mut row = Row::new(Signal::Logs, resource, Group::new(&[]));
        row.set_keys(&keys);
        sink.row(&mut row).unwrap();
    }
    let rows = sink.sink();
    let resource = |row: usize| {
        let cells = &rows[row].resource.cells;
        let text = |cell: &otlake_row::OwnedCell| format!("{:?}", cell.value);
        cells.iter().map(text).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(resource(0), r#"String("<email>") String("a")"#);
    assert_eq!(
        rows[0].resource.id, rows[1].resource.id,
        "one group stays one"
    );
    assert_eq!(
        rows[2].resource.id,
        groups[1].id(),
        "an unchanged group stays itself"
    );
    assert_eq!(resource(3), r#"String("c") String("<email>")"#);
    let ids: Vec<_> = rows.iter().map(|row| row.resource.id).collect();
    assert!(ids[0] != groups[0].id() && ids[3] != ids[0]);
}

#[test]
fn a_long_local_part_of_an_email_is_redacted_to_its_beginning() {
    let name = format!("ann.{}", "x".repeat(70));
    let body = format!("to {name}@example.com, 10.0.0.1 and {name}@example.com");
    let passed = redacted(&mut all(), &[("body", Value::String(&body))]);
    assert_eq!(pairs(&passed), [("body", "to <email>, <ip> and <email>")]);
}
