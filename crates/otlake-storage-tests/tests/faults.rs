//! Whatever call fails: either the file is complete and acknowledged, or there is an error and
//! nothing is visible.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use otlake_storage::{
    Documents, InMemoryStorage, LocalDirectory, ObjectStorage, Storage, StorageErrorKind,
};
use otlake_storage_tests::{FaultyStorage, Random, StorageFault, StoreFault, Watched};

const PART: usize = 5 << 20;

const NAME: &str = "date=2026-11-22/a.parquet";

/// Writes and commits, and stops at the first error. Returns `Err(None)` if a write failed, because
/// that says nothing about what is visible.
fn write<S: Storage>(storage: &S, pieces: &[&[u8]]) -> Result<(), Option<StorageErrorKind>> {
    let mut file = storage.create(NAME).map_err(|error| Some(error.kind()))?;
    for piece in pieces {
        file.write_all(piece).map_err(|_| None)?;
    }
    file.commit().map_err(|error| Some(error.kind()))
}

fn check<D: Documents>(
    visible: &D,
    written: Result<(), Option<StorageErrorKind>>,
    before: Option<&[u8]>,
    content: &[u8],
    case: &str,
) {
    let read = visible.get(NAME).unwrap().map(|document| document.bytes);
    let is_before = read.as_deref() == before;
    let is_whole = read.as_deref() == Some(content);
    match written {
        Ok(()) => assert!(is_whole, "{case}"),
        Err(Some(StorageErrorKind::InDoubt)) => assert!(is_before || is_whole, "{case}"),
        Err(_) => assert!(is_before, "{case}"),
    }
}

fn fails_whole<S: Documents + Clone>(new: impl Fn() -> S, leaves_nothing: impl Fn(&S)) {
    let mut random = Random::from_env(std::any::type_name::<S>());
    for round in 0..Random::rounds(3) {
        let len = 1 + random.below(3 << 20);
        let content = random.bytes(len);
        let pieces = random.pieces(&content);
        for fault in [
            StorageFault::Error,
            StorageFault::ShortWrite,
            StorageFault::FullDisk,
        ] {
            for fail_at in 0.. {
                let storage = new();
                let before = (round % 2 == 1).then_some(&b"before"[..]);
                if let Some(before) = before {
                    write(&storage, &[before]).unwrap();
                }
                let faulty = FaultyStorage::new(storage.clone(), fail_at, fault);
                let written = write(&faulty, &pieces);
                let case = format!("{fault:?} at call {fail_at} of round {round}");
                check(&storage, written, before, &content, &case);
                leaves_nothing(&storage);
                if faulty.calls() <= fail_at {
                    assert_eq!(written, Ok(()), "{case}");
                    break;
                }
            }
        }
    }
}

#[test]
fn memory() {
    fails_whole(InMemoryStorage::new, |_| {});
}

#[test]
fn local_directory() {
    let directory = tempfile::tempdir().unwrap();
    let new = || LocalDirectory::new(tempfile::tempdir_in(&directory).unwrap().keep());
    fails_whole(new, |storage| {
        let day = storage.path().join("date=2026-11-22");
        let names = fs::read_dir(day)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name());
        assert!(names.into_iter().all(|name| name == "a.parquet"));
        assert_eq!(storage.remove_leftovers(Duration::ZERO).unwrap(), []);
        fs::remove_dir_all(storage.path()).unwrap();
    });
}

const FAULTS: [StoreFault; 4] = [
    StoreFault::Rejected,
    StoreFault::AnswerLost,
    StoreFault::TimedOut,
    StoreFault::Panic,
];

/// Returns whether nobody can abort the upload. If the store's response to its creation is lost,
/// its id is unknown; if its creation panics, the id is lost too.
fn cannot_be_aborted(fault: StoreFault, request: Option<&str>) -> bool {
    match fault {
        StoreFault::AnswerLost => request == Some("put_multipart"),
        StoreFault::Panic => matches!(request, Some("complete" | "abort")),
        _ => false,
    }
}

fn every_request_of_an_upload(new: impl Fn() -> Arc<dyn ObjectStore>) {
    let mut random = Random::from_env("uploads");
    for len in [100, 2 * PART + 100] {
        let content = random.bytes(len);
        let pieces = random.pieces(&content);
        for fault in FAULTS {
            for (fail_at, before) in (0..).flat_map(|at| [(at, None), (at, Some(&b"before"[..]))]) {
                let store = new();
                let direct = ObjectStorage::new(store.clone(), "lake").unwrap();
                if let Some(before) = before {
                    write(&direct, &[before]).unwrap();
                }
                let watched = Watched::failing(store, fail_at, fault);
                let storage = ObjectStorage::new(Arc::new(watched.clone()), "lake").unwrap();
                let written = write(&storage.with_part_bytes(PART), &pieces);
                let request = watched.failed();
                let case = format!("{fault:?} at request {fail_at}, {request:?}, {len} bytes");
                check(&direct, written, before, &content, &case);
                if !cannot_be_aborted(fault, request) {
                    assert_eq!(watched.open_uploads(), 0, "{case}");
                }
                if request.is_none() {
                    assert_eq!(written, Ok(()), "{case}");
                    if before.is_some() {
                        break;
                    }
                } else {
                    assert!(written.is_err(), "{case}");
                }
            }
        }
    }
}

#[test]
fn uploads_to_memory() {
    every_request_of_an_upload(|| Arc::new(InMemory::new()));
}

#[test]
fn uploads_to_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    every_request_of_an_upload(|| {
        let root = tempfile::tempdir_in(&directory).unwrap().keep();
        Arc::new(LocalFileSystem::new_with_prefix(root).unwrap())
    });
}

#[test]
fn a_dropped_file_is_aborted_whatever_fails() {
    let content = vec![7; 3 * PART];
    for fault in FAULTS {
        for fail_at in 0.. {
            let store = Arc::new(InMemory::new());
            let watched = Watched::failing(store.clone(), fail_at, fault);
            let storage = ObjectStorage::new(Arc::new(watched.clone()), "").unwrap();
            let mut file = storage.clone().with_part_bytes(PART).create(NAME).unwrap();
            let failed = file.write_all(&content).is_err();
            drop(file);
            drop(storage);
            let request = watched.failed();
            let case = format!("{fault:?} at request {fail_at}, {request:?}");
            if !cannot_be_aborted(fault, request) {
                assert_eq!(watched.open_uploads(), 0, "{case}");
            }
            let direct = ObjectStorage::new(store, "").unwrap();
            assert_eq!(direct.list("").unwrap(), [], "{case}");
            if request.is_none() {
                assert!(!failed, "{case}");
                break;
            }
        }
    }
}

/// A writer that ignores an error does not get a file that lacks its middle.
#[test]
fn after_a_failed_write_there_is_no_commit() {
    let store = Arc::new(InMemory::new());
    for fail_at in 0..3 {
        let watched = Watched::failing(store.clone(), fail_at, StoreFault::Rejected);
        let storage = ObjectStorage::new(Arc::new(watched.clone()), "").unwrap();
        let storage = storage.with_part_bytes(PART).with_parts_in_flight(1);
        let mut file = storage.create(NAME).unwrap();
        let mut failures = 0;
        for _ in 0..8 {
            failures += usize::from(file.write_all(&vec![1; PART]).is_err());
        }
        assert!(failures > 0);
        assert!(file.commit().is_err());
        assert_eq!(storage.get(NAME).unwrap(), None);
        assert_eq!(watched.open_uploads(), 0);
    }
}

#[test]
fn documents_survive_every_fault() {
    for fault in FAULTS {
        for fail_at in 0..6 {
            let store = Arc::new(InMemory::new());
            let direct = ObjectStorage::new(store.clone(), "").unwrap();
            let watched = Watched::failing(store, fail_at, fault);
            let storage = ObjectStorage::new(Arc::new(watched.clone()), "").unwrap();
            let mut errors = 0;
            let mut note = |failed: bool| errors += usize::from(failed);
            let put = storage.put("a", "1".into(), otlake_storage::PutIf::Absent);
            note(put.is_err());
            if let Ok(otlake_storage::PutOutcome::Stored(version)) = put {
                let put = storage.put("a", "2".into(), otlake_storage::PutIf::Matches(version));
                note(put.is_err());
                if put.is_ok() {
                    assert_eq!(&direct.get("a").unwrap().unwrap().bytes[..], b"2");
                }
            }
            note(storage.get("a").is_err());
            note(storage.list("").is_err());
            let deleted = storage.delete("a");
            note(deleted.is_err());
            if deleted.is_ok() {
                assert_eq!(direct.get("a").unwrap(), None);
            }
            assert_eq!(
                errors,
                usize::from(watched.failed().is_some()),
                "{fault:?} {fail_at}"
            );
        }
    }
}
