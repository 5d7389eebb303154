//! Files as records again, read with the parquet crate, and the same from prost's decode.

use std::collections::BTreeMap;

use otlake::arrow::arrow_array::cast::AsArray;
use otlake::arrow::arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use otlake::arrow::arrow_array::{Array, RecordBatch};
use otlake::arrow::arrow_schema::DataType;
use otlake::parquet::{FileSummary, Memory};
use otlake::row::{Location, Signal, Value};
use otlake::schema::{FlatNaming, Naming, field_columns};
use otlake_testkit::{CanonicalRow, CanonicalValue};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A record by the names of columns: the fields that every file has, and everything else as a
/// sorted list, whether it stands in a column or in the overflow.
#[derive(Debug, PartialEq, Default)]
pub struct Record {
    pub fields: BTreeMap<String, String>,
    pub attributes: Vec<(String, Option<String>)>,
}

pub fn read_files(storage: &Memory, files: &[FileSummary]) -> Vec<Record> {
    let mut records = Vec::new();
    for file in files {
        let bytes = storage.files()[&file.name].clone();
        assert_eq!(bytes.len() as u64, file.bytes);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        let before = records.len();
        for batch in reader.build().unwrap() {
            let batch = batch.unwrap();
            records.extend((0..batch.num_rows()).map(|row| record(&batch, row)));
        }
        assert_eq!((records.len() - before) as u64, file.rows);
    }
    records
}

fn record(batch: &RecordBatch, row: usize) -> Record {
    let mut record = Record::default();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if column.is_null(row) {
            continue;
        }
        if field.name() == "overflow" {
            let map = column.as_map().value(row);
            let texts = map.column(1).as_string::<i32>();
            for (name, text) in map.column(0).as_string::<i32>().iter().zip(texts.iter()) {
                let text = text.map(str::to_owned);
                record.attributes.push((column_of(name.unwrap()), text));
            }
            continue;
        }
        let text = match column.data_type() {
            DataType::Boolean => column.as_boolean().value(row).to_string(),
            DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
            DataType::Float64 => {
                Value::Double(column.as_primitive::<Float64Type>().value(row)).to_string()
            }
            DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
            DataType::Binary => Value::Bytes(column.as_binary::<i32>().value(row)).to_string(),
            DataType::Timestamp(_, zone) => {
                assert_eq!(zone.as_deref(), Some("UTC"));
                column
                    .as_primitive::<TimestampMicrosecondType>()
                    .value(row)
                    .to_string()
            }
            other => panic!("{} has type {other}", field.name()),
        };
        if field_columns(Signal::Logs)
            .iter()
            .any(|column| column.name == field.name())
        {
            record.fields.insert(field.name().clone(), text);
        } else {
            record.attributes.push((field.name().clone(), Some(text)));
        }
    }
    record.attributes.sort();
    record
}

/// The column that an entry of the overflow would have stood in.
fn column_of(full_name: &str) -> String {
    // A name that came more than once has its number behind it.
    let name = match full_name.rsplit_once('#') {
        Some((name, number)) if number.parse::<u32>().is_ok() => name,
        _ => full_name,
    };
    for (prefix, location) in [
        ("resource.", Location::Resource),
        ("scope.", Location::Scope),
        ("attr.", Location::Attribute),
    ] {
        if let Some(name) = name.strip_prefix(prefix) {
            return flat(location, name);
        }
    }
    name.to_owned()
}

fn flat(location: Location, name: &str) -> String {
    let mut column = String::new();
    FlatNaming.write(location, name, &mut column);
    column
}

/// The record that a row of prost's decode should have become.
pub fn expected_record(row: &CanonicalRow) -> Record {
    let mut record = Record::default();
    for number in [
        "time_unix_nano",
        "observed_time_unix_nano",
        "severity_number",
        "flags",
        "dropped_attributes_count",
    ] {
        record.fields.insert(number.to_owned(), "0".to_owned());
    }
    for (name, value) in &row.fields {
        let Some(column) = field_columns(Signal::Logs)
            .iter()
            .find(|column| column.name == name)
        else {
            record.attributes.push((name.clone(), text(value)));
            continue;
        };
        match (column.name, value) {
            ("body", CanonicalValue::Empty) => {}
            ("trace_id" | "span_id", CanonicalValue::Bytes(id)) => {
                let hex = id.iter().map(|byte| format!("{byte:02x}")).collect();
                record.fields.insert(name.clone(), hex);
            }
            // More nanoseconds than an Int64 holds.
            ("time_unix_nano" | "observed_time_unix_nano", CanonicalValue::String(digits)) => {
                record.attributes.push((name.clone(), Some(digits.clone())));
            }
            (_, value) => {
                record
                    .fields
                    .extend(text(value).map(|text| (name.clone(), text)));
            }
        }
    }
    let nanos = |record: &Record, name: &str| record.fields[name].parse::<i64>().unwrap();
    let nanos = match nanos(&record, "time_unix_nano") {
        0 => nanos(&record, "observed_time_unix_nano"),
        time => time,
    };
    if nanos != 0 {
        record
            .fields
            .insert("timestamp".to_owned(), (nanos / 1_000).to_string());
    }
    if let Some(body) = record.fields.get("body") {
        let mut fingerprinter = otlake::fingerprint::Fingerprinter::new();
        let fingerprint = fingerprinter.fingerprint(body.as_bytes()).as_i64();
        record
            .fields
            .insert("fingerprint".to_owned(), fingerprint.to_string());
    }
    for (location, attributes) in [
        (Location::Resource, &row.resource),
        (Location::Scope, &row.scope),
        (Location::Attribute, &row.attributes),
    ] {
        for (name, value) in attributes {
            record.attributes.push((flat(location, name), text(value)));
        }
    }
    record.attributes.sort();
    record
}

fn text(value: &CanonicalValue) -> Option<String> {
    match value {
        CanonicalValue::Empty => None,
        CanonicalValue::String(string) => Some(string.clone()),
        CanonicalValue::Array(_) | CanonicalValue::KvList(_) => Some(json(value)),
        scalar => Some(borrowed(scalar).to_string()),
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
        CanonicalValue::Bool(_) | CanonicalValue::Int(_) => borrowed(value).to_string(),
        CanonicalValue::Double(bits) if f64::from_bits(*bits).is_finite() => {
            borrowed(value).to_string()
        }
        other => quoted(&borrowed(other).to_string()),
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
