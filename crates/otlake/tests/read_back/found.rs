use otlake::arrow::arrow_array::cast::AsArray;
use otlake::arrow::arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use otlake::arrow::arrow_array::{Array, RecordBatch};
use otlake::arrow::arrow_schema::DataType;
use otlake::parquet::FileSummary;
use otlake::row::{Location, Value};
use otlake::schema::{FieldColumn, Table, field_columns};
use otlake::storage::InMemoryStorage;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Datum, Record, flat};

pub fn read_files(storage: &InMemoryStorage, table: Table, files: &[FileSummary]) -> Vec<Record> {
    let fields = field_columns(table);
    let mut records = Vec::new();
    for file in files {
        let bytes = storage.files()[&file.name].clone();
        assert_eq!(bytes.len() as u64, file.bytes);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        let before = records.len();
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
            records.extend((0..batch.num_rows()).map(|row| record(&batch, row, &fields)));
        }
        assert_eq!((records.len() - before) as u64, file.rows);
    }
    records
}

fn record(batch: &RecordBatch, row: usize, fields: &[FieldColumn]) -> Record {
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
                        .push((column_of(&name), text.map(text_of)));
                }
            }
            (name, datum) if fields.iter().any(|field| field.name == name) => {
                record.fields.insert(name.to_owned(), datum);
            }
            (name, datum) => record
                .attributes
                .push((name.to_owned(), Some(text_of(datum)))),
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
        DataType::Float64 => {
            Value::Double(column.as_primitive::<Float64Type>().value(row)).to_string()
        }
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Binary => Value::Bytes(column.as_binary::<i32>().value(row)).to_string(),
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
