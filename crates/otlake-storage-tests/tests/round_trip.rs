//! Whatever the pieces in which a file is written, it reads back equal, from every storage.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Write;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use otlake_storage::{Documents, InMemoryStorage, LocalDirectory, ObjectStorage, StorageErrorKind};
use otlake_storage_tests::{Random, S3Server};

const PART: usize = 5 << 20;

/// Sizes around the part boundaries.
const EDGES: [usize; 7] = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 7];

fn reads_back<S: Documents>(storage: &S) {
    all_read_back(storage, &EDGES);
}

/// Writes files of these sizes, and then of random ones.
fn all_read_back<S: Documents>(storage: &S, edges: &[usize]) {
    let mut random = Random::from_env(std::any::type_name::<S>());
    let rounds = Random::rounds(2) as usize;
    for round in 0..edges.len() + rounds {
        let len = *edges.get(round).unwrap_or(&random.below(4 * PART));
        let bytes = random.bytes(len);
        let name = format!("date=2026-11-{:02}/logs {round}.parquet", round % 3);
        // The second iteration replaces the file.
        for content in [&bytes[..len / 2], &bytes] {
            let mut file = storage.create(&name).unwrap();
            for piece in random.pieces(content) {
                file.write_all(piece).unwrap();
            }
            file.commit().unwrap();
            let read = storage.get(&name).unwrap().unwrap();
            assert!(read.bytes == content, "{name} of {len} bytes");
        }
        let listed = storage.list(&name).unwrap();
        let listed = listed.iter().find(|file| file.name == name).unwrap();
        assert_eq!(listed.bytes, len as u64);
    }
    let all = storage.list("").unwrap();
    assert_eq!(all.len(), edges.len() + rounds);
    assert!(all.is_sorted_by(|a, b| a.name < b.name));
    for file in &all {
        storage.delete(&file.name).unwrap();
        storage.delete(&file.name).unwrap();
    }
    assert_eq!(storage.list("").unwrap(), []);
}

#[test]
fn memory() {
    reads_back(&InMemoryStorage::new());
}

#[test]
fn local_directory() {
    let directory = tempfile::tempdir().unwrap();
    reads_back(&LocalDirectory::new(directory.path().join("lake")));
}

#[test]
fn object_store_in_memory() {
    let storage = ObjectStorage::new(Arc::new(InMemory::new()), "").unwrap();
    reads_back(&storage.with_part_bytes(0).with_parts_in_flight(2));
}

#[test]
fn object_store_in_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
    reads_back(
        &ObjectStorage::new(Arc::new(store), "lake")
            .unwrap()
            .with_part_bytes(PART),
    );
}

#[test]
fn s3() {
    let server = S3Server::start();
    let storage = ObjectStorage::new(server.client(), "a lake/logs").unwrap();
    // Fewer large files: the server's checksums are slow without optimisation.
    all_read_back(
        &storage.with_part_bytes(PART).with_parts_in_flight(2),
        &[0, PART, PART + 1],
    );
    assert_eq!((server.open_uploads(), server.stray_parts()), (0, 0));
}

#[test]
fn a_runtime_of_the_caller() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let store = Arc::new(InMemory::new());
    let outside = ObjectStorage::on_runtime(store.clone(), "", runtime.handle().clone()).unwrap();
    reads_back(&outside.clone().with_part_bytes(PART));
    // The only worker is blocked by writing, and the uploads proceed.
    let inside = runtime.spawn(async move { reads_back(&outside.with_part_bytes(PART)) });
    runtime.block_on(inside).unwrap();

    let single = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let rejected = ObjectStorage::on_runtime(store, "", single.handle().clone()).unwrap_err();
    assert_eq!(rejected.kind(), StorageErrorKind::Unsupported);
}

#[tokio::test]
async fn inside_a_runtime_with_a_single_thread() {
    reads_back(
        &ObjectStorage::new(Arc::new(InMemory::new()), "")
            .unwrap()
            .with_part_bytes(PART),
    );
}

#[test]
fn a_prefix_that_no_name_may_have_is_rejected() {
    assert!(ObjectStorage::new(Arc::new(InMemory::new()), "../lake").is_err());
}
