use std::collections::HashMap;

use otlake::arrow::arrow_array::cast::AsArray;
use otlake::arrow::arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use otlake::arrow::arrow_array::{Array, RecordBatch};
use otlake::arrow::arrow_schema::DataType;
use otlake::row::{Bytes, Value};
use otlake::schema::{FieldColumn, Table, ValueText, field_columns};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Datum, Record};

/// Reads a file.
pub fn read_file(bytes: Bytes, table: Table) -> Vec<Record> {
    let fields = field_columns(table);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let full_names = full_names(&reader);
    let mut records = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        for field in &fields {
            let column = batch.column_by_name(field.name);
            assert!(
                column.is_some(),
                "every file of {table:?} has {}",
                field.name
            );
        }
        let record = |row| record(&batch, row, &fields, &full_names);
        records.extend((0..batch.num_rows()).map(record));
    }
    records
}

/// The attribute that each column belongs to, as the file says.
fn full_names(reader: &ParquetRecordBatchReaderBuilder<Bytes>) -> HashMap<String, [String; 1]> {
    let metadata = reader.metadata().file_metadata().key_value_metadata();
    let columns = metadata
        .unwrap()
        .iter()
        .find(|entry| entry.key == "otlake.columns");
    let columns = columns.and_then(|entry| entry.value.as_deref()).unwrap();
    serde_json::from_str(columns).unwrap()
}

fn record(
    batch: &RecordBatch,
    row: usize,
    fields: &[FieldColumn],
    full_names: &HashMap<String, [String; 1]>,
) -> Record {
    let mut record = Record::default();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let Some(datum) = datum(column, row) else {
            continue;
        };
        match (field.name().as_str(), datum) {
            ("overflow", Datum::Entries(entries)) => {
                for (name, text) in entries {
                    record
                        .attributes
                        .push((without_number(&name), text.map(text_of)));
                }
            }
            (name, datum) if fields.iter().any(|field| field.name == name) => {
                record.fields.insert(name.to_owned(), datum);
            }
            (name, datum) => {
                let [full_name] = &full_names[name];
                record
                    .attributes
                    .push((full_name.clone(), Some(text_of(datum))));
            }
        }
    }
    record.attributes.sort();
    record
}

fn text_of(datum: Datum) -> String {
    match datum {
        Datum::Text(text) => text,
        other => panic!("{other:?} is not a text"),
    }
}

fn datum(column: &dyn Array, row: usize) -> Option<Datum> {
    if column.is_null(row) {
        return None;
    }
    let all = |column: &dyn Array| {
        (0..column.len())
            .map(|row| datum(column, row))
            .collect::<Vec<_>>()
    };
    Some(Datum::Text(match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => ValueText(&Value::Double(
            column.as_primitive::<Float64Type>().value(row),
        ))
        .to_string(),
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Binary => {
            ValueText(&Value::Bytes(column.as_binary::<i32>().value(row))).to_string()
        }
        DataType::Timestamp(_, zone) => {
            assert_eq!(zone.as_deref(), Some("UTC"));
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            micros.to_string()
        }
        DataType::List(_) => {
            return Some(Datum::List(all(&column.as_list::<i32>().value(row))));
        }
        DataType::Map(_, _) => {
            let map = column.as_map().value(row);
            let names = map.column(0).as_string::<i32>().iter();
            let names = names.map(|name| name.unwrap().to_owned());
            return Some(Datum::Entries(names.zip(all(map.column(1))).collect()));
        }
        DataType::Struct(members) => {
            let columns = column.as_struct().columns();
            let names = members.iter().map(|member| member.name().clone());
            let data = columns.iter().map(|column| datum(column, row));
            return Some(Datum::Entries(names.zip(data).collect()));
        }
        other => panic!("a column has type {other}"),
    }))
}

/// The full name of an entry of the overflow: one that came more than once has its number behind it.
fn without_number(name: &str) -> String {
    match name.rsplit_once('#') {
        Some((name, number)) if number.parse::<u32>().is_ok() => name.to_owned(),
        _ => name.to_owned(),
    }
}
