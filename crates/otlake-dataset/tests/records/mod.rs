//! Records for sinks, and the files that they become.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use otlake_dataset::{Dataset, DatasetBuilder, DatasetWriter, Partitioning};
use otlake_row::{Cell, Group, Keys, Location, Row, RowSink, Signal, Value, fields};
use otlake_storage::InMemoryStorage;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

pub const HOUR: i64 = 3_600_000_000_000;
/// 2026-11-22, 7 o'clock.
pub const BEGIN: i64 = 1_795_330_800_000_000_000;

/// Pushes records with a number each.
pub struct Records {
    keys: Keys,
}

impl Records {
    pub fn new() -> Records {
        Records { keys: Keys::new() }
    }

    pub fn push(
        &mut self,
        sink: &mut impl RowSink<Error: std::fmt::Debug>,
        number: i64,
        time: i64,
        attributes: &[(&str, Value<'_>)],
    ) {
        self.push_from(&[], sink, number, time, attributes);
    }

    /// A record of a resource with these attributes.
    pub fn push_from(
        &mut self,
        resource: &[(&str, Value<'_>)],
        sink: &mut impl RowSink<Error: std::fmt::Debug>,
        number: i64,
        time: i64,
        attributes: &[(&str, Value<'_>)],
    ) {
        let resource = self.cells(Location::Resource, resource);
        let mut row = Row::new(Signal::Logs, Group::new(&resource), Group::new(&[]));
        row.push(fields::TIME_UNIX_NANO, Value::Int(time));
        for cells in [&[("number", Value::Int(number))], attributes] {
            for Cell { key, value } in self.cells(Location::Attribute, cells) {
                row.push(key, value);
            }
        }
        row.set_keys(&self.keys);
        sink.row(&mut row).unwrap();
    }

    fn cells<'a>(&mut self, location: Location, named: &[(&str, Value<'a>)]) -> Vec<Cell<'a>> {
        let cell = |(name, value): &(&str, Value<'a>)| Cell {
            key: self.keys.intern(location, name).unwrap(),
            value: *value,
        };
        named.iter().map(cell).collect()
    }
}

/// The batches of all files, by name.
pub fn read(storage: &InMemoryStorage) -> BTreeMap<String, Vec<RecordBatch>> {
    let files = storage.files().into_iter();
    files
        .filter(|(name, _)| name.ends_with(".parquet"))
        .map(|(name, bytes)| {
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
            let batches = reader.with_batch_size(1 << 20).build().unwrap();
            (name, batches.map(Result::unwrap).collect())
        })
        .collect()
}

pub fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
    batches
        .iter()
        .flat_map(|batch| {
            batch["attr_number"]
                .as_primitive::<Int64Type>()
                .values()
                .to_vec()
        })
        .collect()
}

/// Opens files without documents in the directory of their partition, and returns the only writer.
pub fn writer(storage: &InMemoryStorage, options: DatasetBuilder) -> DatasetWriter {
    let dataset = options.open_files(Arc::new(storage.clone())).unwrap();
    dataset.writer()
}

/// Opens a dataset with documents, and returns the only writer.
pub fn dataset_writer(storage: &InMemoryStorage, options: DatasetBuilder) -> DatasetWriter {
    let dataset = options.open(Arc::new(storage.clone())).unwrap();
    dataset.writer()
}

pub fn options() -> DatasetBuilder {
    Dataset::builder()
}

pub fn by_hour() -> Partitioning {
    "date={date}/hour={hour}".parse().unwrap()
}
