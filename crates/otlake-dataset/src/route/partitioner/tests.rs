use otlake_row::{Cell, Group, KeyLimits, Keys, MetricKind, Signal, fields};
use proptest::prelude::*;

use super::*;
use otlake_storage::check_name;

/// 2026-11-22T07:30:00Z
const TIME: i64 = 1_795_332_600_000_000_000;

fn partitioner(template: &str, table: Table) -> Partitioner {
    template.parse::<Partitioning>().unwrap().partitioner(table)
}

fn key(partitioner: &mut Partitioner, row: &Row<'_>) -> Vec<u8> {
    let mut key = vec![1, 2, 3];
    partitioner.key(row, &mut key);
    key
}

fn empty_row<'a>(signal: Signal) -> Row<'a> {
    Row::new(signal, Group::new(&[]), Group::new(&[]))
}

#[test]
fn the_event_time_is_that_of_the_tables_timestamp() {
    let mut logs = empty_row(Signal::Logs);
    let template = "{signal}/{table}/{date}T{hour}{minute}";
    let directory = |row: &Row<'_>, table| partitioner(template, table).directory(row);
    let missing = format!("{LEADING_DEFAULT}T{DEFAULT}{DEFAULT}");
    assert_eq!(
        directory(&logs, Table::Logs),
        format!("logs/logs/{missing}")
    );
    logs.push(fields::TIME_UNIX_NANO, Value::Int(0));
    logs.push(fields::OBSERVED_TIME_UNIX_NANO, Value::Int(TIME));
    assert_eq!(directory(&logs, Table::Logs), "logs/logs/2026-11-22T0730");
    logs.set(fields::TIME_UNIX_NANO, Value::Int(TIME + 60_000_000_000));
    assert_eq!(directory(&logs, Table::Logs), "logs/logs/2026-11-22T0731");

    let mut span = empty_row(Signal::Traces);
    span.push(fields::END_TIME_UNIX_NANO, Value::Int(TIME * 2));
    span.push(fields::START_TIME_UNIX_NANO, Value::Int(TIME));
    assert_eq!(
        directory(&span, Table::Traces),
        "traces/traces/2026-11-22T0730"
    );

    let mut point = empty_row(Signal::Metrics);
    point.push(fields::START_TIME_UNIX_NANO, Value::Int(TIME / 2));
    let table = Table::MetricsOf(MetricKind::Sum);
    assert_eq!(directory(&point, table), format!("metrics/sum/{missing}"));
    point.push(fields::TIME_UNIX_NANO, Value::Int(TIME));
    assert_eq!(directory(&point, table), "metrics/sum/2026-11-22T0730");
}

/// A stage can say which partition a record goes to, also under a name that looks like one of the resource.
#[test]
fn registered_fields_are_placeholders() {
    assert!("unknown={partition_test}".parse::<Partitioning>().is_err());
    for name in ["partition_test", "resource_partition_test"] {
        let registered = Key::register(Location::Field, name).unwrap();
        let mut row = empty_row(Signal::Logs);
        row.set(registered, Value::String("gold"));
        let template = format!("tier={{{name}}}");
        assert_eq!(
            partitioner(&template, Table::Logs).directory(&row),
            "tier=gold"
        );
    }
}

#[test]
fn cells_are_found_at_their_location() {
    let mut keys = Keys::new();
    let [service, library, user] = [
        (Location::Resource, "service.name"),
        (Location::Scope, "library"),
        (Location::Attribute, "user/id"),
    ]
    .map(|(location, name)| keys.intern(location, name).unwrap());
    let resource = [
        Cell {
            key: service,
            value: Value::String("shop"),
        },
        Cell {
            key: fields::RESOURCE_SCHEMA_URL,
            value: Value::String("url"),
        },
    ];
    let scope = [
        Cell {
            key: fields::SCOPE_NAME,
            value: Value::String("http"),
        },
        Cell {
            key: library,
            value: Value::Bool(true),
        },
    ];
    let mut row = Row::new(Signal::Logs, Group::new(&resource), Group::new(&scope));
    row.push(fields::SEVERITY_TEXT, Value::String("WARN"));
    row.push(user, Value::Double(7.0));
    row.set_keys(&keys);
    let template = "env=prod/{resource.service.name}/raw/l={scope.library}/{scope_name}-x/\
        {resource_schema_url}/v1-{attr.user/id}/s={severity_text}/e={event_name}/b=B{body}";
    let partitioner = partitioner(template, Table::Logs);
    let expected = "env=prod/shop/raw/l=true/http-x/url/v1-7/s=WARN/e=__HIVE_DEFAULT_PARTITION__/\
        b=B__HIVE_DEFAULT_PARTITION__";
    assert_eq!(partitioner.directory(&row), expected);
    let values = partitioner.values(&row);
    let values: Vec<_> = values
        .iter()
        .map(|value| {
            let text = value.value.as_ref().map(ToString::to_string);
            (value.name.as_str(), text)
        })
        .collect();
    assert_eq!(
        values,
        [
            ("env", Some("prod")),
            ("{resource.service.name}", Some("shop")),
            ("l", Some("true")),
            ("{scope_name}-x", Some("http-x")),
            ("{resource_schema_url}", Some("url")),
            ("v1-{attr.user/id}", Some("v1-7")),
            ("s", Some("WARN")),
            ("e", None),
            ("b", Some("B__HIVE_DEFAULT_PARTITION__")),
        ]
        .map(|(name, value)| (name, value.map(str::to_owned)))
    );
}

/// A part with one placeholder has the type of the placeholder, any other part is text.
#[test]
fn values_have_the_types_of_their_placeholders() {
    let mut row = empty_row(Signal::Logs);
    row.push(fields::TIME_UNIX_NANO, Value::Int(TIME));
    row.push(fields::SEVERITY_TEXT, Value::String("7"));
    let template = "date={date}/{hour}/m=x{minute}/y={year}{month}/a=b={day}/s={severity_text}/\
        t={signal}/r={resource.a.b}";
    let text = |text: &str| PartitionLiteral::Text(text.to_owned());
    let identity = |source: &str| Transform::Identity(source.to_owned());
    let expected = [
        (
            "date",
            Transform::Date,
            Some(PartitionLiteral::Date(20_779)),
        ),
        (
            "{hour}",
            Transform::Hour,
            Some(PartitionLiteral::Integer(7)),
        ),
        ("m", Transform::Text, Some(text("x30"))),
        ("y", Transform::Text, Some(text("202611"))),
        ("a", Transform::Text, Some(text("b=22"))),
        ("s", identity("severity_text"), Some(text("7"))),
        ("t", Transform::Text, Some(text("logs"))),
        ("r", identity("resource.a.b"), None),
    ];
    let expected =
        expected.map(|(name, transform, value)| PartitionValue::new(name, transform, value));
    assert_eq!(partitioner(template, Table::Logs).values(&row), expected);
}

#[test]
fn names_that_are_interned_later_are_found() {
    let mut partitioner = partitioner("a={attr.a}", Table::Logs);
    let mut keys = Keys::new();
    let other = keys.intern(Location::Attribute, "b").unwrap();
    fn row<'a>(keys: &'a Keys, key: Key, text: &'a str) -> Row<'a> {
        let mut row = empty_row(Signal::Logs);
        row.push(key, Value::String(text));
        row.set_keys(keys);
        row
    }
    assert_eq!(key(&mut partitioner, &row(&keys, other, "x")), [0; 4]);
    let a = keys.intern(Location::Attribute, "a").unwrap();
    assert_eq!(key(&mut partitioner, &row(&keys, a, "x")), b"\x01\0\0\0x");
    // Keys of another decoder mean other names.
    let mut others = Keys::new();
    let (b, a) = ("b", "a");
    let a = others.intern(Location::Attribute, a).unwrap();
    let b = others.intern(Location::Attribute, b).unwrap();
    assert_eq!(key(&mut partitioner, &row(&others, b, "x")), [0; 4]);
    assert_eq!(key(&mut partitioner, &row(&others, a, "y")), b"\x01\0\0\0y");
    assert_eq!(key(&mut partitioner, &row(&keys, other, "x")), [0; 4]);
}

#[test]
fn attributes_beyond_the_limit_of_names_are_found() {
    let mut partitioner = partitioner("a={attr.a}", Table::Logs);
    let keys = Keys::with_limits(KeyLimits::default().with_names(0));
    let excess = [("b", Value::Int(1)), ("a", Value::Int(2))];
    let mut row = empty_row(Signal::Logs);
    row.push(Key::excess(Location::Attribute), Value::KvList(&excess));
    row.set_keys(&keys);
    assert_eq!(partitioner.directory(&row), "a=2");
    assert_eq!(key(&mut partitioner, &row), b"\x01\0\0\x002");
}

#[test]
fn without_a_template_there_is_one_partition() {
    let mut partitioner = Partitioning::none().partitioner(Table::Logs);
    let row = empty_row(Signal::Logs);
    assert!(key(&mut partitioner, &row).is_empty());
    assert_eq!(partitioner.directory(&row), "");
    assert_eq!(partitioner.values(&row), []);
}

const TEMPLATES: [&str; 8] = [
    "date={date}/hour={hour}",
    "hour={hour}",
    "m={month}/{minute}",
    "{attr.a}/{date}",
    "{resource.a}/a={attr.a}/b=x{attr.b}-{hour}",
    "{severity_text}{year}/{day}{resource.a}{minute}",
    "signal={signal}/{table}/{attr.b}",
    "{attr.a}/x={attr.a}",
];

fn value() -> impl Strategy<Value = Option<Value<'static>>> {
    let leak = |text: String| Value::String(text.leak());
    prop::option::of(prop_oneof![
        Just(Value::Empty),
        Just(Value::String("")),
        Just(Value::String(DEFAULT)),
        Just(Value::String("%5F_HIVE_DEFAULT_PARTITION__")),
        Just(Value::String(LEADING_DEFAULT)),
        Just(Value::String("..")),
        Just(Value::String("3")),
        Just(Value::Int(3)),
        Just(Value::Double(3.0)),
        Just(Value::Bytes(b"\xde\xad")),
        Just(Value::String("3q0=")),
        "[ax/._%ü]{0,3}".prop_map(leak),
        "ü{80,90}x?".prop_map(leak),
        (any::<char>(), 0usize..250)
            .prop_map(|(char, count)| Value::String(char.to_string().repeat(count).leak())),
    ])
}

fn time() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(prop_oneof![
        Just(0),
        any::<i64>(),
        (0i64..200).prop_map(|halves| TIME + halves * 1_800_000_000_000),
        (0i64..200).prop_map(|seconds| TIME + seconds * 1_000_000_000),
    ])
}

type Values = ([Option<Value<'static>>; 4], [Option<i64>; 2]);

fn values() -> impl Strategy<Value = Values> {
    let values = [value(), value(), value(), value()];
    (values, [time(), time()])
}

proptest! {
    #[test]
    fn the_same_key_for_the_same_directory(
        template in prop::sample::select(&TEMPLATES[..]),
        rows in prop::collection::vec(values(), 2..12),
    ) {
        let mut partitioner = partitioner(template, Table::Logs);
        let mut keys = Keys::new();
        let mut found: Vec<(Vec<u8>, String)> = Vec::new();
        for ([resource, a, b, severity], [time, observed]) in rows {
            let mut resources = Vec::new();
            // Names are interned when they occur first.
            if let Some(value) = resource {
                let key = keys.intern(Location::Resource, "a").unwrap();
                resources.push(Cell { key, value });
            }
            let attributes = [("a", a), ("b", b)].map(|(name, value)| {
                value.map(|value| (keys.intern(Location::Attribute, name).unwrap(), value))
            });
            let mut row = Row::new(Signal::Logs, Group::new(&resources), Group::new(&[]));
            let times = [
                (fields::TIME_UNIX_NANO, time),
                (fields::OBSERVED_TIME_UNIX_NANO, observed),
            ];
            for (key, time) in times {
                if let Some(time) = time {
                    row.push(key, Value::Int(time));
                }
            }
            for (key, value) in attributes.into_iter().flatten() {
                row.push(key, value);
            }
            if let Some(value) = severity {
                row.push(fields::SEVERITY_TEXT, value);
            }
            row.set_keys(&keys);
            let key = key(&mut partitioner, &row);
            let directory = partitioner.directory(&row);
            check_name("create", &directory).unwrap();
            prop_assert!(directory.split('/').all(|part| part.len() <= 200), "{directory}");
            prop_assert_eq!(directory.split('/').count(), template.split('/').count());
            for (other_key, other_directory) in &found {
                prop_assert_eq!(key == *other_key, directory == *other_directory);
            }
            found.push((key, directory));
        }
    }
}
