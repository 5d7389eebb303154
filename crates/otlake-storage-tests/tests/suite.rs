//! Every storage passes the same suite.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use object_store::memory::InMemory;
use otlake_storage::{Documents, InMemoryStorage, LocalDirectory, ObjectStorage, open};
use otlake_storage_tests::{S3Server, run_suite};

#[test]
fn local_directory() {
    let directory = tempfile::tempdir().unwrap();
    run_suite(|case| LocalDirectory::new(directory.path().join(case)));
}

#[test]
fn in_memory() {
    run_suite(|_| InMemoryStorage::new());
}

#[test]
fn object_store_in_memory() {
    let store = Arc::new(InMemory::new());
    run_suite(|case| ObjectStorage::new(store.clone(), case).unwrap());
    run_suite(|_| ObjectStorage::new(Arc::new(InMemory::new()), "").unwrap());
}

/// Lists by directory, as a store does that is only known as an `ObjectStore`.
#[test]
fn s3() {
    let server = S3Server::start();
    run_suite(|case| ObjectStorage::new(server.client(), &format!("a lake/{case}")).unwrap());
}

#[test]
fn s3_that_lists_by_prefix() {
    let server = S3Server::start();
    let client = server.client();
    run_suite(|case| {
        let storage = ObjectStorage::new(client.clone(), &format!("a lake/{case}")).unwrap();
        storage.with_paginated_list(client.clone())
    });
}

#[test]
fn trait_objects_and_pointers() {
    run_suite(|_| open("memory:").unwrap());
    run_suite(|_| Box::new(InMemoryStorage::new()) as Box<dyn Documents>);
}
