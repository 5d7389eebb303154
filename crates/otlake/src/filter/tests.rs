use otlake_row::{Cell, Group, Key, Keys, Location};

use super::*;

fn log<'a>(severity_number: Option<i64>) -> Row<'a> {
    let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    if let Some(number) = severity_number {
        row.push(fields::SEVERITY_NUMBER, Value::Int(number));
    }
    row
}

fn passes<P: Predicate>(filter: &mut Filter<P>, row: &mut Row<'_>) -> bool {
    let mut rows = Vec::new();
    filter.row(row, &mut rows).unwrap();
    !rows.is_empty()
}

#[test]
fn logs_below_a_severity_are_dropped_and_logs_without_one_are_kept() {
    let mut filter = Filter::min_severity(13);
    let kept = [Some(9), Some(13), Some(24), Some(0), None]
        .map(|number| passes(&mut filter, &mut log(number)));
    assert_eq!(kept, [false, true, true, true, true]);
    let mut span = Row::new(Signal::Traces, Group::new(&[]), Group::new(&[]));
    assert!(passes(&mut filter, &mut span));
    assert_eq!(filter.dropped(), 1);
}

#[test]
fn a_filter_of_one_signal_keeps_the_others() {
    let mut filter = Filter::drop(|_: &Row<'_>| true).only(Signal::Metrics);
    assert!(passes(&mut filter, &mut log(None)));
    let mut point = Row::new(Signal::Metrics, Group::new(&[]), Group::new(&[]));
    assert!(!passes(&mut filter, &mut point));
}

#[test]
fn attributes_are_compared_by_the_text_of_their_value() {
    let mut keys = Keys::new();
    let status = keys.intern(Location::Attribute, "status").unwrap();
    let mut filter = Filter::keep(
        HasAttribute::record("status")
            .with_value("200")
            .with_value("ok"),
    );
    let mut kept = |value: Value<'_>| {
        let mut row = log(None);
        row.set_keys(&keys);
        row.push(status, value);
        passes(&mut filter, &mut row)
    };
    assert!(kept(Value::Int(200)) && kept(Value::String("200")) && kept(Value::String("ok")));
    assert!(!kept(Value::Int(2001)) && !kept(Value::Int(20)) && !kept(Value::Empty));
}

#[test]
fn an_attribute_is_found_when_its_name_comes_later_and_beyond_the_key_limits() {
    let mut filter = Filter::keep(HasAttribute::record("user"));
    let mut keys = Keys::new();
    let mut row = log(None);
    row.set_keys(&keys);
    assert!(!passes(&mut filter, &mut row));
    drop(row);

    let entries = [("user", Value::Bool(true))];
    let mut row = log(None);
    row.push(Key::excess(Location::Attribute), Value::KvList(&entries));
    row.set_keys(&keys);
    assert!(passes(&mut filter, &mut row));
    drop(row);

    let user = keys.intern(Location::Attribute, "user").unwrap();
    let mut row = log(None);
    row.set_keys(&keys);
    row.push(user, Value::Empty);
    assert!(passes(&mut filter, &mut row));
}

#[test]
fn attributes_of_groups_decide_for_the_rows_of_their_group() {
    let mut keys = Keys::new();
    let service = keys.intern(Location::Resource, "service.name").unwrap();
    let cells = ["cart", "load-test"].map(|name| {
        [Cell {
            key: service,
            value: Value::String(name),
        }]
    });
    let groups = [Group::new(&cells[0]), Group::new(&cells[1])];
    let mut filter = Filter::drop(HasAttribute::resource("service.name").with_value("load-test"));
    let kept = [0, 0, 1, 1, 0].map(|group| {
        let mut row = Row::new(Signal::Logs, groups[group], Group::new(&[]));
        row.set_keys(&keys);
        passes(&mut filter, &mut row)
    });
    assert_eq!(kept, [true, true, false, false, true]);
}
