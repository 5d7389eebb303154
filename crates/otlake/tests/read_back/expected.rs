use std::collections::HashMap;

use otlake::row::{Location, Value};
use otlake::schema::{
    Absent, FieldColumn, FieldKind, Member, Table, ValueText, field_columns, full_name,
};
use otlake_testkit::{CanonicalRow, CanonicalValue};

use super::{Datum, Record};

/// The record that a row of prost's decode should have become, as docs/columns.md has it.
pub fn expected_record(table: Table, row: &CanonicalRow) -> Record {
    let columns = field_columns(table);
    let own = |name: &str| {
        let mut own = columns.iter().filter(|column| !column.kind.is_derived());
        own.find(|column| column.name == name)
    };
    let mut record = Record::default();
    for column in &columns {
        if column.absent == Absent::Zero {
            record.fields.insert(column.name.to_owned(), "0".into());
        }
    }
    for (name, value) in &row.fields {
        let Some(column) = own(name) else {
            record.attributes.push((name.clone(), text(value)));
            continue;
        };
        let (datum, fits) = datum(column.kind, value);
        record
            .fields
            .extend(datum.map(|datum| (name.clone(), datum)));
        if !fits {
            record.attributes.push((name.clone(), text(value)));
        }
    }
    derive(&columns, &mut record);
    if let Some(Datum::Text(body)) = record.fields.get("body") {
        let mut fingerprinter = otlake::fingerprint::Fingerprinter::new();
        let fingerprint = fingerprinter.fingerprint(body.as_bytes()).as_i64();
        let fingerprint = Datum::Text(fingerprint.to_string());
        record.fields.insert("fingerprint".to_owned(), fingerprint);
    }
    for (location, attributes) in [
        (Location::Resource, &row.resource),
        (Location::Scope, &row.scope),
        (Location::Attribute, &row.attributes),
    ] {
        for (name, value) in attributes {
            record
                .attributes
                .push((full_name(location, name), text(value)));
        }
    }
    record.attributes.sort();
    record
}

/// The columns that are made of others.
fn derive(columns: &[FieldColumn], record: &mut Record) {
    let number = |record: &Record, name: &str| match record.fields.get(name) {
        Some(Datum::Text(digits)) => digits.parse::<i64>().ok(),
        _ => None,
    };
    let time = |record: &Record, name: &str| number(record, name).filter(|nanos| *nanos != 0);
    let micros = |nanos: i64| Datum::Text((nanos / 1_000).to_string());
    for column in columns.iter().filter(|column| column.kind.is_derived()) {
        let datum = match column.name {
            "timestamp" => ["time_unix_nano", "observed_time_unix_nano"]
                .iter()
                .find_map(|name| time(record, name))
                .or_else(|| time(record, "start_time_unix_nano").filter(|_| is_span(columns)))
                .map(micros),
            "start_timestamp" => time(record, "start_time_unix_nano").map(micros),
            "end_timestamp" => time(record, "end_time_unix_nano").map(micros),
            "duration_nano" => time(record, "start_time_unix_nano")
                .zip(time(record, "end_time_unix_nano"))
                .map(|(start, end)| Datum::Text((end - start).to_string())),
            "kind_name" => number(record, "kind").and_then(|kind| {
                let kinds = [
                    "UNSPECIFIED",
                    "INTERNAL",
                    "SERVER",
                    "CLIENT",
                    "PRODUCER",
                    "CONSUMER",
                ];
                let kind = kinds.get(usize::try_from(kind).ok()?)?;
                Some(Datum::Text(format!("SPAN_KIND_{kind}")))
            }),
            "status_code_name" => number(record, "status_code").and_then(|code| {
                let code = ["UNSET", "OK", "ERROR"].get(usize::try_from(code).ok()?)?;
                Some(Datum::Text(format!("STATUS_CODE_{code}")))
            }),
            "aggregation_temporality_name" => {
                number(record, "aggregation_temporality").and_then(|temporality| {
                    let all = ["UNSPECIFIED", "DELTA", "CUMULATIVE"];
                    let name = all.get(usize::try_from(temporality).ok()?)?;
                    Some(Datum::Text(format!("AGGREGATION_TEMPORALITY_{name}")))
                })
            }
            other => panic!("{other} is derived in a way that is not known here"),
        };
        record
            .fields
            .extend(datum.map(|datum| (column.name.to_owned(), datum)));
    }
}

fn is_span(columns: &[FieldColumn]) -> bool {
    columns.iter().any(|column| column.name == "span_id")
        && columns.iter().all(|column| column.name != "body")
}

/// The value of a field, and whether all of it fits.
fn datum(kind: FieldKind, value: &CanonicalValue) -> (Option<Datum>, bool) {
    let text = |text: String| (Some(Datum::Text(text)), true);
    match (kind, value) {
        (FieldKind::Text, CanonicalValue::Empty) => (None, true),
        (FieldKind::Text, value) => (super::expected::text(value).map(Datum::Text), true),
        (FieldKind::Hex, CanonicalValue::Bytes(id)) => {
            text(id.iter().map(|byte| format!("{byte:02x}")).collect())
        }
        (FieldKind::Int64, CanonicalValue::Int(int)) => text(int.to_string()),
        (FieldKind::Boolean, CanonicalValue::Bool(bool)) => text(bool.to_string()),
        (FieldKind::Float64, value @ CanonicalValue::Double(_)) => {
            text(ValueText(&borrowed(value)).to_string())
        }
        (FieldKind::Utf8, CanonicalValue::String(string)) => text(string.clone()),
        (FieldKind::Map, CanonicalValue::KvList(entries)) => (Some(map(entries)), true),
        (FieldKind::List(item), CanonicalValue::Array(items)) => {
            let items: Vec<_> = items
                .iter()
                .map(|value| inner_datum(*item, value))
                .collect();
            let fits = items.iter().all(|(_, fits)| *fits);
            let items = items.into_iter().map(|(datum, _)| datum).collect();
            (Some(Datum::List(items)), fits)
        }
        (FieldKind::Struct(members), CanonicalValue::KvList(entries)) => {
            let member = |(member, (name, value)): (&Member, &(String, _))| {
                assert_eq!(member.name, name, "members come in the order of the proto");
                let (datum, fits) = inner_datum(member.kind, value);
                ((name.clone(), datum), fits)
            };
            assert_eq!(members.len(), entries.len());
            let (entries, fits): (Vec<_>, Vec<_>) = members.iter().zip(entries).map(member).unzip();
            (Some(Datum::Entries(entries)), !fits.contains(&false))
        }
        // More than an Int64 holds.
        _ => (None, false),
    }
}

/// Returns the value of a member. A member that was not sent is null.
fn inner_datum(kind: FieldKind, value: &CanonicalValue) -> (Option<Datum>, bool) {
    match value {
        CanonicalValue::Empty => (None, true),
        CanonicalValue::String(string) if string.is_empty() => (None, true),
        CanonicalValue::Bytes(bytes) if bytes.is_empty() => (None, true),
        value => datum(kind, value),
    }
}

/// Names in a map are unique.
fn map(entries: &[(String, CanonicalValue)]) -> Datum {
    let mut taken: HashMap<String, ()> = HashMap::new();
    let mut unique = Vec::new();
    for (name, value) in entries {
        let numbered = (2..).map(|number| format!("{name}#{number}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        let name = names.find(|name| !taken.contains_key(name)).unwrap();
        taken.insert(name.clone(), ());
        unique.push((name, text(value).map(Datum::Text)));
    }
    Datum::Entries(unique)
}

pub(super) fn text(value: &CanonicalValue) -> Option<String> {
    match value {
        CanonicalValue::Empty => None,
        CanonicalValue::String(string) => Some(string.clone()),
        CanonicalValue::Array(_) | CanonicalValue::KvList(_) => Some(json(value)),
        scalar => Some(ValueText(&borrowed(scalar)).to_string()),
    }
}

/// JSON as the specification wants it of arrays and maps, written here once more: of a map in
/// which names repeat, all values.
fn json(value: &CanonicalValue) -> String {
    let quoted = |string: &str| serde_json::Value::from(string).to_string();
    match value {
        CanonicalValue::Array(values) => {
            format!(
                "[{}]",
                values.iter().map(json).collect::<Vec<_>>().join(",")
            )
        }
        CanonicalValue::KvList(entries) => {
            let entry = |(name, value): &(String, _)| format!("{}:{}", quoted(name), json(value));
            format!(
                "{{{}}}",
                entries.iter().map(entry).collect::<Vec<_>>().join(",")
            )
        }
        CanonicalValue::Empty => "null".to_owned(),
        CanonicalValue::Bool(_) | CanonicalValue::Int(_) => ValueText(&borrowed(value)).to_string(),
        CanonicalValue::Double(bits) if f64::from_bits(*bits).is_finite() => {
            ValueText(&borrowed(value)).to_string()
        }
        other => quoted(&ValueText(&borrowed(other)).to_string()),
    }
}

fn borrowed(scalar: &CanonicalValue) -> Value<'_> {
    match scalar {
        CanonicalValue::Bool(bool) => Value::Bool(*bool),
        CanonicalValue::Int(int) => Value::Int(*int),
        CanonicalValue::Double(bits) => Value::Double(f64::from_bits(*bits)),
        CanonicalValue::String(string) => Value::String(string),
        CanonicalValue::Bytes(bytes) => Value::Bytes(bytes),
        other => panic!("{other:?} is not a scalar"),
    }
}
