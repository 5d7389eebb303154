//! A document is replaced only by a writer that knows the version it replaces.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use otlake_storage::{
    Documents, InMemoryStorage, LocalDirectory, ObjectStorage, PutIf, PutOutcome, StorageErrorKind,
    Version,
};

const NAME: &str = "_otlake/schema.json";

fn stored(outcome: PutOutcome) -> Version {
    match outcome {
        PutOutcome::Stored(version) => version,
        PutOutcome::Conflict => panic!("a conflict"),
    }
}

/// Adds `times` to the number in the document, on each thread.
fn count<D: Documents + Clone + Send>(storages: Vec<D>, times: usize) {
    let threads = storages.len();
    let last = storages[0].clone();
    thread::scope(|scope| {
        for storage in storages {
            scope.spawn(move || (0..times).for_each(|_| add_one(&storage)));
        }
    });
    let total = last.get("count").unwrap().unwrap().bytes;
    assert_eq!(total, (threads * times).to_string());
}

fn add_one<D: Documents>(storage: &D) {
    loop {
        let outcome = match storage.get("count").unwrap() {
            None => storage.put("count", "1".into(), PutIf::Absent),
            Some(document) => {
                let count: u64 = std::str::from_utf8(&document.bytes)
                    .unwrap()
                    .parse()
                    .unwrap();
                let next = (count + 1).to_string().into();
                storage.put("count", next, PutIf::Matches(document.version))
            }
        };
        if outcome.unwrap() != PutOutcome::Conflict {
            return;
        }
    }
}

#[test]
fn in_memory() {
    count(vec![InMemoryStorage::new(); 4], 200);
}

#[test]
fn local_directory() {
    let directory = tempfile::tempdir().unwrap();
    // A separate value per thread, as in separate processes.
    count(
        (0..4)
            .map(|_| LocalDirectory::new(directory.path()))
            .collect(),
        25,
    );
}

#[test]
fn object_store_in_memory() {
    let storage = ObjectStorage::new(Arc::new(InMemory::new()), "lake").unwrap();
    count(vec![storage; 4], 100);
}

/// object_store's own directory only supports `Absent`, and says so.
#[test]
fn a_store_without_conditions() {
    let directory = tempfile::tempdir().unwrap();
    let store = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
    let storage = ObjectStorage::new(Arc::new(store), "").unwrap();
    let version = stored(storage.put(NAME, "1".into(), PutIf::Absent).unwrap());
    assert_eq!(
        storage.put(NAME, "2".into(), PutIf::Absent).unwrap(),
        PutOutcome::Conflict
    );
    let error = storage
        .put(NAME, "2".into(), PutIf::Matches(version))
        .unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::Unsupported);
    let source = error.source().unwrap().to_string();
    assert!(source.contains("conditional writes"), "{source}");
}

const CHILD: &str = "OTLAKE_COUNTING_CHILD";

/// Does nothing except in the processes that [`processes`] starts.
#[test]
fn child() {
    if let Ok(directory) = env::var(CHILD) {
        let storage = LocalDirectory::new(Path::new(&directory));
        (0..25).for_each(|_| add_one(&storage));
    }
}

#[test]
fn processes() {
    let directory = tempfile::tempdir().unwrap();
    let start = || {
        Command::new(env::current_exe().unwrap())
            .args(["child", "--exact"])
            .env(CHILD, directory.path())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..4).map(|_| start()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let total = LocalDirectory::new(directory.path())
        .get("count")
        .unwrap()
        .unwrap();
    assert_eq!(total.bytes, "100");
}
