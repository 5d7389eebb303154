//! Uploads proceed while the file is written, stay within their memory, and end with the file.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use object_store::memory::InMemory;
use otlake_storage::{Documents, ObjectStorage, Storage};
use otlake_storage_tests::Watched;

const PART: usize = 5 << 20;

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{what} never happened"
        );
        thread::sleep(Duration::from_millis(2));
    }
}

fn storage(store: &Watched) -> ObjectStorage {
    let storage = ObjectStorage::new(Arc::new(store.clone()), "").unwrap();
    storage.with_part_bytes(PART).with_parts_in_flight(2)
}

#[test]
fn writing_goes_on_until_the_memory_is_full() {
    let store = Watched::holding_parts(Arc::new(InMemory::new()));
    let storage = storage(&store);
    let taken = AtomicUsize::new(0);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut file = storage.create("a").unwrap();
            for _ in 0..60 {
                file.write_all(&[1; PART / 10]).unwrap();
                taken.fetch_add(PART / 10, Ordering::SeqCst);
            }
            file.commit().unwrap();
        });
        // No part arrives. Even so, two parts and the one being filled are accepted.
        wait_until("three parts", || taken.load(Ordering::SeqCst) == 3 * PART);
        wait_until("two in flight", || store.parts_in_flight() == 2);
        thread::sleep(Duration::from_millis(50));
        assert_eq!(
            taken.load(Ordering::SeqCst),
            3 * PART,
            "the file exceeds its memory"
        );
        store.let_through(1);
        wait_until("one more part", || taken.load(Ordering::SeqCst) == 4 * PART);
        assert_eq!(storage.list("").unwrap(), []);
        store.let_through(100);
        writer.join().unwrap();
    });
    assert_eq!(store.most_parts_in_flight(), 2);
    assert_eq!(store.open_uploads(), 0);
    assert_eq!(storage.get("a").unwrap().unwrap().bytes.len(), 6 * PART);
}

#[test]
fn memory_is_counted_until_the_parts_have_arrived() {
    let store = Watched::holding_parts(Arc::new(InMemory::new()));
    let storage = storage(&store);
    let mut file = storage.create("a").unwrap();
    assert_eq!(file.memory_size(), 0);
    file.write_all(&vec![1; 2 * PART + 1]).unwrap();
    assert_eq!(file.memory_size(), 3 * PART);
    store.let_through(1);
    wait_until("a part has arrived", || file.memory_size() == 2 * PART);
    store.let_through(100);
    wait_until("both have arrived", || file.memory_size() == PART);
    file.commit().unwrap();
}

#[test]
fn a_dropped_file_is_aborted_once_its_parts_have_arrived() {
    let store = Watched::holding_parts(Arc::new(InMemory::new()));
    let storage = storage(&store);
    let mut file = storage.create("a").unwrap();
    file.write_all(&vec![1; 2 * PART]).unwrap();
    wait_until("a part in flight", || store.parts_in_flight() == 1);
    let start = Instant::now();
    drop(file);
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "dropping a file does not wait"
    );
    assert_eq!(store.open_uploads(), 1);
    store.let_through(2);
    drop(storage);
    assert_eq!(store.open_uploads(), 0);
}

#[test]
fn parts_that_never_arrive_block_nobody_permanently() {
    let store = Watched::holding_parts(Arc::new(InMemory::new()));
    let storage = storage(&store);
    let mut file = storage.create("a").unwrap();
    file.write_all(&vec![1; 2 * PART]).unwrap();
    drop(file);
    drop(storage);
    assert_eq!(store.open_uploads(), 0);
}

/// The storage is dropped first. The file keeps what it needs, and its end is awaited.
#[test]
fn the_last_file_waits_for_its_abort() {
    let store = Watched::holding_parts(Arc::new(InMemory::new()));
    store.let_through(100);
    let storage = storage(&store);
    let mut file = storage.create("a").unwrap();
    drop(storage);
    file.write_all(&vec![1; 3 * PART]).unwrap();
    drop(file);
    assert_eq!(store.open_uploads(), 0);
}

#[tokio::test]
async fn dropped_inside_a_runtime_with_a_single_thread() {
    dropped_inside();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn dropped_inside_a_runtime() {
    tokio::spawn(async { dropped_inside() }).await.unwrap();
    let store = Watched::holding_parts(Arc::new(InMemory::new()));
    store.let_through(100);
    let given = store.clone();
    // A runtime of its own, whose only worker is blocked by this code.
    let inside = async move {
        let runtime = tokio::runtime::Handle::current();
        let storage = ObjectStorage::on_runtime(Arc::new(given), "", runtime).unwrap();
        let mut file = storage.with_part_bytes(PART).create("a").unwrap();
        file.write_all(&vec![1; 3 * PART]).unwrap();
    };
    tokio::spawn(inside).await.unwrap();
    assert_eq!(store.open_uploads(), 0);
}

fn dropped_inside() {
    let store = Watched::holding_parts(Arc::new(InMemory::new()));
    store.let_through(100);
    let mut file = storage(&store).create("a").unwrap();
    file.write_all(&vec![1; 3 * PART]).unwrap();
    drop(file);
    assert_eq!(store.open_uploads(), 0);
}
