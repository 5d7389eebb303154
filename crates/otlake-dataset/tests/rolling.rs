//! Files begin, end, and fail whole.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use otlake_dataset::{FileNames, RollingError, RollingWriter};
use otlake_parquet::{Compression, WriterOptions};
use otlake_storage::{InMemoryStorage, LocalDirectory, Storage, StorageError, StorageFile};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(range));
    RecordBatch::try_from_iter([("n", array)]).unwrap()
}

fn read(file: &bytes::Bytes) -> Vec<i64> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.clone())
        .unwrap()
        .build()
        .unwrap();
    let mut numbers = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let column = batch
            .column(0)
            .as_any()
            .downcast_ref::<Int64Array>()
            .unwrap();
        numbers.extend(column.values());
    }
    numbers
}

#[test]
fn files_roll_by_rows() {
    let storage = InMemoryStorage::new();
    let options = WriterOptions::new().with_rows_per_file(100);
    let mut writer = RollingWriter::new(storage.clone(), options)
        .unwrap()
        .with_names(FileNames::new("dir/logs").with_unique("x"));
    for start in [0, 60, 120] {
        writer.write(&numbers(start..start + 60)).unwrap();
    }
    // More than a file may have: cut.
    writer.write(&numbers(180..430)).unwrap();
    let files = writer.finish().unwrap();
    let rows: Vec<u64> = files.iter().map(|file| file.rows).collect();
    assert_eq!(rows, [60, 60, 60, 100, 100, 50]);
    assert_eq!(files[0].name, "dir/logs-x-00000.parquet");
    let all: Vec<i64> = storage.files().values().flat_map(read).collect();
    assert_eq!(all, (0..430).collect::<Vec<_>>());
    assert!(writer.finish().unwrap().is_empty());
}

#[test]
fn files_roll_by_bytes() {
    let storage = InMemoryStorage::new();
    let options = WriterOptions::new()
        .with_bytes_per_file(2_000)
        .with_compression(Compression::None);
    let mut writer = RollingWriter::new(storage.clone(), options).unwrap();
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
    assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), 200);
    assert!(files.iter().all(|file| file.bytes < 4_500));
}

#[test]
fn without_rows_there_is_no_file() {
    let storage = InMemoryStorage::new();
    let mut writer = RollingWriter::new(storage.clone(), WriterOptions::new()).unwrap();
    writer.write(&numbers(0..0)).unwrap();
    assert!(writer.finish().unwrap().is_empty());
    assert!(storage.files().is_empty());
}

#[test]
fn key_values_are_those_at_the_end() {
    let storage = InMemoryStorage::new();
    let mut writer = RollingWriter::new(storage.clone(), WriterOptions::new()).unwrap();
    writer.set_key_values(vec![("k".into(), "early".into())]);
    writer.write(&numbers(0..3)).unwrap();
    writer.set_key_values(vec![("k".into(), "late".into())]);
    let files = writer.finish().unwrap();
    let file = &storage.files()[&files[0].name];
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap();
    let pairs = reader
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .unwrap();
    assert_eq!(pairs.len(), 1);
    assert_eq!(
        (pairs[0].key.as_str(), pairs[0].value.as_deref()),
        ("k", Some("late"))
    );
}

#[test]
fn a_column_never_changes_its_type() {
    let storage = InMemoryStorage::new();
    let mut writer = RollingWriter::new(storage.clone(), WriterOptions::new()).unwrap();
    writer.write(&numbers(0..3)).unwrap();
    let text: ArrayRef = Arc::new(StringArray::from(vec!["no number"]));
    let error = writer
        .write(&RecordBatch::try_from_iter([("n", text)]).unwrap())
        .unwrap_err();
    let RollingError::Refused { source, .. } = &error else {
        panic!("{error:?}")
    };
    let message = source.to_string();
    for part in ["\"n\"", "Int64", "Utf8"] {
        assert!(message.contains(part), "{message}");
    }
    // The open file is as it was.
    writer.write(&numbers(3..5)).unwrap();
    let files = writer.finish().unwrap();
    assert_eq!(files[0].rows, 5);
    assert_eq!(read(&storage.files()[&files[0].name]), [0, 1, 2, 3, 4]);
}

#[test]
fn dropping_the_writer_leaves_closed_files_only() {
    let directory = tempfile::tempdir().unwrap();
    let options = WriterOptions::new().with_rows_per_file(10);
    let mut writer = RollingWriter::new(LocalDirectory::new(directory.path()), options).unwrap();
    writer.write(&numbers(0..10)).unwrap();
    writer.write(&numbers(10..15)).unwrap();
    drop(writer);
    let names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(names.len(), 1);
    let bytes = std::fs::read(names[0].path()).unwrap();
    assert_eq!(read(&bytes::Bytes::from(bytes)).len(), 10);
}

/// Fails when it is asked to for the `fail_at`th time.
#[derive(Debug)]
struct Failing {
    inner: InMemoryStorage,
    calls: Arc<std::sync::atomic::AtomicUsize>,
    fail_at: usize,
}

impl Failing {
    fn call(&self) -> bool {
        self.calls
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            == self.fail_at
    }
}

struct FailingFile {
    inner: Box<dyn StorageFile>,
    storage: Arc<Failing>,
}

impl Storage for Shared {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        if self.0.call() {
            return Err(StorageError::new("create", name, "injected"));
        }
        Ok(Box::new(FailingFile {
            inner: self.0.inner.create(name)?,
            storage: Arc::clone(&self.0),
        }))
    }
}

#[derive(Debug)]
struct Shared(Arc<Failing>);

impl Write for FailingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.storage.call() {
            return Err(io::Error::other("injected"));
        }
        // Short writes are none of the writer's business.
        self.inner.write(&bytes[..bytes.len().div_ceil(2)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl StorageFile for FailingFile {
    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        if self.storage.call() {
            return Err(StorageError::new("commit", "file", "injected"));
        }
        self.inner.commit()
    }
}

/// Whatever call fails, what is visible is whole, and what is not was told.
#[test]
fn a_failing_storage_loses_nothing_silently() {
    for fail_at in 0..200 {
        let memory = InMemoryStorage::new();
        let failing = Failing {
            inner: memory.clone(),
            calls: Arc::default(),
            fail_at,
        };
        let options = WriterOptions::new().with_rows_per_file(100);
        let mut writer = RollingWriter::new(Shared(Arc::new(failing)), options).unwrap();
        let mut lost = 0;
        for start in (0..300).step_by(50) {
            match writer.write(&numbers(start..start + 50)) {
                Ok(()) => {}
                Err(RollingError::Dropped { rows, .. } | RollingError::Storage { rows, .. }) => {
                    lost += rows;
                    assert_eq!(writer.open_rows(), 0);
                }
                Err(other) => panic!("{other}"),
            }
        }
        if let Err(RollingError::Dropped { rows, .. } | RollingError::Storage { rows, .. }) =
            writer.close_file()
        {
            lost += rows;
        }
        let stored: usize = memory.files().values().map(|file| read(file).len()).sum();
        let summed: u64 = writer.finish().unwrap().iter().map(|file| file.rows).sum();
        assert_eq!(stored as u64, summed);
        assert_eq!(stored as u64 + lost, 300, "failing at call {fail_at}");
    }
}
