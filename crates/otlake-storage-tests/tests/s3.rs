//! Uploads to an S3 server that end badly.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Write;
use std::thread;
use std::time::Duration;

use otlake_storage::{Documents, ObjectStorage, Storage, StorageErrorKind};
use otlake_storage_tests::S3Server;

const PART: usize = 5 << 20;

#[test]
fn a_dropped_file_leaves_no_upload_and_no_parts() {
    let server = S3Server::start();
    let storage = ObjectStorage::new(server.client(), "lake")
        .unwrap()
        .with_part_bytes(PART);
    let mut file = storage.create("a").unwrap();
    file.write_all(&vec![1; 2 * PART + 1]).unwrap();
    while server.open_uploads() == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    drop(file);
    drop(storage);
    assert_eq!((server.open_uploads(), server.stray_parts()), (0, 0));
    let storage = ObjectStorage::new(server.client(), "").unwrap();
    assert_eq!(storage.list("").unwrap(), []);
}

#[test]
fn a_server_that_goes_away_is_an_error_and_no_file() {
    let server = S3Server::start();
    let storage = ObjectStorage::new(server.client(), "lake")
        .unwrap()
        .with_part_bytes(PART);
    let mut small = storage.create("small").unwrap();
    small.write_all(b"small").unwrap();
    let mut large = storage.create("large").unwrap();
    large.write_all(&vec![1; PART + 1]).unwrap();
    // Once a part has arrived, the client knows the id of the upload.
    while server.stray_parts() == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    let directory = server.stop();

    let error = small.commit().unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::InDoubt, "{error}");
    let error = large.commit().unwrap_err();
    assert!(error.to_string().contains("lifecycle rule"), "{error}");
    assert!(!directory.path().join("lake/lake/small").exists());
    assert!(!directory.path().join("lake/lake/large").exists());
    assert!(storage.get("small").is_err());
}

#[test]
fn wrong_credentials_leave_no_doubt() {
    let server = S3Server::start();
    let store = object_store::aws::AmazonS3Builder::new()
        .with_endpoint(server.endpoint())
        .with_allow_http(true)
        .with_bucket_name("lake")
        .with_region("us-east-1")
        .with_access_key_id("somebody")
        .with_secret_access_key("else")
        .build()
        .unwrap();
    let storage = ObjectStorage::new(std::sync::Arc::new(store), "").unwrap();
    let error = storage.create("a").unwrap().commit().unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::Failed, "{error}");
}
