//! Files of limited size: when they begin and end, and what is lost when one fails.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::cell::Cell;
use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use otlake_parquet::{
    Compression, Encoder, EncoderError, FileError, FileWriter, RollingError, RollingWriter,
    WriterOptions,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(range));
    RecordBatch::try_from_iter([("n", array)]).unwrap()
}

fn texts(count: usize) -> RecordBatch {
    let array = StringArray::from_iter_values((0..count).map(|n| format!("text {n}")));
    RecordBatch::try_from_iter([("n", Arc::new(array) as ArrayRef)]).unwrap()
}

fn read(file: &[u8]) -> Vec<i64> {
    let file = bytes::Bytes::copy_from_slice(file);
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let mut numbers = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let column = batch.column(0).as_any().downcast_ref::<Int64Array>();
        numbers.extend(column.unwrap().values());
    }
    numbers
}

#[test]
fn files_end_at_their_rows() {
    let options = WriterOptions::new().with_rows_per_file(100);
    let mut encoder = Encoder::new(options.clone()).unwrap();
    let mut writer = RollingWriter::new(options, || Ok(Vec::new())).unwrap();
    for start in [0, 60, 120] {
        writer.write(&numbers(start..start + 60)).unwrap();
    }
    // More rows than a file may have: split.
    writer.write(&numbers(180..430)).unwrap();
    // Encoded row groups are not split.
    for range in [430..470, 470..600, 600..610] {
        let group = encoder.encode_row_group(&numbers(range)).unwrap();
        writer.append(&group).unwrap();
    }
    let files = writer.finish().unwrap();
    let rows: Vec<u64> = files.iter().map(|(_, summary)| summary.rows).collect();
    assert_eq!(rows, [60, 60, 60, 100, 100, 90, 130, 10]);
    let all: Vec<i64> = files.iter().flat_map(|(file, _)| read(file)).collect();
    assert_eq!(all, (0..610).collect::<Vec<_>>());
    assert!(writer.finish().unwrap().is_empty());
}

#[test]
fn files_end_at_their_bytes() {
    let options = WriterOptions::new()
        .with_bytes_per_file(2_000)
        .with_compression(Compression::None);
    let mut writer = RollingWriter::new(options, || Ok(Vec::new())).unwrap();
    for batch in 0..20 {
        let text: ArrayRef = Arc::new(StringArray::from_iter_values(
            (0..10).map(|row| format!("{batch} {row} {}", "x".repeat(30))),
        ));
        writer
            .write(&RecordBatch::try_from_iter([("s", text)]).unwrap())
            .unwrap();
    }
    let files = writer.finish().unwrap();
    assert!(files.len() > 3, "{}", files.len());
    let rows = files.iter().map(|(_, summary)| summary.rows);
    assert_eq!(rows.sum::<u64>(), 200);
    assert!(files.iter().all(|(file, _)| file.len() < 4_500));
}

#[test]
fn without_rows_no_file_is_opened() {
    let opened = Cell::new(0);
    let open = || {
        opened.set(opened.get() + 1);
        Ok(Vec::new())
    };
    let mut writer = RollingWriter::new(WriterOptions::new(), open).unwrap();
    writer.write(&numbers(0..0)).unwrap();
    let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
    let group = encoder.encode_row_group(&numbers(0..0)).unwrap();
    writer.append(&group).unwrap();
    assert!(writer.finish().unwrap().is_empty());
    assert_eq!(opened.get(), 0);
}

#[test]
fn every_file_has_the_key_values_of_the_options() {
    let options = WriterOptions::new()
        .with_rows_per_file(3)
        .with_key_values(vec![("k".into(), "v".into())]);
    let mut writer = RollingWriter::new(options, || Ok(Vec::new())).unwrap();
    writer.write(&numbers(0..5)).unwrap();
    let files = writer.finish().unwrap();
    assert_eq!(files.len(), 2);
    for (file, _) in files {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap();
        let metadata = reader.metadata().file_metadata();
        let pairs = metadata.key_value_metadata().unwrap();
        assert_eq!(pairs.len(), 1);
        assert_eq!(
            (pairs[0].key.as_str(), pairs[0].value.as_deref()),
            ("k", Some("v"))
        );
    }
}

#[test]
fn a_rejected_batch_leaves_the_open_file_as_it_was() {
    let mut writer = RollingWriter::new(WriterOptions::new(), || Ok(Vec::new())).unwrap();
    writer.write(&numbers(0..3)).unwrap();
    let error = writer.write(&texts(1)).unwrap_err();
    let RollingError::Rejected { source, .. } = &error else {
        panic!("{error:?}")
    };
    let message = source.to_string();
    for part in ["\"n\"", "Int64", "Utf8"] {
        assert!(message.contains(part), "{message}");
    }
    writer.write(&numbers(3..5)).unwrap();
    let files = writer.finish().unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(read(&files[0].0), [0, 1, 2, 3, 4]);
}

#[test]
fn a_full_list_of_row_groups_starts_a_new_file() {
    let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
    let group = encoder.encode_row_group(&numbers(0..1)).unwrap();
    let mut writer = RollingWriter::new(WriterOptions::new(), || Ok(io::sink())).unwrap();
    for _ in 0..32_770 {
        writer.append(&group).unwrap();
    }
    let files = writer.finish().unwrap();
    let groups: Vec<usize> = files.iter().map(|file| file.1.row_groups).collect();
    assert_eq!(groups, [32_767, 3]);
}

/// Fails the call with the number `fail_at`, counting all files.
struct Failing<'a> {
    bytes: Vec<u8>,
    calls: &'a Cell<usize>,
    fail_at: usize,
}

fn call(calls: &Cell<usize>, fail_at: usize) -> io::Result<()> {
    let number = calls.replace(calls.get() + 1);
    if number == fail_at {
        return Err(io::Error::other("injected"));
    }
    Ok(())
}

impl Write for Failing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        call(self.calls, self.fail_at)?;
        // Short writes are allowed.
        self.bytes.write(&bytes[..bytes.len().div_ceil(2)])
    }

    fn flush(&mut self) -> io::Result<()> {
        call(self.calls, self.fail_at)
    }
}

/// Whichever call fails, every row is either in a finished file or counted by an error.
#[test]
fn no_row_is_lost_silently() {
    let mut failures = 0;
    for fail_at in 0..200 {
        let calls = Cell::new(0);
        let open = || {
            call(&calls, fail_at)?;
            Ok(Failing {
                bytes: Vec::new(),
                calls: &calls,
                fail_at,
            })
        };
        let options = WriterOptions::new().with_rows_per_file(100);
        let mut writer = RollingWriter::new(options, open).unwrap();
        let mut lost = 0;
        let mut count = |result| match result {
            Ok(()) => false,
            Err(RollingError::Dropped { rows, .. } | RollingError::Open { rows, .. }) => {
                lost += rows;
                failures += 1;
                true
            }
            Err(other) => panic!("{other}"),
        };
        for start in (0..200).step_by(50) {
            if count(writer.write(&numbers(start..start + 50))) {
                assert!(writer.open_file().is_none());
            }
        }
        count(writer.write(&numbers(200..450)));
        count(writer.close_file());
        let files = writer.finish().unwrap();
        let stored: usize = files.iter().map(|(file, _)| read(&file.bytes).len()).sum();
        let summed: u64 = files.iter().map(|(_, summary)| summary.rows).sum();
        assert_eq!(stored as u64, summed);
        assert_eq!(summed + lost, 450, "failing at call {fail_at}");
    }
    assert!(failures > 50);
}

#[test]
fn a_broken_file_stays_broken() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
    let group = encoder.encode_row_group(&numbers(0..3)).unwrap();
    let mut write = |file: &mut FileWriter<Full>, encoded| match encoded {
        true => file.append(&group),
        false => file.write_row_group(&mut encoder, &numbers(0..3)),
    };
    for encoded in [true, false] {
        let mut file = FileWriter::new(Full);
        let error = write(&mut file, encoded).unwrap_err();
        assert!(matches!(error, FileError::Io(_)));
        assert!(file.is_broken());
        let error = write(&mut file, encoded).unwrap_err();
        assert!(matches!(error, FileError::Broken));
        let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
        let finished = file.finish(&mut encoder, &[]);
        assert!(matches!(finished, Err(FileError::Broken)));
    }
}

#[test]
fn two_columns_of_one_name_are_rejected() {
    let array: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batch = support::batch(vec![
        ("a".into(), Arc::clone(&array)),
        ("a".into(), Arc::clone(&array)),
    ]);
    let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
    for first in [false, true] {
        let mut file = FileWriter::new(Vec::new());
        if first {
            let one = support::batch(vec![("a".into(), Arc::clone(&array))]);
            file.write_row_group(&mut encoder, &one).unwrap();
        }
        let error = file.write_row_group(&mut encoder, &batch).unwrap_err();
        assert!(
            matches!(&error, FileError::DuplicateColumn { column } if column == "a"),
            "{error}"
        );
    }
}

#[test]
fn a_codec_that_is_not_built_in_is_rejected() {
    for compression in [
        Compression::ZSTD,
        Compression::Snappy,
        Compression::Lz4,
        Compression::None,
    ] {
        let made = Encoder::new(WriterOptions::new().with_compression(compression));
        match made {
            Ok(_) => assert!(compression.is_available()),
            Err(error) => {
                assert!(!compression.is_available());
                assert!(matches!(error, EncoderError::Unavailable { .. }));
            }
        }
    }
}
