//! A document is replaced only by a writer that knows the version it replaces.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use otlake_storage::{
    Documents, InMemoryStorage, LocalDirectory, ObjectStorage, PutIf, PutOutcome, StorageErrorKind,
    Version,
};
use otlake_storage_tests::S3Server;

const NAME: &str = "_otlake/schema.json";

fn stored(outcome: PutOutcome) -> Version {
    match outcome {
        PutOutcome::Stored(version) => version,
        PutOutcome::Conflict => panic!("a conflict"),
    }
}

fn follow_the_rules<S: Documents>(storage: &S) {
    assert_eq!(storage.get(NAME).unwrap(), None);
    let first = stored(storage.put(NAME, "1".into(), PutIf::Absent).unwrap());
    assert_eq!(
        storage.put(NAME, "x".into(), PutIf::Absent).unwrap(),
        PutOutcome::Conflict
    );
    let read = storage.get(NAME).unwrap().unwrap();
    assert_eq!((&read.bytes[..], &read.version), (&b"1"[..], &first));

    let second = stored(
        storage
            .put(NAME, "2".into(), PutIf::Matches(read.version))
            .unwrap(),
    );
    assert_ne!(first, second);
    let late = storage
        .put(NAME, "x".into(), PutIf::Matches(first))
        .unwrap();
    assert_eq!(late, PutOutcome::Conflict);
    let nowhere = storage
        .put("nowhere", "x".into(), PutIf::Matches(second.clone()))
        .unwrap();
    assert_eq!(nowhere, PutOutcome::Conflict);
    assert_eq!(&storage.get(NAME).unwrap().unwrap().bytes[..], b"2");

    // A version can be saved as bytes and restored.
    let second = Version::new(Bytes::copy_from_slice(second.token()));
    stored(
        storage
            .put(NAME, Bytes::new(), PutIf::Matches(second.clone()))
            .unwrap(),
    );
    assert_eq!(storage.get(NAME).unwrap().unwrap().bytes, Bytes::new());

    storage.delete(NAME).unwrap();
    storage.delete(NAME).unwrap();
    let gone = storage
        .put(NAME, "x".into(), PutIf::Matches(second))
        .unwrap();
    assert_eq!(gone, PutOutcome::Conflict);
    assert_eq!(storage.get(NAME).unwrap(), None);

    lists(storage);
}

fn lists<S: Documents>(storage: &S) {
    let names = ["a/b/2", "a/b/1", "a/c", "ab/d", "_otlake/x.json"];
    for name in names {
        let mut file = storage.create(name).unwrap();
        file.write_all(name.as_bytes()).unwrap();
        file.commit().unwrap();
    }
    let list = |directory: &str| -> Vec<String> {
        let files = storage.list(directory).unwrap();
        assert!(
            files
                .iter()
                .all(|file| file.bytes == file.name.len() as u64)
        );
        files.into_iter().map(|file| file.name).collect()
    };
    assert_eq!(list("a"), ["a/b/1", "a/b/2", "a/c"]);
    assert_eq!(list("a/b"), ["a/b/1", "a/b/2"]);
    assert_eq!(
        list(""),
        ["_otlake/x.json", "a/b/1", "a/b/2", "a/c", "ab/d"]
    );
    assert_eq!(list("b"), [""; 0]);
    assert_eq!(list("never/made"), [""; 0]);
    for name in names {
        storage.delete(name).unwrap();
    }
    assert_eq!(list(""), [""; 0]);
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
fn memory() {
    follow_the_rules(&InMemoryStorage::new());
    count(vec![InMemoryStorage::new(); 4], 200);
}

#[test]
fn local_directory() {
    let directory = tempfile::tempdir().unwrap();
    follow_the_rules(&LocalDirectory::new(directory.path().join("lake")));
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
    follow_the_rules(&storage);
    count(vec![storage; 4], 100);
}

/// Without counting, because the server checks and writes in two steps.
#[test]
fn s3() {
    let server = S3Server::start();
    follow_the_rules(&ObjectStorage::new(server.client(), "lake").unwrap());
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
    assert!(error.to_string().contains("conditional writes"), "{error}");
    lists_after_deleting(&storage);
}

fn lists_after_deleting<S: Documents>(storage: &S) {
    storage.delete(NAME).unwrap();
    lists(storage);
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
