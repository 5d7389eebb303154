//! A reader that polls all the time only ever sees complete files.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use otlake::arrow::BatchSink;
use otlake_dataset::Dataset;
use otlake_parquet::WriterOptions;
use otlake_schema::Table;
use otlake_storage::{Documents, InMemoryStorage, LocalDirectory, ObjectStorage, Storage};
use otlake_storage_tests::{Random, S3Server};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

const PART: usize = 5 << 20;

/// Calls `look` repeatedly while `write` runs, and once afterwards.
fn while_writing(look: impl Fn() + Sync, write: impl FnOnce()) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut times = 0;
            while !done.load(Ordering::SeqCst) {
                look();
                times += 1;
            }
            look();
            times
        });
        write();
        done.store(true, Ordering::SeqCst);
        assert!(looking.join().unwrap() > 0);
    });
}

/// Returns the contents of a file: its length in 8 bytes, then that many bytes of one value.
fn content(len: usize, value: u8) -> Vec<u8> {
    let mut content = (len as u64).to_le_bytes().to_vec();
    content.resize(8 + len, value);
    content
}

fn assert_whole(content: &[u8]) {
    let (len, rest) = content.split_at(8);
    assert_eq!(
        u64::from_le_bytes(len.try_into().unwrap()),
        rest.len() as u64
    );
    assert!(rest.iter().all(|byte| *byte == rest[0]));
}

fn nothing_in_part<S: Documents + Clone>(storage: &S, most: usize) {
    let reader = storage.clone();
    let look = move || {
        for file in reader.list("").unwrap() {
            assert_whole(&reader.get(&file.name).unwrap().unwrap().bytes);
        }
    };
    while_writing(look, || {
        let mut random = Random::from_env(std::any::type_name::<S>());
        for round in 0..6 {
            // Three names, so that files are also replaced.
            let mut file = storage.create(&format!("day/{}", round % 3)).unwrap();
            let content = content(1 + random.below(most), round);
            for piece in random.pieces(&content) {
                file.write_all(piece).unwrap();
            }
            if round == 4 {
                continue;
            }
            file.commit().unwrap();
        }
    });
    assert_eq!(storage.list("").unwrap().len(), 3);
}

#[test]
fn memory() {
    nothing_in_part(&InMemoryStorage::new(), 4 << 20);
}

#[test]
fn local_directory() {
    let directory = tempfile::tempdir().unwrap();
    nothing_in_part(&LocalDirectory::new(directory.path()), 4 << 20);
}

#[test]
fn object_stores() {
    let storage = ObjectStorage::new(Arc::new(InMemory::new()), "lake").unwrap();
    nothing_in_part(&storage.with_part_bytes(PART), 3 * PART);

    let directory = tempfile::tempdir().unwrap();
    let store = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
    let storage = ObjectStorage::new(Arc::new(store), "lake").unwrap();
    nothing_in_part(&storage.with_part_bytes(PART), 3 * PART);
}

fn batch(rows: i64) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    RecordBatch::try_from_iter([("n", numbers)]).unwrap()
}

fn rows(file: bytes::Bytes) -> usize {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    reader
        .build()
        .unwrap()
        .map(|batch| batch.unwrap().num_rows())
        .sum()
}

fn write_parquet(storage: impl Storage + 'static) -> usize {
    let options = WriterOptions::new().with_rows_per_file(1000);
    let dataset = Dataset::builder()
        .writer_options(options)
        .partitioning("date=2026-11-22/hour=07/{table}".parse().unwrap());
    let mut writer = dataset.open_files(Arc::new(storage)).unwrap().writer();
    for _ in 0..30 {
        writer.table(Table::Logs).batch(&batch(250)).unwrap();
    }
    writer.flush().unwrap();
    let files = &writer.report()[0].files;
    files.iter().map(|file| file.rows as usize).sum()
}

/// Query engines look for files like this: all names that end in `.parquet`.
#[test]
fn parquet_files_in_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let hour = directory.path().join("date=2026-11-22/hour=07/logs");
    let look = || {
        for entry in fs::read_dir(&hour).into_iter().flatten() {
            let path = entry.unwrap().path();
            let hidden = path.file_name().unwrap().to_string_lossy().starts_with('.');
            let parquet = path
                .extension()
                .is_some_and(|extension| extension == "parquet");
            assert!(hidden != parquet, "{}", path.display());
            if parquet {
                assert!(rows(fs::read(path).unwrap().into()) > 0);
            }
        }
    };
    while_writing(look, || {
        assert_eq!(write_parquet(LocalDirectory::new(directory.path())), 7500);
    });
}

#[test]
fn parquet_files_in_s3() {
    let server = S3Server::start();
    let storage = ObjectStorage::new(server.client(), "lake").unwrap();
    let total = write_parquet(storage.clone());
    let files = storage.list("date=2026-11-22/").unwrap();
    let read = |name: &str| rows(storage.get(name).unwrap().unwrap().bytes);
    assert_eq!(
        files.iter().map(|file| read(&file.name)).sum::<usize>(),
        total
    );
}
